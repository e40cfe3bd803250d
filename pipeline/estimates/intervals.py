"""Confidence intervals for shares and means, from an estimate and its standard error.

Everything is vectorised: arguments are arrays (or numbers) that broadcast, results have
their common shape. Shares and their standard errors are fractions, not percentages.
Definitions are those of R's `survey::svyciprop`, so that numbers can be compared.

    wilson      score interval with the effective n, inside [0, 1] (the default)
    logit       Wald on the log odds
    likelihood  the shares that a scaled binomial likelihood does not reject
    arcsine     Wald on arcsin √p
    beta        exact binomial with the effective n (Korn and Graubard)
    mean        Wald on the share itself; may leave [0, 1], which is its known fault

The same for every method:
- no interval (NaN) without its ingredients: a NaN, n < 2, df <= 0, a share outside
  [0, 1]; `df = inf` is the normal distribution;
- a share fixed by the design, such as a raking margin (se = 0, 0 < p < 1), is its own
  interval;
- at 0 and 100 % the standard error is 0 and says nothing, so n stands in for the
  effective n; `logit` and `mean` have no width there, `arcsine` a third of an honest
  one, and all three give the interval of `beta`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np
from scipy.special import betaincinv, expit, logit, rel_entr, stdtrit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Bounds = tuple[Floats, Floats]

Method = Literal["wilson", "logit", "likelihood", "arcsine", "beta", "mean"]

# Closed form, a width at 0 and 100 %, and close to its level on small bases, with an
# effective n too (Brown, Cai, DasGupta 2001; Franco, Little, Louis, Slud 2019).
DEFAULT: Method = "wilson"

# Rounding makes 1e-17 of a standard error of 0, and 0.9999999999999999 of a share of 1.
ROUNDING = 1e-12
FIXED = 1 / ROUNDING
# [0, 1] halved so often is narrower than the last bit of any bound that matters.
HALVINGS = 60


class _Cells(msgspec.Struct, frozen=True, eq=False):
    """What the methods share, all of one shape; names as in `share_interval`.

    `t` is the critical value, `dispersion` R's estimate of what a binomial has as 1,
    `usable` whether there can be an interval.
    """

    p: Floats
    se: Floats
    n: Floats
    df: Floats
    n_eff: Floats
    t: Floats
    se_logit: Floats
    dispersion: Floats
    usable: NDArray[np.bool_]
    level: float


def share_interval(
    method: Method,
    p: ArrayLike,
    se: ArrayLike,
    n: ArrayLike,
    df: ArrayLike,
    *,
    level: float = 0.95,
    se_logit: ArrayLike | None = None,
) -> Bounds:
    """Lower and upper bounds of shares `p`, each of the arguments' common shape.

    `se` standard error, `n` respondents of the base, `df` degrees of freedom of the
    design. `se_logit`, for `logit` and `likelihood`, is the standard error of the log
    odds over replicates, where R takes it from them; without it se/(p(1-p)).
    """
    cells = _cells(p, se, n, df, level, se_logit)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = _METHODS[method](cells)
    # Rounding may take a bound past its own estimate.
    around = np.minimum(low, cells.p), np.maximum(high, cells.p)
    bounds = np.where(cells.n_eff < FIXED, around, cells.p)
    low, high = np.where(cells.usable, bounds, np.nan)
    return low, high


def _cells(
    p: ArrayLike,
    se: ArrayLike,
    n: ArrayLike,
    df: ArrayLike,
    level: float,
    se_logit: ArrayLike | None,
) -> _Cells:
    given = np.broadcast_arrays(p, se, n, df, np.nan if se_logit is None else se_logit)
    # Before it is repeated for every cell: Student's quantile is the slowest part.
    t = np.broadcast_to(critical(df, level), given[0].shape)
    p, se, n, df, of_logit = (np.asarray(a, float) for a in given)
    usable = (p >= -ROUNDING) & (p <= 1 + ROUNDING) & (se >= 0) & (n >= 2) & (df > 0)
    p = snapped(p)
    with np.errstate(divide="ignore", invalid="ignore"):
        # R's dispersion is a variance with n - 1, for replicates a mean of squares.
        dispersion = np.ones_like(n)
        if se_logit is None:
            of_logit, dispersion = se / (p * (1 - p)), n / (n - 1)
    return _Cells(
        p=p,
        se=se,
        n=n,
        df=df,
        n_eff=np.minimum(share_effective_n(p, se, n), FIXED),
        t=t,
        se_logit=of_logit,
        dispersion=dispersion,
        usable=usable & (extreme(p) | ~np.isnan(of_logit)),
        level=level,
    )


def mean_interval(
    estimate: ArrayLike, se: ArrayLike, df: ArrayLike, level: float = 0.95
) -> Bounds:
    """Bounds of means or totals, in their unit: estimate ± t·se; NaN if df <= 0.

    `df = inf` gives the normal interval.
    """
    estimate = np.asarray(estimate, float)
    half = critical(df, level) * np.asarray(se, float)
    return estimate - half, estimate + half


def critical(df: ArrayLike, level: float) -> Floats:
    """How many standard errors either side: Student's t, the normal where df is inf.

    Shaped as `df`, without unit; NaN where df <= 0.
    """
    return np.negative(stdtrit(np.asarray(df, float), (1 - level) / 2), dtype=float)


def share_effective_n(p: ArrayLike, se: ArrayLike, n: ArrayLike) -> Floats:
    """Respondents of the simple random sample that would be as precise: p(1-p)/se².

    Kish (1965), ch. 8. `n` where everyone or no one is in the share, as the standard
    error is 0 there; inf where it is 0 elsewhere, NaN where there is none.
    """
    p, se = snapped(np.asarray(p, float)), np.asarray(se, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = p * (1 - p) / se**2
    return np.where(extreme(p) & ~np.isnan(se), n, found)


def adjusted_n(n_eff: ArrayLike, n: ArrayLike, df: ArrayLike, level: float) -> Floats:
    """Effective respondents after paying for few degrees of freedom.

    n_eff (t(n-1)/t(df))², Korn and Graubard (1998), Survey Methodology 24; NaN where
    n < 2 or df <= 0. Never more than n_eff: a df above n - 1, such as a normal's, adds
    no respondents.
    """
    ratio = critical(np.asarray(n, float) - 1, level) / critical(df, level)
    adjusted: Floats = np.asarray(n_eff, float) * np.minimum(ratio, 1) ** 2
    return adjusted


def clopper_pearson(p: ArrayLike, n: ArrayLike, level: float = 0.95) -> Bounds:
    """Exact binomial bounds of shares `p` of `n`, which need not be whole.

    Clopper and Pearson (1934): quantiles of Beta(np, n(1-p)+1) and Beta(np+1, n(1-p)).
    """
    p, n = (np.asarray(a, float) for a in np.broadcast_arrays(p, n))
    tail = (1 - level) / 2
    low = np.where(p > 0, betaincinv(n * p, n * (1 - p) + 1, tail), 0 * n)
    # By symmetry rather than at 1 - tail, which has fewer digits.
    far = np.where(p < 1, betaincinv(n * (1 - p), n * p + 1, tail), 0 * n)
    return low, 1 - far


def extreme(p: Floats) -> NDArray[np.bool_]:
    """Where everyone or no one is in the share, whatever its last bits say."""
    near: NDArray[np.bool_] = np.minimum(np.abs(p), np.abs(1 - p)) <= ROUNDING
    return near


def snapped(p: Floats) -> Floats:
    """Shares that are 0 or 1 but for rounding, exactly so; the others as they are."""
    return np.where(extreme(p), np.rint(p), p)


def _wilson(c: _Cells) -> Bounds:
    """Wilson (1927) with the effective n and t for z; R's from survey 4.5 on."""
    z2 = c.t**2
    scale = 1 + z2 / c.n_eff
    centre = (c.p + z2 / (2 * c.n_eff)) / scale
    half = c.t / scale * np.sqrt(c.p * (1 - c.p) / c.n_eff + z2 / (4 * c.n_eff**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def _logit(c: _Cells) -> Bounds:
    """logit p ± t·se(logit p), taken back: R's logit; its xlogit without se_logit."""
    half = c.t * c.se_logit
    return _or_beta(c, expit(logit(c.p) - half), expit(logit(c.p) + half))


def _likelihood(c: _Cells) -> Bounds:
    """All x with 2 n_eff KL(p, x) <= t² dispersion.

    Rao and Scott (1984): the binomial deviance, scaled by the design effect of the log
    odds. R reads its bounds off a spline through about ten points of this curve, and so
    differs in the third or fourth digit; these are the curve's own.
    """
    n_logit = 1 / (c.p * (1 - c.p) * c.se_logit**2)
    n_eff = np.where(extreme(c.p), c.n, n_logit)
    allowed = c.t**2 * c.dispersion / (2 * n_eff)
    return _furthest(c.p, allowed, 0.0), _furthest(c.p, allowed, 1.0)


def _furthest(p: Floats, allowed: Floats, end: float) -> Floats:
    """From p towards `end`, the last x with KL(p, x) <= allowed, by bisection."""
    inside, outside = p, np.full_like(p, end)
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        near = rel_entr(p, middle) + rel_entr(1 - p, 1 - middle) <= allowed
        inside, outside = np.where(near, (middle, outside), (inside, middle))
    return inside


def _arcsine(c: _Cells) -> Bounds:
    """sin²(arcsin √p ± t/(2 √n_eff)), the transform that evens out binomial variance.

    Angles end at 0 and 90°. R's do not: its sine comes back, and a bound that should be
    0 is above it, with few degrees of freedom even above the share.
    """
    angle = np.arcsin(np.sqrt(c.p))
    half = c.t / (2 * np.sqrt(c.n_eff))
    low, high = np.clip((angle - half, angle + half), 0, np.pi / 2)
    return _or_beta(c, np.sin(low) ** 2, np.sin(high) ** 2)


def _beta(c: _Cells) -> Bounds:
    """Korn and Graubard (1998): Clopper and Pearson's with the adjusted effective n."""
    return clopper_pearson(c.p, adjusted_n(c.n_eff, c.n, c.df, c.level), c.level)


def _mean(c: _Cells) -> Bounds:
    """p ± t·se, Wald's, as R's `confint(svymean(...))`."""
    return _or_beta(c, *mean_interval(c.p, c.se, c.df, c.level))


def _or_beta(c: _Cells, low: Floats, high: Floats) -> Bounds:
    """These bounds, but those of `beta` where everyone or no one is in the share."""
    exact_low, exact_high = _beta(c)
    ends = extreme(c.p)
    return np.where(ends, exact_low, low), np.where(ends, exact_high, high)


_METHODS: Mapping[Method, Callable[[_Cells], Bounds]] = {
    "wilson": _wilson,
    "logit": _logit,
    "likelihood": _likelihood,
    "arcsine": _arcsine,
    "beta": _beta,
    "mean": _mean,
}
