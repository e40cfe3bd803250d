"""The variances of a slice's estimates, all domains at once, from its grouped sums.

θ = Σ w y / W in a domain has z_i = w_i ((y_i - θ) / W - x_i'B), where B regresses
(y - θ) / W on the weighting margins x (nothing without them), and the variance

    Σ_h a_h [Σ_c z_c² - (Σ_c z_c)² / n_h]

of `variance.py`. The squares and products that it needs are added up here, once for
all domains; `Sample` gives the same numbers one table at a time, and tests compare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from pipeline.estimates.variance import NOISE, Frame, Stage, refuse_single

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


class Rows(msgspec.Struct, frozen=True):
    """Grouped sums of a slice, (rows,) each.

    `domain`, `value` and `margin` (column of x, or -1) are indices; `place` is the
    finest unit in the frame, or the stratum where respondents are the units. `n` = Σ1,
    `w` = Σw, `w2` = Σw², `q` = Σq of the weights in the regression on margins;
    `weights` (R × rows) are the Σw of each replicate. Split by margin and trimmed since
    weights p were fitted, `w2` = Σwp and `q` = Σq w/p.
    """

    domain: Ints
    value: Ints
    margin: Ints
    place: Ints
    n: Floats
    w: Floats
    w2: Floats
    q: Floats
    weights: Floats


class Fitted(msgspec.Struct, frozen=True):
    """What residuals on M weighting margins need of all respondents of the wave.

    `solve` (M × M) takes Σ q x u to the slopes of u on x; `x` (places × M) is Σ p x by
    place, and `xx` (places × M × M) is Σ p² x x', with p the weight that was fitted.
    """

    solve: Floats
    x: Floats
    xx: Floats


class Replication(msgspec.Struct, frozen=True):
    """The columns of replicate weights, and how they make a variance (`design.py`)."""

    columns: tuple[str, ...]
    scale: float
    rscales: Floats
    mse: bool


class Measures(msgspec.Struct, frozen=True):
    """J measures of each domain, as what the rows add to them.

    `cell` is the domain · J + measure of each row and `y` what it measures; `cell_by`
    and `y_by` those of the rows split by margin.
    """

    cell: Ints
    cell_by: Ints
    y: Floats
    y_by: Floats


class Spread(msgspec.Struct, frozen=True):
    """A slice's sums, and the frame they stand in.

    `base` has a row for each domain and place, `rows` one for each value too. With a
    fit, `base_by` and `rows_by` have them split by margin.
    """

    frame: Frame
    values: int
    base: Rows
    rows: Rows
    fitted: Fitted | None
    base_by: Rows
    rows_by: Rows
    replication: Replication | None

    def of_shares(self, p: Floats, total: Floats) -> Floats:
        """Variances (domains × values) of the shares `p`; `total` (domains,) is W."""
        return self._variance(p, total, self.each_value())

    def each_value(self) -> Measures:
        """As many measures a domain as there are values: the share of each."""
        cell = self.rows.domain * self.values + self.rows.value
        by = self.rows_by.domain * self.values + self.rows_by.value
        return Measures(cell, by, np.ones(len(cell)), np.ones(len(by)))

    def of_means(self, y: Floats, theta: Floats, total: Floats) -> Floats:
        """Variances (domains,) of the means `theta` of y (domains × values)."""
        return self._variance(theta[:, None], total, self.mean_of(y))[:, 0]

    def mean_of(self, y: Floats) -> Measures:
        """One measure a domain: the mean of y (domains × values)."""
        rows, by = self.rows, self.rows_by
        each, more = y[rows.domain, rows.value], y[by.domain, by.value]
        return Measures(rows.domain, by.domain, each, more)

    def _variance(self, theta: Floats, total: Floats, of: Measures) -> Floats:
        """Variances of `theta` (domains × J)."""
        if self.replication is not None:
            return self._replicated(theta, of)
        w = total[:, None]
        found = np.zeros(theta.shape)
        slopes = self.slopes(theta, total, of)
        for stage in self.frame.stages:
            sums = UnitSums(self, stage, theta.shape)
            yy, yd, dd = sums.products(of)
            squares = (yy - 2 * theta * yd + theta**2 * dd) / w**2
            size = (yy + theta**2 * dd) / w**2
            z = sums.totals(theta, of) / w
            if slopes is not None:
                yx, dx, xx, x = sums.with_margins(of)
                cross = yx - theta[..., None] * dx
                squares -= 2 * (slopes * cross).sum(axis=-1) / w
                squares += (slopes @ xx * slopes).sum(axis=-1)
                z -= np.moveaxis(slopes @ x.T, -1, 0)
            found += _centred(self.frame, stage, squares, z, size)
        return found

    def _replicated(self, theta: Floats, of: Measures) -> Floats:
        given = self.replication
        assert given is not None
        found: Floats = given.scale * np.einsum(
            "r,rdj->dj", given.rscales, self.apart(theta, of) ** 2
        )
        return found

    def apart(self, theta: Floats, of: Measures) -> Floats:
        """How far each replicate's estimates are from the centre (R × domains × J)."""
        given = self.replication
        assert given is not None
        above = np.array(
            [_sum(of.cell, w * of.y, theta.size) for w in self.rows.weights]
        )
        below = np.array(
            [_sum(self.base.domain, w, len(theta)) for w in self.base.weights]
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            values = above.reshape(-1, *theta.shape) / below[:, :, None]
        centre = theta if given.mse else values[given.rscales > 0].mean(axis=0)
        found: Floats = values - centre
        return found

    def slopes(self, theta: Floats, total: Floats, of: Measures) -> Floats | None:
        """B (domains × J × M); None without weighting margins."""
        if self.fitted is None:
            return None
        size = len(self.fitted.solve)
        of_y = _by_margin(
            of.cell_by, self.rows_by.margin, self.rows_by.q * of.y_by, theta.size, size
        ).reshape(*theta.shape, size)
        base = self.base_by
        of_base = _by_margin(base.domain, base.margin, base.q, len(total), size)
        apart = of_y - theta[..., None] * of_base[:, None, :]
        found: Floats = apart @ self.fitted.solve / total[:, None, None]
        return found


class UnitSums:
    """Sums over the units of one stage, for domains × J measures."""

    def __init__(self, spread: Spread, stage: Stage, shape: tuple[int, ...]) -> None:
        self.spread, self.stage, self.shape = spread, stage, shape
        self.elements = spread.frame.elements
        self.scale = stage.scale()
        self.size = shape[0] * shape[1]

    def stratum(self, place: Ints) -> Ints:
        """The stratum of each place."""
        stage = self.stage
        return place if self.elements else stage.stratum[stage.unit[place]]

    def products(self, of: Measures) -> tuple[Floats, Floats, Floats]:
        """Σ a y², Σ a y d (domains × J) and Σ a d² (domains × 1) of units' totals."""
        cell, y = of.cell, of.y
        rows, base, count = self.spread.rows, self.spread.base, self.shape[0]
        if self.elements:
            a, a_base = self.scale[rows.place], self.scale[base.place]
            yy = _sum(cell, a * rows.w2 * y * y, self.size)
            yd = _sum(cell, a * rows.w2 * y, self.size)
            dd = _sum(base.domain, a_base * base.w2, count)
        else:
            cells, unit, t = self.by_unit(rows, cell, y)
            domains, units, d = self.by_unit(base, base.domain, np.ones(len(base.w)))
            a, a_base = (self.scale[self.stage.stratum[u]] for u in (unit, units))
            order = domains + count * units  # sorted: `by_unit` returns it so
            of_domain = d[np.searchsorted(order, cells // self.shape[1] + count * unit)]
            yy = _sum(cells, a * t * t, self.size)
            yd = _sum(cells, a * t * of_domain, self.size)
            dd = _sum(domains, a_base * d * d, count)
        return yy.reshape(self.shape), yd.reshape(self.shape), dd[:, None]

    def by_unit(self, rows: Rows, cell: Ints, y: Floats) -> tuple[Ints, Ints, Floats]:
        """Σ w y of each cell in each unit: cells, units and sums, sorted by unit."""
        size = int(cell.max(initial=0)) + 1
        keys, at = np.unique(
            self.stage.unit[rows.place] * size + cell, return_inverse=True
        )
        return keys % size, keys // size, _sum(at, rows.w * y, len(keys))

    def totals(self, theta: Floats, of: Measures) -> Floats:
        """Σ w (y - θ) by stratum (H × domains × J)."""
        rows, base, strata = self.spread.rows, self.spread.base, len(self.stage.size)
        at = self.stratum(rows.place) * self.size + of.cell
        above = _sum(at, rows.w * of.y, strata * self.size)
        at = self.stratum(base.place) * self.shape[0] + base.domain
        below = _sum(at, base.w, strata * self.shape[0])
        found: Floats = above.reshape(strata, *self.shape)
        return found - theta * below.reshape(strata, self.shape[0], 1)

    def with_margins(self, of: Measures) -> tuple[Floats, Floats, Floats, Floats]:
        """Σ a yx (domains × J × M), Σ a dx (domains × 1 × M), Σ a xx', Σ x (H × M)."""
        spread, stage, count = self.spread, self.stage, self.shape[0]
        fitted = spread.fitted
        assert fitted is not None
        m = len(fitted.solve)
        base = spread.base
        if self.elements:
            rows, by = spread.rows_by, spread.base_by
            weighted = self.scale[rows.place] * rows.w2 * of.y_by
            yx = _by_margin(of.cell_by, rows.margin, weighted, self.size, m)
            dx = _by_margin(
                by.domain, by.margin, self.scale[by.place] * by.w2, count, m
            )
            xx, x = np.einsum("h,hmk->mk", self.scale, fitted.xx), fitted.x
        else:
            of_unit = np.zeros((len(stage.stratum), m))
            np.add.at(of_unit, stage.unit, fitted.x)
            scaled = of_unit * self.scale[stage.stratum][:, None]
            cells, unit, t = self.by_unit(spread.rows, of.cell, of.y)
            yx = np.zeros((self.size, m))
            np.add.at(yx, cells, t[:, None] * scaled[unit])
            domains, units, d = self.by_unit(base, base.domain, np.ones(len(base.w)))
            dx = np.zeros((count, m))
            np.add.at(dx, domains, d[:, None] * scaled[units])
            xx = scaled.T @ of_unit
            x = np.zeros((len(stage.size), m))
            np.add.at(x, stage.stratum, of_unit)
        return yx.reshape(*self.shape, m), dx[:, None, :], xx, x


def _centred(
    frame: Frame, stage: Stage, squares: Floats, z: Floats, size: Floats
) -> Floats:
    """Σ_h a_h (Σ_c z² - (Σ_c z)²/n_h); `z` (H × domains × J) are the sums."""
    k = stage.scale() / stage.size
    found: Floats = squares - (k[:, None, None] * z**2).sum(axis=0)
    # What rounding leaves of zero, as at 100 %, is no variance.
    found = np.where(found > NOISE * size, found, 0)
    single = stage.single()
    if not single.any():
        return found
    refuse_single(frame, stage)
    if frame.single_psu == "adjust":
        apart = z[single] - z.sum(axis=0) / stage.size.sum()
        counts = stage.factor[single] * (1 - stage.fraction[single])
        found += np.einsum("h,hdj->dj", counts, apart**2)
    if frame.single_psu == "average":
        found *= stage.averaged()
    return found


def _sum(at: Ints, weights: Floats, size: int) -> Floats:
    """Sums of `weights` by index, (size,)."""
    return np.bincount(at, weights, size).astype(np.float64, copy=False)


def _by_margin(
    cell: Ints, margin: Ints, weights: Floats, cells: int, margins: int
) -> Floats:
    """Sums (cells × margins); rows of no margin do not count."""
    kept = margin >= 0
    at = cell[kept] * margins + margin[kept]
    found = _sum(at, weights[kept], cells * margins)
    return found.reshape(cells, margins)
