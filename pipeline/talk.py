"""Progress on stderr: a line that changes on a terminal, one line a stage elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType


class Talk:
    """Says which stage is at work, at what, and how long each took."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()
        self.name, self.last, self.started = "", "", 0.0

    def __enter__(self) -> Talk:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._finish()
        elif self.live:
            print(file=sys.stderr)

    def stage(self, name: str) -> None:
        """A new stage begins; the one before it is done."""
        self._finish()
        self.name, self.last, self.started = name, "", time.monotonic()
        self._show("")

    def step(self, text: str) -> None:
        """What the stage is doing now."""
        self.last = text
        self._show(text)

    def _show(self, text: str) -> None:
        if self.live:
            print(f"\r\033[K{self.name:<9}{text}", end="", file=sys.stderr, flush=True)

    def _finish(self) -> None:
        if self.name:
            seconds = time.monotonic() - self.started
            start = "\r\033[K" if self.live else ""
            line = f"{start}{self.name:<9}{seconds:6.2f} s  {self.last}"
            print(line.rstrip(), file=sys.stderr, flush=True)
