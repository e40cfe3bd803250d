"""Means, shares, totals and ratios of a sample, with their covariances.

All are ratios of totals, or totals: θ = Σ w a / Σ w b, linearised to
u = (a - θ b) / Σ w b (Woodruff 1971): R's `svymean`, `svytotal`, `svyratio`, `svyby`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from pipeline.estimates.frame import EVERYONE, codes
from pipeline.estimates.intervals import mean_interval
from pipeline.estimates.sample import Patterns, Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Estimates(msgspec.Struct, frozen=True):
    """Estimates with their covariance.

    `keys` (p,) say of which domain and variable each is; `values`, `n` (respondents of
    the base) and `n_weighted` are (p,), `cov` p × p, and `srs` (p,) the variance that a
    simple random sample of the same size would have (NaN where it has none).
    """

    keys: tuple[tuple[Any, ...], ...]
    values: Floats
    cov: Floats
    df: float
    n: Floats
    n_weighted: Floats
    srs: Floats

    @property
    def se(self) -> Floats:
        """Standard errors (p,)."""
        return np.sqrt(np.maximum(np.diag(self.cov), 0))

    @property
    def deff(self) -> Floats:
        """Design effects (Kish 1965): the variance over that of a simple sample.

        The simple sample is drawn with replacement: R's deff="replace".
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = np.diag(self.cov) / self.srs
        return found

    @property
    def deff_finite(self) -> Floats:
        """Design effects against a simple sample from Σw people, without replacement.

        R's deff=TRUE; infinite where weights do not expand the sample to a population.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = self.deff / (1 - self.n / self.n_weighted)
        return found

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper ends by Student's t on the design's degrees of freedom."""
        return mean_interval(self.values, self.se, self.df, level=level)

    def at(self, *key: Any) -> int:
        """The place of an estimate."""
        return self.keys.index(key)


def mean(
    sample: Sample, ys: Sequence[str], by: Sequence[str] = (), where: str = EVERYONE
) -> Estimates:
    """Weighted means of the SQL expressions `ys`, by domain; keys (*domain, y).

    The base is who has a value in all of them and in every column of `by`.
    """
    found = sample.patterns([*by, *ys], known(where, [*by, *ys]))
    domains, inside = domains_of(found, by)
    y = np.column_stack([found.columns[c].astype(float) for c in ys])
    a = (inside[:, :, None] * y[:, None, :]).reshape(
        len(y), inside.shape[1] * y.shape[1]
    )
    b = np.repeat(inside, len(ys), axis=1)
    keys = [(*d, c) for d in domains for c in ys]
    return ratios(found, keys, a, b, np.tile(y, (1, len(domains))))


def share(
    sample: Sample, item: str, by: Sequence[str] = (), where: str = EVERYONE
) -> Estimates:
    """Weighted shares of each value of `item`, by domain; keys (*domain, value)."""
    found = sample.patterns([*by, item], known(where, [*by, item]))
    domains, inside = domains_of(found, by)
    values = np.unique(found.columns[item])
    is_value = (found.columns[item][:, None] == values).astype(float)
    a = (inside[:, :, None] * is_value[:, None, :]).reshape(
        len(inside), inside.shape[1] * len(values)
    )
    b = np.repeat(inside, len(values), axis=1)
    keys = [(*d, v) for d in domains for v in values.tolist()]
    return ratios(found, keys, a, b, np.tile(is_value, (1, len(domains))))


def variance(
    sample: Sample, y: str, by: Sequence[str] = (), where: str = EVERYONE
) -> Estimates:
    """The variance of `y` in the population: n/(n-1) Σ w (y - ȳ)² / Σ w (`svyvar`).

    Linearised, ȳ counts as known: its error changes the variance by the square of
    itself only. Each replicate has its own ȳ.
    """
    centre = mean(sample, [y], by, where)
    found = sample.patterns([*by, y], known(where, [*by, y]))
    _, inside = domains_of(found, by)
    apart = inside * (found.columns[y].astype(float)[:, None] - centre.values)
    larger = centre.n / (centre.n - 1)
    variances = ratios(found, centre.keys, apart**2 * larger, inside)
    if not len(found.replicates):
        return variances

    def theta(w: Floats) -> Floats:
        below = w @ inside
        moved: Floats = (w @ apart**2) / below - ((w @ apart) / below) ** 2
        return moved * larger

    cov = found.covariance(theta, apart)
    return msgspec.structs.replace(variances, cov=cov)


