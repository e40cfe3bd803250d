"""Quantiles of a sample, with intervals.

A quantile moves in steps, so that it cannot be linearised like a mean. Woodruff (1952),
"Confidence intervals for medians and other position measures", JASA 47, goes round it:
the share of people at or below the estimate has an interval as any share has, and the
quantiles at the ends of that bound the estimate.

    mean, logit, beta, arcsine   the share's interval, by the method of `intervals`
    score                        the values at which a test does not tell the share from
                                 p (Francisco & Fuller 1991, Annals of Statistics 19)
    quantile                     estimate ± t·se over replicate weights: sound for the
                                 bootstrap and BRR, not for the jackknife

Definitions are those of R's `survey::svyquantile` (its xlogit is `logit`, its asin is
`arcsine`), which however takes `mean` for all share intervals of replicate designs. An
end that would be outside the data is NaN, and then so is the standard error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from pipeline.errors import DataError
from pipeline.estimates.frame import EVERYONE, IMPLIED, ROW
from pipeline.estimates.intervals import (
    critical,
    extreme,
    mean_interval,
    share_interval,
)
from pipeline.estimates.linear import Estimates, domains_of, known, ratios
from pipeline.estimates.qrules import BY_RESPONDENT, ROUNDING, Rule, ends, quantile
from pipeline.estimates.sample import Patterns, Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bounds = tuple[Floats, Floats]

RESPONDENT = "respondent_number"

Interval = Literal["mean", "logit", "beta", "arcsine", "score", "quantile"]


class Quantiles(msgspec.Struct, frozen=True, eq=False):
    """Quantiles with their intervals.

    `keys` (q,) say of which domain, and at which probability, each is; the arrays are
    (q,). `se` is the width of the interval over 2t, with t on `df`: primary units less
    strata with anyone who has a value. `n` counts those of the domain who have one.
    """

    keys: tuple[tuple[Any, ...], ...]
    values: Floats
    low: Floats
    high: Floats
    se: Floats
    df: float
    n: Floats

    def at(self, *key: Any) -> int:
        """The place of a quantile."""
        return self.keys.index(key)


class _Base(msgspec.Struct, frozen=True, eq=False):
    """Who has a value, in D domains.

    `x` (patterns,) holds the values; `inside` (patterns × D) is 1 for those of a domain
    who have one; `places` are, for each domain, its patterns by rising value.
    """

    found: Patterns
    rule: Rule
    domains: list[tuple[Any, ...]]
    x: Floats
    inside: Floats
    places: list[Ints]

    def quantiles(self, p: Floats, w: Floats, slack: float = 0) -> Floats:
        """Quantiles (D × P) at `p` (D × P), with weights `w` (patterns,)."""
        rows = [
            quantile(self.rule, self.x[at], w[at], row, slack)
            for at, row in zip(self.places, p, strict=True)
        ]
        return np.array(rows).reshape(p.shape)

    def shares(self, values: Floats) -> Estimates:
        """Shares at or below `values` (D × P), flat."""
        keys = [(*d, k) for d in self.domains for k in range(values.shape[1])]
        inside = np.repeat(self.inside, values.shape[1], axis=1)
        below = self.x[:, None] <= values.ravel()
        return ratios(self.found, keys, inside * below, inside)


def quantiles(
    sample: Sample,
    y: str,
    probs: Sequence[float],
    by: Sequence[str] = (),
    where: str = EVERYONE,
    *,
    interval: Interval = "mean",
    rule: Rule = "math",
    level: float = 0.95,
) -> Quantiles:
    """Quantiles of the SQL expression `y` at `probs`, by domain; keys (*domain, prob).

    The base is who has a value; a domain in which no one has keeps its rows, as NaN.
    Intervals keep the full design.
    """
    _check(sample, probs, interval)
    base = _base(sample, y, by, where, rule)
    df, w = base.found.df, base.found.w
    p = np.tile(np.asarray(probs, dtype=float), (len(base.domains), 1))
    values = base.quantiles(p, w)
    if interval == "quantile":
        low, high = _replicated(base, p, values, level)
    elif interval == "score":
        low, high = (base.quantiles(end, w) for end in _score(base, p, level))
    else:
        shares = _woodruff(base, values, interval, level)
        low, high = (base.quantiles(end, w) for end in shares)
    return Quantiles(
        keys=tuple((*d, prob) for d in base.domains for prob in probs),
        values=values.ravel(),
        low=low.ravel(),
        high=high.ravel(),
        se=(high - low).ravel() / (2 * critical(df, level)),
        df=df,
        n=np.repeat(base.found.n @ base.inside, len(probs)),
    )


def _check(sample: Sample, probs: Sequence[float], interval: Interval) -> None:
    if not all(0 <= p <= 1 for p in probs):
        raise DataError(
            f"probabilities outside 0 to 1: {list(probs)}",
            where="quantiles",
            remedy="The median is at 0.5, not at 50.",
        )
    if interval == "quantile" and sample.design.replicates is None:
        raise DataError(
            "interval 'quantile' of a design without replicate weights",
            where="quantiles",
            remedy="Take interval 'mean', or state the replicate weights.",
        )


def _base(sample: Sample, y: str, by: Sequence[str], where: str, rule: Rule) -> _Base:
    apart = [RESPONDENT] if rule in BY_RESPONDENT else []
    counted = _numbered(sample) if apart else sample
    # A column without any value may be of any type.
    number = f"CAST({y} AS DOUBLE)"
    found = counted.patterns([*by, number, *apart], known(where, by))
    domains, inside = domains_of(found, by)
    x = found.columns[number]
    inside = inside * ~np.isnan(x)[:, None]
    if inside.any():
        # R leaves those without a value out of the design (na.rm) before it counts.
        df = sample.df(known(EVERYONE, [y]))
        found = msgspec.structs.replace(found, df=df)
    order = np.lexsort([*(found.columns[c] for c in apart), x])
    places = [order[inside[order, d] > 0] for d in range(len(domains))]
    return _Base(found, rule, domains, x, inside, places)


def _numbered(sample: Sample) -> Sample:
    """The sample with respondents numbered: equal values stay in table order, as in R.

    Weights that the design implies come from a window, after which a table has no
    order but that of its `table_row`.
    """
    order = f"ORDER BY {ROW}" if sample.weight == IMPLIED else ""
    number = f"ROW_NUMBER() OVER ({order}) AS {RESPONDENT}"
    table = f"(SELECT *, {number} FROM {sample.table})"
    return Sample(sample.con, table, sample.design, sample.weight, sample.calibration)


def _woodruff(
    base: _Base,
    values: Floats,
    interval: Literal["mean", "logit", "beta", "arcsine"],
    level: float,
) -> Bounds:
    """Where the interval of the share at or below `values` (D × P) ends, D × P.

    "mean" may leave [0, 1], where there is no quantile. As in R the other methods have
    no interval if the estimate is the highest value: the share, 1, has no variance.
    """
    share = base.shares(values)
    p, se, n, df = share.values, share.se, share.n, share.df
    low, high = (
        mean_interval(p, se, df, level)
        if interval == "mean"
        else share_interval(interval, p, se, n, df, level=level)
    )
    usable = (n >= 2) & ((interval == "mean") | ~extreme(p))
    low, high = (np.where(usable, end, np.nan) for end in (low, high))
    return low.reshape(values.shape), high.reshape(values.shape)


def _score(base: _Base, p: Floats, level: float) -> Bounds:
    """Where (p - F(x)) / se(F(x)) crosses t and -t, as shares (D × P) of respondents.

    As in R, an end is the weighted quantile at the unweighted share of respondents up
    to the crossing. Unequal weights bias it: with few values it can miss the estimate.
    """
    values, reached, count = _steps(base)
    t = critical(base.found.df, level)
    target, t = np.hstack([p, p]), np.repeat([t, -t], p.shape[1])

    def score(k: Ints) -> Floats:
        share = base.shares(np.take_along_axis(values, k, axis=1))
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = (target.ravel() - share.values) / share.se
        return found.reshape(target.shape) - t

    # At the last value the share is 1, which has no standard error.
    last = np.broadcast_to(np.maximum(count - 2, 0)[:, None], target.shape)
    place, crosses = _crossing(score, last)
    shares = np.take_along_axis(reached, place, axis=1)
    low, high = np.hsplit(np.where(crosses, shares, np.nan), 2)
    return low, high


def _crossing(
    score: Callable[[Ints], Floats], last: Ints
) -> tuple[Ints, NDArray[np.bool_]]:
    """The places up to `last` at which a falling score is nearest 0 as it crosses it.

    And whether it does cross. Where it does so repeatedly, bisection finds one of them.
    """
    before, after = np.zeros_like(last), last
    while (after - before > 1).any():
        middle = (before + after) // 2
        above = score(middle) > 0
        before, after = np.where(above, (middle, after), (before, middle))
    first, second = score(before), score(after)
    nearest = np.where(np.abs(second) <= np.abs(first), after, before)
    return nearest, (first > 0) & (second < 0)


def _steps(base: _Base) -> tuple[Floats, Floats, Ints]:
    """Each domain's distinct values, and the shares of respondents up to them, in rows.

    Both are D × K, filled up with NaN; and how many values there are (D,).
    """
    lasts = [ends(base.x[at]) for at in base.places]
    count = np.array([len(last) for last in lasts], dtype=np.int64)
    values = np.full((len(lasts), count.max(initial=1)), np.nan)
    reached = values.copy()
    for d, (at, last) in enumerate(zip(base.places, lasts, strict=True)):
        running = base.found.n[at].cumsum()[last]
        values[d, : len(last)] = base.x[at][last]
        reached[d, : len(last)] = running / running[-1:]
    return values, reached, count


def _replicated(base: _Base, p: Floats, values: Floats, level: float) -> Bounds:
    """values ± t·se (D × P), the standard error of quantiles over replicates.

    Weights read from a file have lost their last bits, which would make the replicates
    differ where p is just reached; so these have some slack.
    """

    def theta(weights: Floats) -> Floats:
        return np.array([base.quantiles(p, w, ROUNDING).ravel() for w in weights])

    cov = base.found.covariance(theta, np.empty((len(base.x), 0)))
    se = np.sqrt(np.diag(cov)).reshape(p.shape)
    return mean_interval(values, se, base.found.df, level)
