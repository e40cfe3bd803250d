"""The weigh stage: respondents → weights.parquet and weights.json."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from pipeline.definition import Survey, Wave
from pipeline.design import Target, Weighting
from pipeline.errors import DataError
from pipeline.project import replace_file
from pipeline.warehouse import connect, fill, parquet, write_parquet
from pipeline.weights.calibration import calibrate, indicators
from pipeline.weights.diagnostics import Balance, balance, check_weights, spread
from pipeline.weights.margins import Fit, Margin, margin, occupied, worst
from pipeline.weights.raking import post_stratify, rake
from pipeline.weights.trimming import trim

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DIGITS = 6
LARGEST = 1000  # what DECIMAL(9,6) cannot hold; under one in LARGEST, digits are lost


class Cells(msgspec.Struct, frozen=True):
    """Respondents of a wave who share all that their weight follows from.

    `counts` (n) are how many, `weights` (n) the sum of the weights they came with;
    `keys` are columns of the respondents, `values` (n) what a cell has in them.
    """

    counts: Floats
    weights: Floats
    keys: tuple[str, ...]
    values: list[tuple[Any, ...]]


class WaveWeights(msgspec.Struct, frozen=True):
    """How a wave was weighted, with the spread of its weights (see `Spread`).

    `method` is empty without targets. `error` is the largest relative distance of a
    domain from its target in the end, after trimming, and `trimmed` how many
    respondents' weights were cut.
    """

    wave: str
    respondents: int
    weighted: bool
    method: str
    rounds: int
    error: float
    trimmed: int
    design_effect: float
    effective_n: float
    smallest: float
    largest: float
    quantiles: dict[str, float]
    margins: tuple[Balance, ...]
    sources: tuple[str, ...]


def weigh(survey: Survey, build: Path, progress: Callable[[str], None]) -> None:
    """Write weights.parquet (wave, respondent, weight with mean 1) and weights.json.

    `untrimmed` in it is the weight as it was fitted: variances follow from it.
    Raises `DataError` if a wave's weights or targets cannot be used.
    """
    con = connect()
    con.execute(
        "CREATE TABLE weights(wave VARCHAR, respondent INTEGER, weight DECIMAL(9,6),"
        " untrimmed DECIMAL(18,6))"
    )
    source = parquet(build / "respondents.parquet")
    con.execute(f"CREATE TABLE people AS SELECT * FROM {source}")
    done = []
    for wave in survey.waves:
        progress(f"wave {wave.id}")
        try:
            done.append(_weigh_wave(con, survey, wave))
        except DataError as error:
            where = f"weighting of wave {wave.id}"
            where += f", {error.where}" if error.where else ""
            raise DataError(error.what, where=where, remedy=error.remedy) from None
    query = "SELECT * FROM weights ORDER BY wave, respondent"
    write_parquet(con, query, build / "weights.parquet")
    text = msgspec.json.format(msgspec.json.encode(done), indent=1)
    replace_file(build / "weights.json", text + b"\n")


def fitted(weighting: Weighting, margins: Sequence[Margin], weights: Floats) -> Fit:
    """The factors (n) that take `weights` (n) to the margins by the chosen method."""
    if not margins:
        return Fit(np.ones(len(weights)), 0, 0.0)
    if weighting.empty == "ignore":
        margins = [occupied(m, weights) for m in margins]
    if weighting.method == "post-stratify":
        return post_stratify(weights, margins[0])
    if weighting.method == "rake" and weighting.bounds is None:
        return rake(weights, margins)
    x, totals, names = indicators(margins, weights)
    return calibrate(
        x,
        weights,
        totals,
        method="raking" if weighting.method == "rake" else weighting.method,
        bounds=weighting.bounds,
        names=names,
    )


def _weigh_wave(con: DuckDBPyConnection, survey: Survey, wave: Wave) -> WaveWeights:
    targets = [t for t in survey.targets if t.wave == wave.id]
    weighting = survey.weighting
    if wave.weight:
        _check_supplied(con, wave)
    cells = _cells(con, wave, targets, apart=weighting.trim is not None)
    margins = [
        margin(t.dimension, [row[k] for row in cells.values], t.shares)
        for k, t in enumerate(targets)
    ]
    fit = fitted(weighting, margins, cells.weights)
    mean_one = cells.counts.sum() / float((cells.weights * fit.factors).sum())
    untrimmed = fit.factors * mean_one
    factors, trimmed = _trimmed(weighting, cells, untrimmed)
    _store(con, wave, cells, factors, untrimmed)
    after = cells.weights * factors
    shape = spread(_column(con, "weight", "weights", wave))
    return WaveWeights(
        wave=wave.id,
        respondents=shape.n,
        weighted=bool(targets) or bool(wave.weight),
        method=weighting.method if targets else "",
        rounds=fit.rounds,
        error=round(worst(margins, after)[0], DIGITS),
        trimmed=trimmed,
        design_effect=round(shape.design_effect, 6),
        effective_n=round(shape.effective_n, 3),
        smallest=shape.smallest,
        largest=shape.largest,
        quantiles=shape.quantiles,
        margins=balance(margins, cells.weights, after),
        sources=tuple(t.source for t in targets),
    )


def _column(con: DuckDBPyConnection, name: str, table: str, wave: Wave) -> Floats:
    """A column of a wave as numbers, in order of respondent; missing is NaN."""
    found = con.execute(
        f"SELECT CAST({name} AS DOUBLE) AS v FROM {table} WHERE wave = ?"
        " ORDER BY respondent",
        [wave.id],
    ).fetchnumpy()["v"]
    return np.ma.filled(found, np.nan)


def _check_supplied(con: DuckDBPyConnection, wave: Wave) -> None:
    weights, rows = (
        _column(con, name, "people", wave) for name in ("base_weight", "respondent")
    )
    try:
        check_weights(weights, rows.astype(int))
    except DataError as error:
        where = f"column '{wave.weight}'"
        raise DataError(error.what, where=where, remedy=error.remedy) from None


def _cells(
    con: DuckDBPyConnection, wave: Wave, targets: Sequence[Target], *, apart: bool
) -> Cells:
    """The cells of the targets; `apart` keeps weights as supplied in separate ones."""
    keys = tuple(t.dimension for t in targets) + (("base_weight",) if apart else ())
    columns = "".join(f', CAST("{key}" AS VARCHAR)' for key in keys)
    rows = con.execute(
        f"SELECT count(*), CAST(sum(base_weight) AS DOUBLE){columns} FROM people"
        " WHERE wave = ? GROUP BY ALL ORDER BY ALL",
        [wave.id],
    ).fetchall()
    return Cells(
        counts=np.array([row[0] for row in rows], dtype=float),
        weights=np.array([row[1] for row in rows]),
        keys=keys,
        values=[row[2:] for row in rows],
    )


def _trimmed(weighting: Weighting, cells: Cells, factors: Floats) -> tuple[Floats, int]:
    """The factors after trimming, and how many respondents' weights were cut."""
    if weighting.trim is None:
        return factors, 0
    each = cells.weights / cells.counts
    weights = factors * each
    low, high = weighting.trim
    outside = (weights < low) | (weights > high)
    weights = trim(weights, low, high, strict=True, counts=cells.counts)
    return weights / each, round(float(cells.counts[outside].sum()))


