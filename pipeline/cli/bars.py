"""How far a pull or push is: a bar for each layer, or a line for each that is done."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from pipeline.cli.columns import size, span

if TYPE_CHECKING:
    from pipeline.serving.distribution import Progress

WIDTH = 30
SURE = 1.0  # seconds after which a rate says something
DONE = {"pull": "here", "push": "there"}


class Bars:
    """Takes progress and shows it on stderr; what was shown stays."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._layers: dict[str, Progress] = {}
        self._begun: dict[str, tuple[float, int]] = {}  # when, and with what there was
        self._lines = 0

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._draw()

    def __call__(self, at: Progress) -> None:
        """Take how far a layer is."""
        before = self._layers.get(at.digest)
        self._begun.setdefault(at.digest, (time.monotonic(), at.current))
        was_done = before is not None and before.current == before.size
        self._layers[at.digest] = at
        if self._live:
            if before is None or _cells(before) != _cells(at) or at.current == at.size:
                self._draw()
        elif at.current == at.size and not was_done:
            print(f"{_id(at)}  {size(at.size)} {DONE[at.mode]}", file=sys.stderr)

    def _draw(self) -> None:
        if not self._live or not self._layers:
            return
        up = f"\033[{self._lines}A" if self._lines else ""
        text = "".join(
            f"\r\033[K{_bar(at)}{self._rate(at)}\n" for at in self._layers.values()
        )
        print(up + text, end="", file=sys.stderr, flush=True)
        self._lines = len(self._layers)

    def _rate(self, at: Progress) -> str:
        """How fast a layer comes or goes, and in what time it will be done."""
        began, there = self._begun[at.digest]
        seconds = time.monotonic() - began
        moved = at.current - there
        if seconds < SURE or moved <= 0 or at.current == at.size:
            return ""
        rate = moved / seconds
        return f", {size(rate)}/s, {span((at.size - at.current) / rate)} left"


def _bar(at: Progress) -> str:
    filled = _cells(at) * WIDTH // 100
    head = ">" if filled < WIDTH else ""
    bar = ("=" * filled + head)[:WIDTH].ljust(WIDTH)
    return f"{_id(at)}  [{bar}] {_cells(at):3} %  {size(at.current)} of {size(at.size)}"


def _cells(at: Progress) -> int:
    """Percent, rounded down so that 100 means done."""
    return at.current * 100 // at.size if at.size else 100


def _id(at: Progress) -> str:
    return at.digest.partition(":")[2][:12]
