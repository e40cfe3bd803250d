"""The rules that apply to many shares at once, as `presentation.py` has them.

Korn and Graubard's interval takes two quantiles of a beta distribution, 2 µs a share:
more than everything else about it. What is decided by its width is clear for nearly
all from an approximation, and only the rest are worked out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.estimates.intervals import (
    adjusted_n,
    clopper_pearson,
    critical,
    extreme,
    share_effective_n,
    snapped,
)
from pipeline.estimates.presentation import (
    LEVEL,
    MAX_RELATIVE_WIDTH,
    MIN_EFFECTIVE_N,
    NARROW,
    WIDE,
    codes,
    share_flags,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

# The approximation is off by at most 2.2 % of the width over the respondents who gave
# the answer, or who did not, if fewer, from one on (500,000 widths, n up to a million;
# a test repeats it). Nearer than this to a width that decides, it does not.
NEAR = 0.025
FEWEST = 1


def share_cautions(
    p: Floats, se: Floats, n: Floats, row: Ints, df: float
) -> NDArray[np.object_]:
    """The codes of the rules that apply to each share `p`, with `se`.

    `n` are the respondents of bases, `row` the base of each share.
    """
    p = snapped(p)
    n_eff = share_effective_n(p, se, n[row])
    sizes, at = np.unique(n, return_inverse=True)
    factor = adjusted_n(1.0, sizes, df, LEVEL)[at]
    adjusted = np.minimum(n_eff * factor[row], n[row])
    n_eff = np.minimum(n_eff, n[row])
    width = np.where(extreme(p), 0 * adjusted, approximate_width(p, adjusted))
    # Of small bases, and at 0 and 100 %, no width decides.
    plain = extreme(p) | (n_eff < MIN_EFFECTIVE_N)
    exact = np.flatnonzero(~plain & ~_decided(p, adjusted, width))
    low, high = clopper_pearson(p[exact], adjusted[exact], LEVEL)
    width[exact] = high - low
    return codes(share_flags(p, n_eff, width, df))


def _decided(p: Floats, n: Floats, width: Floats) -> Mask:
    """Where the approximate width is far from every width that decides."""
    far = ~np.isnan(width)
    near = NEAR / np.maximum(n * np.minimum(p, 1 - p), FEWEST)
    for limit in (NARROW, WIDE, MAX_RELATIVE_WIDTH * p, MAX_RELATIVE_WIDTH * (1 - p)):
        far &= np.abs(width - limit) > near * limit
    return far


def approximate_width(p: Floats, n: Floats) -> Floats:
    """Clopper and Pearson's width, nearly; NaN where under one is in the share or out.

    Abramowitz & Stegun (1964), 26.5.22, for the quantiles of the beta distribution.
    """
    enough = n * np.minimum(p, 1 - p) >= FEWEST
    yes, no = np.where(enough, n * p, np.nan), n * (1 - p)
    low = _odds(yes, no + 1)
    high = _odds(no, yes + 1)
    found: Floats = 1 / (1 + low) + 1 / (1 + high) - 1
    return found


def _odds(a: Floats, b: Floats) -> Floats:
    """Odds x/(1-x) of the lower quantile of Beta(a, b), of 26.5.22."""
    y = critical(np.inf, LEVEL)
    of_a, of_b = 1 / (2 * a - 1), 1 / (2 * b - 1)
    h, k = 2 / (of_a + of_b), (y**2 - 3) / 6
    w = y * np.sqrt(h + k) / h - (of_b - of_a) * (k + 5 / 6 - 2 / (3 * h))
    found: Floats = a / b * np.exp(-2 * w)
    return found
