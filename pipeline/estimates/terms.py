"""The terms of a model, and the matrix that they make of what respondents said.

Number, Category ─ a slope, or a step to each level from the first
matrix ─────────── outcome and terms → Matrix, a column for each coefficient
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from pipeline.errors import DataError
from pipeline.estimates.newton import WHERE, Family
from pipeline.estimates.sample import Patterns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


# A term, and the level of it that a coefficient steps to; None of a number.
Key = tuple[str, Any]

INTERCEPT = "(Intercept)"


class Number(msgspec.Struct, frozen=True):
    """A term with one coefficient, its slope: an SQL expression with a number."""

    sql: str
    name: str = ""

    @property
    def label(self) -> str:
        """What the model calls it."""
        return self.name or self.sql


class Category(msgspec.Struct, frozen=True):
    """A term with a coefficient for each level but the first, their reference.

    `levels` gives their order; without it they are sorted.
    """

    sql: str
    name: str = ""
    levels: tuple[Any, ...] = ()

    @property
    def label(self) -> str:
        """What the model calls it."""
        return self.name or self.sql


Term = Number | Category


class Matrix(msgspec.Struct, frozen=True, eq=False):
    """The outcome `y` (patterns,) and what predicts it, `x` (patterns × p).

    `keys` (p,) name the columns; `terms` have the levels that there are.
    """

    y: Floats
    x: Floats
    keys: tuple[Key, ...]
    terms: tuple[Term, ...]


def matrix(
    found: Patterns, outcome: str, terms: Sequence[Term], family: Family
) -> Matrix:
    """The numbers of a model with an intercept; a DataError where it has no solution.

    What no single term shows (one that follows from others) is left to the solver.
    """
    if not found.w.sum() > 0:
        raise _unusable("nobody has a value in the outcome and in every term")
    y = _numbers(found, outcome)
    terms = tuple(_with_levels(term, found) for term in terms)
    if family == "logistic":
        _check_outcome(found, y, terms)
    keys: list[Key] = [(INTERCEPT, None)]
    columns = [np.ones(len(y))]
    for term in terms:
        if isinstance(term, Number):
            keys.append((term.label, None))
            columns.append(_numbers(found, term.sql))
        else:
            values = found.columns[term.sql]
            keys += [(term.label, level) for level in term.levels[1:]]
            columns += [(values == level).astype(float) for level in term.levels[1:]]
    return Matrix(y, np.column_stack(columns), tuple(keys), terms)


def name_of(key: Key) -> str:
    """Term and level in one, as R writes them."""
    return key[0] if key[1] is None else f"{key[0]}{key[1]}"


def _with_levels(term: Term, found: Patterns) -> Term:
    """A category with the levels that anyone has, its own order kept."""
    if isinstance(term, Number):
        return term
    there = np.unique(found.columns[term.sql]).tolist()
    if len(there) < 2:
        raise _unusable(f"everybody has the same {term.label}: {there[0]}")
    other = [level for level in there if level not in (term.levels or there)]
    if other:
        raise _unusable(
            f"{term.label} has a level that is not listed: {other[0]}",
            "List it, or leave out those who have it.",
        )
    levels = tuple(level for level in term.levels or there if level in there)
    return msgspec.structs.replace(term, levels=levels)


def _check_outcome(found: Patterns, y: Floats, terms: Sequence[Term]) -> None:
    """A logistic outcome is from 0 to 1, and both in every category."""
    if y.min() < 0 or y.max() > 1:
        raise _unusable("a logistic outcome is not from 0 to 1")
    cells = [("everybody", np.ones(len(y), dtype=bool))]
    for term in terms:
        if isinstance(term, Category):
            values = found.columns[term.sql]
            cells += [
                (f"{term.label} {v}: everybody", values == v) for v in term.levels
            ]
    for who, inside in cells:
        low, high = y[inside].min(), y[inside].max()
        if low == high and low in (0, 1):
            raise _unusable(
                f"{who} has the outcome {low:g}, so that log odds are infinite",
                "Put levels together, or leave those respondents out.",
            )


def _numbers(found: Patterns, column: str) -> Floats:
    try:
        values = found.columns[column].astype(float)
    except (TypeError, ValueError):
        raise _unusable(f"{column} is not a number", "Make it a Category.") from None
    if not np.isfinite(values).all():
        raise _unusable(f"{column} is not always a finite number")
    return values


def _unusable(what: str, remedy: str = "") -> DataError:
    return DataError(what, where=WHERE, remedy=remedy)
