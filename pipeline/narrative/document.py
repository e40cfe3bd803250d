"""narrative.json: what every section says, what that rests on, and who worded it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pipeline.errors import Missing
from pipeline.project import replace_file
from pipeline.report import Claim, Fact, Origin, Sentence, Tested


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """Frozen, keyword-only."""


class SectionText(_Part, frozen=True):
    """A section's summary; `reason` says why a draft was not used, if it was not."""

    id: str
    title: str
    summary: tuple[Sentence, ...]
    origin: Origin
    author: str
    reason: str
    claims: tuple[Claim, ...]
    tests: tuple[Tested, ...]
    left_out: tuple[str, ...]


class ReportText(_Part, frozen=True):
    """The text of one report, with its facts by id."""

    report: str
    wave: str
    sections: tuple[SectionText, ...]
    facts: tuple[Fact, ...]

    def section(self, section_id: str) -> SectionText:
        """The text of one section."""
        return next(s for s in self.sections if s.id == section_id)

    def highlights(self, limit: int = 5) -> tuple[Sentence, ...]:
        """The sentence that leads each section, for a list of key findings."""
        return tuple(s.summary[0] for s in self.sections if s.summary)[:limit]


class Narrative(_Part, frozen=True):
    """The text of every report on one survey."""

    survey: str
    reports: tuple[ReportText, ...]
    patterns: str
    schema: int = 2

    def report(self, report_id: str) -> ReportText:
        """The text of one report."""
        return next(r for r in self.reports if r.report == report_id)


def write(narrative: Narrative, build: Path) -> None:
    """Write narrative.json, aside and renamed."""
    content = msgspec.json.format(msgspec.json.encode(narrative), indent=1)
    replace_file(build / "narrative.json", content + b"\n")


def read(build: Path) -> Narrative:
    """Read narrative.json."""
    path = build / "narrative.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Narrative)
    except FileNotFoundError:
        raise Missing(
            "there is no text yet", where=str(path), remedy="Run the draft stage first."
        ) from None
    except msgspec.ValidationError:
        raise Missing(
            "the text was written by another version",
            where=str(path),
            remedy=f"Run: stateof run {path.parent.parent.name}",
        ) from None
