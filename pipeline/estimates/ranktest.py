"""Do groups differ in the order of an answer? Rank tests under a sample design.

mean_scores  the mean score of each group, 0.5 with `wilcoxon` if they are alike
rank_test ── are the mean scores equal? A t test of two groups, a Wald test of more

A respondent's rank r is the weight of all who answer less and half of those who answer
the same; N is the weight of all. The scores that the groups are compared by:

wilcoxon         r / N       do these people tend to answer higher?
van-der-waerden  Φ⁻¹(r / N)  the same, with more weight on both ends
median           r > N / 2   are more of them above the middle?

Lumley & Scott 2013, Biometrika 100; R's `survey::svyranktest`, whose `KruskalWallis` is
`wilcoxon`. As long as the groups are alike the error of the ranks themselves does not
matter (ibid.), and so the scores are taken as given, in replicates too.

R ranks equal answers in the order of the rows, and then gives each the plain mean of
these ranks; with unequal weights the result depends on that order. Ours is the mean
over all orders. An `order` gives R's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from msgspec import structs
from scipy.special import ndtri, stdtr

from pipeline.errors import DataError
from pipeline.estimates.chisq import Test
from pipeline.estimates.frame import EVERYONE
from pipeline.estimates.linear import Estimates, contrast, known
from pipeline.estimates.regression import wald
from pipeline.estimates.sample import Patterns, Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Scores = Literal["wilcoxon", "van-der-waerden", "median"]

WHERE = "rank test"
# A standard error that is rounding: scores are of the size of 1.
NOTHING = 1e-12
# Ranks this close to the middle are there: what is left is rounding.
MIDDLE = 1e-12


def rank_test(means: Estimates, scores: Scores = "wilcoxon") -> Test:
    """Do groups with these `mean_scores` answer alike in order?

    Two groups: t of the second less the first, on `df`; `df2` is NaN. k + 1 groups: a
    chi-square on k = `df`, whose p-value is that of F(k, df2). The degrees of freedom
    are of those who answered, less k.
    """
    k = len(means.keys) - 1
    if k < 1:
        raise DataError("it takes two groups to compare", where=WHERE)
    df = means.df - k
    return _t(means, df, scores) if k == 1 else _chi_square(means, df, scores)


def mean_scores(
    sample: Sample,
    y: str,
    by: str,
    scores: Scores = "wilcoxon",
    where: str = EVERYONE,
    order: str = "",
) -> Estimates:
    """The mean score of each group; keys (group,).

    With `wilcoxon` it is the chance to answer higher than somebody drawn from all, a
    draw counting half. `order`, an SQL expression that numbers respondents, ranks equal
    answers as R does. Raises `DataError` if `y` is not a number, or nobody's.
    """
    base = known(where, [y, by])
    found = sample.patterns([y, by, *([order] if order else [])], base)
    if not len(found.w):
        raise DataError(f"nobody has a value of {y} and of {by}", where=WHERE)
    if found.columns[y].dtype.kind not in "biuf":
        raise DataError(f"{y} is not a number, and so has no order", where=WHERE)
    score = _scores(_ranks(found, y, order), scores)
    groups, code = np.unique(found.columns[by], return_inverse=True)
    inside = (code[:, None] == np.arange(len(groups))).astype(float)
    weight = found.w @ inside
    values = (found.w * score) @ inside / weight
    u = inside * (score[:, None] - values) / weight
    return Estimates(
        keys=tuple((group,) for group in groups.tolist()),
        values=values,
        cov=found.covariance(lambda w: w @ u, u),
        df=sample.df(base),
        n=found.n @ inside,
        n_weighted=weight,
        srs=np.full(len(groups), np.nan),
    )


def _t(means: Estimates, df: float, scores: Scores) -> Test:
    found = contrast(means, {"difference": [-1, 1]})
    value, se = float(found.values[0]), float(found.se[0])
    reason = ""
    if df <= 0:
        reason = f"the design leaves {df:g} degrees of freedom for the test"
    elif se <= NOTHING:
        reason = "the ranks do not vary under this design"
    t = math.nan if reason else value / se
    return Test(t, df, math.nan, 2 * float(stdtr(df, -abs(t))), scores, reason)


def _chi_square(means: Estimates, df: float, scores: Scores) -> Test:
    k = len(means.keys) - 1
    change = np.column_stack([-np.ones(k), np.eye(k)])
    test = wald(change @ means.values, change @ means.cov @ change.T, df)
    return structs.replace(test, statistic=test.statistic * k, method=scores)


def _ranks(found: Patterns, y: str, order: str) -> Floats:
    """Each pattern's r / N."""
    _, answer = np.unique(found.columns[y], return_inverse=True)
    weight = np.bincount(answer, found.w)
    rank = np.cumsum(weight) - weight / 2
    if order:
        by_row = np.lexsort((found.columns[order], answer))
        own = np.empty(len(answer))
        own[by_row] = np.cumsum(found.w[by_row]) - found.w[by_row] / 2
        rank = np.bincount(answer, own) / np.bincount(answer)
    each: Floats = rank[answer] / found.w.sum()
    return each


def _scores(rank: Floats, scores: Scores) -> Floats:
    if scores == "van-der-waerden":
        return np.asarray(ndtri(rank), dtype=float)
    if scores == "median":
        return (rank > 0.5 + MIDDLE).astype(float)
    return rank
