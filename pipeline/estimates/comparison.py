"""Differences between the columns of a table, and whether they are more than chance.

banner ──────────── cells of columns that may overlap, and how they vary together
compare ─────────── pairs of estimates by Student's t, as R's `svycontrast`
compare_strictly ── the same, held to its level in small and uneven columns too
against ─────────── each column beside everyone, or beside the rest
equivalent ──────── is a difference too small to matter?
pooled_z ────────── the classical test, to read other tools' tables

Columns are domains of one sample: the same people or sampling units may be in both, and
the covariance says so. Differences are first minus second.

Wald's t is at its level where columns are alike (4.8-5.4 % false positives at 500 each,
design effects to 2.25), but a share in a small column has a standard error that is
small when the share happens to be, and 50 against 400 at 10 % calls 8-19 % of equal
shares different (`benchmarks/column_letters.py`). `compare_strictly` takes the larger
of two p-values, of the shares and of their log odds, whose errors go opposite ways,
with Satterthwaite's degrees of freedom from the columns' effective sizes: 2-7 % there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
from scipy.special import ndtr, stdtr

from pipeline.errors import DataError, NotFound
from pipeline.estimates.frame import EVERYONE
from pipeline.estimates.intervals import extreme, mean_interval
from pipeline.estimates.linear import Estimates, ratios
from pipeline.estimates.multiplicity import Method, adjust, counted
from pipeline.estimates.sample import Sample

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Tested = tuple[Floats, Floats, Floats]  # se, df, p

SQL = Mapping[str, str]
Key = tuple[Any, ...]
Pair = tuple[Key, Key]

# Rounding: of the variances of both sides, and of an estimate for its standard error.
NOISE, NOTHING = 1e-13, 1e-12


class Banner(msgspec.Struct, frozen=True, eq=False):
    """The cells of a table: `found` with keys (column, row), p of them.

    `effective` (p,) are Kish's (1965) effective sizes (Σw)²/Σw² of the bases, and
    `shares` (p,) says which rows are 0 or 1 for everyone.
    """

    found: Estimates
    effective: Floats
    shares: NDArray[np.bool_]


class Family(msgspec.Struct, frozen=True):
    """Which p-values were adjusted together, how many tests, and by what method."""

    of: str
    tests: int
    method: Method


class Comparison(msgspec.Struct, frozen=True, eq=False):
    """Differences of pairs, each array (pairs,).

    `p` is two-sided, and NaN where there is no test: a side has no value, or nothing
    varies (a share fixed by the weighting, or the same people twice).
    """

    pairs: tuple[Pair, ...]
    values: Floats
    se: Floats
    df: Floats
    p: Floats
    p_adjusted: Floats
    family: Family

    @property
    def t(self) -> Floats:
        """Differences in standard errors."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.values / self.se

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper ends, not adjusted for the family."""
        return mean_interval(self.values, self.se, self.df, level=level)


class Equivalence(msgspec.Struct, frozen=True, eq=False):
    """Is each difference of `compared` within ± `margin`? A small p says that it is."""

    compared: Comparison
    margin: float
    p: Floats
    p_adjusted: Floats


def banner(sample: Sample, rows: SQL, columns: SQL, where: str = EVERYONE) -> Banner:
    """Weighted means of `rows` in `columns`, both SQL by name, numbers and conditions.

    A cell's base is who is in the column and has a value in that row, so that options
    not seen by all keep their own bases. Respondents may be in several columns.
    """
    member = [f"CASE WHEN {sql} THEN 1 ELSE 0 END" for sql in columns.values()]
    value = [f"CAST({sql} AS DOUBLE)" for sql in rows.values()]
    found = sample.patterns([*member, *value], where)
    inside = np.column_stack([found.columns[c].astype(float) for c in member])
    y = np.column_stack([found.columns[c].astype(float) for c in value])
    known, y = np.isfinite(y), np.nan_to_num(y)
    b = np.repeat(inside, len(rows), axis=1) * np.tile(known, (1, len(columns)))
    y = np.tile(y, (1, len(columns)))
    keys = [(c, r) for c in columns for r in rows]
    cells = ratios(found, keys, b * y, b, y)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = cells.n_weighted**2 / (found.w2 @ b)
    return Banner(cells, effective, ((y == 0) | (y == 1)).all(axis=0))


def pairs_of(found: Estimates) -> list[Pair]:
    """All pairs of columns within each row: keys (*column, row) with the same end."""
    return [(a, b) for a, b in combinations(found.keys, 2) if a[-1] == b[-1]]


def compare(
    found: Estimates, pairs: Sequence[Pair], method: Method = "holm", of: str = ""
) -> Comparison:
    """Differences by t on the design's df; all pairs given are one family, `of` what.

    The variance is v_a + v_b - 2 cov (Taylor or replicates); R's `svycontrast`.
    """
    i, j = _places(found, pairs)
    values, v = found.values[[i, j]], np.diag(found.cov)[[i, j]]
    se, df = _se(values, v, found.cov[i, j]), np.full(len(pairs), found.df)
    p = _two_sided(df, values, se)
    return compared(pairs, values[0] - values[1], (se, df, p), method, of)


def compared(
    pairs: Sequence[Pair], apart: Floats, tested: Tested, method: Method, of: str = ""
) -> Comparison:
    """Differences (k,) that were tested, with p adjusted over all of them."""
    se, df, p = tested
    family = Family(of or f"{len(pairs)} pairs", counted(p), method)
    return Comparison(tuple(pairs), apart, se, df, p, adjust(p, method), family)


def compare_strictly(
    cells: Banner, pairs: Sequence[Pair], method: Method = "holm", of: str = ""
) -> Comparison:
    """Differences by `strict_t`, adjusted as by `compare`: its p is never smaller.

    `se` and `df` are of the differences as they are, not of the log odds.
    """
    found = cells.found
    i, j = _places(found, pairs)
    values = found.values[[i, j]]
    tested = strict_t(
        values,
        np.diag(found.cov)[[i, j]],
        cells.effective[[i, j]],
        found.cov[i, j],
        found.df,
        cells.shares[i] & cells.shares[j],
    )
    return compared(pairs, values[0] - values[1], tested, method, of)


def strict_t(
    values: Floats,
    variances: Floats,
    effective: Floats,
    cov: ArrayLike,
    df: ArrayLike,
    shares: ArrayLike = True,
) -> Tested:
    """Standard errors, degrees of freedom and p of differences, each (k,).

    `values`, `variances` and `effective` sizes are 2 × k. For `shares` p is the larger
    of those of shares and log odds, the latter of (e p + 1/2)/(e + 1), which is finite
    (Haldane 1956). At 0 and 100 % the variance is 0 and says nothing, so that of a
    binomial of e respondents stands in.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = (effective * np.clip(values, 0, 1) + 0.5) / (effective + 1)
        odds = inner * (1 - inner)
        at_end = np.asarray(shares) & extreme(values)
        v = np.where(at_end, odds / effective, variances)
        se, freedom, p = _welch_t(values, v, effective, cov, df)
        logits = np.log(inner / (1 - inner))
        scaled = np.asarray(cov) / (odds[0] * odds[1])
        _, _, p_odds = _welch_t(logits, v / odds**2, effective, scaled, df)
    return se, freedom, np.where(shares, np.maximum(p, p_odds), p)


