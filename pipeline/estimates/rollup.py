"""Rows of sums added up to coarser rows; sums in the order of the rows they are of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Columns = dict[str, NDArray[Any]]

SUMS = ("n", "w", "w2", "q", "wp")

# Numbers are counted in an array up to this many times as long as the rows, and sorted
# beyond: sorting 20,000 rows takes 1 ms, counting them 0.05.
SPARSE = 16


def replicate_names(rows: Iterable[str]) -> list[str]:
    """The columns of replicates' sums, r0, r1 and so on."""
    return [name for name in rows if name[0] == "r" and name[1:].isdigit()]


def rolled_up(rows: Columns, by: Sequence[str]) -> Columns:
    """The sums over rows alike in item, answer, place and the dimensions `by`."""
    names = ["item", *by, "value", "place"]
    number = np.zeros(len(rows["n"]), dtype=np.int64)
    known, size = [], 1
    for name in names:
        values, code = _coded(rows[name])
        number = number * len(values) + code
        known.append(values)
        size *= len(values)
    if size > SPARSE * len(number):
        numbers, number = np.unique(number, return_inverse=True)
        size = len(numbers)
    else:
        numbers = np.arange(size)
    found: Columns = {}
    n = np.bincount(number, rows["n"], size)
    at = np.flatnonzero(n)
    left = numbers[at]
    for name, values in zip(reversed(names), reversed(known), strict=True):
        left, code = np.divmod(left, len(values))
        found[name] = values[code]
    for name in (*(s for s in SUMS if s in rows), *replicate_names(rows)):
        found[name] = np.bincount(number, rows[name], size)[at]
    return found


def _coded(column: NDArray[Any]) -> tuple[NDArray[Any], Ints]:
    """Distinct values, more or less, and the place of each row's among them."""
    if column.dtype.kind == "f" or not len(column):
        return np.unique(column, return_inverse=True)
    low, high = int(column.min()), int(column.max())
    return np.arange(low, high + 1), column.astype(np.int64) - low
