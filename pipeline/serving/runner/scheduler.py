"""Models of a store, run as they are asked for: what the API uses of this room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from pipeline.errors import NotFound
from pipeline.serving.runner.budget import Budget, Memory
from pipeline.serving.runner.dispatch import Dispatch
from pipeline.serving.runner.engines import Engine, Local, Remote
from pipeline.serving.runner.estimate import Mode
from pipeline.serving.runner.faults import Busy, EngineFailed
from pipeline.serving.runner.folder import claimed
from pipeline.serving.runner.ground import Ground
from pipeline.serving.runner.lease import Lease, Running, of_remote, of_worker
from pipeline.serving.runner.plan import Config
from pipeline.serving.runner.slot import Key, Slot
from pipeline.serving.runner.worker import Clock, Worker
from pipeline.serving.store import Model, Store

METRICS_SECONDS = 2.0


class Scheduler:
    """Runs the models of a store; use it as `async with Scheduler(…)`.

    `folder` is for the workers' sockets and logs, and one scheduler's at a time.
    """

    def __init__(
        self,
        store: Store,
        engines: Mapping[str, Engine],
        folder: Path,
        *,
        memory: Memory | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.engines = engines
        self._store, self._folder = store, folder
        self._memory, self._clock = memory or Budget(), clock
        self._remotes: dict[str, httpx.AsyncClient] = {}
        self._held = ExitStack()

    async def __aenter__(self) -> Self:
        ground = Ground(
            store=self._store,
            engines={n: e for n, e in self.engines.items() if isinstance(e, Local)},
            memory=self._memory,
            clock=self._clock or asyncio.get_running_loop(),
            sockets=self._held.enter_context(claimed(self._folder)),
            folder=self._folder,
        )
        self._ground, self._dispatch = ground, Dispatch(ground)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End all workers, and fail whoever waits for one."""
        await self._dispatch.close()
        while self._remotes:
            await self._remotes.popitem()[1].aclose()
        self._held.close()

    @asynccontextmanager
    async def lease(
        self, engine: str, model: Model | str, mode: Mode, turn: int = 0
    ) -> AsyncIterator[Lease]:
        """The use of a model, as soon as its turn has come and it is loaded.

        `model` is one of the store or its digest; for a remote engine, a name there.
        `turn` is that of a lease before, for the same request.
        Raises `NotFound`, `Missing`, `TooLarge`, `EngineFailed`, and `DataError` for a
        damaged model.
        """
        if self._dispatch.closing:
            raise EngineFailed("the service is ending")
        if engine not in self.engines:
            raise NotFound.among("engine", engine[:80], self.engines)
        found = self.engines[engine]
        if isinstance(found, Remote):
            yield of_remote(self._remote(engine, found))
            return
        key = Key(engine, model if isinstance(model, str) else model.id, mode)
        slot = self._dispatch.slots.setdefault(key, Slot(key))
        turn = turn or next(self._dispatch.arrivals)
        worker = await self._dispatch.granted(slot, turn)
        left = True
        try:
            yield of_worker(worker, str(key), self._memory.total, turn)
            left = False
        finally:
            worker.left = left
            self._dispatch.release(slot, worker)

    def running(self) -> list[Running]:
        """The models in memory or on their way there."""
        return [self._shown(slot) for slot, _ in self._workers()]

    async def unload(
        self, *, all: bool = False, engine: str = "", models: Collection[str] = ()
    ) -> int:
        """End the workers that nobody uses: all, an engine's, or those of some models.

        How many ended; those in use stay. Those that failed may be started at once.
        """
        some = bool(engine or models)
        meant = [
            slot
            for slot in self._dispatch.slots.values()
            if all or (some and engine in ("", slot.key.engine))
            if all or not models or slot.key.model in models
        ]
        chosen = [
            slot.worker
            for slot in meant
            if slot.worker and not slot.worker.ending
            if not slot.in_use and not slot.waiting
        ]
        for slot in meant:
            self._dispatch.forgive(slot)
        for worker in chosen:
            worker.end()
        for worker in chosen:
            await worker.ended.wait()
        return len(chosen)

    async def forget(self, model: str) -> None:
        """A model was deleted: who waits for it is told, and its workers are ended.

        One that answers is let finish; its config and failures are forgotten.
        """
        for key, slot in self._dispatch.slots.items():
            if key.model == model:
                slot.forget(NotFound("the model has been deleted", where=str(key)))
        for of in [of for of in self._dispatch.configs if of[0] == model]:
            del self._dispatch.configs[of]
        await self.unload(models=[model])

    def configure(self, model: str, mode: Mode, config: Config) -> None:
        """How a model, by its digest, is run from now on; raises `Busy` if it is used.

        This outlasts its stay in memory. If it is loaded otherwise, it is ended.
        """
        dispatch, of = self._dispatch, (model, mode)
        slots = [s for k, s in dispatch.slots.items() if (k.model, k.mode) == of]
        for slot in slots:
            if slot.busy:
                what = "the model is in use and cannot be configured"
                raise Busy(what, where=str(slot.key), remedy="Try again when it rests.")
        before = dispatch.configs.get(of, Config())
        dispatch.configs[of] = config
        for slot in slots:
            dispatch.configure(slot, before)

    def log(self, engine: str, model: str, mode: Mode) -> Path:
        """Where a worker's output is, that of the last one started."""
        return self._ground.log(Key(engine, model, mode))

    async def metrics(self) -> list[tuple[Running, str]]:
        """What each loaded worker tells of itself, in Prometheus's format."""
        loaded = [
            (self._shown(slot), worker)
            for slot, worker in self._workers()
            if slot.loaded
        ]
        told = await asyncio.gather(*(_metrics(worker) for _, worker in loaded))
        pairs = zip((shown for shown, _ in loaded), told, strict=True)
        return [(shown, text) for shown, text in pairs if text]

    def _workers(self) -> list[tuple[Slot, Worker]]:
        slots = self._dispatch.slots.values()
        return [(s, s.worker) for s in slots if s.worker and not s.worker.ending]

    def _shown(self, slot: Slot) -> Running:
        ago = 0.0 if slot.in_use else self._ground.clock.time() - slot.rested
        return Running(
            engine=slot.key.engine,
            model=slot.key.model,
            mode=slot.key.mode,
            last_used=time.time() - ago if slot.used else 0.0,
            in_use=slot.in_use,
            loading=slot.loading,
            keep_alive=self._dispatch.config(slot.key).rest,
        )

    def _remote(self, name: str, engine: Remote) -> httpx.AsyncClient:
        if name not in self._remotes:
            self._remotes[name] = engine.client()
        return self._remotes[name]


async def _metrics(worker: Worker) -> str:
    """Nothing from one that ends meanwhile or has none to tell."""
    try:
        answer = await worker.client.get("/metrics", timeout=METRICS_SECONDS)
    except (httpx.HTTPError, RuntimeError):  # RuntimeError: its client is closed
        return ""
    return answer.text if answer.is_success else ""
