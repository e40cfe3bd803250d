"""What a worker of a model will be told and what it will take, before it starts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from pipeline.serving import store as stores
from pipeline.serving.artifact.gguf import Header, read_header
from pipeline.serving.artifact.package import shards
from pipeline.serving.engine.settings import Settings
from pipeline.serving.runner.engines import Local
from pipeline.serving.runner.estimate import Estimate, Mode, estimate, usual_context
from pipeline.serving.runner.faults import TooLarge, amount
from pipeline.serving.store import Store
from pipeline.serving.store.bundle import Bundle, bundle

KEEP_ALIVE = 300.0


class Config(msgspec.Struct, frozen=True):
    """How a model is to be run; None leaves it as is usual.

    Tokens of context; threads; seconds that it stays in memory after its last request,
    below zero for ever.
    """

    context: int | None = None
    keep_alive: float | None = None
    threads: int | None = None

    @property
    def rest(self) -> float:
        """Seconds that it stays, below zero for ever."""
        return KEEP_ALIVE if self.keep_alive is None else self.keep_alive

    def loads_like(self, other: Config) -> bool:
        """Whether a model loaded under one need not be loaded again for the other."""
        return (self.context, self.threads) == (other.context, other.threads)


class Plan(msgspec.Struct, frozen=True):
    """A worker's settings, all but its socket, and the memory it is to take."""

    settings: Settings
    estimate: Estimate


def planned(
    store: Store, engine: Local, model: str, mode: Mode, config: Config, spare: Path
) -> Plan:
    """The plan for a model by its digest; its files are made ready.

    `spare` is a folder for links to them, where the store cannot be written to.
    Raises `NotFound`, and `DataError` for a model that is damaged.
    """
    found = stores.load(store, stores.find(store, model))
    writable = os.access(store.root, os.W_OK)
    into = None if writable else spare / found.id.partition(":")[2]
    files = bundle(store, found, into)
    headers = _headers(files.weights, found.id)
    packaged = found.config.model.context_size
    context = config.context or usual_context(headers, packaged)
    threads = {} if config.threads is None else _threads(config.threads)
    settings = Settings(
        socket="",
        weights=str(files.weights),
        mode=mode,
        context=context,
        template=str(files.template or ""),
        projector=str(files.projector or "") if engine.images else "",
        adapters=tuple(map(str, files.adapters)),
        **threads,
    )
    return Plan(settings, estimate(headers, context, mode, _extras(files)))


def check_size(plan: Plan, most: int, name: str) -> None:
    """Raises `TooLarge` for a model that never fits into `most` bytes."""
    if plan.estimate.total > most:
        what = f"the model needs {plan.estimate}; there is {amount(most)} for models"
        remedy = "Take a smaller model or context, or a machine with more memory."
        raise TooLarge(what, where=name, remedy=remedy)


def _threads(number: int) -> dict[str, int]:
    return {"threads": number, "batch_threads": number}


@lru_cache(maxsize=64)
def _headers(weights: Path, model: str) -> Sequence[Header]:
    """Headers of all shards, read once: what a digest names does not change."""
    return tuple(read_header(path) for path in shards(weights))


def _extras(files: Bundle) -> int:
    given = [*files.adapters, *([files.projector] if files.projector else [])]
    return sum(path.stat().st_size for path in given)
