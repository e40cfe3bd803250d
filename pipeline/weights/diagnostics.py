"""What weights are like: sound or not, how spread out, how close to the population."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from pipeline.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from pipeline.weights.margins import Margin

    Floats = NDArray[np.float64]

# Beyond this ratio of largest to smallest weight one respondent stands for millions
# of others: a population size or an id was taken for a weight.
ABSURD = 1e6
LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
DIGITS = 6


class Spread(msgspec.Struct, frozen=True):
    """How unequal n weights are.

    `design_effect` is Kish's (1965, Survey Sampling, 11.7) n Σw² / (Σw)², the factor
    by which unequal weights alone inflate a variance, and `effective_n` n over it.
    `quantiles` are the weights below which so many percent of respondents are.
    """

    n: int
    total: float
    mean: float
    smallest: float
    largest: float
    design_effect: float
    effective_n: float
    quantiles: dict[str, float]


class Balance(msgspec.Struct, frozen=True):
    """One domain of a weighting dimension: its share before, aimed at, and after.

    `asmd` is the absolute standardised mean difference |share - target| over
    √(target (1 - target)), the population's standard deviation of being in the domain;
    under 0.1 is usually called balanced (Austin 2009, Stat. Med. 28).
    """

    dimension: str
    domain: str
    before: float
    target: float
    after: float
    asmd_before: float
    asmd_after: float


def check_sizes(weights: Floats) -> None:
    """Raise `DataError` unless all are numbers from zero up, and not all zero."""
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        place = int(bad.argmax())
        raise DataError(
            f"weight {place + 1} of {len(weights)} is {weights[place]:g}",
            remedy="A weight is a number from zero up.",
        )
    if not weights.sum() > 0:
        raise DataError("there is no respondent with a weight above zero")


def check_weights(weights: Floats, rows: ArrayLike | None = None) -> None:
    """Raise `DataError` at the first weight (n) that cannot be one.

    It is missing (NaN), not above zero, or over a million times another; `rows` (n)
    are the numbers by which the message names them, else 1 to n.
    """
    names = np.arange(1, len(weights) + 1) if rows is None else np.asarray(rows)
    for bad, what in (
        (~np.isfinite(weights), "is missing or no number"),
        (weights <= 0, "is not above zero"),
    ):
        if bad.any():
            place = int(bad.argmax())
            raise DataError(
                f"the weight of row {names[place]} {what} ({weights[place]:g})",
                remedy="Correct it, or drop such rows.",
            )
    low, high = int(weights.argmin()), int(weights.argmax())
    if weights[high] > ABSURD * weights[low]:
        raise DataError(
            f"row {names[high]} weighs {weights[high] / weights[low]:.2g} times as much"
            f" as row {names[low]}",
            remedy="Check that the column holds weights; if so, trim them.",
        )


def spread(weights: Floats, counts: Floats | None = None) -> Spread:
    """How unequal `weights` (n) are; `counts` (n) have each, one if left out."""
    check_sizes(weights)
    counts = np.ones(len(weights)) if counts is None else counts
    n = float(counts.sum())
    total, squares = float(weights @ counts), float((weights * weights) @ counts)
    cuts = np.quantile(weights, LEVELS, method="inverted_cdf", weights=counts)
    return Spread(
        n=round(n),
        total=total,
        mean=total / n,
        smallest=float(weights.min()),
        largest=float(weights.max()),
        design_effect=n * squares / total**2,
        effective_n=total**2 / squares,
        quantiles={f"{p:.0%}": float(w) for p, w in zip(LEVELS, cuts, strict=True)},
    )


def balance(
    margins: Sequence[Margin], before: Floats, after: Floats
) -> tuple[Balance, ...]:
    """Every domain's share by the weights (n) before and after, beside its target."""
    found = []
    for margin in margins:
        then, now = (margin.now(weights) for weights in (before, after))
        spreads = np.sqrt(margin.shares * (1 - margin.shares))
        for k, (domain, target) in enumerate(
            zip(margin.domains, margin.shares, strict=True)
        ):
            values = then[k], target, now[k]
            # A single domain that holds everyone has no spread, and no distance.
            gaps = (abs(s - target) / (spreads[k] or 1.0) for s in (then[k], now[k]))
            rounded = (round(float(v), DIGITS) for v in (*values, *gaps))
            found.append(Balance(margin.dimension, domain, *rounded))
    return tuple(found)
