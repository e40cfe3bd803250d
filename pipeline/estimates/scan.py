"""One scan of a wave's answers: sums by item, answer and domain for every split.

Items and domains are numbers here (items as `Survey.items` lists them; domain 0 is
unknown, the others count from 1 in the definition's order), so that rows are found and
added up without comparing texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from pipeline.definition import Survey
from pipeline.estimates.scheme import Scheme
from pipeline.warehouse import numbers_of, statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Columns = dict[str, NDArray[Any]]

SUMS = ("n", "w", "w2", "q")


class Scan(msgspec.Struct, frozen=True):
    """The rows of all grouping sets, sorted by set and item.

    `keys` (rows,) is the set's number times the number of items, plus the item.
    """

    dimensions: tuple[str, ...]
    items: int
    columns: Columns
    keys: NDArray[np.int64]

    def part(self, by: Iterable[str], first: int, size: int) -> Columns:
        """The rows split by exactly these dimensions, of `size` items from `first`."""
        split = grouped(self.dimensions, set(by)) * self.items + first
        low, high = np.searchsorted(self.keys, [split, split + size])
        return {name: column[low:high] for name, column in self.columns.items()}


def splits(survey: Survey) -> list[tuple[str, ...]]:
    """The ways to split: everyone, each dimension, each cross."""
    single = [(d.id,) for d in survey.dimensions]
    return [(), *single, *survey.crosses]


def scan(con: DuckDBPyConnection, survey: Survey, wave: str, scheme: Scheme) -> Scan:
    """Add up a wave's weights for every split, and every split by weighting margin."""
    dims = tuple(d.id for d in survey.dimensions)
    units = [f'p."{c}"' for c in scheme.places]
    replicates = scheme.replication.columns if scheme.replication else ()
    sums = [*SUMS, *(f"r{i}" for i in range(len(replicates)))]
    keys = [*(f"u{i}" for i in range(len(units))), *dims]
    query = statement("sums").format(
        columns="".join(
            f", {sql} AS {name}"
            for sql, name in zip(
                [*units, *(numbers_of(d, "p") for d in dims)],
                [f'"{k}"' for k in keys],
                strict=True,
            )
        ),
        grouped=" + ".join(
            f"{1 << i} * (1 - GROUPING({numbers_of(d, 'p')}))"
            for i, d in enumerate(dims)
        )
        or "0",
        regress="1" if scheme.regress == "1" else f"p.{scheme.regress}",
        replicates="".join(f', SUM(p."{c}") AS r{i}' for i, c in enumerate(replicates)),
        sets=", ".join(_sets(survey, scheme, units)),
    )
    floats = ", ".join(f"CAST({n} AS DOUBLE) AS {n}" for n in ["value", *sums])
    order = ", ".join(["grouped", "item", *(f'"{k}"' for k in keys), "value"])
    # Groups come in any order, and floats have to be added up in one.
    found = con.execute(
        f"SELECT * REPLACE ({floats}) FROM ({query}) ORDER BY {order}", {"wave": wave}
    ).fetchnumpy()
    columns = {k: np.ma.filled(np.asarray(v), 0) for k, v in found.items()}
    items = len(survey.items())
    place = scheme.located(columns)
    where = columns["grouped"].astype(np.int64) * items + columns["item"]
    return Scan(dims, items, columns | {"place": place}, where)


def _sets(survey: Survey, scheme: Scheme, units: list[str]) -> list[str]:
    """The grouping sets: each split, and each split by each weighting margin."""
    wanted = [
        {*by, *margin}
        for by in splits(survey)
        for margin in [(), *((d,) for d in scheme.dimensions)]
    ]
    different = [found for i, found in enumerate(wanted) if found not in wanted[:i]]
    return [
        f"({', '.join(['a.number', 'a.value', *units, *names])})"
        for found in different
        for names in [
            [numbers_of(d.id, "p") for d in survey.dimensions if d.id in found]
        ]
    ]


def grouped(dimensions: tuple[str, ...], by: set[str]) -> int:
    """The number of a grouping set: a bit for each dimension in it."""
    return sum(1 << i for i, d in enumerate(dimensions) if d in by)