def against(
    sample: Sample,
    rows: SQL,
    columns: SQL,
    other: Literal["rest", "everyone"],
    where: str = EVERYONE,
) -> tuple[Banner, list[Pair]]:
    """Cells and pairs to compare each column with the rest, or with all of `where`.

    The rest are known not to be in the column; everyone holds the column too.
    """
    rest = other == "rest"
    name = {c: f"not {c}" if rest else other for c in columns}
    sql = {name[c]: f"NOT ({columns[c]})" if rest else "TRUE" for c in columns}
    cells = banner(sample, rows, {**columns, **sql}, where)
    return cells, [((c, r), (name[c], r)) for c in columns for r in rows]


def equivalent(compared: Comparison, margin: float) -> Equivalence:
    """Two one-sided t tests that differences lie within ± margin (Schuirmann 1987).

    At α: the 1 - 2α interval lies within. Adjusted over the family of `compared`.
    """
    if not 0 < margin < np.inf:
        raise DataError(
            f"{margin} is no margin",
            where="equivalence",
            remedy="Say how large a difference still counts as none, above 0.",
        )
    inside = margin - np.abs(compared.values)
    p = stdtr(compared.df, -inside / _positive(compared.se))
    return Equivalence(compared, margin, p, adjust(p, compared.family.method))


