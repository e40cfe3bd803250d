"""A change between waves, split into who answered and what they answered.

The share (or mean) of a wave is Σ_d P_d r_d over the domains of a dimension, with P_d
the domain's part of the base and r_d its own share. Kitagawa (1955) splits the change:

    Δ = Σ_d (P'_d - P_d) (r_d + r'_d) / 2    composition: other people
      + Σ_d (r'_d - r_d) (P_d + P'_d) / 2    rate: the same people, answering otherwise

Standard errors by the delta method on the covariance of all P and r of both waves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from pipeline.errors import DataError
from pipeline.estimates.frame import EVERYONE, codes
from pipeline.estimates.linear import Estimates, known, ratios
from pipeline.estimates.sample import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Split(msgspec.Struct, frozen=True):
    """The parts of a change and their standard errors; `change` is their sum.

    `n_from` and `n_to` are the respondents of both waves.
    """

    change: float
    composition: float
    rate: float
    composition_se: float
    rate_se: float
    df: float
    n_from: int
    n_to: int


def decompose(
    before: Sample, after: Sample, y: str, by: str, where: str = EVERYONE
) -> Split:
    """Split the change of the mean of `y` (0 or 1 for a share) by the domains `by`.

    Respondents of unknown domain are in neither part. Raises `DataError` for a domain
    that one wave does not have: then there is nobody to compare its people with; and
    if there are no two domains, between which people could shift.
    """
    waves = [_parts(sample, y, by, where) for sample in (before, after)]
    size = _common([names for names, _ in waves], by)
    (p, r), (p2, r2) = ((e.values[:size], e.values[size:]) for _, e in waves)
    composition = (p2 - p) * (r + r2) / 2
    rate = (r2 - r) * (p + p2) / 2
    # Derivatives of both parts to P and r of the wave before and of this one.
    of_composition = [
        np.concatenate([-(r + r2) / 2, (p2 - p) / 2]),
        np.concatenate([(r + r2) / 2, (p2 - p) / 2]),
    ]
    of_rate = [
        np.concatenate([(r2 - r) / 2, -(p + p2) / 2]),
        np.concatenate([(r2 - r) / 2, (p + p2) / 2]),
    ]
    errors = [
        float(np.sqrt(sum(g @ e.cov @ g for g, (_, e) in zip(gs, waves, strict=True))))
        for gs in (of_composition, of_rate)
    ]
    return Split(
        float(composition.sum() + rate.sum()),
        float(composition.sum()),
        float(rate.sum()),
        errors[0],
        errors[1],
        sum(e.df for _, e in waves),
        *(int(e.n[size:].sum()) for _, e in waves),
    )


def _common(domains: list[list[str]], by: str) -> int:
    """How many domains both waves have; raises `DataError` as `decompose` does."""
    if domains[0] != domains[1]:
        odd = ", ".join(map(str, sorted(set(domains[0]) ^ set(domains[1]))))
        raise DataError(
            f"a change cannot be split by domains that one wave lacks: {odd}",
            where=by,
            remedy="Group them with others in the dimension.",
        )
    if len(domains[0]) < 2:
        raise DataError(
            "a change is split by two domains or more, and fewer may be shown",
            where=by,
        )
    return len(domains[0])


def _parts(sample: Sample, y: str, by: str, where: str) -> tuple[list[str], Estimates]:
    """The domains, and the estimates P_d then r_d of all, with their covariance."""
    found = sample.patterns([by, y], known(where, [by, y]))
    code = codes([found.columns[by]])
    names = np.unique(found.columns[by]).tolist()
    inside = (code[:, None] == np.arange(len(names))).astype(float)
    value = found.columns[y].astype(float)[:, None]
    a = np.hstack([inside, inside * value])
    b = np.hstack([np.ones_like(inside), inside])
    keys = [(kind, name) for kind in ("part", "rate") for name in names]
    return names, ratios(found, keys, a, b)
