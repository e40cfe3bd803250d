"""Raking and post-stratification: domain by domain, old weights times one factor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import DataError
from pipeline.weights.diagnostics import check_sizes
from pipeline.weights.margins import (
    Fit,
    Margin,
    occupied,
    require_respondents,
    worst,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TOLERANCE = 1e-10
ROUNDS = 1000


def rake(weights: Floats, margins: Sequence[Margin]) -> Fit:
    """Iterative proportional fitting (Deming & Stephan 1940, Ann. Math. Stat. 11).

    `weights` (n) are those of rows or cells. In each margin those whose domain is not
    known keep their weight while the others are fitted to its shares; the sum of
    weights stays. Raises `DataError` if a weight is not a number from zero up, if a
    domain has nobody, or if the fit does not settle.
    """
    check_sizes(weights)
    require_respondents(margins, weights)
    factors = np.ones(len(weights))
    for rounds in range(1, ROUNDS + 1):
        moved = 0.0
        for each in margins:
            ratios = each.shares / each.now(weights * factors)
            factors = factors * each.per_row(ratios, unknown=1.0)
            moved = max(moved, float(np.abs(ratios - 1).max()))
        if moved < TOLERANCE:
            return Fit(factors, rounds, worst(margins, weights * factors)[0])
    _, where = worst(margins, weights * factors)
    raise DataError(
        f"raking did not settle in {ROUNDS} rounds: {where}",
        remedy="Targets contradict each other where few or no respondents combine"
        " their domains: put small domains together, or drop a target.",
    )


def post_stratify(weights: Floats, margin: Margin, *, partial: bool = False) -> Fit:
    """Weights (n) of each domain times target over sample size (Holt & Smith 1979).

    A domain without respondents is a `DataError`; with `partial` it is left out and
    the others keep their proportions.
    """
    check_sizes(weights)
    if partial:
        margin = occupied(margin, weights)
    require_respondents([margin], weights)
    factors = margin.per_row(margin.shares / margin.now(weights), unknown=1.0)
    return Fit(factors, 1, worst([margin], weights * factors)[0])
