"""The upper tail of a weighted sum of chi-squares, Q = Σ λ_i χ²_1 with λ ≥ 0.

With a finite `ddf` it is the tail of the ratio Q / (χ²_ddf / ddf), as an F test has it
when the λ follow from a variance estimated with `ddf` degrees of freedom, whole or not.
The ratio exceeds x exactly when Q - (x/ddf) χ²_ddf exceeds 0, which is a weighted sum
of chi-squares again, so that one cumulant generating function serves both:

    K(s) = -½ Σ log(1 - 2 λ_i s) - ½ ddf log(1 + 2 x s / ddf)

whose last term is x s when `ddf` is infinite.

imhof ──────── exact, by numerical integration
saddlepoint ── Kuonen's approximation, good in the far tail
satterthwaite  a chi-square (or F) with the same first two moments
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from scipy import special

from pipeline.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Complexes = NDArray[np.complex128]

# Steps of the trapezoidal rule: its error falls as exp(-2π d/STEP), with d ≥ ¼ the
# distance to the nearest singularity, and what lies beyond REACH is below 1e-17.
STEP, REACH = 1 / 32, 50.0


def imhof(x: float, weights: Floats, ddf: float = math.inf) -> float:
    """P(Σ λ_i χ²_1 > x), or of the ratio, to 12 digits and more, in the far tail too.

    Imhof's (1961, Biometrika 48, eq. 3.2) integral of exp(K(s)) / s along the imaginary
    axis. We integrate through the saddlepoint instead (Rice 1980, SIAM J. Sci. Stat.
    Comput. 1), on a hyperbola that leaves it as the path of steepest descent does
    (Helstrom 1983, same journal 4) and ends at 45°, clear of the branch points on the
    axis. The value is the same, but the integrand hardly oscillates, and a tail of
    1e-15 is not lost in rounding.
    """
    known = _known(x, weights, ddf)
    if known is not None:
        return known
    form = _form(x, weights, ddf)
    # Keep clear of the pole at 0; the saddlepoint is left of it where x is below Q's
    # mean. The nearest branch point, ½, is further.
    start = max(form.saddle(), 0.25 / math.sqrt(form.derivative(2, 0)))
    second, third = form.derivative(2, start), form.derivative(3, start)
    bend = max(third / (3 * second), 0)
    u = np.arange(0, REACH, STEP)
    height, slope = np.sinh(u) / math.sqrt(second), np.cosh(u) / math.sqrt(second)
    root = np.sqrt(1 + (bend * height) ** 2)
    s = start + 1j * height + bend * height**2 / (1 + root)
    integrand = np.exp(form.cumulant(s)) / s * (1j + bend * height / root) * slope
    tail = STEP / math.pi * (integrand.sum() - integrand[0] / 2).imag
    return min(max(float(tail), 0.0), 1.0)


def saddlepoint(x: float, weights: Floats, ddf: float = math.inf) -> float:
    """The same tail by Kuonen's (1999, Biometrika 86) saddlepoint approximation.

    1 - Φ(w + log(v/w)/w) with w = sign(ζ) √(-2 K(ζ)), v = ζ √K''(ζ), K'(ζ) = 0. R
    counts only f = ⌊ddf⌋ of the denominator's χ²_1; x f / ddf with f gives R's value.
    """
    known = _known(x, weights, ddf)
    if known is not None:
        return known
    form = _form(x, weights, ddf)
    zeta = form.saddle()
    v = zeta * math.sqrt(form.derivative(2, zeta))
    if abs(v) < 1e-5:
        # At the mean v and w are 0 and their rounding shows: take the limit.
        z = form.derivative(3, 0) / (6 * form.derivative(2, 0) ** 1.5)
    else:
        exponent = float(form.cumulant(np.array(zeta + 0j)).real)
        w = math.copysign(math.sqrt(-2 * exponent), zeta)
        z = w + math.log(v / w) / w
    return float(special.ndtr(-z))


def satterthwaite(x: float, weights: Floats, ddf: float = math.inf) -> float:
    """The same tail by a multiple of one chi-square (or F) with Q's mean and variance.

    Satterthwaite (1946, Biometrics Bulletin 2): (Σλ)²/Σλ² degrees of freedom. Exact
    when the λ are equal, so it is also the plain chi-square and F tail.
    """
    known = _known(x, weights, ddf)
    if known is not None:
        return known
    mean, squares = float(weights.sum()), float((weights**2).sum())
    df = mean**2 / squares
    if math.isinf(ddf):
        return float(special.chdtrc(df, x * mean / squares))
    ratio = df * x / mean
    # Of an argument and its complement the smaller keeps its digits; fdtrc has 8 of
    # them for a denominator of 1e9.
    if ratio < ddf:
        return float(special.betaincc(df / 2, ddf / 2, ratio / (ddf + ratio)))
    return float(special.betainc(ddf / 2, df / 2, ddf / (ddf + ratio)))


class _Form(msgspec.Struct, frozen=True, eq=False):
    """Q - x χ²_ddf / ddf, whose chance to be positive is the tail sought.

    In units of the largest λ; `share` is 1/ddf, and 0 leaves x itself.
    """

    weights: Floats
    x: float
    share: float

    def cumulant(self, s: Complexes) -> Complexes:
        """K(s), the logarithm of E exp(s (Q - x χ²_ddf / ddf))."""
        # numpy's log1p is no better than log for complex numbers.
        logs = special.log1p(-2 * np.multiply.outer(s, self.weights)).sum(axis=-1)
        below = 2 * self.x * s
        if self.share > 0:
            below = special.log1p(below * self.share) / self.share
        found: Complexes = -(logs + below) / 2
        return found

    def derivative(self, order: int, s: float) -> float:
        """The derivative of K of this order at a real s."""
        above = (self.weights / (1 - 2 * s * self.weights)) ** order
        below = (-self.x / (1 + 2 * self.x * self.share * s)) ** order
        factor = 2 ** (order - 1) * math.factorial(order - 1)
        return float(factor * (above.sum() + below * self.share ** (order - 1)))

    def saddle(self) -> float:
        """The ζ at which K'(ζ) = 0, by halving: K' rises between its two poles."""
        # K' is negative at `low`, where no λ/(1 - 2 λ s) can exceed 1/(-2 s), and
        # positive at `high`, where the largest alone suffices.
        k = len(self.weights)
        low = -k / (2 * self.x * (1 + k * self.share))
        high = max(0.0, (1 - 1 / self.x) / (2 * (1 + self.share)))
        for _ in range(80):
            middle = (low + high) / 2
            if self.derivative(1, middle) < 0:
                low = middle
            else:
                high = middle
        return (low + high) / 2


def _form(x: float, weights: Floats, ddf: float) -> _Form:
    unit = float(weights.max())
    return _Form(weights[weights > 0] / unit, x / unit, 1 / ddf)


def _known(x: float, weights: Floats, ddf: float) -> float | None:
    """The tail where nothing needs computing, NaN where there is none."""
    if (weights < 0).any():
        raise DataError(
            f"a weighted sum of chi-squares has the negative weight {weights.min()}",
            remedy="Give the eigenvalues of a covariance matrix, which are not.",
        )
    numbers = np.array([x, ddf, weights.sum()])
    if np.isnan(numbers).any() or not weights.any() or ddf <= 0:
        return math.nan
    if x <= 0:
        return 1.0
    # Where both are so large the saddlepoint is the branch point, to the last digit.
    far = min(x / float(weights.max()), ddf) > 1e15
    return 0.0 if far or math.isinf(x) else None
