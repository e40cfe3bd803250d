"""The units of a sample, stage by stage, read from its table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.design import Design
from pipeline.errors import DataError
from pipeline.estimates.variance import Frame, Stage
from pipeline.warehouse import statement

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Columns = dict[str, NDArray[Any]]

EVERYONE = "TRUE"
# What a sample without weights of its own has added: the weight, and the row's number.
IMPLIED, ROW = "implied_weight", "table_row"


def places(design: Design) -> list[str]:
    """The columns that say where a respondent was drawn: stratum, then clusters."""
    return [design.strata or "1", *design.clusters]


def frame_of(con: DuckDBPyConnection, table: str, design: Design, weight: str) -> Frame:
    """The frame of `table`; cluster ids need to be unique within a stratum only."""
    units = read(con, table, design, weight)
    n, weighted = units["n"], units["weighted"]
    fpc = [units[f"f{i}"] for i in range(len(design.fpc))]
    stratum = codes([units["u0"]])
    if not design.clusters:
        size = n.astype(float)
        fraction = _fractions(fpc[:1], size)
        empty = np.empty(0, dtype=np.int64)
        stage = Stage(empty, empty, size, fraction, np.ones(len(size)))
        df = float(weighted.sum() - (weighted > 0).sum())
        return Frame((stage,), True, df, design.single_psu)
    stages = tuple(_stages(design, units, stratum, fpc))
    used = weighted > 0
    first = stages[0].unit[used]
    df = float(len(np.unique(first)) - len(np.unique(stratum[used])))
    return Frame(stages, False, df, design.single_psu)


def _stages(
    design: Design, units: Columns, stratum: Ints, fpc: Sequence[Floats]
) -> list[Stage]:
    """Stages while there is a population to be sampled without replacement."""
    found: list[Stage] = []
    factor = np.ones(stratum.max(initial=-1) + 1)
    for depth in range(1, len(design.clusters) + 1):
        unit = codes([units[f"u{i}"] for i in range(depth + 1)])
        _, first = np.unique(unit, return_index=True)
        size = np.bincount(stratum[first]).astype(float)
        sizes = [_of_each(fpc[depth - 1], stratum, units)] if depth <= len(fpc) else []
        fraction = _fractions(sizes, size)
        found.append(Stage(unit, stratum[first], size, fraction, factor))
        if not fraction.any() or depth == len(design.clusters):
            break
        # A unit of this stage is a stratum of the next.
        factor = (factor * fraction)[stratum[first]]
        stratum = unit
    return found


def _of_each(fpc: Floats, stratum: Ints, units: Columns) -> Floats:
    """The population size of each stratum, which is the same for all its units."""
    _, one = np.unique(stratum, return_index=True)
    apart = fpc != fpc[one][stratum]
    if (apart & ~np.isnan(fpc)).any():
        raise _varying(units["u0"][apart][0])
    found: Floats = fpc[one]
    return found


def _varying(stratum: object) -> DataError:
    return DataError(
        f"the population size (fpc) varies within a stratum, the first time in"
        f" '{stratum}'",
        where="design.fpc",
        remedy="Give all respondents of a stratum the size of its population; for a"
        " later stage, all those of a unit of the stage before.",
    )


def _fractions(fpc: Sequence[Floats], size: Floats) -> Floats:
    """Sampled fractions of strata: fpc is a population's size, or, up to 1, that."""
    if not fpc:
        return np.zeros(len(size))
    given = np.asarray(fpc[0], dtype=float)
    if np.isnan(given).any() or (given <= 0).any():
        raise DataError(
            "a population size (fpc) is missing or not positive",
            where="design.fpc",
            remedy="Give each stratum its size.",
        )
    fraction = given if (given <= 1).all() else size / given
    if (fraction > 1).any():
        raise DataError(
            "a population size (fpc) is smaller than the sample drawn from it",
            where="design.fpc",
            remedy="Give the number of units in the population, stage by stage.",
        )
    return fraction


def codes(columns: Sequence[NDArray[Any]]) -> Ints:
    """Rows numbered by the distinct combinations of columns, in sorted order."""
    found = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        _, code = np.unique(column, return_inverse=True)
        found = np.unique(
            found * (code.max(initial=0) + 1) + code, return_inverse=True
        )[1]
    return found


def read(con: DuckDBPyConnection, table: str, design: Design, weight: str) -> Columns:
    """One row a unit of the last stage (u0 the stratum, u1 …), its count and fpc."""
    keys = [f"{c} AS u{i}" for i, c in enumerate(places(design))]
    sizes = [
        f"CAST({most}({c}) AS DOUBLE) AS {name}{i}"
        for i, c in enumerate(design.fpc)
        for most, name in (("MIN", "f"), ("MAX", "g"))
    ]
    names = [f"u{i}" for i in range(len(keys))]
    query = statement("frame").format(
        columns=", ".join([*keys, *sizes]),
        weight=weight,
        table=table,
        keys=", ".join(names),
        order=", ".join(names),
    )
    rows = con.execute(query).fetchnumpy()
    for name in names:
        if np.ma.is_masked(rows[name]):
            raise DataError(
                "respondents without a stratum or a cluster",
                where="design",
                remedy="Fill them in, or drop those rows.",
            )
    found = {k: np.ma.getdata(v) for k, v in rows.items()}
    for i in range(len(design.fpc)):
        apart = found[f"f{i}"] != found.pop(f"g{i}")
        if (apart & ~np.isnan(found[f"f{i}"])).any():
            raise _varying(found["u0"][apart][0])
    return found


def with_implied_weight(table: str, design: Design) -> tuple[str, str]:
    """`table` and its weight that the design gives: population over sample, by stage.

    Without population sizes everyone weighs 1.
    """
    if not design.fpc:
        return table, "1"
    at = places(design)
    factors = []
    for depth, size in enumerate(design.fpc):
        unit = at[depth + 1] if design.clusters else "*"
        counted = f"DISTINCT {unit}" if design.clusters else unit
        within = ", ".join(at[: depth + 1])
        drawn = f"COUNT({counted}) OVER (PARTITION BY {within})"
        small = f"MAX({size}) OVER () <= 1"
        factors.append(f"CASE WHEN {small} THEN 1 / {size} ELSE {size} / {drawn} END")
    weight = " * ".join(f"CAST({f} AS DOUBLE)" for f in factors)
    numbered = f"(SELECT *, ROW_NUMBER() OVER () AS {ROW} FROM {table})"
    return f"(SELECT *, {weight} AS {IMPLIED} FROM {numbered})", IMPLIED
