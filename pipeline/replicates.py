"""Replicate weights made from a design: jackknife and rescaling bootstrap.

A replicate is the sample with some primary sampling units (PSUs) left out or repeated.
The variance of an estimate θ is `scale` Σ_r `rscales`_r (θ_r - θ̄)², where θ̄ is the
mean of the replicates' estimates. What is kept is a factor for each PSU, from which
the weights of each respondent follow; scales are those of R's `as.svrepdesign`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from pipeline.design import SinglePSU
from pipeline.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

SINGLE = (
    "Put the stratum together with another, or set single_psu to say what it adds to"
    " the variance."
)


class Factors(msgspec.Struct, frozen=True):
    """Replicates by PSU: `factors` (P × R), and the PSU `psu` (n) of each respondent.

    `scale` and `rscales` (R) are those of the variance.
    """

    kind: Literal["JK1", "JKn", "bootstrap"]
    psu: Places
    factors: Floats
    scale: float
    rscales: Floats

    def weights(
        self, base: Floats, again: Callable[[Floats], Floats] | None = None
    ) -> Floats:
        """Replicate weights (n × R) of respondents with the weights `base` (n).

        `again` is how weights (n) were raked or calibrated; done again on each
        replicate, the variance counts what the targets tell. Raises `DataError` if it
        fails on one.
        """
        made = base[:, None] * self.factors[self.psu]
        if again is None:
            return made
        columns = []
        for r in range(made.shape[1]):
            try:
                columns.append(again(made[:, r]))
            except DataError as error:
                where = f"replicate {r + 1} of {made.shape[1]}"
                where += f", {error.where}" if error.where else ""
                raise DataError(error.what, where=where, remedy=error.remedy) from None
        return np.column_stack(columns)


class _Stratum(msgspec.Struct, frozen=True):
    """A stratum's PSUs, and the part of its variance that its fpc leaves, 1 - n/N."""

    name: str
    members: Places
    left: float

    def single(self) -> DataError:
        """What to say of one primary unit only."""
        what = f"{self.name} has only one primary unit"
        return DataError(what, where="strata", remedy=SINGLE)


def jackknife(
    psu: ArrayLike,
    strata: ArrayLike | None = None,
    fpc: ArrayLike | None = None,
    *,
    single_psu: SinglePSU = "fail",
) -> Factors:
    """A replicate without each PSU, the rest of its stratum standing in for it.

    JK1 without `strata`, else JKn (Rust & Rao 1996, Stat. Methods Med. Res. 5): factors
    0 and n_h/(n_h - 1), with the variance factor (1 - n_h/N_h)(n_h - 1)/n_h. All
    arguments are one a respondent (n); numbers of PSUs count within their stratum;
    `fpc` is the number N_h of PSUs in the population, or the fraction sampled if at
    most 1. A stratum taken whole has no replicates. One with a single PSU is a
    `DataError` with `fail`, adds nothing with `certainty` or `remove`, as much as the
    others with `average`; with `adjust` all others stand in for it.
    """
    unit, groups = _strata(psu, strata, fpc)
    size = sum(len(g.members) for g in groups)
    groups = [g for g in groups if g.left > 0]
    singles = [g for g in groups if len(g.members) == 1]
    if singles and single_psu == "fail":
        raise singles[0].single()
    columns, rscales = _replicated(groups, size, spread=single_psu == "adjust")
    if not columns:
        raise DataError(
            "there are no primary units to leave out, and no variance to estimate",
            where="strata",
            remedy="All strata were taken whole, or have one unit each.",
        )
    factors, scales = np.column_stack(columns), np.array(rscales)
    if strata is None:
        return Factors("JK1", unit, factors, rscales[0], np.ones(size))
    more = len(singles) / len(columns) if single_psu == "average" else 0.0
    return Factors("JKn", unit, factors, 1 + more, scales)


