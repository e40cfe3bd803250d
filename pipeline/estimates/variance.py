"""The variance of totals under a sample design: Taylor for units, or replicates.

Every estimate is linearised to z_i = w_i u(k_i), where k is the respondent's pattern of
answers. What a design adds is how the z vary between its units: stage by stage,

    V = Σ_h a_h Σ_c (z_hc - z̄_h)²,   a_h = (1 - f_h) n_h / (n_h - 1),

over strata h and units c, the next stage within each unit and times f_h (Särndal,
Swensson & Wretman 1992, ch. 4.3; the same numbers as R's `survey::svyrecvar`). Units
outside a domain count with z = 0, because a domain is a part of the full sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from pipeline.design import SinglePSU
from pipeline.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

NOISE = 1e-13  # of the sum of squares: what rounding leaves of zero


class Stage(msgspec.Struct, frozen=True):
    """One stage of sampling: which units, in which strata, of how many.

    `unit` (finest units,) is the unit of this stage that each finest unit lies in;
    `stratum` (units,) the stratum of each; `size` and `fraction` (strata,) the number
    of units drawn and their share of the population (0: with replacement); `factor`
    (strata,) the product of the fractions of the stages above. Where respondents are
    the units, `unit` and `stratum` are empty.
    """

    unit: Ints
    stratum: Ints
    size: Floats
    fraction: Floats
    factor: Floats

    def single(self) -> NDArray[np.bool_]:
        """Strata of one unit; one taken whole has no variance and does not count."""
        found: NDArray[np.bool_] = (self.size == 1) & (self.fraction < 1 - 1e-7)
        return found

    def averaged(self) -> float:
        """By how much the strata of several units count, to stand for those of one.

        NaN if there is none: nobody knows what they vary by.
        """
        others = (~self.single()).sum()
        return float(len(self.size) / others) if others else np.nan

    def scale(self) -> Floats:
        """a_h of each stratum, times the fractions above; 0 for a single unit."""
        apart = np.maximum(self.size - 1, 1)
        found: Floats = self.factor * (1 - self.fraction) * self.size / apart
        return np.where(self.size > 1, found, 0)


class Frame(msgspec.Struct, frozen=True):
    """The units of the whole sample, in or out of a domain; stages from the first.

    `elements`: respondents are the units, and only sums over them are known.
    """

    stages: tuple[Stage, ...]
    elements: bool
    df: float
    single_psu: SinglePSU


class Sums(msgspec.Struct, frozen=True):
    """Sums over the respondents of a pattern in a unit, each (rows,).

    `pattern` and `unit` (of elements: the stratum) are indices; `w` is Σw and `w2` Σw².
    With p, the weight that was fitted where w has been trimmed since: Σp, Σwp, Σp².
    """

    pattern: Ints
    unit: Ints
    w: Floats
    w2: Floats
    p: Floats
    wp: Floats
    p2: Floats


def taylor(frame: Frame, sums: Sums, u: Floats, fit: Floats) -> Floats:
    """Covariance (p × p) of Σ (w u - p fit) over the sample; both patterns × p.

    `fit` is what a calibration explains of u, 0 without one. Raises `DataError` for a
    stratum with a single unit unless the design allows it.
    """
    first = frame.stages[0]
    rows = sums.w[:, None] * u[sums.pattern] - sums.p[:, None] * fit[sums.pattern]
    if frame.elements:
        totals = _sum_by(sums.unit, rows, len(first.size))
        w2, wp, p2 = (
            np.bincount(sums.pattern, first.scale()[sums.unit] * a, len(u))[:, None]
            for a in (sums.w2, sums.wp, sums.p2)
        )
        squares = u.T @ (u * w2 - fit * wp) + fit.T @ (fit * p2 - u * wp)
        return _centred(frame, first, squares, totals)
    finest = _sum_by(sums.unit, rows, len(first.unit))
    found = np.zeros((u.shape[1], u.shape[1]))
    for stage in frame.stages:
        units = _sum_by(stage.unit, finest, len(stage.stratum))
        totals = _sum_by(stage.stratum, units, len(stage.size))
        squares = (units * stage.scale()[stage.stratum][:, None]).T @ units
        found += _centred(frame, stage, squares, totals)
    return found


def _centred(frame: Frame, stage: Stage, squares: Floats, totals: Floats) -> Floats:
    """Σ_h a_h (Σ_c z² - T_h²/n_h), with single units as the design has it."""
    v: Floats = squares - (totals * (stage.scale() / stage.size)[:, None]).T @ totals
    size = np.sqrt(np.diag(squares))
    v[np.abs(v) <= NOISE * np.outer(size, size)] = 0
    single = stage.single()
    if not single.any():
        return v
    refuse_single(frame, stage)
    if frame.single_psu == "adjust":
        apart = totals[single] - totals.sum(axis=0) / stage.size.sum()
        counts = stage.factor[single] * (1 - stage.fraction[single])
        v += (apart * counts[:, None]).T @ apart
    if frame.single_psu == "average":
        v *= stage.averaged()
    return v


def refuse_single(frame: Frame, stage: Stage) -> None:
    """Raise `DataError` for strata of one unit, unless the design allows them."""
    single = stage.single()
    if single.any() and frame.single_psu == "fail":
        raise DataError(
            f"{single.sum()} of {len(single)} strata have a single sampling unit",
            where="design",
            remedy="Put strata together, or say in single_psu what they should count.",
        )


def _sum_by(index: Ints, rows: Floats, size: int) -> Floats:
    """Sum `rows` (rows × p) by `index`, to size × p."""
    found = np.zeros((size, rows.shape[1]))
    np.add.at(found, index, rows)
    return found


def replicate(
    values: Floats, full: Floats, scale: float, rscales: Floats, *, mse: bool
) -> Floats:
    """Covariance (p × p) of estimates from those of the replicates, `values` (R × p).

    scale Σ_r rscales_r (θ_r - θ̄)(θ_r - θ̄)', as R's `survey::svrVar`; θ̄ is `full` with
    `mse`, else the mean over the replicates that count.
    """
    centre = full if mse else values[rscales > 0].mean(axis=0)
    apart = values - centre
    found: Floats = scale * (apart * rscales[:, None]).T @ apart
    return found
