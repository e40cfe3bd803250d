"""A model's place in the scheduler: who waits for it, and the worker that runs it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from pipeline.errors import SurveyError
from pipeline.serving.runner.estimate import Mode
from pipeline.serving.runner.plan import Plan
from pipeline.serving.runner.worker import Timer, Worker

LONGEST_PAUSE = 60.0


@dataclass(frozen=True)
class Key:
    """What a worker is for: a model by its digest, under an engine, in a mode."""

    engine: str
    model: str
    mode: Mode

    def __str__(self) -> str:
        algorithm, _, digits = self.model.partition(":")
        return f"{self.engine}-{(digits or algorithm)[:12]}-{self.mode}"


@dataclass(frozen=True, eq=False)
class Waiter:
    """A request that waits: its number in order of arrival, and what it waits for."""

    number: int
    granted: asyncio.Future[Worker]


@dataclass(eq=False)
class Slot:
    """What is known of one key. Only the scheduler changes it, on its loop."""

    key: Key
    waiting: deque[Waiter] = field(default_factory=deque)
    planning: bool = False
    plan: Plan | None = None
    worker: Worker | None = None
    loaded: bool = False
    used: int = 0  # a count that grows with every use of any model
    rested: float = 0.0  # when the last request ended
    resting: Timer | None = None
    failures: int = 0
    pause: Timer | None = None

    @property
    def oldest(self) -> int:
        """The number of the request that has waited longest."""
        return self.waiting[0].number

    @property
    def wants_memory(self) -> bool:
        """Whether requests wait for it to be loaded."""
        return bool(self.waiting) and self.worker is None and self.pause is None

    @property
    def in_use(self) -> bool:
        """Whether its worker answers a request."""
        return self.worker is not None and self.worker.in_use

    @property
    def busy(self) -> bool:
        """Whether its settings matter to someone right now."""
        return self.in_use or bool(self.waiting) or self.loading

    @property
    def loading(self) -> bool:
        """Whether its worker is not ready yet."""
        return self.worker is not None and not self.loaded

    def join(self, waiter: Waiter) -> None:
        """Wait at the end, or at the front if older than all: it had its turn once."""
        if self.waiting and waiter.number < self.oldest:
            self.waiting.appendleft(waiter)
        else:
            self.waiting.append(waiter)

    def serves_before(self, number: int) -> bool:
        """Whether it works, or must first, for requests older than this one."""
        return self.in_use or (bool(self.waiting) and self.oldest < number)

    def fail(self, error: SurveyError) -> None:
        """Tell all who wait that it cannot be had."""
        while self.waiting:
            granted = self.waiting.popleft().granted
            if not granted.done():
                granted.set_exception(error)

    def forget(self, error: SurveyError) -> None:
        """Its model is gone: nobody waits for it, and its worker has had its last."""
        self.fail(error)
        self.failures, self.plan = 0, None
        self.go_on()
        if self.worker:
            self.worker.last = True

    def stay(self) -> None:
        """It is needed, so it does not rest."""
        if self.resting:
            self.resting.cancel()
            self.resting = None

    def go_on(self) -> None:
        """It may be started again."""
        if self.pause:
            self.pause.cancel()
            self.pause = None


def pause_after(failures: int) -> float:
    """Seconds before a model that has failed so often is started again.

    Once at once, then later and later, so that one that always fails does not spin.
    """
    return 0.0 if failures < 2 else min(LONGEST_PAUSE, 2.0 ** (failures - 2))