def _replicated(
    groups: Sequence[_Stratum], size: int, *, spread: bool
) -> tuple[list[Floats], list[float]]:
    """Factors (P) and rscale of each jackknife replicate.

    With `spread` all others stand in for the unit of a stratum that has one only.
    """
    columns: list[Floats] = []
    rscales: list[float] = []
    for group in groups:
        n = len(group.members)
        if n > 1:
            columns += _left_out(group.members, size, n / (n - 1), 1.0)
            rscales += [group.left * (n - 1) / n] * n
        elif spread and len(groups) > 1:
            others = len(groups) / (len(groups) - 1)
            columns += _left_out(group.members, size, others, others)
            rscales.append(1 / others)
    return columns, rscales


def bootstrap(
    psu: ArrayLike,
    strata: ArrayLike | None = None,
    fpc: ArrayLike | None = None,
    *,
    replicates: int = 200,
    seed: int = 0,
) -> Factors:
    """Rescaling bootstrap (Rao & Wu 1988, JASA 83; weights: Rao, Wu & Yue 1992).

    In each stratum n_h - 1 of its n_h PSUs are drawn with replacement, so that a PSU
    drawn m times has the factor 1 - c + c m n_h/(n_h - 1), where c² = 1 - n_h/N_h;
    without `fpc` this is R's `subbootstrap`. Arguments as for `jackknife`; the same
    seed makes the same replicates. Raises `DataError` for a stratum with one PSU.
    """
    if replicates < 2:
        raise DataError("a bootstrap needs at least two replicates")
    unit, groups = _strata(psu, strata, fpc)
    rng = np.random.Generator(np.random.PCG64(seed))
    factors = np.ones((int(unit.max()) + 1, replicates))
    for group in groups:
        n = len(group.members)
        if group.left == 0:
            continue
        if n == 1:
            raise group.single()
        drawn = rng.multinomial(n - 1, np.full(n, 1 / n), size=replicates).T
        kept = np.sqrt(group.left)
        factors[group.members] = 1 - kept + kept * drawn * n / (n - 1)
    scale, ones = 1 / (replicates - 1), np.ones(replicates)
    return Factors("bootstrap", unit, factors, scale, ones)


def _left_out(
    members: Places, size: int, inside: float, elsewhere: float
) -> list[Floats]:
    """Factors (P) without each of a stratum's PSUs: of its others, and elsewhere."""
    rest = np.full(size, elsewhere)
    rest[members] = inside
    return [np.where(np.arange(size) == p, 0.0, rest) for p in members]


def _strata(
    psu: ArrayLike, strata: ArrayLike | None, fpc: ArrayLike | None
) -> tuple[Places, list[_Stratum]]:
    """Each respondent's PSU, numbered in order of appearance, and the strata."""
    names = np.zeros(np.shape(psu)[0], int) if strata is None else np.asarray(strata)
    heads, stratum = _in_order(names, "strata")
    _, within = _in_order(np.asarray(psu), "psu")
    first, unit = _in_order(stratum * (within.max() + 1) + within, "psu")
    sizes = np.full(len(unit), np.inf) if fpc is None else np.asarray(fpc, float)
    groups = []
    for h, head in enumerate(heads):
        name = "the sample" if strata is None else f"stratum '{names[head]}'"
        members = np.flatnonzero(stratum[first] == h)
        left = _left(sizes[stratum == h], len(members), name)
        groups.append(_Stratum(name, members, left))
    return unit, groups


def _in_order(labels: NDArray[np.generic], what: str) -> tuple[Places, Places]:
    """First row of each label, in order of appearance, and each row's place there."""
    missing = np.array([v is None or v != v for v in labels.tolist()])
    if missing.any():
        raise DataError(
            f"row {int(missing.argmax()) + 1} is in none",
            where=what,
            remedy="Every respondent needs one.",
        )
    _, first, place = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return first[order], np.argsort(order)[place]


def _left(fpc: Floats, n: int, name: str) -> float:
    """1 - n/N of a stratum by the fpc of its rows: N, or the fraction n/N up to 1."""
    size = float(fpc[0])
    if (fpc != size).any() or not size > 0:
        raise DataError(f"{name} needs one fpc, above zero", where="fpc")
    if 1 < size < n:
        raise DataError(
            f"{name} has {n} primary units, of {size:g} in the population",
            where="fpc",
            remedy="fpc is how many units the population has, or the fraction sampled.",
        )
    return 1 - size if size <= 1 else 1 - n / size
