"""Do two groups differ on average, or does a mean differ from a value? Student's t.

two_sample  the difference between two groups' means; R's `survey::svyttest(y ~ g)`
one_sample  a mean against a value; R's `svyttest(y ~ 0)`
paired ──── the mean difference of two answers of the same people

The groups are domains of one sample, so that people in the same sampling units make
their means vary together, and the variance of the difference says so.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from scipy.special import stdtr

from pipeline.errors import DataError
from pipeline.estimates.frame import EVERYONE
from pipeline.estimates.intervals import mean_interval
from pipeline.estimates.linear import Estimates, contrast, known, mean
from pipeline.estimates.sample import Sample

# Of what is averaged, the error that rounding leaves of none.
NOTHING = 1e-12


class TTest(msgspec.Struct, frozen=True):
    """An estimate against `null`; without a test its numbers are NaN, with why.

    `groups` are the two compared, the first taken from the second; () of one sample.
    """

    estimate: float
    se: float
    df: float
    n: float
    null: float = 0.0
    groups: tuple[object, ...] = ()
    reason: str = ""

    @property
    def statistic(self) -> float:
        """How many standard errors the estimate is from `null`."""
        return math.nan if self.reason else (self.estimate - self.null) / self.se

    @property
    def p_value(self) -> float:
        """Two-sided."""
        return 2 * float(stdtr(self.df, -abs(self.statistic)))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Lower and upper end by Student's t on the df of the test."""
        low, high = mean_interval(self.estimate, self.se, self.df, level=level)
        return float(low), float(high)


def two_sample(sample: Sample, y: str, by: str, where: str = EVERYONE) -> TTest:
    """The mean of `y` in the second group of `by` less that in the first, in order.

    Both are SQL expressions; a condition as `by` has the groups False and True. The df
    are of those who answered, less one, as R's. Raises `DataError` unless there are
    two groups.
    """
    means = mean(sample, [y], [by], where)
    groups = tuple(key[0] for key in means.keys)
    if len(groups) != 2:
        raise DataError(
            f"it takes two groups, and {by} has {len(groups)} with a value of {y}",
            where="t test",
            remedy="Choose two by `where`, or give a condition.",
        )
    found = contrast(means, {"difference": [-1, 1]})
    df = sample.df(known(where, [y, by])) - 1
    return _against(found, df, float(np.abs(means.values).max()), groups=groups)


def one_sample(
    sample: Sample, y: str, where: str = EVERYONE, null: float = 0.0
) -> TTest:
    """The mean of the SQL expression `y` against `null`; df are the design's less 1."""
    found = mean(sample, [y], where=where)
    if not found.n[0]:
        raise DataError(f"nobody has a value of {y}", where="t test")
    return _against(found, sample.df(where) - 1, abs(float(found.values[0])), null)


def paired(sample: Sample, a: str, b: str, where: str = EVERYONE) -> TTest:
    """The mean of `a` - `b` against 0, among those who have both."""
    return one_sample(sample, f"({a}) - ({b})", where)


def _against(
    found: Estimates,
    df: float,
    size: float,
    null: float = 0.0,
    groups: tuple[object, ...] = (),
) -> TTest:
    """The test of the only estimate in `found`; `size` is that of what it is of."""
    estimate, se, n = (float(a[0]) for a in (found.values, found.se, found.n))
    reason = ""
    if df <= 0:
        reason = f"the design leaves {df:g} degrees of freedom for the test"
    elif se <= NOTHING * size:
        reason = "the values do not vary under this design"
    return TTest(estimate, se, df, n, null, groups, reason)
