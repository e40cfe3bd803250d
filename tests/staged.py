"""A scheduler on a stage: its workers act as told, its clock and memory are ours."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import os
import signal
import struct
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self

from pipeline.serving.artifact.package import package
from pipeline.serving.runner import Config, Lease, Local, Scheduler
from pipeline.serving.runner.budget import Taken
from pipeline.serving.runner.estimate import Mode
from pipeline.serving.runner.plan import planned
from pipeline.serving.store import add_package, open_store
from tests.small_models import CREATED, STRING, U32, gguf, pair, tensor, text

WORKER = Path(__file__).parent / "fake_worker.py"
ENGINE = "fake"
PATIENCE = 60.0  # for a test that hangs; nothing is asserted of time
MEBIBYTE = 1 << 20


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, Arranged]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any) -> Any:
        arranged = Arranged(callback, args)
        heapq.heappush(self._due, (when, next(self._numbers), arranged))
        return arranged

    def move(self, seconds: float) -> None:
        """Let time pass: what is due happens in order."""
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            when, _, arranged = heapq.heappop(self._due)
            self.now = max(self.now, when)
            arranged.happen()
        self.now = end


class Arranged:
    def __init__(self, callback: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._callback, self._args = callback, args
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    def happen(self) -> None:
        if not self.cancelled:
            self._callback(*self._args)


class Shelf:
    """Memory of a given size, in which workers take just what was estimated."""

    def __init__(self, size: int) -> None:
        self.size = self.all = size
        self.looked = asyncio.Event()

    def total(self) -> int:
        return self.all

    def free(self, taken: Iterable[Taken]) -> int:
        self.looked.set()
        return self.size - sum(x.estimate for x in taken)


class Actor:
    """A fake worker, seen from the test."""

    def __init__(
        self,
        facts: dict[str, Any],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.pid: int = facts["pid"]
        self.settings: dict[str, Any] = facts["settings"]
        self.secrets: list[str] = facts["secrets"]
        self._reader, self.writer = reader, writer

    def say(self, order: str) -> None:
        self.writer.write(order.encode() + b"\n")

    async def obey(self, order: str) -> None:
        """Give an order, and wait until it is obeyed."""
        self.say(order)
        while await self._heard("obeyed") != order:
            pass

    async def asked(self) -> Any:
        """The next request that is held."""
        return await self._heard("asked")

    async def _heard(self, what: str) -> Any:
        while True:
            facts = json.loads(await self._reader.readline())
            if what in facts:
                return facts[what]

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    async def gone(self) -> None:
        """Wait for the end of the process: the kernel closes what it had open."""
        while True:
            try:
                if not await self._reader.readline():
                    return
            except ConnectionError:  # it ended with words of ours unread
                return


class Stage:
    """A store, a scheduler and what they stand on, in a folder of the test's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "run"
        self.clock, self.memory = HandClock(), Shelf(1 << 40)
        self.store = open_store(folder / "models")
        self.actors: asyncio.Queue[Actor] = asyncio.Queue()
        self.seen: list[Actor] = []
        self._control = str(folder / "c")
        self._stack = AsyncExitStack()
        program = (sys.executable, "-I", str(WORKER), self._control)
        self.engines = {ENGINE: Local(program=program, package="")}
        self.scheduler = self.another()

    def another(self, folder: Path | None = None) -> Scheduler:
        """A scheduler like the one that is there."""
        return Scheduler(
            self.store,
            self.engines,
            folder or self.folder,
            memory=self.memory,
            clock=self.clock,
        )

    async def __aenter__(self) -> Self:
        server = await asyncio.start_unix_server(self._enter, self._control)
        await self._stack.enter_async_context(self._served(server))
        await self._stack.enter_async_context(self.scheduler)
        return self

    async def __aexit__(self, *error: object) -> None:
        """However a test ended, no worker and no socket is left."""
        await self._stack.aclose()
        assert not list(self.folder.glob("workers/*.sock"))

    @asynccontextmanager
    async def _served(self, server: asyncio.Server) -> Any:
        try:
            yield
        finally:
            for actor in self.seen:
                await actor.gone()
                actor.writer.close()
            server.close()

    async def _enter(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        facts = await reader.readline()
        if not facts:  # it was ended before it could say who it is
            writer.close()
            return
        actor = Actor(json.loads(facts), reader, writer)
        self.seen.append(actor)
        self.actors.put_nowait(actor)

    async def actor(self) -> Actor:
        """The next worker that has come."""
        return await self.actors.get()

    async def ready(self) -> Actor:
        """The next worker, told to be ready."""
        actor = await self.actor()
        actor.say("ready")
        return actor

    def model(self, name: str, mebibytes: int = 0) -> str:
        """A model whose cache takes so much at the usual context; its digest."""
        numbers = {
            "block_count": mebibytes,
            "context_length": 8192,
            "embedding_length": 64,
            "attention.head_count": 1,
        }
        pairs = [
            pair("general.name", STRING, text(name)),
            pair("general.architecture", STRING, text("llama")),
            *(
                pair(f"llama.{key}", U32, struct.pack("<I", number))
                for key, number in numbers.items()
            ),
        ]
        path = self.store.root.parent / f"{name}.gguf"
        path.write_bytes(gguf(pairs, [tensor("t", (8,), 0, 0)], bytes(32)))
        return add_package(self.store, package(path, created=CREATED), [name]).id

    def size(self, model: str, config: Config | None = None) -> int:
        """What a model is estimated to take."""
        engine, spare = self.engines[ENGINE], self.folder / "spare"
        asked = config or Config()
        plan = planned(self.store, engine, model, "completion", asked, spare)
        return plan.estimate.total

    def use(self, model: str, mode: Mode = "completion") -> Use:
        """A request for a model, begun."""
        return Use(self.scheduler, model, mode)

    async def loaded(self, model: str, mode: Mode = "completion") -> Actor:
        """Have a model in memory and idle."""
        use = self.use(model, mode)
        actor = await self.ready()
        await use.done()
        return actor

    async def lost(self, actor: Actor) -> None:
        """Kill an only worker, and wait until that is known."""
        actor.kill()
        while self.in_memory:
            await asyncio.sleep(0)

    @property
    def in_memory(self) -> set[str]:
        """The models that are loaded or loading."""
        return {one.model for one in self.scheduler.running()}


class Use:
    """A lease in a task of its own, held until it is told to end."""

    def __init__(self, scheduler: Scheduler, model: str, mode: Mode) -> None:
        self._end = asyncio.Event()
        self._lease: asyncio.Future[Lease] = asyncio.Future()
        self.task = asyncio.create_task(self._run(scheduler, model, mode))

    async def _run(self, scheduler: Scheduler, model: str, mode: Mode) -> None:
        try:
            async with scheduler.lease(ENGINE, model, mode) as lease:
                self._lease.set_result(lease)
                await self._end.wait()
        except BaseException as error:
            if not self._lease.done():
                self._lease.cancel()
            if not isinstance(error, asyncio.CancelledError):
                raise

    @property
    def granted(self) -> bool:
        return self._lease.done() and not self._lease.cancelled()

    async def lease(self) -> Lease:
        """The lease, once it is there; raises what kept it from being had."""
        await asyncio.wait({self._lease, self.task}, return_when="FIRST_COMPLETED")
        if self.task.done():
            self.task.result()
        return await self._lease

    async def failure(self) -> Exception:
        """What kept it from being had."""
        try:
            await self.lease()
        except Exception as error:
            return error
        raise AssertionError("it was granted")

    def end(self) -> None:
        """Let it end."""
        self._end.set()

    async def done(self) -> None:
        """End it, once it is there."""
        await self.lease()
        self.end()
        await self.task

    async def leave(self) -> None:
        """Its client goes."""
        self.task.cancel()
        await asyncio.wait({self.task})


def staged(story: Callable[[Stage], Awaitable[None]]) -> Callable[[Path], None]:
    """A test of a story that is played on a stage."""

    def test(tmp_path: Path) -> None:
        async def play() -> None:
            async with asyncio.timeout(PATIENCE), Stage(tmp_path) as stage:
                await story(stage)

        asyncio.run(play())

    test.__name__, test.__doc__ = story.__name__, story.__doc__
    test.__module__ = story.__module__
    return test
