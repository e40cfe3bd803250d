"""How one wave's estimates vary: its frame, margins and replicates, from the warehouse.

`people` has the design's columns under fixed names, whatever the export called them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from pipeline.definition import Survey, Wave
from pipeline.estimates.sample import Calibration, Sample, rscales_of
from pipeline.estimates.spread import Fitted, Replication
from pipeline.estimates.variance import Frame
from pipeline.warehouse import numbers_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Columns = dict[str, NDArray[Any]]


class Scheme(msgspec.Struct, frozen=True):
    """What a wave's variances follow from.

    `places` are the columns of the sampling units, `dimensions` those weighted to,
    `columns` the column of x of each of their domains, by number (0: not known);
    `regress` is SQL for q, the weight of a respondent in the regression; `trimmed`: the
    weight has been trimmed since it was fitted.
    """

    frame: Frame
    df: float
    places: tuple[str, ...]
    located: Callable[[Columns], Ints]
    dimensions: tuple[str, ...]
    columns: dict[str, Ints]
    regress: str
    trimmed: bool
    fitted: Fitted | None
    replication: Replication | None

    def margin(self, dimension: str) -> Ints:
        """The column of x of each domain by number; -1 where no weight was fitted."""
        return self.columns[dimension]


def sample_of(
    con: DuckDBPyConnection, survey: Survey, wave: Wave, items: Sequence[str] = ()
) -> Sample:
    """A wave's respondents as a sample, with a column for each of `items`.

    An item's value is NULL for whoever did not answer it.
    """
    columns = [
        f"CAST(CASE WHEN \"{dimension}\" = '{domain}' THEN {1 - share!r}"
        f" WHEN \"{dimension}\" <> '' THEN {-share!r} ELSE 0 END AS DOUBLE)"
        for dimension, shares in _margins(con, survey, wave).items()
        for domain, share in shares.items()
    ]
    before = "untrimmed" if survey.weighting.trim else ""
    margins = ("1.0", *columns)
    fitted = Calibration(margins, survey.weighting.regress, before) if columns else None
    table = f"(SELECT * FROM people WHERE wave = '{wave.id}')"
    if items:
        table = f"({_wide(survey, wave, items)})"
    return Sample(con, table, wave.design.stored(), "weight", fitted)


def _wide(survey: Survey, wave: Wave, items: Sequence[str]) -> str:
    """SQL of a wave's people, one column an item."""
    numbers = {item: survey.items().index(item) for item in dict.fromkeys(items)}
    values = ", ".join(
        f'MAX(CASE WHEN number = {number} THEN CAST(value AS DOUBLE) END) AS "={item}"'
        for item, number in numbers.items()
    )
    listed = ", ".join(map(str, numbers.values()))
    return (
        f"SELECT p.*, v.* FROM people AS p LEFT JOIN (SELECT respondent AS answering,"
        f" {values} FROM answers WHERE wave = '{wave.id}' AND status = 'answered'"
        f" AND number IN ({listed}) GROUP BY respondent) AS v"
        f" ON v.answering = p.respondent WHERE p.wave = '{wave.id}'"
    )


def column_of(item: str) -> str:
    """The column of an item in the table of `sample_of`."""
    return f'"={item}"'


def scheme_of(con: DuckDBPyConnection, survey: Survey, wave: Wave) -> Scheme:
    """The scheme of a wave in the warehouse."""
    sample = sample_of(con, survey, wave)
    design, frame = sample.design, sample.frame
    at = tuple(filter(None, (design.strata, *design.clusters)))
    stratified = bool(design.strata)

    def located(rows: Columns) -> Ints:
        if not at:
            return np.zeros(len(rows["n"]), dtype=np.int64)
        first = {} if stratified else {"u0": np.ones(len(rows["n"]), dtype=np.int64)}
        shift = 0 if stratified else 1
        named = {f"u{i + shift}": rows[f"u{i}"] for i in range(len(at))}
        return sample.located(first | named)

    margins = _margins(con, survey, wave)
    columns, first = {}, 0
    for dimension, shares in margins.items():
        place = {domain: first + i for i, domain in enumerate(shares, 1)}
        codes = [g.code for g in survey.domains(dimension)]
        columns[dimension] = np.array([first, *(place.get(c, first) for c in codes)])
        first += len(shares) + 1
    scheme = Scheme(
        frame,
        sample.df(),
        at,
        located,
        tuple(margins),
        columns,
        survey.weighting.regress,
        bool(margins) and survey.weighting.trim is not None,
        None,
        _replication(sample),
    )
    if not margins or design.replicates:
        return scheme
    return msgspec.structs.replace(scheme, fitted=_fitted(con, wave, scheme, margins))


