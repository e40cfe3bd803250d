"""Analyses of one question at a time, from the respondents in the warehouse.

What `estimates.parquet` does not hold, a notebook asks for here. The same domains are
hidden as there, before anything is computed of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from pipeline.definition import Question, Survey
from pipeline.errors import DataError, NotFound
from pipeline.warehouse import connect, parquet

if TYPE_CHECKING:
    from pipeline.estimates.linear import Estimates
    from pipeline.estimates.sample import Sample

Row = dict[str, Any]


class Asked(msgspec.Struct, frozen=True):
    """A question in a wave, split by dimensions: who answered, and what is hidden."""

    survey: Survey
    build: Path
    question: Question
    wave: str
    by: tuple[str, ...] = ()

    def sample(self, more: Sequence[str] = ()) -> Sample:
        """The wave's respondents with the items of the question, and `more`."""
        from pipeline.estimates.scheme import sample_of

        con = connect(self.build / "warehouse.duckdb", read_only=True)
        items = [*self.question.items(self.wave), *more]
        return sample_of(con, self.survey, self.survey.wave(self.wave), items)

    def hidden(self) -> set[str]:
        """The domains that may not be shown."""
        source = parquet(self.build / "estimates.parquet")
        rows = connect().execute(
            f"SELECT DISTINCT domain FROM {source} WHERE question = ? AND wave = ?"
            " AND \"by\" = ? AND flag <> ''",
            [self.question.id, self.wave, "*".join(self.by)],
        )
        return {domain for (domain,) in rows.fetchall()}

    def require_base(self) -> None:
        """Raise `DataError` if too few answered for anything to be shown."""
        if replace(self, by=()).hidden():
            raise DataError(
                f"too few answered {self.question.id} for anything to be shown",
                where=f"wave {self.wave}",
                remedy="Nothing smaller than the survey's min_base is given out.",
            )

    def shown(self) -> str:
        """SQL: the respondents of the domains that may be shown."""
        hidden = self.hidden()
        if not hidden:
            return "TRUE"
        joined = " || '*' || ".join(f'"{d}"' for d in self.by) or "''"
        listed = ", ".join(f"'{domain}'" for domain in sorted(hidden))
        return f"({joined}) NOT IN ({listed})"

    @property
    def dimension(self) -> str:
        """The one dimension of the split; raises `NotFound` if it is not one."""
        if len(self.by) != 1:
            known = ", ".join(d.id for d in self.survey.dimensions)
            raise NotFound("by what?", remedy=f"Name one dimension as by: {known}.")
        return self.by[0]

    @property
    def dimensions(self) -> list[str]:
        """The columns of the split."""
        return [f'"{d}"' for d in self.by]

    def column(self, term: str) -> str:
        """SQL of an answer: 1 if it (or any option of a net) was given, else 0."""
        from pipeline.estimates.scheme import column_of

        question = self.question
        if question.kind == "select-all":
            question.option(term)
            return column_of(f"{question.id}.{term}")
        nets = {net.code: net.of for net in question.nets}
        if term not in nets:
            question.option(term)
        values = ", ".join(str(question.value(c)) for c in nets.get(term, (term,)))
        item = column_of(question.id)
        return f"CASE WHEN {item} IN ({values}) THEN 1.0 WHEN {item} >= 0 THEN 0.0 END"

    def measure(self, term: str) -> str:
        """SQL of what is averaged: an answer, or the number where no term is named."""
        from pipeline.estimates.scheme import column_of

        if term:
            return self.column(term)
        if self.question.kind not in ("scale", "numeric"):
            terms = [o.code for o in self.question.choices if not o.missing]
            raise NotFound(
                f"which answer to {self.question.id}?",
                remedy=f"Name one as term: {', '.join(terms)}.",
            )
        return column_of(self.question.id)


def quantile_rows(asked: Asked, probs: Sequence[float]) -> list[Row]:
    """Quantiles of a scale or number by domain, with Woodruff intervals."""
    from pipeline.estimates.quantiles import quantiles

    found = quantiles(
        asked.sample(), asked.measure(""), probs, asked.dimensions, asked.shown()
    )
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
    """Percent of mentions: each option's part of all that were chosen, by domain."""
    from pipeline.estimates.linear import ratio

    question = asked.question
    if question.kind != "select-all":
        raise DataError(
            f"{question.id} is no select-all question",
            where="percent of mentions",
            remedy="Each respondent gives one answer: ask for its share.",
        )
    sample = asked.sample()
    offered = [o for o in question.choices if not o.missing and o.offered(asked.wave)]
    columns = {o.code: asked.column(o.code) for o in offered}
    everything = " + ".join(columns.values())
    return [
        {"term": code, **row}
        for code, column in columns.items()
        for row in _estimate_rows(
            ratio(sample, column, everything, asked.dimensions, asked.shown()), "t"
        )
    ]


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


def adjusted_rows(asked: Asked, term: str, holding: Sequence[str]) -> list[Row]:
    """Means or shares by domain, as they are and with other dimensions held equal."""
    from pipeline.estimates.linear import mean
    from pipeline.estimates.regression import adjusted, fit, wald_test
    from pipeline.estimates.terms import Category

    dimension = asked.dimension
    sample, y = asked.sample(), asked.measure(term)
    terms = [Category(f'"{d}"', d) for d in (dimension, *holding)]
    family = "logistic" if term else "linear"
    known = " AND ".join(f'"{d}" IS NOT NULL' for d in (dimension, *holding))
    model = fit(sample, y, terms, family, f"{asked.shown()} AND {known}")  # type: ignore[arg-type]
    # The plain figures and n are the published ones: those of whoever has a known
    # place in the other dimensions would give hidden cells away by subtraction.
    held = adjusted(model, dimension)
    plain = mean(sample, [y], [f'"{dimension}"'], asked.shown())
    low, high = held.interval()
    test = wald_test(model, [dimension])
    place = {key[0]: i for i, key in enumerate(plain.keys)}
    return [
        {
            "domain": key[0],
            "estimate": held.values[i],
            "se": held.se[i],
            "low": low[i],
            "high": high[i],
            "unadjusted": plain.values[place[key[0]]],
            "df": held.df,
            "n": plain.n[place[key[0]]],
            "p_value": test.p_value,
            "method": f"predictive margins, {family}",
        }
        for i, key in enumerate(held.keys)
    ]


def split_row(asked: Asked, earlier: str, term: str) -> Row:
    """The change since an earlier wave, split into composition and rate."""
    from pipeline.estimates.decomposition import decompose

    dimension = asked.dimension
    stop = asked.survey.break_between(asked.question, earlier, asked.wave)
    if stop is not None:
        raise DataError(
            f"{asked.question.id} cannot be compared with {earlier}",
            where=f"wave {asked.wave}",
            remedy=stop.reason,
        )
    for wave in (earlier, asked.wave):
        replace(asked, wave=wave).require_base()
    before = replace(asked, wave=earlier).sample()
    found = decompose(before, asked.sample(), asked.measure(term), f'"{dimension}"')
    return {"wave_from": earlier, "wave_to": asked.wave} | msgspec.structs.asdict(found)
