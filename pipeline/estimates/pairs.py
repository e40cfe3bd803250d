"""Covariances between the domains of one split, for differences between any two.

Two domains share nobody, but they share sampling units, strata and weighting margins:
cov(θ_r, θ_s) = Σ_h a_h [Σ_c z_rc z_sc - (Σ_c z_rc)(Σ_c z_sc) / n_h], with the z of
`spread.py`. With weights only it is 0, with clusters usually above.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.estimates.spread import Measures, Spread, UnitSums
from pipeline.estimates.tidy import nets_of
from pipeline.estimates.variance import Stage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.estimates.cube import Slice

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Columns = dict[str, NDArray[Any]]
    Pairs = tuple[Ints, Ints]


def covariances(part: Slice) -> Iterator[Columns]:
    """Blocks of columns wave, question, term, by, first, second and covariance.

    A row is a share of two domains, the first before the second in the slice. Options
    and nets, not means.
    """
    first, second = pairs = _pairs(part.question)
    p = part.w / part.W[:, None]
    found = between(part.spread, p, part.W, part.spread.each_value(), pairs)
    of = part.question[first]
    at, value = np.nonzero(part.batch.shown[of])
    terms = part.batch.terms[of[at], value]
    yield _block(part, first[at], second[at], terms, found[at, value])
    for y, codes in nets_of(part.batch):
        counted = y[part.question]
        p = (part.w * counted).sum(axis=1) / part.W
        measure = part.spread.mean_of(counted)
        found = between(part.spread, p[:, None], part.W, measure, pairs)
        at = np.flatnonzero(codes[of] != "")
        yield _block(part, first[at], second[at], codes[of[at]], found[at, 0])


def _block(
    part: Slice, first: Ints, second: Ints, terms: NDArray[Any], covariance: Floats
) -> Columns:
    ids = np.array([q.id for q in part.batch.questions], dtype=object)
    size = len(first)
    return {
        "wave": np.full(size, part.batch.wave, dtype=object),
        "question": ids[part.question[first]],
        "term": terms,
        "by": np.full(size, part.by, dtype=object),
        "first": part.domain[first],
        "second": part.domain[second],
        "covariance": covariance,
    }


def _pairs(question: Ints) -> Pairs:
    """Every two rows of one question; rows of a question stand together."""
    row = np.arange(len(question))
    after = np.searchsorted(question, question, side="right") - row - 1
    first = np.repeat(row, after)
    start = np.cumsum(after) - after
    return first, first + 1 + np.arange(len(first)) - np.repeat(start, after)


def between(
    spread: Spread, theta: Floats, total: Floats, of: Measures, pairs: Pairs
) -> Floats:
    """Covariances (pairs × J) of `theta` (domains × J); `total` (domains,) is W."""
    r, s = pairs
    if spread.replication is not None:
        given = spread.replication
        apart = spread.apart(theta, of)
        product = np.einsum("q,qpj,qpj->pj", given.rscales, apart[:, r], apart[:, s])
        return np.asarray(given.scale * product)
    w = total[:, None]
    found = np.zeros((len(r), theta.shape[1]))
    slopes = spread.slopes(theta, total, of)
    for stage in spread.frame.stages:
        sums = UnitSums(spread, stage, theta.shape)
        z = sums.totals(theta, of) / w
        product = np.zeros(found.shape)
        if not spread.frame.elements:
            product += _products(sums, theta, total, of, pairs)
        if slopes is not None:
            yx, dx, xx, x = sums.with_margins(of)
            cross = (yx - theta[..., None] * dx) / w[..., None]
            product -= (slopes[s] * cross[r] + slopes[r] * cross[s]).sum(axis=-1)
            product += ((slopes[r] @ xx) * slopes[s]).sum(axis=-1)
            z -= np.moveaxis(slopes @ x.T, -1, 0)
        found += _centred(spread, stage, product, z, pairs)
    return found


def _products(
    sums: UnitSums, theta: Floats, total: Floats, of: Measures, pairs: Pairs
) -> Floats:
    """Σ_c a e_r e_s (pairs × J), with e the z of units before margins."""
    spread, stage = sums.spread, sums.stage
    domains, measures = theta.shape
    cells, of_cell, t = sums.by_unit(spread.rows, of.cell, of.y)
    base, of_base, d = sums.by_unit(
        spread.base, spread.base.domain, np.ones(len(spread.base.w))
    )
    found = np.zeros((len(pairs[0]), measures))
    for j in range(measures):
        e = np.zeros((len(stage.stratum), domains))
        mine = cells % measures == j
        e[of_cell[mine], cells[mine] // measures] = t[mine]
        e[of_base, base] -= theta[base, j] * d
        e /= total
        scaled = e * sums.scale[stage.stratum][:, None]
        product = scaled.T @ e
        found[:, j] = product[pairs]
    return found


def _centred(
    spread: Spread, stage: Stage, products: Floats, z: Floats, pairs: Pairs
) -> Floats:
    """Less Σ_h a_h z_r z_s / n_h; single units as in `spread.py`."""
    r, s = pairs
    k = stage.scale() / stage.size
    found: Floats = products - np.einsum("h,hpj,hpj->pj", k, z[:, r], z[:, s])
    single = stage.single()
    if spread.frame.single_psu == "adjust" and single.any():
        apart = z[single] - z.sum(axis=0) / stage.size.sum()
        counts = stage.factor[single] * (1 - stage.fraction[single])
        found += np.einsum("h,hpj,hpj->pj", counts, apart[:, r], apart[:, s])
    if spread.frame.single_psu == "average" and single.any():
        found *= stage.averaged()
    return found
