"""Which value a quantile is: the rules, for respondents of unequal weight.

    math, hf1        the first value that a share p of the weight has reached
    school, hf2      the same; midway to the next value where p is reached exactly
    hf3              the same; of those two, exactly reached, the one of even rank
    hf4 … hf9        on straight lines between respondents; they differ in where the
                     k-th of n stands: k/n, (k-½)/n, k/(n+1), (k-1)/(n-1),
                     (k-⅓)/(n+⅓), (k-⅜)/(n+¼)
    shahvaish        the last respondent's value that stands at p or before it

Numbers are those of Hyndman & Fan (1996), "Sample quantiles in statistical packages",
The American Statistician 50; with weights, the running sum takes the place of k and the
total that of n, as in R's `survey::svyquantile`. Unlike there, a p below the first
respondent's share gives the first value, as for `math` it must: R gives the second, and
its hf4 goes below the data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

Rule = Literal[
    "math", "school", "shahvaish",
    "hf1", "hf2", "hf3", "hf4", "hf5", "hf6", "hf7", "hf8", "hf9",
]  # fmt: skip

# A respondent of weight w, where the running sum is S, stands at (S - a w) / (W + b w')
# with W the sum of all and w' the weight of the last: rule → (a, b).
LINES: dict[Rule, tuple[float, float]] = {
    "hf4": (0, 0),
    "hf5": (1 / 2, 0),
    "hf6": (0, 1),
    "hf7": (1, -1),
    "hf8": (1 / 3, 1 / 3),
    "hf9": (3 / 8, 1 / 4),
}
# Rules to which it matters how the weight of a value is spread over respondents.
BY_RESPONDENT = frozenset({*LINES, "shahvaish"})

# How far rounding takes a sum of weights, as a share of it.
ROUNDING = 1e-12


def quantile(rule: Rule, x: Floats, w: Floats, p: Floats, slack: float = 0) -> Floats:
    """Quantiles at `p`, and shaped so, of rising values `x` (k,) with weights `w` (k,).

    NaN where p is outside [0, 1], or no value has a weight. For the rules of
    `BY_RESPONDENT` each value is one respondent's. `slack` is how near a step p counts
    as on it; with none it is floating-point equality, so that, as in R, the last bit of
    a sum decides between two values that are both quantiles.
    """
    kept = w != 0
    if not kept.any():
        return np.full(p.shape, np.nan)
    x, w = x[kept], w[kept]
    inside = (p >= -ROUNDING) & (p <= 1 + ROUNDING)
    at = np.where(inside, p, 0)
    if rule in LINES:
        found = _on_lines(x, w, at, *LINES[rule])
    elif rule == "shahvaish":
        found = _shah_vaish(x, w, at)
    else:
        found = _on_steps(rule, x, w, at, slack)
    return np.where(inside, found, np.nan)


def ends(x: Floats) -> Ints:
    """The last place of each distinct value of `x` (k,), rising."""
    found: Ints = np.flatnonzero(np.append(x[1:] != x[:-1], True)[: len(x)])
    return found


def _on_steps(rule: Rule, x: Floats, w: Floats, p: Floats, slack: float) -> Floats:
    """The first value with a running sum above p W, or the one before, if at p W."""
    last = ends(x)
    # R sums in extended precision too, and rounds the sums to double.
    x, total = x[last], np.cumsum(w, dtype=np.longdouble)[last].astype(float)
    # The last sum up to p counts: negative (GREG) weights make it pass p repeatedly.
    rising = np.minimum.accumulate(total[::-1])[::-1]
    above = np.searchsorted(rising, (p + slack) * total[-1], side="right")
    at, above = (above - 1).clip(min=0), above.clip(max=len(x) - 1)
    exact = np.abs(p - total[at] / total[-1]) <= slack
    reached = x[at]
    if rule in ("school", "hf2"):
        reached = (x[at] + x[above]) / 2
    if rule == "hf3":
        exact &= at % 2 == 1  # ranks count from 1
    found: Floats = np.where(exact, reached, x[above])
    return found


def _on_lines(x: Floats, w: Floats, p: Floats, a: float, b: float) -> Floats:
    """Interpolated between where respondents stand; the end values beyond them."""
    if len(x) == 1:
        return np.full(p.shape, x[0])
    stand = (w.cumsum() - a * w) / (w.sum() + b * w[-1])
    order = np.argsort(stand, kind="stable")
    x, stand = x[order], stand[order]
    # Where a respondent stands it is that value: rounding below it, as R may, would
    # leave its whole share out of the share at or below the quantile.
    near = np.searchsorted(stand, p - ROUNDING).clip(max=len(x) - 1)
    on = np.abs(stand[near] - p) <= ROUNDING
    return np.where(on, x[near], np.interp(p, stand, x))


def _shah_vaish(x: Floats, w: Floats, p: Floats) -> Floats:
    """Shah & Vaish (2006): the k-th stands at (S_k + ½ - w_k/2) / (n + 1).

    S is the running sum of weights scaled to a mean of 1. R forgets to scale w_k, and
    so does this: for comparison with R only, unless the weights have a mean of 1.
    """
    stand = ((w / w.mean()).cumsum() + 0.5 - w / 2) / (len(x) + 1)
    order = np.argsort(stand, kind="stable")
    before = np.searchsorted(stand[order], p + ROUNDING, side="right") - 1
    found: Floats = x[order][before.clip(min=0)]
    return found
