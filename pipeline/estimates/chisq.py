"""Is the answer independent of the group? Tests for a weighted two-way table.

Crosstab ───── weighted totals, how they vary together under the design, n and df
independence ─ one of six tests of it → Test

Pearson's X² of the table, scaled to n rows, is no chi-square under a design: it is
Σ δ_i χ²_1, and the δ are generalised design effects (Rao & Scott 1981, JASA 76), the
eigenvalues of D⁻¹ N with, for contrasts C between rows and columns and P = diag(p),

    D = C'P⁻¹C / n       variance of the interactions in a simple random sample
    N = C'P⁻¹VP⁻¹C       their variance under the design, V that of the shares p

With k = (r-1)(c-1), d = (Σδ)²/Σδ² and ν the degrees of freedom of the design:

first-order    X² / mean δ as χ²_k                 Rao & Scott 1984, Ann. Stat. 12
second-order   X² / Σδ as F(d, d ν)                ibid.; Thomas & Rao 1987, JASA 82
exact          X² as Σ δ χ²_1 / (χ²_dν / dν)       Imhof's integral, d ν not rounded
saddlepoint    the same, approximated              Kuonen 1999, Biometrika 86
wald           W / k as F(k, ν)                    Koch et al. 1975, Int. Stat. Rev. 43
adjusted-wald  W (ν-k+1) / (k ν) as F(k, ν-k+1)    Thomas & Rao 1987

W = Y'V_Y⁻¹Y measures the distances Y_ij = T_ij - T_i+ T_+j / T_++ by their covariance.

Differences from R's `svychisq`, by choice: in `lincom` and `saddlepoint` R truncates
d ν, and with replicate weights takes it as infinite (`quadratic.saddlepoint` says how
to get R's values). Where a category has no one who answered the other question too, R
answers NaN or stops; we leave out empty rows and columns.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from pipeline.errors import DataError
from pipeline.estimates.quadratic import imhof, saddlepoint, satterthwaite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Method = Literal[
    "first-order", "second-order", "exact", "saddlepoint", "wald", "adjusted-wald"
]

# Below these a variance, or a direction's part of it, is what rounding leaves of 0.
NOTHING, SINGULAR = 1e-12, 1e-10


class Crosstab(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A weighted two-way table and how its cells vary.

    `totals` are sums of weights (rows × columns), and `covariance` is theirs, cells
    counted row by row. Shares and their covariance serve as well for all but the Wald
    tests. `n` counts all rows of the data, those with a missing answer too, and
    `df` is of the design. Replicate weights give the shares a covariance that does not
    follow from that of the totals: pass it as `share_covariance`.
    """

    totals: Floats
    covariance: Floats
    n: int
    df: float
    share_covariance: Floats | None = None

    def __post_init__(self) -> None:
        cells = self.totals.size
        given = [self.covariance, self.share_covariance]
        matrices = [matrix for matrix in given if matrix is not None]
        if self.totals.ndim != 2 or any(m.shape != (cells, cells) for m in matrices):
            shapes = ", ".join(str(a.shape) for a in (self.totals, *matrices))
            raise _unusable(f"table and covariance do not match: {shapes}")
        if not all(np.isfinite(a).all() for a in (self.totals, *matrices)):
            raise _unusable("a total or a covariance is not a finite number")
        if (self.totals < 0).any() or self.n < 1:
            raise _unusable("a total is negative, or there are no rows of data")


class Test(msgspec.Struct, frozen=True):
    """A test; where it is undefined its numbers are NaN, with why.

    `df2` is infinite for a chi-square. The statistic of `exact` and `saddlepoint` is
    Pearson's X², with as many degrees of freedom as there are design effects.
    """

    statistic: float
    df: float
    df2: float
    p_value: float
    method: str
    reason: str = ""


def independence(table: Crosstab, method: Method = "second-order") -> Test:
    """Test that row and column are independent, empty rows and columns left out."""
    try:
        return _TESTS[method](_filled(table))
    except DataError as error:
        return Test(math.nan, math.nan, math.nan, math.nan, method, error.what)


def pearson(table: Crosstab) -> float:
    """Pearson's X² of the weighted table as if it were of `n` respondents."""
    p, rows, columns = _shares(_filled(table))
    expected = np.outer(rows, columns)
    return table.n * float(((p - expected) ** 2 / expected).sum())


def design_effects(table: Crosstab) -> Floats:
    """The generalised design effects δ, largest first; a DataError if there are none.

    As in R an empty cell adds no variance of its own.
    """
    table = _filled(table)
    p = _shares(table)[0].ravel()
    inverse = np.divide(1, p, out=np.zeros_like(p), where=p > 0)
    contrasts = np.kron(*map(_contrasts, table.totals.shape)).T
    weighted = contrasts * inverse
    simple = weighted @ contrasts.T / table.n
    white = _whitener(
        simple, simple.diagonal(), "too many cells are empty to compare the others"
    )
    scores = white @ weighted
    effects = np.linalg.eigvalsh(scores @ _share_covariance(table) @ scores.T)[::-1]
    if effects[0] < NOTHING:
        raise _unusable("the cells do not vary under this design")
    found: Floats = np.maximum(effects, 0)
    return found


def _first_order(table: Crosstab) -> Test:
    x2, effects, _ = _rao_scott(table)
    k = len(effects)
    p_value = satterthwaite(x2, np.full(k, effects.mean()))
    return Test(x2, k, math.inf, p_value, "first-order")


