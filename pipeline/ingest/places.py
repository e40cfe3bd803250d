"""Where each respondent was drawn: the columns of the wave's sample design."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.definition import Wave
from pipeline.design import CLUSTER, FPC, REPLICATE, STRATUM
from pipeline.errors import DataError, suggestion
from pipeline.ingest.columns import find, one

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Place = tuple[str, int, bool]  # the name in the warehouse, the column, is it a number


def design_columns(where: str, names: tuple[str, ...], wave: Wave) -> list[Place]:
    """The design's columns; raises `DataError` for one that is not there."""
    return list(_columns(where, names, wave))


def _columns(where: str, names: tuple[str, ...], wave: Wave) -> Iterator[Place]:
    design = wave.design
    if design.strata:
        yield STRATUM, one(where, names, design.strata, "the strata"), False
    for i, pattern in enumerate(design.clusters):
        yield f"{CLUSTER}{i + 1}", one(where, names, pattern, "the clusters"), False
    for i, pattern in enumerate(design.fpc):
        yield f"{FPC}{i + 1}", one(where, names, pattern, "population sizes"), True
    if design.replicates is None:
        return
    given = design.replicates.columns
    patterns = (given,) if isinstance(given, str) else given
    found = [index for p in patterns for index, _ in find(names, p)]
    if not found:
        raise DataError(
            f"there is no column '{patterns[0]}', needed for the replicate weights",
            where=where,
            remedy=suggestion(patterns[0], names),
        )
    for i, index in enumerate(found):
        yield f"{REPLICATE}{i + 1:03d}", index, True


def place(
    con: DuckDBPyConnection,
    wave: Wave,
    columns: list[Place],
    names: tuple[str, ...],
    where: str,
) -> None:
    """Fill the table `places(respondent, …)` for those kept.

    Raises `DataError`, naming row and column, for a place or number that is missing or
    unusable: a respondent without a stratum cannot be in the variance.
    """
    values = {
        name: f"TRY_CAST(c{i} AS DOUBLE)" if number else f"nullif(trim(c{i}), '')"
        for name, i, number in columns
    }
    # In the unit of the weights, which are over their mean.
    values |= {
        n: f"{sql} / mean" for n, sql in values.items() if n.startswith(REPLICATE)
    }
    picked = "".join(f', {sql} AS "{name}"' for name, sql in values.items())
    con.execute(
        f"CREATE OR REPLACE TABLE places AS SELECT respondent{picked}"
        " FROM raw JOIN kept USING (respondent)"
    )
    for name, i, number in columns:
        # A replicate leaves units out by a weight of 0; a population has someone.
        low = "< 0" if name.startswith(REPLICATE) else "<= 0"
        wrong = f' OR "{name}" {low} OR isnan("{name}")' if number else ""
        bad = con.execute(
            f'SELECT min(respondent) FROM places WHERE "{name}" IS NULL{wrong}'
        ).fetchall()[0][0]
        if bad is not None:
            what = "not a number that can be used" if number else "missing"
            raise DataError(
                f"the design's value is {what}",
                where=f"{where}, row {bad}, column '{names[i]}'",
                remedy="Correct it, or leave such rows out with a drop rule.",
            )
