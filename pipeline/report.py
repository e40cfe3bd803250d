"""The report as one frozen document: everything a renderer shows, nothing to compute.

Report ─┬─ Section ─┬─ Sentence ── facts it rests on, who worded it
        │           ├─ Quote ───── what a respondent wrote, as a person chose it
        │           └─ Figure ──┬─ drawings, base, wording, downloads
        │                       ├─ Table ── its values as text
        │                       └─ Plot ─── its values as numbers, with their colours
        ├─ Fact ───── a displayed value with its estimate row
        ├─ Brand ──── colours, font and logo
        └─ Disclosure, Method, provenance

`report.json` is this document. `SCHEMA` grows by one when a reader of an earlier one
would misread it; `docs/report.schema.json` is its JSON Schema.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Origin = Literal["template", "model", "person"]
Layout = Literal["bars", "grouped", "stacked", "lines", "table"]
Unit = Literal["share", "mean", "rank"]
SCHEMA = 2


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
    """One sentence, the ids of the facts it states, and the pattern that worded it.

    `claim` is the id of the claim it makes; `origin` and `author` say who chose or
    wrote the words. What a person wrote and signed has neither claim nor pattern.
    """

    id: str
    text: str
    facts: tuple[str, ...]
    pattern: str
    claim: str = ""
    origin: Origin = "template"
    author: str = ""


class Claim(_Part, frozen=True):
    """What a sentence claims: its kind, the families of patterns that are true of it.

    `tests` are what it rests on besides its facts, with p-values adjusted within the
    section; two of one claim where sentences were joined.
    """

    id: str
    kind: str
    question: str
    licences: tuple[str, ...]
    facts: tuple[str, ...]
    tests: tuple[Tested, ...] = ()


class Tested(_Part, frozen=True):
    """A test: the facts it compares, its adjusted p-value, and that of equivalence."""

    kind: str
    facts: tuple[str, ...]
    p_value: float
    equal_p: float | None = None


class Table(_Part, frozen=True):
    """A table as text, ready to print; the first column holds row headings."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Series(_Part, frozen=True):
    """One line of numbers, a value a category; none where there is nothing to show.

    `colours` names colours of the brand (`c-accent`), one for all or one a value.
    """

    name: str
    values: tuple[float | None, ...]
    shown: tuple[str, ...]
    colours: tuple[str, ...]


class Plot(_Part, frozen=True):
    """The numbers of a figure, for programs that draw charts of their own.

    Shares are 0 to 1. `bars` has one series, `grouped` one a wave, `stacked` and
    `table` one an answer or column, `lines` one a row.
    """

    layout: Layout
    unit: Unit
    categories: tuple[str, ...]
    series: tuple[Series, ...]


class Figure(_Part, frozen=True):
    """The sandwich: title, subtitle, drawing, caption, table, downloads.

    `wide` and `narrow` are file names of SVGs beside the document, `card` is its
    picture for a link preview, `files` maps a format to a file name.
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
    plot: Plot
    kind: str
    card: str = ""


class Quote(_Part, frozen=True):
    """What a respondent wrote, word by word, as a person chose it.

    `question` is what it answers; `by` is the group it is attributed to, if that is
    large enough to hide in.
    """

    text: str
    question: str
    wave: str
    by: str = ""

    def said_by(self) -> str:
        """Who wrote it, in words, and what it answers."""
        return f"{self.by or 'A respondent'}, {self.wave}, on “{self.question}”"


class Section(_Part, frozen=True):
    """A heading, a summary of proved sentences, figures, and quotes.

    `left_out` says which figures are not there because too few answered.
    """

    id: str
    title: str
    summary: tuple[Sentence, ...]
    origin: Origin
    author: str
    figures: tuple[Figure, ...]
    left_out: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()


class Disclosure(_Part, frozen=True):
    """One item of the transparency checklist; no text means it is not disclosed."""

    item: str
    text: str | None


class Brand(_Part, frozen=True):
    """How a publisher's reports look: colours by name, light and dark; font; logo.

    `logo` is an SVG, as text. A drawing's colours are CSS variables of these names.
    `site` is the address under which reports are published.
    """

    light: dict[str, str]
    dark: dict[str, str]
    font: str
    name: str = ""
    logo: str = ""
    site: str = ""


class Report(_Part, frozen=True):
    """All of a published report, in reading order.

    `interval` is what the survey's sample allows an interval to be called; `files`
    maps the other forms of the report to file names beside it.
    """

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
    brand: Brand
    interval: str
    files: dict[str, str] = {}
    card: str = ""
    language: str = "en"
    claims: tuple[Claim, ...] = ()
    schema: int = SCHEMA