def pooled_z(
    p1: ArrayLike,
    p2: ArrayLike,
    base1: ArrayLike,
    base2: ArrayLike,
    overlap: ArrayLike = 0.0,
    *,
    student: bool = False,
) -> tuple[Floats, Floats]:
    """z and two-sided p of two shares as tabulation tools have them; arrays broadcast.

    z = (p1 - p2) / √(P(1-P) (1/e1 + 1/e2 - 2 o/(e1 e2))), P the pooled share and o the
    overlap, in the unit of the bases: respondents (unweighted base), sums of weights
    (SPSS Statistics Algorithms, CTABLES) or Kish's effective sizes (Dimensions).
    `student` takes t on e1 + e2 - o - 2 instead of the normal distribution.
    """
    a, b, e1, e2, o = (np.asarray(x, float) for x in (p1, p2, base1, base2, overlap))
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (e1 * a + e2 * b) / (e1 + e2)
        per_person = 1 / e1 + 1 / e2 - 2 * o / (e1 * e2)
        z = (a - b) / np.sqrt(pooled * (1 - pooled) * per_person)
    tail = stdtr(e1 + e2 - o - 2, -np.abs(z)) if student else ndtr(-np.abs(z))
    return z, 2 * tail


def _places(found: Estimates, pairs: Sequence[Pair]) -> tuple[Ints, Ints]:
    """Where the first and the second of each pair are."""
    at = {key: place for place, key in enumerate(found.keys)}
    for key in (key for pair in pairs for key in pair):
        if key not in at:
            raise NotFound.among("estimate", f"{key}", map(str, at))
    places = np.array([[at[a], at[b]] for a, b in pairs], dtype=np.int64)
    first, second = places.reshape(-1, 2).T
    return first, second


def _se(values: Floats, v: Floats, cov: ArrayLike) -> Floats:
    """√(v_a + v_b - 2 cov) of 2 × k; what is rounding of nothing is 0."""
    both = v.sum(axis=0)
    variance = both - 2 * np.asarray(cov)
    se = np.sqrt(np.where(variance <= NOISE * both, 0, variance))
    return np.where(se <= NOTHING * np.abs(values).max(axis=0), 0, se)


def _welch_t(
    values: Floats, v: Floats, effective: Floats, cov: ArrayLike, df: ArrayLike
) -> Tested:
    """Satterthwaite (1946) from columns of effective size e, at most the design's."""
    se = _se(values, v, cov)
    own = v.sum(axis=0) ** 2 / (v**2 / (effective - 1)).sum(axis=0)
    freedom = np.where((effective > 1).all(axis=0), np.minimum(own, df), np.nan)
    return se, freedom, _two_sided(freedom, values, se)


def _two_sided(df: Floats, values: Floats, se: Floats) -> Floats:
    p: Floats = 2 * stdtr(df, -np.abs(values[0] - values[1]) / _positive(se))
    return np.where(df > 0, p, np.nan)


def _positive(se: Floats) -> Floats:
    """Standard errors, NaN for 0: what does not vary has no test."""
    return np.where(se > 0, se, np.nan)
