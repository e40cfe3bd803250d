"""Estimates from sums of weights by domain; their variances are in `spread.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def population_variance(values: Floats, w: Floats, n: Floats) -> Floats:
    """s² = n/(n-1) Σ w (y - ȳ)² / Σ w by domain; `w` is domains × values."""
    total = w.sum(axis=1)
    mean = (w * values).sum(axis=1) / total
    squares = (w * (values - mean[:, None]) ** 2).sum(axis=1)
    found: Floats = n / (n - 1) * squares / total
    return found


def quantile(values: Floats, w: Floats, at: Floats) -> Floats:
    """The smallest value at which the weighted distribution reaches `at`, by row."""
    order = np.argsort(values)
    shares = np.cumsum(w[:, order], axis=1) / w.sum(axis=1, keepdims=True)
    # Sums are exact decimals, their quotients are not: allow for the last bits.
    reached = shares >= np.reshape(at, (-1, 1)) - 1e-12
    found: Floats = values[order][reached.argmax(axis=1)]
    return found


def ranks(p: Floats) -> Floats:
    """1 for the largest of each row; ties share the best rank."""
    rounded = np.round(p, 12)
    found: Floats = 1.0 + (rounded[:, None, :] > rounded[:, :, None]).sum(axis=2)
    return found
