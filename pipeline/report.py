"""The report as one frozen document: everything a renderer shows, nothing to compute.

Report ─┬─ Section ─┬─ Sentence ── facts it rests on, who worded it
        │           └─ Figure ──── drawings, table, base, wording, downloads
        ├─ Fact ───── a displayed value with its estimate row
        └─ Disclosure, Method, provenance
"""

from __future__ import annotations

from typing import Literal

import msgspec

Origin = Literal["template", "model", "person"]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """Frozen, keyword-only."""


class Fact(_Part, frozen=True):
    """One displayed value and the row of `estimates.parquet` it comes from.

    `estimate`, `low` and `high` are in the estimate's own unit (a share is 0 to 1).
    `label` says in words what is measured and of whom, `display` and `interval` are the
    value and its interval as printed: renderers format no number themselves.
    """

    id: str
    wave: str
    question: str
    item: str
    term: str
    statistic: str
    by: str
    domain: str
    estimate: float
    low: float | None
    high: float | None
    n: int
    display: str
    base: str
    label: str = ""
    interval: str = ""


class Sentence(_Part, frozen=True):
    """One sentence, the ids of the facts it states, and the pattern that worded it."""

    id: str
    text: str
    facts: tuple[str, ...]
    pattern: str


class Table(_Part, frozen=True):
    """A table as text, ready to print; the first column holds row headings."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Figure(_Part, frozen=True):
    """The sandwich: title, subtitle, drawing, caption, table, downloads.

    `wide` and `narrow` are file names of SVGs beside the document, `files` maps a
    format to a file name. `marks` holds a spoken sentence for each mark.
    """

    id: str
    title: str
    subtitle: str
    question: str
    alt: str
    base: str
    source: str
    notes: tuple[str, ...]
    wide: str
    narrow: str
    files: dict[str, str]
    table: Table


class Section(_Part, frozen=True):
    """A heading, a summary of proved sentences, and figures."""

    id: str
    title: str
    summary: tuple[Sentence, ...]
    origin: Origin
    author: str
    figures: tuple[Figure, ...]


class Disclosure(_Part, frozen=True):
    """One item of the transparency checklist; no text means it is not disclosed."""

    item: str
    text: str | None


class Report(_Part, frozen=True):
    """All of a published report, in reading order."""

    id: str
    survey: str
    wave: str
    title: str
    standfirst: str
    notice: str
    dates: str
    respondents: str
    sections: tuple[Section, ...]
    facts: tuple[Fact, ...]
    method: tuple[str, ...]
    disclosure: tuple[Disclosure, ...]
    provenance: tuple[tuple[str, str], ...]
    citation: str
    licence: str
    schema: int = 1
