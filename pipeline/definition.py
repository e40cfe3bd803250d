"""The survey's definition: `survey.toml` as frozen objects, checked on load.

Survey ─┬─ Wave ──── files, encoding, header rows, which rows to drop
        ├─ Question ─ kind, options, where its columns are in each wave, who was asked
        ├─ Dimension ─ a question whose answers (grouped) are the domains of the report
        ├─ Target ─── population shares to weight to
        └─ Weighting ─ how weights are fitted to them

`docs/survey-definition.md` explains every key with an example.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal, TypeVar

import msgspec

from pipeline.design import Design, Target, Weighting
from pipeline.errors import NotFound
from pipeline.reading import Drop, Format, Repair

T = TypeVar("T")
Kind = Literal["single", "select-all", "scale", "numeric", "open"]
PerWave = dict[str, tuple[str, ...]]
Condition = dict[str, tuple[str, ...]]


class _Noun(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Frozen, keyword-only, and a misspelt key is an error."""


class Wave(_Noun, frozen=True):
    """One fielding of the survey.

    Columns are named by their header; of several header rows the first names the
    question (carried to the right over blanks) and the last names the item, and the
    two are written `question | item`. `start` and `end` are the days in the field,
    None where nobody knows them.
    """

    id: str
    files: tuple[str, ...]
    start: dt.date | None = None
    end: dt.date | None = None
    source: str = ""
    format: Format | Literal[""] = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str = ""
    header_rows: Literal[1, 2, 3] = 1
    respondent: str = ""
    weight: str = ""
    missing: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    drop: tuple[Drop, ...] = ()
    repair: tuple[Repair, ...] = ()
    design: Design = Design()


class Term(_Noun, frozen=True):
    """Something a share can be of; `say` is how a sentence puts it."""

    code: str
    label: str
    say: str = ""


class Option(Term, frozen=True):
    """One answer that can be chosen.

    `raw` lists other spellings in the export, for all waves or by wave; the label and
    the code always count. `missing` marks an answer such as "prefer not to say": it is
    kept apart from a skipped question and is not in the base. `waves` names the waves
    that offered it, if not all did: nobody could choose it in the others, which is not
    a share of 0 %. `write_in` is for "other, please specify": where each option has a
    column of its own, any text in this one counts as choosing it. `exclusive` is for
    "none of these": ticked together with others, it is not used. `patterns` find it in
    free text, where it is an entity (`entities.py`).
    """

    raw: tuple[str, ...] | PerWave = ()
    patterns: tuple[str, ...] = ()
    missing: bool = False
    write_in: bool = False
    exclusive: bool = False
    waves: tuple[str, ...] = ()

    def offered(self, wave: str) -> bool:
        """Could it be chosen in `wave`?"""
        return not self.waves or wave in self.waves

    def spellings(self, wave: str) -> tuple[str, ...]:
        """Every text that means this option in an export of `wave`."""
        if not self.offered(wave):
            return ()
        raw = self.raw.get(wave, ()) if isinstance(self.raw, dict) else self.raw
        return (self.label, self.code, *raw)


class Net(Term, frozen=True):
    """Several options counted as one, as in "agree" = "strongly agree" + "agree"."""

    of: tuple[str, ...] = ()


class Scale(_Noun, frozen=True):
    """The ends of a rating scale; every whole number between them is an answer."""

    low: int
    high: int
    low_label: str = ""
    high_label: str = ""


class Break(_Noun, frozen=True):
    """From `wave` on, answers cannot be compared with earlier ones: `reason`."""

    wave: str
    reason: str


class Question(_Noun, frozen=True):
    """One question, and where its answers lie in each wave's export.

    `columns` maps a wave to a column (`"Q4"`, `"Tools | *"` for one column an option);
    `*` matches any text. A list of columns has one for each option, whose `raw` names
    it. `asked` is the routing: the answers to earlier questions that
    lead here. `base` narrows who is counted further than who was asked. Both look only
    at questions that the wave asked. `ordered` options are shown as they are listed.
    `most` is how many options could be ticked; who ticked more has not answered.
    `entities` names the list that free text is coded by, which makes it a select-all
    question (of the list's `categories`, if so). Whoever gave the answers of `consent`
    may be quoted.
    """

    id: str
    text: str
    kind: Kind
    columns: dict[str, str | tuple[str, ...]]
    options: tuple[Option, ...] | str = ()
    nets: tuple[Net, ...] = ()
    ordered: bool = False
    scale: Scale | None = None
    minimum: float | None = None
    maximum: float | None = None
    separator: str = ""
    most: int | None = None
    unlisted: Literal["error", "reject"] = "error"
    asked: Condition = {}
    base: Condition = {}
    entities: str = ""
    categories: bool = False
    consent: Condition = {}
    breaks: tuple[Break, ...] = ()
    title: str = ""
    say: str = ""
    base_say: str = ""

    def option(self, code: str) -> Option:
        """The option with this code; raises `NotFound`."""
        known = {option.code: option for option in self.choices}
        return _one(f"option of {self.id}", code, known)

    @property
    def choices(self) -> tuple[Option, ...]:
        """The options; for a scale, its whole numbers."""
        if self.scale is not None:
            ends = {self.scale.low: self.scale.low_label}
            ends[self.scale.high] = self.scale.high_label
            steps = range(self.scale.low, self.scale.high + 1)
            return tuple(
                Option(code=str(i), label=str(i), raw=(ends[i],) if ends.get(i) else ())
                for i in steps
            )
        assert not isinstance(self.options, str), "resolved on load"
        return self.options

    def value(self, code: str) -> int:
        """The number an option is stored as: its rating, or its place in the list."""
        if self.scale is not None:
            return int(code)
        return [o.code for o in self.choices].index(code) + 1

    def items(self, wave: str = "") -> tuple[str, ...]:
        """The keys under which answers are stored: the question, or one an option.

        With a wave, only those that it could hold.
        """
        if self.kind == "select-all":
            return tuple(
                f"{self.id}.{o.code}"
                for o in self.choices
                if not o.missing and (not wave or o.offered(wave))
            )
        return () if self.kind == "open" else (self.id,)

    def label(self) -> str:
        """A short name for headings."""
        return self.title or self.text


