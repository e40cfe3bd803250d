"""Margins: whose domain is whose, and the shares that a population has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from pipeline.errors import DataError, suggestion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

GROUP = (
    "Put it together with another domain, or leave it out of the fit with"
    ' empty = "ignore" under [weighting].'
)


class Margin(msgspec.Struct, frozen=True):
    """The domains of one dimension over n rows, and the population's share of each.

    `member` (n) is the place in `domains` of a row's domain, -1 where nobody knows;
    `shares` (K) are above zero and add up to 1.
    """

    dimension: str
    domains: tuple[str, ...]
    member: Places
    shares: Floats

    def sums(self, weights: Floats) -> Floats:
        """The weight (K) in each domain; rows of unknown domain are left out."""
        known = self.member >= 0
        size = len(self.domains)
        found = np.bincount(self.member[known], weights[known], minlength=size)
        return found.astype(np.float64, copy=False)

    def now(self, weights: Floats) -> Floats:
        """The share (K) of each domain among those of known domain."""
        sums = self.sums(weights)
        return np.asarray(sums / sums.sum())

    def per_row(self, values: Floats, unknown: float) -> Floats:
        """The value (n) of each row's domain."""
        # Place -1 is the last one, which is where the unknown go.
        return np.append(values, unknown)[self.member]


class Fit(msgspec.Struct, frozen=True):
    """`factors` (n) take old weights to new ones, so many `rounds` did it take.

    `error` is the largest relative distance of a domain or total from its target.
    """

    factors: Floats
    rounds: int
    error: float


def margin(
    dimension: str, values: Sequence[str | None], targets: Mapping[str, float]
) -> Margin:
    """The margin of `values` (n), one a row; None and "" are not known.

    Only the ratios of `targets` count, so that they may be shares, percentages or
    numbers of people. Raises `DataError` if one is not above zero or a value has none.
    """
    order = {domain: place for place, domain in enumerate(targets)}
    for value in dict.fromkeys(values):
        if value and value not in order:
            raise DataError(
                f"there is no target for '{value}'",
                where=dimension,
                remedy=suggestion(value, order),
            )
    sizes = np.array([*targets.values()], dtype=float)
    if not len(sizes) or not (np.isfinite(sizes) & (sizes > 0)).all():
        raise DataError("targets must be numbers above zero", where=dimension)
    total = sizes.sum()
    # Shares that add up to 1 are left as they are, to the last bit.
    shares = sizes if abs(total - 1) < 1e-12 else sizes / total
    member = np.array([order[v] if v else -1 for v in values], dtype=np.intp)
    return Margin(dimension, tuple(order), member, shares)


def occupied(of: Margin, weights: Floats) -> Margin:
    """`of` without the domains that have nobody; the rest share out the whole."""
    some = of.sums(weights) > 0
    if not some.any():
        raise DataError("nobody has a known domain", where=of.dimension)
    place = np.where(some, np.cumsum(some) - 1, -1)
    shares = of.shares[some]
    return Margin(
        of.dimension,
        tuple(d for d, kept in zip(of.domains, some, strict=True) if kept),
        np.append(place, -1)[of.member],
        shares if some.all() else shares / shares.sum(),
    )


def require_respondents(margins: Sequence[Margin], weights: Floats) -> None:
    """Raise `DataError` if a domain with a target has nobody in it."""
    for each in margins:
        for domain, share, there in zip(
            each.domains, each.shares, each.sums(weights), strict=True
        ):
            if there <= 0:
                raise DataError(
                    f"{each.dimension} '{domain}' has no respondents and a target of"
                    f" {share:.1%}",
                    remedy=GROUP,
                )


def worst(margins: Sequence[Margin], weights: Floats) -> tuple[float, str]:
    """The largest relative distance from a target, and where, in words."""
    found = (0.0, "every margin is met")
    for each in margins:
        now = each.now(weights)
        distance = np.abs(now / each.shares - 1)
        place = int(distance.argmax())
        if distance[place] > found[0]:
            what = (
                f"{each.dimension} '{each.domains[place]}' is at {now[place]:.2%}"
                f" instead of {each.shares[place]:.2%}"
            )
            found = (float(distance[place]), what)
    return found
