"""Column letters: which columns of a crosstab differ, as market researchers read it.

            Role                        Size
            A Backend  B Data  C Other  D Small  E Large
    Rust    38 % Bc    21 %    30 %     31 %     33 %
    n       820        411     96 *     702      625

A letter stands by the higher column and names the lower one, in upper case where the
difference is beyond .001. Columns are tested within a span (Role, Size) only. Below the
minimum base (**) a column is not tested, and a net is not tested against its parts. A
result is data: `Lettered` holds the tests that its letters come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal

import msgspec
import numpy as np

from pipeline.errors import DataError, NotFound
from pipeline.estimates.comparison import (
    Banner,
    Comparison,
    Pair,
    compare,
    compare_strictly,
)
from pipeline.estimates.linear import Estimates
from pipeline.estimates.multiplicity import Method

Base = Literal["", "*", "**"]


class Span(msgspec.Struct, frozen=True):
    """Columns side by side; `nets` names those made of others, and their parts."""

    name: str
    columns: tuple[str, ...]
    nets: Mapping[str, tuple[str, ...]] = {}


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """When a difference is worth a letter.

    p-values are adjusted within a row of a span, as tabulation tools do, so that
    another row or span changes no letter, or over the whole table. `strict` tests hold
    their level in small columns (`compare_strictly`); without, they are R's.
    """

    method: Method = "holm"
    family: Literal["row", "table"] = "row"
    strict: bool = True
    lower: float = 0.05
    upper: float = 0.001
    small_base: int = 100
    minimum_base: int = 30

    def base(self, n: float) -> Base:
        """How a base of n respondents is marked."""
        if n < self.minimum_base:
            return "**"
        return "*" if n < self.small_base else ""


class Head(msgspec.Struct, frozen=True):
    """A column: its letter and its bases, those of the row that most answered."""

    letter: str
    column: str
    span: str
    n: float
    n_weighted: float
    n_effective: float
    base: Base


class Mark(msgspec.Struct, frozen=True):
    """A letter: the column that is lower, in upper case where `p_adjusted` is small."""

    letter: str
    p_adjusted: float


class Cell(msgspec.Struct, frozen=True):
    """A value, its own base, and the columns it is above."""

    column: str
    row: str
    value: float
    n: float
    base: Base
    marks: tuple[Mark, ...]

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters alone, in the order of columns."""
        return tuple(mark.letter for mark in self.marks)


class Lettered(msgspec.Struct, frozen=True, eq=False):
    """A crosstab with its letters, and the comparisons they come from."""

    heads: tuple[Head, ...]
    cells: tuple[Cell, ...]
    tests: tuple[Comparison, ...]
    rules: Rules

    def cell(self, column: str, row: str) -> Cell:
        """The cell of a column and a row."""
        return next(c for c in self.cells if (c.column, c.row) == (column, row))


def letters(
    cells: Banner, spans: Sequence[Span], rules: Rules | None = None
) -> Lettered:
    """Letters for the columns of `spans`, A onwards from left to right.

    Raises `DataError` for a column in two places, `NotFound` for one `cells` lacks.
    """
    rules = rules or Rules()
    _check(cells, spans)
    heads = tuple(_heads(cells, spans, rules))
    families = _families(cells.found, spans, rules)
    tests = tuple(_tested(cells, of, pairs, rules) for of, pairs in families)
    letter = {head.column: head.letter for head in heads}
    marks = _marks(tests, letter, rules)
    found = cells.found
    bases = zip(found.keys, found.values.tolist(), found.n.tolist(), strict=True)
    known = {key: (value, n) for key, value, n in bases}
    table = tuple(
        Cell(column, row, value, n, rules.base(n), marks.get((column, row), ()))
        for row in _rows(found)
        for column in letter
        for value, n in [known[column, row]]
    )
    return Lettered(heads, table, tests, rules)


def letter_of(place: int) -> str:
    """A … Z, AA, AB …"""
    above, last = divmod(place, 26)
    return (letter_of(above - 1) if above else "") + chr(ord("A") + last)


def _check(cells: Banner, spans: Sequence[Span]) -> None:
    known = {column: None for column, _ in cells.found.keys}
    seen: set[str] = set()
    for span in spans:
        parts = [part for found in span.nets.values() for part in found]
        for column in (*span.columns, *span.nets, *parts):
            if column not in known:
                raise NotFound.among("column", column, known)
        twice = [c for i, c in enumerate(span.columns) if c in span.columns[:i]]
        for column in (*seen.intersection(span.columns), *twice):
            raise DataError(
                f"column '{column}' is there twice",
                where=f"span {span.name}",
                remedy="A column has one letter: name it in one span only.",
            )
        seen.update(span.columns)


def _heads(cells: Banner, spans: Sequence[Span], rules: Rules) -> Iterator[Head]:
    found, columns = cells.found, np.array([column for column, _ in cells.found.keys])
    named = [(span.name, column) for span in spans for column in span.columns]
    for place, (span, column) in enumerate(named):
        own = np.flatnonzero(columns == column)
        at = own[np.argmax(found.n[own])]
        n, weighted = float(found.n[at]), float(found.n_weighted[at])
        effective = float(cells.effective[at])
        base = rules.base(n)
        yield Head(letter_of(place), column, span, n, weighted, effective, base)


def _families(
    found: Estimates, spans: Sequence[Span], rules: Rules
) -> list[tuple[str, list[Pair]]]:
    """The pairs to be tested together, each family with what it is."""
    n = {key: float(size) for key, size in zip(found.keys, found.n, strict=True)}
    families = []
    for row in _rows(found):
        for span in spans:
            apart = [
                ((a, row), (b, row))
                for a, b in combinations(span.columns, 2)
                if min(n[a, row], n[b, row]) >= rules.minimum_base
                and a not in _parts(span, b)
                and b not in _parts(span, a)
            ]
            of = f"{len(apart)} pairs of {span.name} in row {row}"
            families.append((of, apart))
    if rules.family == "table":
        every = [pair for _, pairs in families for pair in pairs]
        families = [(f"{len(every)} pairs of the table", every)]
    return [(of, pairs) for of, pairs in families if pairs]


def _parts(span: Span, column: str) -> set[str]:
    """What a net is made of, and what nets in it are made of."""
    found: set[str] = set()
    ahead = [column]
    while ahead:
        new = set(span.nets.get(ahead.pop(), ())) - found
        found |= new
        ahead += new
    return found


def _tested(cells: Banner, of: str, pairs: list[Pair], rules: Rules) -> Comparison:
    if rules.strict:
        return compare_strictly(cells, pairs, rules.method, of)
    return compare(cells.found, pairs, rules.method, of)


def _marks(
    tests: Sequence[Comparison], letter: Mapping[str, str], rules: Rules
) -> dict[tuple[str, str], tuple[Mark, ...]]:
    """The marks of each cell (column, row); pairs come in the order of columns."""
    found: dict[tuple[str, str], tuple[Mark, ...]] = {}
    for test in tests:
        for i in np.flatnonzero(test.p_adjusted < rules.lower):
            first, second = test.pairs[i]
            high, low = (first, second) if test.values[i] > 0 else (second, first)
            p, name = float(test.p_adjusted[i]), letter[low[0]]
            mark = Mark(name if p < rules.upper else name.lower(), p)
            found[high[0], high[1]] = (*found.get((high[0], high[1]), ()), mark)
    return found


def _rows(found: Estimates) -> list[str]:
    """The rows of the table, in order."""
    return list(dict.fromkeys(row for _, row in found.keys))
