"""Running models: one process for each (engine, model, mode), as they are asked for.

    scheduler   the door: lease, running, unload, configure, metrics
    dispatch    whose turn it is, what is loaded, and what must leave for it
    slot        one model's place: who waits, which worker runs it
    worker      one process from its start to its end
    plan        what a worker will be told, estimate what it will take
    budget      how much memory there is, choice which models must leave
    engines     the kinds there are: local programs, servers elsewhere
    xllamacpp   the second local program
    doctor      which builds are here, and how to get a faster one

It knows models by their digests only; names are the API's matter.
"""

from __future__ import annotations

from pipeline.serving.runner.engines import XLLAMACPP, Engine, Local, Remote
from pipeline.serving.runner.estimate import Mode
from pipeline.serving.runner.faults import Busy, EngineFailed, TooLarge
from pipeline.serving.runner.lease import Lease, Running
from pipeline.serving.runner.plan import Config
from pipeline.serving.runner.scheduler import Scheduler

__all__ = [
    "XLLAMACPP",
    "Busy",
    "Config",
    "Engine",
    "EngineFailed",
    "Lease",
    "Local",
    "Mode",
    "Remote",
    "Running",
    "Scheduler",
    "TooLarge",
]