def ratio(
    sample: Sample,
    above: str,
    below: str,
    by: Sequence[str] = (),
    where: str = EVERYONE,
) -> Estimates:
    """The ratio of two totals, by domain; keys (*domain, "above/below")."""
    found = sample.patterns([*by, above, below], known(where, [*by, above, below]))
    domains, inside = domains_of(found, by)
    a, b = (inside * found.columns[c].astype(float)[:, None] for c in (above, below))
    return ratios(found, [(*d, f"{above}/{below}") for d in domains], a, b)


def total(
    sample: Sample, ys: Sequence[str], by: Sequence[str] = (), where: str = EVERYONE
) -> Estimates:
    """Weighted totals of the SQL expressions `ys`, by domain; keys (*domain, y)."""
    found = sample.patterns([*by, *ys], known(where, [*by, *ys]))
    domains, inside = domains_of(found, by)
    y = np.column_stack([found.columns[c].astype(float) for c in ys])
    a = (inside[:, :, None] * y[:, None, :]).reshape(
        len(y), inside.shape[1] * y.shape[1]
    )
    keys = tuple((*d, c) for d in domains for c in ys)
    cov = found.covariance(lambda w: w @ a, a)
    count, weighted = (
        k @ np.repeat(inside, len(ys), axis=1) for k in (found.n, found.w)
    )
    values: Floats = found.w @ a
    return Estimates(
        keys, values, cov, found.df, count, weighted, np.full(len(keys), np.nan)
    )


def ratios(
    found: Patterns,
    keys: Sequence[tuple[Any, ...]],
    a: Floats,
    b: Floats,
    y: Floats | None = None,
) -> Estimates:
    """Σ w a / Σ w b for columns of `a` and `b` (patterns × p); `y` for design effects.

    A ratio with nothing below is NaN, and so is its variance.
    """
    below = found.w @ b
    with np.errstate(divide="ignore", invalid="ignore"):
        values = (found.w @ a) / below
        u = (a - values * b) / below
        cov = found.covariance(lambda w: (w @ a) / (w @ b), np.nan_to_num(u))
    empty = ~np.isfinite(values)
    values[empty] = cov[empty] = cov[:, empty] = np.nan
    n = found.n @ (b != 0)
    return Estimates(
        tuple(keys), values, cov, found.df, n, below, _srs(found, b, y, values, n)
    )


def _srs(
    found: Patterns, b: Floats, y: Floats | None, values: Floats, n: Floats
) -> Floats:
    """s²/n with s² = n/(n-1) Σ w (y - θ)² / Σ w, as R's `svyvar`."""
    if y is None:
        return np.full(len(values), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        weighted = found.w @ b
        s2 = n / (n - 1) * (found.w @ (b * (y - values) ** 2)) / weighted
        srs: Floats = s2 / n
    return srs


def contrast(found: Estimates, weights: Mapping[Any, Sequence[float]]) -> Estimates:
    """Linear combinations: `weights` maps a name to one number for each estimate."""
    matrix = np.array(list(weights.values()), dtype=float)
    used = (matrix != 0).astype(float)
    values = np.nan_to_num(found.values)
    return Estimates(
        tuple((name,) for name in weights),
        matrix @ values,
        matrix @ np.nan_to_num(found.cov) @ matrix.T,
        found.df,
        used @ found.n,
        used @ found.n_weighted,
        np.full(len(matrix), np.nan),
    )


def domains_of(
    found: Patterns, by: Sequence[str]
) -> tuple[list[tuple[Any, ...]], Floats]:
    """The domains there are, in order, and which pattern is in which (0 or 1)."""
    if not by:
        return [()], np.ones((len(found.w), 1))
    columns = [found.columns[c] for c in by]
    code = codes(columns)
    _, first = np.unique(code, return_index=True)
    names = [
        tuple(c[i].item() if hasattr(c[i], "item") else c[i] for c in columns)
        for i in first
    ]
    return names, (code[:, None] == np.arange(len(first))).astype(float)


def known(where: str, columns: Sequence[str]) -> str:
    """The condition that a row is in `where` and has a value in all of `columns`."""
    return " AND ".join([f"({where})", *(f"({c}) IS NOT NULL" for c in columns)])
