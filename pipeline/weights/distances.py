"""Distances between old and new weights, each by the ratio g = F(u) that it leads to.

Deville & Särndal (1992, JASA 87, table 1): weights nearest to the old ones d that meet
Σ d g x = t have g = F(x'λ), and F(0) = F'(0) = 1.

linear ── F(u) = 1 + u (case 1, chi-square), the generalised regression estimator, GREG
raking ── F(u) = exp u (case 2), what iterative proportional fitting comes to
logit ─── an S-curve between the bounds, never on them (case 6)

`linear` and `raking` with bounds are cut off there (case 7).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from pipeline.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Method = Literal["linear", "raking", "logit"]
Bounds = tuple[float, float]


class Distance(msgspec.Struct, frozen=True):
    """F, its slope and its integral, as functions of u = x'λ."""

    ratio: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    integral: Callable[[Floats], Floats]


LINEAR = Distance(lambda u: 1 + u, lambda u: np.ones_like(u), lambda u: u + u * u / 2)
RAKING = Distance(np.exp, np.exp, np.exp)


def distance(method: Method, bounds: Bounds | None) -> Distance:
    """The distance of this name; raises `DataError` if its bounds cannot be."""
    low, high = bounds or (-np.inf, np.inf)
    if not low < 1 < high:
        raise DataError(
            f"bounds {low:g} and {high:g} leave no room for the old weights",
            remedy="One must be below 1 and the other above it.",
        )
    if method == "logit":
        if not np.isfinite([low, high]).all():
            raise DataError(
                "logit calibration needs two bounds",
                remedy="Set them, such as (0.3, 3), or calibrate by raking.",
            )
        return _logit(low, high)
    free = LINEAR if method == "linear" else RAKING
    if bounds is None:
        return free
    if method == "linear":
        return _cut(free, (low, high), (low - 1, high - 1))
    with np.errstate(divide="ignore"):
        start, end = np.log(max(low, 0.0)), np.log(high)
    return _cut(free, (max(low, 0.0), high), (float(start), float(end)))


def _cut(free: Distance, bounds: Bounds, ends: Bounds) -> Distance:
    """`free` between `ends` of u, constant at `bounds` beyond them."""
    low, high = (b if np.isfinite(b) else 0.0 for b in bounds)
    start, end = ends

    def slope(u: Floats) -> Floats:
        inside = (u > start) & (u < end)
        return np.where(inside, free.slope(np.clip(u, start, end)), 0.0)

    def integral(u: Floats) -> Floats:
        beyond = high * np.maximum(u - end, 0) - low * np.maximum(start - u, 0)
        return free.integral(np.clip(u, start, end)) + beyond

    return Distance(lambda u: free.ratio(np.clip(u, start, end)), slope, integral)


def _logit(low: float, high: float) -> Distance:
    from scipy.special import expit

    steep = (high - low) / ((1 - low) * (high - 1))
    shift = np.log((1 - low) / (high - 1))
    width = high - low

    def slope(u: Floats) -> Floats:
        t = steep * u + shift
        return np.asarray(width * steep * expit(t) * expit(-t))

    return Distance(
        lambda u: low + width * np.asarray(expit(steep * u + shift)),
        slope,
        lambda u: low * u + width / steep * np.logaddexp(0, steep * u + shift),
    )
