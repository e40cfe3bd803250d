"""Calibration: the weights nearest to the old ones that meet population totals.

`distances` says what nearest means, `newton` finds the weights, and `reach` what would
help where there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import DataError
from pipeline.weights.diagnostics import check_sizes
from pipeline.weights.distances import Bounds, Method, distance
from pipeline.weights.margins import Fit, Margin, require_respondents
from pipeline.weights.newton import TOLERANCE, Dual, solve
from pipeline.weights.reach import reachable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def calibrate(
    x: Floats,
    d: Floats,
    totals: Floats,
    *,
    method: Method = "linear",
    bounds: Bounds | None = None,
    names: Sequence[str] = (),
    clusters: ArrayLike | None = None,
) -> Fit:
    """The factors g (n) with Σ d g x = `totals` (p) nearest to 1 by `method`.

    `x` (n × p) are what is known of each row, `d` (n) the old weights, `bounds` how
    low and high g may be, `names` (p) what errors call the totals. Columns of x may
    repeat each other if their totals do; a row of weight 0 has g = 1. With `clusters`
    (n) g is the same in each cluster (integrated calibration, Lemaître & Dufour 1987).
    Raises `DataError` if a weight or bound is impossible, or no weights meet the
    totals; it names the worst.
    """
    check_sizes(d)
    names = names or [f"total {i + 1}" for i in range(len(totals))]
    if clusters is not None:
        x, d, place = _clustered(x, d, clusters)
        fit = calibrate(x, d, totals, method=method, bounds=bounds, names=names)
        return Fit(fit.factors[place], fit.rounds, fit.error)
    _require_sample(x, d, totals, names)
    size = np.maximum(np.abs(totals), np.abs(x).T @ d)
    size[size == 0] = 1
    some, g = d > 0, np.ones(len(d))
    dual = Dual(x[some], d[some], totals, size, distance(method, bounds))
    g[some], left, rounds = solve(dual)
    error = dual.miss(left)
    if error < TOLERANCE:
        return Fit(g, rounds, error)
    k = int(np.abs(left / size).argmax())
    what = f"{names[k]} came to {totals[k] - left[k]:,.6g} instead of {totals[k]:,.6g}"
    remedy = reachable(x, d, totals, bounds)
    raise DataError(
        f"no weights were found that meet all totals: {what}", remedy=remedy
    )


def indicators(
    margins: Sequence[Margin], weights: Floats
) -> tuple[Floats, Floats, list[str]]:
    """Margins as calibration has them: x (n × p), totals (p) and their names.

    The first column counts everyone. Those of unknown domain keep their share of the
    weight. Raises `DataError` if a domain has nobody.
    """
    require_respondents(margins, weights)
    columns, totals, names = [np.ones(len(weights))], [weights.sum()], ["everyone"]
    for margin in margins:
        known = margin.sums(weights).sum()
        for k, domain in enumerate(margin.domains):
            columns.append((margin.member == k).astype(float))
            totals.append(known * margin.shares[k])
            names.append(f"{margin.dimension} '{domain}'")
    return np.column_stack(columns), np.array(totals), names


def _clustered(
    x: Floats, d: Floats, clusters: ArrayLike
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Weighted means of x and sums of d by cluster, and each row's cluster."""
    _, place = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.bincount(place, d).astype(float)
    means = [np.bincount(place, d * column) for column in x.T]
    # A cluster of weight zero, as in a replicate without it, has means of zero.
    return np.column_stack(means) / np.where(sums > 0, sums, 1)[:, None], sums, place


def _require_sample(x: Floats, d: Floats, totals: Floats, names: Sequence[str]) -> None:
    if x.shape != (len(d), len(totals)) or not np.isfinite(x).all():
        raise DataError(
            f"x must be {len(d)} rows of {len(totals)} numbers, none missing",
            remedy="Fill in what is missing, or leave such rows out.",
        )
    for name, there, total in zip(names, np.abs(x).T @ d, totals, strict=True):
        if not np.isfinite(total) or (there == 0 and total != 0):
            raise DataError(
                f"{name} should come to {total:g} and nobody adds to it",
                remedy="Leave it out, or put it together with another.",
            )
