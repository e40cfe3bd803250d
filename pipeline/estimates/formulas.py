"""Estimates and their standard errors from sums of weights.

Variances are Taylor linearisations for a design of weights only, as R's
`survey::svymean` gives with `ids = ~1`: with z_i = w_i (y_i - θ) / Σw over the domain,
var = N/(N-1) Σ z², where N is the number of respondents of the whole wave, because a
domain is a part of the full sample and not a sample of its own (Särndal et al. 1992,
ch. 5.8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Z95 = 1.959963984540054


def share_variance(p: Floats, w2: Floats, W: Floats, W2: Floats, size: int) -> Floats:
    """Variance of weighted shares `p`; `w2` = Σw² of those in it, W, W2 of the base."""
    # Those outside the share have W2 - w2; it is 0 at 100 %, and floats may say -1e-19.
    squares = (1 - p) ** 2 * w2 + p**2 * np.maximum(W2 - w2, 0)
    variance: Floats = size / (size - 1) * squares / W**2
    return variance


def mean_variance(
    mean: Floats, values: Floats, w2: Floats, W: Floats, size: int
) -> Floats:
    """Variance of weighted means over `values` (domains × values, as `w2`)."""
    squares = (w2 * (values - mean[:, None]) ** 2).sum(axis=1)
    variance: Floats = size / (size - 1) * squares / W**2
    return variance


def effective_n(p: Floats, variance: Floats, W: Floats, W2: Floats) -> Floats:
    """The simple random sample that would be as precise: p(1-p)/var.

    Where everyone or no one is in the share, Kish's (1965) (Σw)²/Σw².
    """
    kish = np.broadcast_to(W**2 / W2, p.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = p * (1 - p) / variance
    return np.where((p <= 0) | (p >= 1) | ~np.isfinite(found), kish, found)


def wilson(p: Floats, n: Floats, z: float = Z95) -> tuple[Floats, Floats]:
    """Wilson's (1927) score interval with an effective n; never leaves [0, 1]."""
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def quantile(values: Floats, w: Floats, at: float) -> Floats:
    """The smallest value at which the weighted distribution reaches `at`, by row."""
    order = np.argsort(values)
    shares = np.cumsum(w[:, order], axis=1) / w.sum(axis=1, keepdims=True)
    # Sums are exact decimals, their quotients are not: allow for the last bits.
    found: Floats = values[order][(shares >= at - 1e-12).argmax(axis=1)]
    return found


def ranks(p: Floats) -> Floats:
    """1 for the largest of each row; ties share the best rank."""
    rounded = np.round(p, 12)
    found: Floats = 1.0 + (rounded[:, None, :] > rounded[:, :, None]).sum(axis=2)
    return found