def _store(
    con: DuckDBPyConnection,
    wave: Wave,
    cells: Cells,
    factors: Floats,
    untrimmed: Floats,
) -> None:
    """Add a wave's weights to the table; raises `DataError` if one is impossible."""
    names = [f"d{i}" for i in range(len(cells.keys))]
    columns = "".join(f", {name} VARCHAR" for name in names)
    rows = [
        (float(factor), float(before), *values)
        for factor, before, values in zip(factors, untrimmed, cells.values, strict=True)
    ]
    fill(con, f"factors(factor DOUBLE, before DOUBLE{columns})", rows)
    same = " AND ".join(
        f'CAST(p."{key}" AS VARCHAR) IS NOT DISTINCT FROM f.{name}'
        for key, name in zip(cells.keys, names, strict=True)
    )
    con.execute(
        "CREATE OR REPLACE TABLE fresh AS SELECT p.wave, p.respondent,"
        f" round(CAST(p.base_weight AS DOUBLE) * f.factor, {DIGITS}) AS weight,"
        f" round(CAST(p.base_weight AS DOUBLE) * f.before, {DIGITS}) AS untrimmed"
        f" FROM people AS p JOIN factors AS f ON {same or 'true'} WHERE p.wave = ?",
        [wave.id],
    )
    _check_fresh(con)
    con.execute("INSERT INTO weights SELECT * FROM fresh")


def _check_fresh(con: DuckDBPyConnection) -> None:
    bad, low, high = con.execute(
        "SELECT count(*) FILTER (weight <= 0), min(weight), max(weight) FROM fresh"
    ).fetchall()[0]
    if bad:
        raise DataError(
            f"{bad} respondents would get a weight of zero or less",
            remedy='Set bounds above zero, such as [0.3, 3], or method = "rake".',
        )
    if high >= LARGEST or low < 1 / LARGEST:
        raise DataError(
            f"weights would run from {low:g} to {high:g} times their mean",
            remedy="Trim them, or put small domains with large targets together.",
        )
