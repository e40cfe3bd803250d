"""Who has a model's worker next, and which models are in memory.

    request ──► slot (engine, model, mode) ──► worker, one process
                first come, first served       loading → ready → ended

Every change — a request comes or leaves, a worker is ready or has ended, a time is up —
is made on the event loop without a pause in it, and `_turn` then does all that has
become possible. What takes time runs in tasks of the dispatch's own, so that nothing
depends on the request that caused it. There is no lock.

Memory goes to the model whose oldest request has waited longest. What must leave for it
takes no request younger than that one, so a busy model cannot starve another.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from itertools import count

from pipeline.errors import SurveyError
from pipeline.serving.runner.budget import Taken
from pipeline.serving.runner.choice import Holder, to_end
from pipeline.serving.runner.estimate import Mode
from pipeline.serving.runner.faults import EngineFailed
from pipeline.serving.runner.ground import Ground
from pipeline.serving.runner.plan import Config, Plan, check_size, planned
from pipeline.serving.runner.slot import Key, Slot, Waiter, pause_after
from pipeline.serving.runner.worker import Worker

LOOK_SECONDS = 1.0
MOMENT_SECONDS = 0.01


class Dispatch:
    """The slots, and all that happens to them."""

    def __init__(self, ground: Ground) -> None:
        self.slots: dict[Key, Slot] = {}
        self.configs: dict[tuple[str, Mode], Config] = {}
        self.closing = False
        self._ground = ground
        self._tasks: set[asyncio.Task[None]] = set()
        self.arrivals, self._uses, self._starts = count(1), count(1), count(1)
        self._looking = False

    def config(self, key: Key) -> Config:
        """How the model is to be run."""
        return self.configs.get((key.model, key.mode), Config())

    async def granted(self, slot: Slot, number: int) -> Worker:
        """Wait for a worker; who leaves meanwhile is as if they had not come.

        One that has rested is asked first whether it still answers: it may be dying.
        """
        while True:
            worker = await self._first(slot, number)
            try:
                rested = self._ground.clock.time() - slot.rested
                if rested < MOMENT_SECONDS or await worker.answers():
                    return worker
            except BaseException:
                self.release(slot, worker)
                raise
            self.release(slot, worker)

    async def _first(self, slot: Slot, number: int) -> Worker:
        granted: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
        waiter = Waiter(number, granted)
        slot.join(waiter)
        self._turn()
        try:
            return await granted
        except asyncio.CancelledError:
            if waiter in slot.waiting:
                slot.waiting.remove(waiter)
                self._turn()
            elif not granted.cancelled() and not granted.exception():
                self.release(slot, granted.result())
            raise

    def release(self, slot: Slot, worker: Worker) -> None:
        """A request is done with the worker."""
        worker.in_use = False
        if worker.last:
            worker.end()
        if slot.worker is worker:
            if worker.alive:
                slot.failures = 0
            slot.used = next(self._uses)
            self._rest(slot)
        self._turn()

    def configure(self, slot: Slot, before: Config) -> None:
        """Have the slot follow its new config: at once, or by loading it again."""
        config = self.config(slot.key)
        slot.plan = None
        if slot.worker and not config.loads_like(before):
            slot.worker.end()
        elif slot.loaded:
            self._rest_until(slot, slot.rested + config.rest)

    async def close(self) -> None:
        """End all workers, and fail whoever waits for one."""
        self.closing = True
        for slot in self.slots.values():
            slot.stay()
            slot.go_on()
            slot.fail(EngineFailed("the service is ending"))
            if slot.worker:
                slot.worker.end()
        while self._tasks:
            await asyncio.wait(self._tasks)

    # What has become possible.

    def _turn(self) -> None:
        """Do it; called after every change."""
        if self.closing:
            return
        leaving = self._make_room()
        for slot in self.slots.values():
            before = leaving.get(slot.key)
            if before is None or slot.serves_before(before):
                self._grant(slot)

    def _make_room(self) -> dict[Key, int]:
        """Begin every load that there is memory for, in the order of requests.

        What must leave for one that has to wait, each with the number of the request
        that it must leave for.
        """
        wanting = [slot for slot in self.slots.values() if slot.wants_memory]
        for slot in sorted(wanting, key=lambda slot: slot.oldest):
            if slot.plan is None:
                if not slot.planning:
                    slot.planning = True
                    self._begin(self._plan(slot))
                break
            short = slot.plan.estimate.total - self._ground.memory.free(self._taken())
            if short <= 0:
                self._load(slot, slot.plan)
                continue
            leaving = self._leave(slot, short)
            if leaving is not None:
                return dict.fromkeys(leaving, slot.oldest)
            self._look_again()  # other programs have the memory: let others go on
        return {}

    def _leave(self, slot: Slot, short: int) -> Iterable[Key] | None:
        """End what need not work first; the models that leave for the slot, or None."""
        workers = [(s, s.worker) for s in self.slots.values() if s.worker]
        short -= sum(w.size for _, w in workers if w.ending)
        first = slot.oldest
        holders = [
            Holder(s.key, w.size, s.used, s.serves_before(first))
            for s, w in workers
            if not w.ending
        ]
        leaving = to_end(short, holders)
        for holder in holders:
            worker = self.slots[holder.name].worker
            if leaving and worker and holder.name in leaving and not holder.busy:
                worker.end()
        return leaving

    def _taken(self) -> list[Taken]:
        workers = [slot.worker for slot in self.slots.values() if slot.worker]
        return [Taken(worker.pid, worker.size) for worker in workers]

    def _look_again(self) -> None:
        def look() -> None:
            self._looking = False
            self._turn()

        if not self._looking:
            self._looking = True
            clock = self._ground.clock
            clock.call_at(clock.time() + LOOK_SECONDS, look)

    def _grant(self, slot: Slot) -> None:
        """Give the worker to whoever is first, if it is ready and free."""
        worker = slot.worker
        if worker is None or not slot.loaded or worker.ending or worker.in_use:
            return
        if not worker.alive:  # whoever waits has the next one
            return
        while slot.waiting:
            waiter = slot.waiting.popleft()
            if not waiter.granted.done():  # else it is leaving this very moment
                worker.in_use, slot.used = True, next(self._uses)
                slot.stay()
                waiter.granted.set_result(worker)
                return

    # From plan to end.

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _plan(self, slot: Slot) -> None:
        """Learn what the model needs; tell who waits if it cannot be had."""
        ground, key, config = self._ground, slot.key, self.config(slot.key)
        try:
            engine, spare = ground.engines[key.engine], ground.folder / "bundles"
            engine.check()
            plan = await asyncio.to_thread(
                planned, ground.store, engine, key.model, key.mode, config, spare
            )
            check_size(plan, ground.memory.total(), str(key))
        except SurveyError as error:
            slot.fail(ground.lacks(key) or error)
        except Exception as error:
            logging.getLogger(__name__).exception("%s cannot be planned", key)
            slot.fail(EngineFailed(f"{type(error).__name__}: {error}", where=str(key)))
        else:
            wanted = bool(slot.waiting) and config == self.config(key)
            slot.plan = plan if wanted else None
        slot.planning = False
        self._turn()

    def _load(self, slot: Slot, plan: Plan) -> None:
        ground = self._ground
        slot.plan = None
        slot.worker = Worker(
            ground.engines[slot.key.engine],
            plan,
            ground.sockets / f"{next(self._starts)}.sock",
            ground.log(slot.key),
            ground.clock,
        )
        self._begin(self._live(slot, slot.worker))

    async def _live(self, slot: Slot, worker: Worker) -> None:
        """A worker's life, from its start to its end, whatever ends it."""
        try:
            if await worker.ready():
                slot.loaded = True
                self._rest(slot)
                self._turn()
        except BaseException:
            worker.end()
            raise
        finally:
            await worker.gone()
            self._lost(slot, worker)

    def _lost(self, slot: Slot, worker: Worker) -> None:
        """A worker has ended: as it was asked to, or by itself."""
        loaded, slot.loaded, slot.worker = slot.loaded, False, None
        slot.stay()
        if worker.failed and not loaded and (gone := self._ground.lacks(slot.key)):
            slot.forget(gone)  # while it was being loaded
        elif worker.failed:
            slot.failures += 1
            seconds = pause_after(slot.failures)
            clock = self._ground.clock
            if seconds:
                when = clock.time() + seconds
                slot.pause = clock.call_at(when, self._go_on, slot)
            if not loaded:
                most = self._ground.memory.total()
                slot.fail(worker.failure(str(slot.key), most))
        self._turn()

    def forgive(self, slot: Slot) -> None:
        """It may be started at once, however often it has failed."""
        slot.failures = 0
        self._go_on(slot)

    def _go_on(self, slot: Slot) -> None:
        slot.go_on()
        self._turn()

    # Rest.

    def _rest(self, slot: Slot) -> None:
        """From now on it is idle; if it stays so for long enough, it ends."""
        slot.rested = self._ground.clock.time()
        self._rest_until(slot, slot.rested + self.config(slot.key).rest)

    def _rest_until(self, slot: Slot, when: float) -> None:
        slot.stay()
        if slot.rested <= when < float("inf"):
            slot.resting = self._ground.clock.call_at(when, self._rested, slot)

    def _rested(self, slot: Slot) -> None:
        slot.resting = None
        if slot.worker and not slot.busy:
            slot.worker.end()