def _second_order(table: Crosstab) -> Test:
    x2, effects, d = _rao_scott(table)
    ddf = d * _positive(table.df)
    p_value = satterthwaite(x2, effects, ddf)
    return Test(x2 / float(effects.sum()), d, ddf, p_value, "second-order")


def _exact(table: Crosstab) -> Test:
    x2, effects, d = _rao_scott(table)
    ddf = d * _positive(table.df)
    return Test(x2, len(effects), ddf, imhof(x2, effects, ddf), "exact")


def _saddlepoint(table: Crosstab) -> Test:
    x2, effects, d = _rao_scott(table)
    ddf = d * _positive(table.df)
    return Test(x2, len(effects), ddf, saddlepoint(x2, effects, ddf), "saddlepoint")


def _wald(table: Crosstab) -> Test:
    k, distance = _distance(table)
    ddf = _positive(table.df)
    p_value = satterthwaite(distance, np.ones(k), ddf)
    return Test(distance / k, k, ddf, p_value, "wald")


def _adjusted_wald(table: Crosstab) -> Test:
    k, distance = _distance(table)
    ddf = _positive(table.df - k + 1)
    distance *= ddf / table.df
    p_value = satterthwaite(distance, np.ones(k), ddf)
    return Test(distance / k, k, ddf, p_value, "adjusted-wald")


_TESTS: dict[Method, Callable[[Crosstab], Test]] = {
    "first-order": _first_order,
    "second-order": _second_order,
    "exact": _exact,
    "saddlepoint": _saddlepoint,
    "wald": _wald,
    "adjusted-wald": _adjusted_wald,
}


def _rao_scott(table: Crosstab) -> tuple[float, Floats, float]:
    """X², the δ, and d, as if that many of them were equal and the rest 0."""
    effects = design_effects(table)
    d = float(effects.sum() ** 2 / (effects**2).sum())
    return pearson(table), effects, d


def _distance(table: Crosstab) -> tuple[int, float]:
    """Degrees of freedom k and Wald's W = Y'V_Y⁻¹Y, on contrasts of Y.

    Y is T less what the margins say, its derivative by T the product of (I - p1') for
    rows and for columns, and a full set of contrasts of Y tells all of it.
    """
    _, rows, columns = _shares(table)
    total, sides = table.totals.sum(), (rows, columns)
    off = table.totals - total * np.outer(rows, columns)
    contrasts = np.kron(*(_contrasts(len(side)) for side in sides)).T
    slopes = np.kron(*(_contrasts(len(side)).T @ _residual(side) for side in sides))
    # What the variances are in simple random samples, to tell small from rounding.
    unit = slopes**2 @ table.totals.ravel() * total / table.n
    white = _whitener(
        slopes @ table.covariance @ slopes.T,
        unit,
        "the covariance of the cells is singular: the design has too few degrees of "
        "freedom for so large a table, or fixes some of its cells",
    )
    return len(contrasts), float(((white @ contrasts @ off.ravel()) ** 2).sum())


def _filled(table: Crosstab) -> Crosstab:
    """Without the rows and columns that are empty."""
    used = table.totals > 0
    rows, columns = used.any(axis=1), used.any(axis=0)
    if rows.sum() < 2 or columns.sum() < 2:
        raise _unusable("a test needs two rows and two columns with answers in them")
    cells = np.flatnonzero(np.outer(rows, columns))
    shares = table.share_covariance
    return msgspec.structs.replace(
        table,
        totals=table.totals[np.ix_(rows, columns)],
        covariance=table.covariance[np.ix_(cells, cells)],
        share_covariance=None if shares is None else shares[np.ix_(cells, cells)],
    )


def _shares(table: Crosstab) -> tuple[Floats, Floats, Floats]:
    """Of the cells, the rows and the columns."""
    p = table.totals / table.totals.sum()
    return p, p.sum(axis=1), p.sum(axis=0)


def _share_covariance(table: Crosstab) -> Floats:
    """As given, or by linearisation of p = T / T_++."""
    if table.share_covariance is not None:
        return table.share_covariance
    total = table.totals.sum()
    slopes = _residual(table.totals.ravel() / total)
    found: Floats = slopes @ table.covariance @ slopes.T / total**2
    return found


def _residual(p: Floats) -> Floats:
    """I - p1', which takes from totals their grand total shared out as `p`."""
    return np.eye(len(p)) - p[:, None]


def _contrasts(size: int) -> Floats:
    """Each category but the first against the mean of all, in columns."""
    return np.eye(size)[:, 1:] - 1 / size


def _whitener(matrix: Floats, unit: Floats, otherwise: str) -> Floats:
    """W with W M W' = I, after dividing M by the variances `unit` for comparison."""
    if not (unit > 0).all():
        raise _unusable(otherwise)
    scale = np.sqrt(unit)
    values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    if values[0] <= max(SINGULAR * values[-1], NOTHING):
        raise _unusable(otherwise)
    found: Floats = (vectors / np.sqrt(values)).T / scale
    return found


def _positive(df: float) -> float:
    if df > 0:
        return df
    raise _unusable(f"the design leaves {df:g} degrees of freedom for the test")


def _unusable(what: str) -> DataError:
    return DataError(what, where="test of independence")
