"""What is known: estimates, changes and tests, with rounding done anew."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from pipeline.definition import Question, Survey
from pipeline.narrative.facts import Estimates, Row, Trend, domains, fact_id
from pipeline.reading import UNCODED
from pipeline.report import Tested

ALPHA = 0.05
MARGIN = 0.03
Z90, Z95 = 1.6448536269514722, 1.959963984540054
TINY = 1e-9


class Cell(msgspec.Struct, frozen=True):
    """Where an estimate is: `term` is empty for a mean or mode."""

    wave: str
    question: str
    statistic: str
    term: str
    by: str = ""
    domain: str = ""


class Table(msgspec.Struct, frozen=True):
    """The estimates of one survey, seen from one wave, and a section's tests."""

    survey: Survey
    estimates: Estimates
    wave: str
    tests: tuple[Tested, ...] = ()

    def row(self, cell: Cell) -> Row | None:
        """The estimate there, if it may be shown."""
        return self.estimates.row(
            cell.wave,
            cell.question,
            cell.statistic,
            cell.term,
            cell.by,
            cell.domain,
        )

    def value(self, cell: Cell) -> float | None:
        """Its value."""
        row = self.row(cell)
        return None if row is None else row.estimate

    def trend(self, cell: Cell) -> Trend | None:
        """The change up to this wave."""
        return self.estimates.trend(
            self.wave,
            cell.question,
            cell.statistic,
            cell.term,
            cell.by,
            cell.domain,
        )

    def before(self, question: str) -> str:
        """The wave that this wave's answers to a question follow."""
        waves = [w.id for w in self.survey.waves]
        had = self.survey.question(question).columns
        earlier = [w for w in waves[: waves.index(self.wave)] if w in had]
        return earlier[-1] if earlier else ""

    def over(self, cell: Cell, by: str, *, certain: bool = False) -> list[Row]:
        """The shares of an answer in the domains of `by` that are shown."""
        found = (
            self.row(msgspec.structs.replace(cell, by=by, domain=domain))
            for domain in domains(self.survey, by)
        )
        rows = [row for row in found if row is not None]
        return [row for row in rows if row.certain] if certain else rows

    def options(self, cell: Cell) -> list[Row]:
        """The shares of all answers to a question among the same people.

        What free text names that no list has is no answer, but many.
        """
        question = self.survey.question(cell.question)
        found = (
            self.row(msgspec.structs.replace(cell, statistic="share", term=o.code))
            for o in question.choices
            if o.code != UNCODED
        )
        return [row for row in found if row is not None and row.rank is not None]

    def tested(self, kind: str, cells: Sequence[Cell]) -> Tested | None:
        """The test of this kind that speaks of all these estimates."""
        rows = [self.row(cell) for cell in cells]
        wanted = {fact_id(row) for row in rows if row is not None}
        if len(wanted) < len({*cells}):
            return None
        for test in self.tests:
            if test.kind == kind and wanted <= {*test.facts}:
                return test
        return None


def half_up(value: float, digits: int = 0) -> Decimal:
    """Rounded as a reader expects: a half goes up."""
    step = Decimal(1).scaleb(-digits)
    return Decimal(str(round(value, 9))).quantize(step, rounding=ROUND_HALF_UP)


def shows(text: str, row: Row) -> bool:
    """Whether a number in a sentence is this estimate, rounded."""
    value = row.estimate
    if value is None:
        return False
    if row.statistic == "share":
        return text == _percent(value)
    digits = 1 if row.statistic == "mean" else 0
    return Decimal(text.split(" ")[0].replace(",", "")) == half_up(value, digits)


def _percent(value: float) -> str:
    points = half_up(100 * value)
    if points == 0 and value > 0:
        return "less than 1%"
    if points == 100 and value < 1:
        return "more than 99%"
    return f"{points}%"


def error(row: Row) -> float:
    """The standard error, at least what the interval says; infinite if unknown."""
    known = [row.se] if row.se is not None else []
    if row.low is not None and row.high is not None:
        known.append((row.high - row.low) / 2 / Z95)
    return max(known, default=math.inf)


def raw_p(one: Row, other: Row) -> float:
    """Two-sided p-value of two estimates that share nobody; 1 if there is none."""
    spread = math.hypot(error(one), error(other))
    gap = abs((one.estimate or 0.0) - (other.estimate or 0.0))
    return math.erfc(gap / spread / math.sqrt(2)) if spread else 1.0


def close(gap: float, spread: float) -> bool:
    """Whether a difference is within three points for certain."""
    return abs(gap) + Z90 * spread < MARGIN


def at_least_times(one: Row, other: Row, times: int) -> bool:
    """Whether one share is more than so many times the other for certain."""
    p, q = one.estimate or 0.0, other.estimate or 0.0
    if q < 0.05 or p <= q:
        return False
    spread = math.hypot(error(one) / p, error(other) / q)
    return p / q * math.exp(-Z95 * spread) > times - TINY and p / q > times


def listed_codes(question: Question) -> Iterator[str]:
    """Every answer and net that a sentence may be about."""
    yield from (option.code for option in question.choices)
    yield from (net.code for net in question.nets)