class Group(_Noun, frozen=True):
    """One domain of a dimension: a set of options; `["*"]` is all the rest."""

    code: str
    label: str
    options: tuple[str, ...]
    say: str = ""


class Dimension(_Noun, frozen=True):
    """A way to split respondents; without `groups` every option is a domain."""

    id: str
    label: str
    question: str
    groups: tuple[Group, ...] = ()


class About(_Noun, frozen=True):
    """What a reader must know of how it was made; what is left out is not disclosed."""

    sponsor: str = ""
    conducted_by: str = ""
    collection: str = ""
    instrument: str = ""
    population: str = ""
    sample: str = ""
    mode: str = ""
    processing: str = ""
    limitations: str = ""
    licence: str = ""
    citation: str = ""


class Survey(_Noun, frozen=True):
    """A survey with all its waves. Order in the file is the order in the report."""

    id: str
    title: str
    sample: Literal["opt-in", "probability"]
    waves: tuple[Wave, ...] = msgspec.field(name="wave")
    questions: tuple[Question, ...] = msgspec.field(name="question")
    dimensions: tuple[Dimension, ...] = msgspec.field(name="dimension", default=())
    crosses: tuple[tuple[str, str], ...] = ()
    targets: tuple[Target, ...] = msgspec.field(name="target", default=())
    weighting: Weighting = Weighting()
    lists: dict[str, tuple[Option, ...]] = {}
    duplicates: Literal["first", "last", "error"] = "error"
    min_base: int = 30
    notice: str = ""
    say: str = "respondents"
    about: About = About()

    def __repr__(self) -> str:
        waves = ", ".join(wave.id for wave in self.waves)
        return f"Survey({self.id}: waves {waves}; {len(self.questions)} questions)"

    def wave(self, wave_id: str) -> Wave:
        """The wave with this id; raises `NotFound`."""
        return _one("wave", wave_id, {w.id: w for w in self.waves})

    def question(self, question_id: str) -> Question:
        """The question with this id; raises `NotFound`."""
        return _one("question", question_id, {q.id: q for q in self.questions})

    def dimension(self, dimension_id: str) -> Dimension:
        """The dimension with this id; raises `NotFound`."""
        return _one("dimension", dimension_id, {d.id: d for d in self.dimensions})

    def domains(self, dimension_id: str) -> tuple[Group, ...]:
        """The domains of a dimension, in order, with `*` spelt out."""
        dimension = self.dimension(dimension_id)
        options = self.question(dimension.question).choices
        if not dimension.groups:
            return tuple(
                Group(code=o.code, label=o.label, options=(o.code,), say=o.say)
                for o in options
                if not o.missing
            )
        named = {code for group in dimension.groups for code in group.options}
        rest = tuple(o.code for o in options if o.code not in named and not o.missing)
        return tuple(
            msgspec.structs.replace(g, options=rest) if g.options == ("*",) else g
            for g in dimension.groups
        )

    def break_between(
        self, question: Question, earlier: str, later: str
    ) -> Break | None:
        """The break in comparability after `earlier` and up to `later`, if any.

        Waves come in the order of the definition: as texts, 9 is after 10.
        """
        order = [wave.id for wave in self.waves]
        after = order[order.index(earlier) + 1 : order.index(later) + 1]
        return next((found for found in question.breaks if found.wave in after), None)

    def items(self) -> tuple[str, ...]:
        """The items of all questions, in order; their places are their numbers."""
        return tuple(item for q in self.questions for item in q.items())

    def asked_in(self, wave_id: str) -> Iterator[Question]:
        """The questions that have columns in a wave."""
        return (q for q in self.questions if wave_id in q.columns)


def _one(kind: str, name: str, known: dict[str, T]) -> T:
    if name not in known:
        raise NotFound.among(kind, name, known)
    return known[name]
