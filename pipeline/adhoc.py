"""Analyses of one question at a time, from the respondents in the warehouse.

What `estimates.parquet` does not hold, a notebook asks for here. The same domains are
hidden as there, before anything is computed of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from pipeline.asked import Asked, Row
from pipeline.errors import DataError

# Into how many steps a distribution may be cut: 1 for every quarter of `min_base`.
STEPS = (4, 20, 100)

if TYPE_CHECKING:
    from pipeline.estimates.linear import Estimates


def quantile_rows(asked: Asked, probs: Sequence[float]) -> list[Row]:
    """Quantiles of a scale or number by domain, with Woodruff intervals.

    Raises `DataError` for probabilities so near to each other, or to 0 and 1, that the
    quantiles would list what few people answered.
    """
    from pipeline.estimates.quantiles import quantiles

    found = quantiles(
        asked.sample(), asked.measure(""), probs, asked.dimensions, asked.shown()
    )
    if found.n.size:
        _check_steps(asked.survey.min_base, float(found.n.min()), probs)
    return [
        {
            "domain": "*".join(key[:-1]),
            "probability": key[-1],
            "estimate": value,
            "se": se,
            "low": low,
            "high": high,
            "df": found.df,
            "n": n,
            "method": "woodruff",
        }
        for key, value, se, low, high, n in zip(
            found.keys,
            found.values,
            found.se,
            found.low,
            found.high,
            found.n,
            strict=True,
        )
    ]


def _check_steps(min_base: int, n: float, probs: Sequence[float]) -> None:
    """Quartiles may be asked for of every base, finer steps of larger ones.

    Steps are the same whatever is asked for, so that several calls give no more: each
    holds at least a quarter of the minimum base.
    """
    fits = [steps for steps in STEPS if n * 4 >= min_base * steps]
    if min_base <= 1 or all(_on_step(p, steps) for steps in fits[-1:] for p in probs):
        return
    raise DataError(
        f"quantiles other than at steps of 1/{fits[-1]} of {n:,.0f} respondents",
        where="quantile",
        remedy="They would tell what single people answered: ask for steps"
        f" of 1/{fits[-1]}, or of a larger base.",
    )


def _on_step(p: float, steps: int) -> bool:
    return 0 < p < 1 and abs(p * steps - round(p * steps)) < 1e-9


def nps_rows(asked: Asked) -> list[Row]:
    """Net promoter scores (Reichheld 2003): percent of 9-10 less percent of 0-6.

    Raises `DataError` for a question that is no scale from 0 to 10.
    """
    from pipeline.estimates.linear import mean
    from pipeline.estimates.scheme import column_of

    scale = asked.question.scale
    if scale is None or (scale.low, scale.high) != (0, 10):
        raise DataError(
            f"{asked.question.id} is no scale from 0 to 10",
            where="net promoter score",
            remedy="Ask for its mean, or for a net of its options.",
        )
    item = column_of(asked.question.id)
    score = (
        f"CASE WHEN {item} >= 9 THEN 100.0 WHEN {item} <= 6 THEN -100.0"
        f" WHEN {item} >= 7 THEN 0.0 END"
    )
    found = mean(asked.sample(), [score], asked.dimensions, asked.shown())
    return _estimate_rows(found, "t")


def mention_rows(asked: Asked) -> list[Row]:
    """Percent of mentions: each option's part of all that were chosen, by domain.

    The base is who answered, those who chose nothing included, so that what is shown
    follows from the published shares.
    """
    import numpy as np

    from pipeline.estimates import intervals
    from pipeline.estimates.linear import mean, ratio

    question = asked.question
    if question.kind != "select-all":
        raise DataError(
            f"{question.id} is no select-all question",
            where="percent of mentions",
            remedy="Each respondent gives one answer: ask for its share.",
        )
    sample, dims, shown = asked.sample(), asked.dimensions, asked.shown()
    columns = {code: asked.column(code) for code in asked.offered}
    base = mean(sample, [next(iter(columns.values()))], dims, shown)
    n = dict(zip((key[:-1] for key in base.keys), base.n, strict=True))
    everything = " + ".join(columns.values())
    rows: list[Row] = []
    for code, column in columns.items():
        found = ratio(sample, column, everything, dims, shown)
        of = np.array([n[key[:-1]] for key in found.keys])
        low, high = intervals.share_interval(
            intervals.DEFAULT, found.values, found.se, of, found.df
        )
        ends = zip(of, low, high, strict=True)
        rows += (
            {"term": code, **row, "n": size, "low": a, "high": b}
            for row, (size, a, b) in zip(
                _estimate_rows(found, intervals.DEFAULT), ends, strict=True
            )
        )
    return rows


def _estimate_rows(found: Estimates, method: str) -> list[Row]:
    """Estimates whose keys begin with the domain, as rows."""
    low, high = found.interval()
    return [
        {
            "domain": "*".join(key[:-1]),
            "estimate": found.values[i],
            "se": found.se[i],
            "low": low[i],
            "high": high[i],
            "df": found.df,
            "n": found.n[i],
            "method": method,
        }
        for i, key in enumerate(found.keys)
    ]


def split_row(before: Asked, after: Asked, term: str) -> Row:
    """The change between two waves, split into composition and rate.

    Only respondents of domains that may be shown in both are counted: the row is then
    a sum of what is published of them.
    """
    from pipeline.estimates.decomposition import decompose

    dimension = after.dimension
    stop = after.survey.break_between(after.question, before.wave, after.wave)
    if stop is not None:
        raise DataError(
            f"{after.question.id} cannot be compared with {before.wave}",
            where=f"wave {after.wave}",
            remedy=stop.reason,
        )
    for asked in (before, after):
        asked.require_base()
    before.measure(term)  # or it says that the answer could not be given then
    found = decompose(
        before.sample(),
        after.sample(),
        after.measure(term),
        f'"{dimension}"',
        after.shown(before.wave),
    )
    return {"wave_from": before.wave, "wave_to": after.wave} | msgspec.structs.asdict(
        found
    )
