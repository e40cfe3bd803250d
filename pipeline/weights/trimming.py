"""Trimming: cut extreme weights and share out what was cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import DataError
from pipeline.weights.diagnostics import check_sizes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Limits = tuple[float, float]

ROUNDS = 1000
HALVINGS = 100
# What is still to share out, in mean weights a respondent, that is rounding error.
TOLERANCE = 1e-13


def trim(
    weights: Floats,
    lower: float = 0.0,
    upper: float = np.inf,
    *,
    strict: bool = False,
    counts: Floats | None = None,
) -> Floats:
    """Weights (n) moved to the nearer limit, the rest raised or lowered to keep Σw.

    What is cut is added in equal parts to all that were within the limits (Potter
    1990), as R's `trimWeights` does; that can push some out again, and `strict`
    repeats until none is out. `counts` (n): how many respondents have each weight.
    Raises `DataError` if nothing is within the limits, or `strict` is impossible
    because the mean weight itself is not.
    """
    check_sizes(weights)
    counts = np.ones(len(weights)) if counts is None else counts
    if strict:
        return _strictly(weights, (lower, upper), counts)
    trimmed, share = _once(weights, (lower, upper), counts)
    if share is None:
        raise DataError(
            f"no weight is from {lower:g} to {upper:g}",
            remedy="Trim less: these limits cut every weight.",
        )
    return trimmed


def _once(
    weights: Floats, limits: Limits, counts: Floats
) -> tuple[Floats, float | None]:
    """Cut weights, and what each of the others was given; None if all were cut."""
    outside = (weights < limits[0]) | (weights > limits[1])
    inside = float(counts[~outside].sum())
    cut = np.clip(weights, *limits)
    if not inside:
        return cut, None
    share = float((weights - cut) @ counts) / inside
    return np.where(outside, cut, cut + share), share


def _strictly(weights: Floats, limits: Limits, counts: Floats) -> Floats:
    mean, trimmed = float(weights @ counts / counts.sum()), weights
    if not limits[0] <= mean <= limits[1]:
        raise DataError(
            f"weights cannot all be from {limits[0]:g} to {limits[1]:g}: their mean is"
            f" {mean:g}",
            remedy="Choose limits on both sides of the mean.",
        )
    for _ in range(ROUNDS):
        trimmed, share = _once(trimmed, limits, counts)
        if share is None:
            break
        if abs(share) < TOLERANCE * mean:
            return np.clip(trimmed, *limits)
    return _level(weights, limits, mean, counts)


def _level(weights: Floats, limits: Limits, mean: float, counts: Floats) -> Floats:
    """All weights moved alike, then cut, where cutting first leaves none to share."""
    low, high = mean - float(weights.max()), mean - float(weights.min())
    # The sum rises with the move, and is too low at one end and too high at the other.
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        moved = np.clip(weights + middle, *limits)
        if float(moved @ counts) < mean * counts.sum():
            low = middle
        else:
            high = middle
    return moved
