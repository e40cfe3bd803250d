"""When calibration fails: which bounds would do, by linear programming."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.weights.distances import Bounds

    Floats = NDArray[np.float64]

LARGEST = 20_000
CONTRADICTION = (
    "Targets contradict each other, or too few respondents combine their domains: put"
    " small domains together, or drop a target."
)


def reachable(x: Floats, d: Floats, totals: Floats, bounds: Bounds | None) -> str:
    """What to do: wider bounds that some weights do meet the totals with, if any."""
    low, high = bounds or (0.0, math.inf)
    if len(d) > LARGEST:
        return "Widen the bounds, put small domains together, or drop a target."
    stretch = _stretch(x, d, totals, (low, high))
    if stretch is None:
        return CONTRADICTION
    if bounds is None or stretch < 1:
        return "It is close to impossible: widen the bounds or drop a target."
    # Rounded outwards, and a little more, as logit never reaches its bounds.
    down = max(math.floor(100 * (1 - stretch * (1 - low))) / 100 - 0.01, 0.0)
    up = math.ceil(100 * (1 + stretch * (high - 1))) / 100 + 0.01
    shown = f"{down:.2f} to {up:.2f}" if math.isfinite(up) else f"{down:.2f}"
    return (
        f"Bounds of {shown} would do; {low:g} to {high:g} leave no room. Or put small"
        " domains together, or drop a target."
    )


def _stretch(x: Floats, d: Floats, totals: Floats, bounds: Bounds) -> float | None:
    """The least s for which factors from 1 - s(1 - L) to 1 + s(U - 1) meet `totals`.

    Variables are the factors (n), not below zero, and s. None if there are none.
    """
    from scipy.optimize import LinearConstraint, milp
    from scipy.sparse import csr_array, eye_array, hstack

    n, size = len(d), np.maximum(np.abs(totals), 1e-12)
    equal = np.column_stack([(x * d[:, None] / size).T, np.zeros(len(totals))])
    rules = [LinearConstraint(csr_array(equal), totals / size, totals / size)]
    for room, least, most in (
        (1 - bounds[0], 1.0, np.inf),
        (1 - bounds[1], -np.inf, 1.0),
    ):
        if math.isfinite(room):
            side = hstack([eye_array(n), csr_array(np.full((n, 1), room))])
            rules.append(LinearConstraint(side, least, most))
    found = milp(np.append(np.zeros(n), 1.0), constraints=rules)
    return None if found.x is None else float(found.x[-1])
