"""What a run says on stderr: its progress, and in the end what it left out.

Progress is a line that changes on a terminal, and one line a stage elsewhere.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from pipeline.stages import UNCHANGED


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


class Ran:
    """Notes which stages had something to do, for one line on a whole run."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def stage(self, name: str) -> None:
        """A stage begins."""
        self.names.append(name)

    def step(self, text: str) -> None:
        """What it is doing; or that it has nothing to do."""
        if text == UNCHANGED:
            self.names.pop()

    def done(self) -> str:
        """What was done."""
        return ", ".join(self.names) or "nothing to do"


def say_left_out(build: Path, shown: str) -> None:
    """How many rows and cells of the exports were not used, and why."""
    import msgspec

    from pipeline.ingest.ledger import Ledger

    content = (build / "ingest.json").read_bytes()
    waves = msgspec.json.decode(content, type=Ledger).waves
    rows = _counted((d.reason, d.count) for w in waves for d in w.dropped)
    cells = _counted((r.reason, r.count) for w in waves for r in w.rejected)
    if rows or cells:
        line = f"ingest: rows dropped: {rows or 0}; cells not used: {cells or 0}"
        print(f"{line}; listed in {shown}/ingest.json", file=sys.stderr)


def _counted(reasons: Iterable[tuple[str, int]]) -> str:
    """`5 (3 test response, 2 duplicate respondent id)`; empty for none."""
    counts: Counter[str] = Counter()
    for reason, count in reasons:
        counts[reason] += count
    listed = ", ".join(f"{count:,} {reason}" for reason, count in counts.most_common())
    return f"{counts.total():,} ({listed})" if counts else ""


def say_drafted(build: Path) -> None:
    """How many sections the model drafted, and why not the others."""
    from pipeline.narrative.document import read

    sections = [s for r in read(build).reports for s in r.sections if s.summary]
    drafted = sum(section.origin == "model" for section in sections)
    line = f"draft: the model drafted {drafted} of {len(sections)} sections"
    reasons = [_cause(s.reason) for s in sections if s.origin != "model"]
    if reasons:
        kinds = Counter(_kind(reason) for reason in reasons)
        ((kind, count),) = kinds.most_common(1)
        why = next(reason for reason in reasons if _kind(reason) == kind)
        line += f"; the most frequent reason ({count}): {why}"
    if sections:
        print(line, file=sys.stderr)


def _cause(reason: str) -> str:
    """A section's reason in one line, its own or that of the section before."""
    return " ".join(reason.removeprefix("the model is not asked again: ").split())


def _kind(reason: str) -> str:
    """What was refused differs from section to section; that it was, does not."""
    return reason.partition(": ")[0]
