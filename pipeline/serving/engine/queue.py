"""First come, first served: one thread has the model, and does one request at a time.

What happens is told through each request's `tell`, from this thread. A request whose
flag is set is passed over when its turn comes, and ends at once while it is worked on.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import msgspec

from pipeline.errors import SurveyError
from pipeline.serving.engine.events import Done, Event, Failed, Vectors
from pipeline.serving.engine.flag import Flag
from pipeline.serving.engine.metrics import Counts
from pipeline.serving.engine.plan import Plan
from pipeline.serving.engine.process import end_plainly
from pipeline.serving.engine.refusal import Refused
from pipeline.serving.engine.requests import Embeddings
from pipeline.serving.engine.settings import Settings

# Grammars and regular expressions make llama.cpp call itself deeply.
STACK_BYTES = 256 << 20

Tell = Callable[[Event], None]
Work = Callable[["Job"], Done | Vectors]


class Job(msgspec.Struct, frozen=True, eq=False):
    """A request in the queue."""

    task: Plan | Embeddings
    tell: Tell
    flag: Flag


class Queue:
    """The line of requests, and the thread that works it off."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._current: Job | None = None
        self.counts = Counts()
        self.ready = False

    def start(self) -> None:
        """Load the model, then work; a model that cannot be loaded ends the process."""
        before = threading.stack_size(STACK_BYTES)
        threading.Thread(target=self._run, name="engine", daemon=True).start()
        threading.stack_size(before)

    def put(self, job: Job) -> None:
        """Stand in line."""
        self.counts.waiting += 1
        self._jobs.put(job)

    def give_up(self, job: Job) -> None:
        """End the process if it still works on this request, which nobody waits for.

        Flags end what the model computes, at once; but a grammar may have llama.cpp
        think for hours about one token, and nothing ends that. Others get a new worker.
        """
        if self._current is job:
            what = "a request could not be stopped after its client had left"
            end_plainly(SurveyError(what))

    def _run(self) -> None:
        try:
            work = _load(self._settings)
        except Exception as error:
            end_plainly(error)
        self.ready = True
        while True:
            job = self._jobs.get()
            self.counts.waiting -= 1
            if not job.flag.is_set:
                self._do(work, job)

    def _do(self, work: Work, job: Job) -> None:
        from pipeline.serving.engine.llama import Stopped

        counts, started = self.counts, time.monotonic()
        counts.running, self._current = 1, job
        last: Event | None = None
        try:
            last = work(job)
            counts.prompt_tokens += last.usage.prompt - last.usage.known
            counts.written_tokens += last.usage.written
        except Stopped:
            counts.stopped += 1
        except Refused as refusal:
            last = Failed(refusal)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            last = Failed(Refused(f"The engine failed: {error}", http=500))
        counts.running, self._current = 0, None
        counts.requests += 1
        counts.seconds += time.monotonic() - started
        # Last, so that whoever has an answer finds it counted.
        if last is not None:
            job.tell(last)


def _load(settings: Settings) -> Work:
    """The model, ready; how it works on a request."""
    # Here, so that the socket answers while the library loads.
    from pipeline.serving.engine.chat import Template
    from pipeline.serving.engine.context import Context
    from pipeline.serving.engine.embeddings import embed
    from pipeline.serving.engine.generation import Author
    from pipeline.serving.engine.llama import Model

    model = Model(settings)
    if settings.mode == "embedding":
        return lambda job: embed(model, job.task, job.flag)  # type: ignore[arg-type]
    source = Path(settings.template).read_text("utf-8") if settings.template else ""
    template = Template(source or model.template(), model.vocabulary)
    author = Author(Context(model), template)
    return lambda job: author.write(job.task, job.flag, job.tell)  # type: ignore[arg-type]
