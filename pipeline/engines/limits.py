"""How large exact sums may grow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.errors import DataError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DIGITS = 38  # of a decimal, on every engine
MORE = 10  # digits that a sum has more than what is added up, in Spark and DataFusion


def refuse_overflow(con: DuckDBPyConnection) -> None:
    """Raise `DataError` if the weights of a wave may add up to more than sums hold.

    Every sum is over some of the wave's respondents, each once, so none is larger than
    that over all. Engines differ in what they do: DataFusion 55 goes on from the other
    end of the range without a word.
    """
    described = con.execute("DESCRIBE weighed").fetchall()
    kinds = {row[0]: _decimal(row[1]) for row in described}
    sums = [(name,) for name in kinds]
    for factors in [*sums, ("weight", "weight"), ("weight", "untrimmed")]:
        found = [kind for name in factors if (kind := kinds.get(name))]
        if len(found) < len(factors):
            continue
        wide, after = (sum(digits) for digits in zip(*found, strict=True))
        limit = 10.0 ** (min(DIGITS, wide + MORE) - after)
        product = " * ".join(f'CAST("{name}" AS DOUBLE)' for name in factors)
        rows = con.execute(
            f"SELECT wave, sum({product}) AS total FROM weighed GROUP BY wave"
            f" HAVING total >= {limit:.0f} ORDER BY wave"
        ).fetchall()
        for wave, total in rows:
            raise _too_large(wave, factors, total, limit)


def _decimal(kind: str) -> tuple[int, int] | None:
    """Digits in all and after the point of a column's type; none if not a decimal."""
    found = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind)
    return (int(found[1]), int(found[2])) if found else None


def _too_large(
    wave: str, factors: tuple[str, ...], total: float, limit: float
) -> DataError:
    return DataError(
        f"the sum of {' times '.join(factors)} is {total:.3g}: an exact sum holds less"
        f" than {limit:.0g}",
        where=f"wave {wave}",
        remedy="Weights are multiples of their mean: look for those that are very"
        " large, and trim them.",
    )
