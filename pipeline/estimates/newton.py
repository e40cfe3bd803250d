"""Coefficients γ that solve Σ w z (y - μ) = 0 for weights w, where zγ predicts μ.

With μ = zγ that is weighted least squares; with its logistic, the most likely log odds
(iteratively reweighted least squares, McCullagh & Nelder 1989, ch. 2.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np
from scipy.special import expit, logit

from pipeline.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Family = Literal["linear", "logistic"]

WHERE = "regression"
# Of a column, what those before it leave unexplained; less is a combination of them.
COLLINEAR = 1e-9
# The condition beyond which a solution has no digits left to trust.
SINGULAR = 1e12
# A step that moves no prediction (log odds, or outcome) further leaves only rounding.
CLOSE = 1e-10
# It takes fewer than ten steps to a maximum. Where there is none, each moves some log
# odds by about one, for ever.
STEPS = 25


class Problem(msgspec.Struct, frozen=True, eq=False):
    """What is solved for each set of weights: `x` (patterns × p) predicts `y`.

    It is solved in the columns of `z`, which `basis` (p × p) makes of those of `x`.
    `epsilon` is the relative change of the deviance that is small enough to stop; 0
    goes on while there is any.
    """

    z: Floats
    basis: Floats
    y: Floats
    family: Family
    epsilon: float


class Solution(msgspec.Struct, frozen=True, eq=False):
    """β (p,), predictor `eta` = xβ (patterns,) and linearisation (patterns × p)."""

    beta: Floats
    eta: Floats
    influence: Floats


def solve(problem: Problem, w: Floats, eta: Floats, where: str = WHERE) -> Solution:
    """Newton's steps from the predictor `eta`; a DataError if they lead nowhere."""
    z, y, family, basis = problem.z, problem.y, problem.family, problem.basis
    loss = _deviance(problem, w, eta)
    for _ in range(STEPS):
        mu, slope = predict(eta, family)
        scores = z * slope[:, None]
        h = scores.T @ (z * w[:, None])
        if not np.isfinite(h).all() or np.linalg.cond(h) > SINGULAR:
            break
        gamma = _divided(scores.T @ (w * (eta + _over(y - mu, slope))), h)
        before, eta = eta, z @ gamma
        last, loss = loss, _deviance(problem, w, eta)
        still = np.abs(eta - before).max() <= CLOSE * (1 + np.abs(eta).max())
        # R's rule, with the 0.1.
        if still or abs(loss - last) < problem.epsilon * (loss + 0.1):
            mu, here = predict(eta, family)
            u = _divided(scores.T * _over(y - mu, here), h).T
            return Solution(basis @ gamma, eta, u @ basis.T)
    raise DataError(
        "no solution: a level has nobody in it, or the terms tell outcomes apart so "
        "well that log odds have no limit",
        where=where,
        remedy="Leave out a term, or put some of its levels together.",
    )


def solve_each(problem: Problem, weights: Floats, eta: Floats) -> Floats:
    """The β (R × p) for each row of `weights` (R × patterns), a replicate each."""
    found = [
        solve(problem, w / w.sum(), eta, f"{WHERE}, replicate {i}")
        for i, w in enumerate(weights, 1)
    ]
    return np.array([solution.beta for solution in found])


def predict(eta: Floats, family: Family) -> tuple[Floats, Floats]:
    """Predictions μ at linear predictors of any shape, and their slopes μ'."""
    if family == "linear":
        return eta, np.ones_like(eta)
    mu = expit(eta)
    return mu, mu * expit(-eta)


def start(y: Floats, w: Floats, family: Family) -> Floats:
    """A predictor near the outcomes; R's, for weights `w` with a mean of 1."""
    if family == "linear":
        return y
    found: Floats = logit((w * y + 0.5) / (w + 1))
    return found


def pose(
    x: Floats,
    y: Floats,
    w: Floats,
    names: Sequence[str],
    family: Family,
    epsilon: float = 0.0,
) -> Problem:
    """The problem in columns that are orthonormal under weights `w`.

    In them no digits are lost to a wave of 2025 beside an intercept. Raises `DataError`
    for a column, by its name, that follows from those before it.
    """
    size = np.sqrt(w @ x**2)
    scaled = np.sqrt(w)[:, None] * x / np.where(size > 0, size, 1)
    _, r = np.linalg.qr(scaled)
    own = np.zeros(len(names))
    own[: min(r.shape)] = np.abs(np.diag(r))
    follows = np.flatnonzero(own <= COLLINEAR)
    if len(follows):
        raise DataError(
            f"'{names[follows[0]]}' follows from the terms before it",
            where=WHERE,
            remedy="Leave it out, or put its levels together.",
        )
    basis = np.linalg.inv(r) / size[:, None]
    return Problem(x @ basis, basis, y, family, epsilon)


def _deviance(problem: Problem, w: Floats, eta: Floats) -> float:
    """Twice what the log likelihood is below that of a perfect fit of 0 and 1."""
    y = problem.y
    if problem.family == "linear":
        return float(w @ (y - eta) ** 2)
    return float(2 * w @ (np.logaddexp(0, eta) - y * eta))


def _over(away: Floats, slope: Floats) -> Floats:
    """Residuals on the scale of the predictor; 0 where the slope is, as they are."""
    return np.divide(away, slope, out=np.zeros_like(away), where=slope > 0)


def _divided(b: Floats, h: Floats) -> Floats:
    """h⁻¹ b."""
    return np.asarray(np.linalg.solve(h, b), dtype=float)