def _margins(
    con: DuckDBPyConnection, survey: Survey, wave: Wave
) -> dict[str, dict[str, float]]:
    """By dimension, the share that each domain with anyone in it was weighted to.

    Shares are of those whose domain is known: how many they are, weighting leaves to
    the sample. So what has no error is not the total of x_k but that of x_k - s_k·known
    (and that of everyone), which is what residuals are taken from.
    """
    found = {}
    for target in (t for t in survey.targets if t.wave == wave.id):
        rows = con.execute(
            f'SELECT DISTINCT "{target.dimension}" FROM people WHERE wave = ?',
            [wave.id],
        ).fetchall()
        there = {row[0] for row in rows}
        shares = {code: share for code, share in target.shares.items() if code in there}
        total = sum(shares.values())
        if len(shares) > 1:
            found[target.dimension] = {c: s / total for c, s in shares.items()}
    return found


def _replication(sample: Sample) -> Replication | None:
    given, columns = sample.design.replicates, sample.replicate_columns
    if given is None:
        return None
    rscales = rscales_of(given, len(columns))
    return Replication(columns, given.scale, rscales, given.mse)


def _fitted(
    con: DuckDBPyConnection,
    wave: Wave,
    scheme: Scheme,
    margins: dict[str, dict[str, float]],
) -> Fitted:
    """The sums over all respondents of the wave, whatever they answered."""
    names = [f'"{c}"' for c in scheme.places]
    names += [numbers_of(d, "people") for d in scheme.dimensions]
    keys = [f"{c} AS k{i}" for i, c in enumerate(names)]
    p = "untrimmed" if scheme.trimmed else "weight"
    sums = {
        "n": "COUNT(*)",
        "w": f"SUM({p})",
        "w2": f"SUM({p} * {p})",
        "q": f"SUM({scheme.regress})",
    }
    added = [f"CAST({sql} AS DOUBLE) AS {name}" for name, sql in sums.items()]
    rows: Columns = con.execute(  # type: ignore[assignment]
        f"SELECT {', '.join([*keys, *added])} FROM people WHERE wave = ?"
        f" GROUP BY {', '.join(names)} ORDER BY {', '.join(names)}",
        [wave.id],
    ).fetchnumpy()
    place, x = _placed(scheme, rows)
    size = int(place.max()) + 1
    by_place = np.zeros((size, x.shape[1]))
    np.add.at(by_place, place, rows["w"][:, None] * x)
    squares = np.zeros((size if scheme.frame.elements else 0, x.shape[1], x.shape[1]))
    if scheme.frame.elements:
        np.add.at(squares, place, np.einsum("r,rm,rk->rmk", rows["w2"], x, x))
    fixed = _fixed(margins)
    product = fixed.T @ ((x * rows["q"][:, None]).T @ x) @ fixed
    # Each dimension's columns add up to nothing: there is no inverse of its own.
    solve = fixed @ np.linalg.pinv(product, hermitian=True) @ fixed.T
    return Fitted(solve.astype(float), by_place, squares)


def _placed(scheme: Scheme, rows: Columns) -> tuple[Ints, Floats]:
    """The place of each row, and its x (rows × M): 1 for each of its domains."""
    first = len(scheme.places)
    place = scheme.located(
        {"n": rows["n"]} | {f"u{i}": rows[f"k{i}"] for i in range(first)}
    )
    x = np.zeros((len(place), max(c.max() for c in scheme.columns.values()) + 1))
    for i, dimension in enumerate(scheme.dimensions):
        number = np.ma.filled(rows[f"k{first + i}"], 0)
        x[np.arange(len(x)), scheme.margin(dimension)[number]] = 1
    return place, x


def _fixed(margins: dict[str, dict[str, float]]) -> Floats:
    """What has no error, in columns, from x: everyone, and each x_k - s_k·known."""
    sizes = [len(shares) + 1 for shares in margins.values()]
    found = np.zeros((sum(sizes), sum(sizes) - len(sizes) + 1))
    found[: sizes[0], 0] = 1  # the first dimension's domains and unknown: everyone
    row, column = 1, 1
    for shares in margins.values():
        s = np.array([*shares.values()])
        k = len(s)
        found[row : row + k, column : column + k] = np.eye(k) - s
        row, column = row + k + 1, column + k
    return found
