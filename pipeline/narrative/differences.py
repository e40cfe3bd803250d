"""Differences of two estimates: their tests, and what their sizes allow to be said."""

from __future__ import annotations

import math

import numpy as np

from pipeline.narrative.facts import Estimates, Row
from pipeline.wording import cardinal, rounded

Z95 = 1.959963984540054
SMALLEST = 0.05  # a share that another may be said to be a multiple of
MARGIN = 0.03  # shares closer than this are practically the same


def difference_p(source: Estimates, one: Row, other: Row) -> float | None:
    """Two-sided p-value of the difference of two estimates of one wave.

    The test of columns in a crosstab (`strict_t`): with the covariance of the two, on
    the design's degrees of freedom, and holding its level at 0 % and in small groups.
    """
    from pipeline.estimates.comparison import strict_t

    pair = (one, other)
    if any(row.estimate is None or row.se is None for row in pair):
        return None
    if not any(row.se for row in pair):
        return None
    columns = [(r.estimate, (r.se or 0.0) ** 2, r.n_kish or r.n or 0) for r in pair]
    values, variances, effective = np.array(columns, dtype=float).T[..., None]
    covariance = source.covariance(one, other)
    df = one.df or math.inf
    shares = one.statistic == "share"
    _, _, (p,) = strict_t(values, variances, effective, covariance, df, shares)
    return None if math.isnan(p) else float(p)


def order_p(first: Row, second: Row, *, one_only: bool) -> float | None:
    """Two-sided p-value of the difference of two answers of the same people.

    Where one can be chosen only, the shares are those of a multinomial. Where several
    can, how many chose both is not known here; the fewest possible make the variance
    greatest, so that the test errs towards no difference.
    """
    p, q, n = first.estimate, second.estimate, first.n_eff
    if p is None or q is None or not n:
        return None
    both = 0.0 if one_only else max(0.0, p + q - 1)
    variance = (p + q - 2 * both - (p - q) ** 2) / n
    if variance <= 0:
        return None
    return math.erfc(abs(p - q) / math.sqrt(2 * variance))


def equal_p(difference: float | None, error: float | None) -> float | None:
    """The p-value of two one-sided tests that a difference lies within the margin."""
    if difference is None or not error:
        return None
    return 0.5 * math.erfc((MARGIN - abs(difference)) / error / math.sqrt(2))


def certain_times(one: Row, other: Row) -> int:
    """How many times one share is another at least: whole, and 0 for less than twice.

    The lower limit of the ratio (on its logarithm) must be above it, and the figures
    shown must bear it out. Ratios of shares under 5 % are not said.
    """
    p, q = one.estimate or 0.0, other.estimate or 0.0
    errors = error_of(one), error_of(other)
    if q < SMALLEST or p <= q or not all(errors):
        return 0
    relative_error = math.hypot((errors[0] or 0.0) / p, (errors[1] or 0.0) / q)
    lowest = p / q * math.exp(-Z95 * relative_error)
    shown = float(rounded(100 * p) / rounded(100 * q))
    times = math.ceil(min(lowest, shown)) - 1  # "more than" leaves out the number
    return times if times > 1 else 0


def multiple(times: int) -> str:
    """twice, three times, …"""
    return "twice" if times == 2 else f"{cardinal(times)} times"


def gap_between(one: Row, other: Row) -> float:
    return (one.estimate or 0.0) - (other.estimate or 0.0)


def error_of(row: Row) -> float | None:
    """The standard error, but never under what the interval says.

    At a share of 0 or 1 the former is nought, and would make any difference certain.
    """
    if row.se is None or row.low is None or row.high is None:
        return row.se
    return max(row.se, (row.high - row.low) / (2 * Z95))


def error_between(source: Estimates, one: Row, other: Row) -> float | None:
    """The standard error of the difference of two domains that share nobody."""
    first, second = error_of(one), error_of(other)
    if not (first and second):
        return None
    variance = first**2 + second**2 - 2 * source.covariance(one, other)
    return math.sqrt(variance) if variance > 0 else None
