"""A built survey in a notebook: each question is one call, each answer one frame.

survey = open_survey("state-of-app-dev")
survey.share("ai_use", by="industry")
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from pipeline.adhoc import mention_rows, nps_rows, quantile_rows, split_row
from pipeline.asked import COLUMNS, Asked, ask, estimate_rows, fetch, waves_of
from pipeline.crosstabs import comparison_rows, crosstab_rows, independence_lines
from pipeline.definition import Survey
from pipeline.errors import Missing, NotFound
from pipeline.holding import adjusted_rows
from pipeline.labels import in_order, labels_of
from pipeline.load import load_survey
from pipeline.project import Project
from pipeline.tested import paired_rows, rank_rows
from pipeline.weighed import replicated, weight_rows

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from pipeline.frames import Crosstab, Table
    from pipeline.outline import FigureKind


class Analysis(msgspec.Struct, frozen=True):
    """A survey with its estimates; made by `open_survey`.

    Each answer is a pandas frame with one row an estimate, its base `n` and interval;
    shares are fractions of 1. `by` is a dimension, or two as `role*industry`.
    """

    survey: Survey
    build: Path

    def _repr_html_(self) -> str:
        """What can be asked for."""
        from pipeline.frames import overview

        return overview(self.survey)

    def share(self, question: str, *, by: str = "", wave: str = "") -> Table:
        """Weighted shares of each answer, by domain."""
        return self._estimates("share", question, by, wave)

    def mean(self, question: str, *, by: str = "", wave: str = "") -> Table:
        """Weighted means of a scale or a number, by domain."""
        return self._estimates("mean", question, by, wave)

    def median(self, question: str, *, by: str = "", wave: str = "") -> Table:
        """Weighted medians of a scale or a number, by domain."""
        return self._estimates("median", question, by, wave)

    def mode(self, question: str, *, by: str = "", wave: str = "") -> Table:
        """The most frequent ratings of a scale, by domain."""
        return self._estimates("mode", question, by, wave)

    def quantile(
        self, question: str, *probs: float, by: str = "", wave: str = ""
    ) -> Table:
        """Weighted quantiles (0 to 1) of a scale or a number, by domain."""
        asked = self._asked(question, by, wave, has="median")
        rows = quantile_rows(asked, probs or (0.25, 0.5, 0.75))
        return self._table(asked, rows, shares=False)

    def nps(self, question: str, *, by: str = "", wave: str = "") -> Table:
        """Net promoter scores (-100 to 100) of a scale from 0 to 10, by domain."""
        asked = self._asked(question, by, wave)
        return self._table(asked, nps_rows(asked), shares=False)

    def mentions(self, question: str, *, by: str = "", wave: str = "") -> Table:
        """Each option's part of all mentions of a select-all question, by domain."""
        asked = self._asked(question, by, wave)
        return self._table(asked, mention_rows(asked))

    def crosstab(self, question: str, *, by: str, wave: str = "") -> Crosstab:
        """Answers by one dimension or several side by side, with column letters.

        `by` lists dimensions: `role,size`. A letter names a column that is lower by
        more than chance (Holm within a row of a span; capital: p under .001).
        """
        from pipeline.frames import crosstab

        dims = tuple(name.strip() for name in by.split(","))
        asked = structs.replace(self._asked(question, "", wave, *dims), by=dims)
        spans = {d.id: d.label for d in self.survey.dimensions}
        rows = [
            {
                "by_label": spans.get(row["by"], ""),
                **labels_of(self.survey, asked.question, row),
                **row,
            }
            for row in crosstab_rows(asked)
        ]
        return crosstab(rows, [*self._caption(asked), *independence_lines(asked)])

    def compare(
        self,
        question: str,
        *,
        by: str,
        term: str = "",
        margin: float = 0.0,
        test: str = "strict",
        wave: str = "",
    ) -> Table:
        """Every pair of domains: difference, interval, p adjusted for all pairs.

        `test="t"` is R's `svyttest`, which finds too much in small, uneven domains.
        With a `margin`, also whether they differ by less than that (small p: yes).
        """
        asked = self._asked(question, by, wave)
        rows = comparison_rows(asked, term, margin, test)
        known = {g.code: g.label for g in self.survey.domains(asked.dimension)}
        named = [
            {"domain": row["domain"], "versus": row["versus"]}
            | {"versus_label": known[row["versus"]]}
            | row
            for row in rows
        ]
        return self._table(asked, named, shares=bool(term))

    def rank_test(
        self, question: str, *, by: str, scores: str = "wilcoxon", wave: str = ""
    ) -> Table:
        """Do domains differ in the order of their answers? Mean scores, and one test.

        A `wilcoxon` score is the chance to answer higher than somebody of all; others
        are `van-der-waerden` and `median`.
        """
        asked = self._asked(question, by, wave)
        return self._table(asked, rank_rows(asked, scores), shares=False)

    def paired(
        self, question: str, other: str, *, by: str = "", wave: str = ""
    ) -> Table:
        """How much higher people rate a question than the `other`: a paired t test."""
        asked = self._asked(question, by, wave)
        rows = paired_rows(asked, self._asked(other, by, asked.wave))
        return self._table(asked, rows, shares=False)

    def trend(self, question: str, *, by: str = "") -> Table:
        """Each share and mean against the wave before, with its test."""
        asked = self._asked(question, by, "")
        rows = fetch(
            self.build / "trends.parquet",
            'question = ? AND "by" = ?',
            [question, "*".join(asked.by)],
        )
        labelled = [
            {**row, **labels_of(self.survey, asked.question, row)} for row in rows
        ]
        return self._table(asked, labelled)

    def split(self, question: str, *, by: str, term: str = "", wave: str = "") -> Table:
        """The change since the wave before: other people, or answering otherwise?"""
        asked = self._asked(question, by, wave)
        waves = waves_of(self.survey, asked.question)
        earlier = waves[: waves.index(asked.wave)]
        if not earlier:
            raise NotFound(f"{question} was not asked before {asked.wave}")
        before = self._asked(question, by, earlier[-1])
        row = split_row(before, asked, term)
        return self._table(asked, [row], shares=bool(term))

    def adjusted(
        self,
        question: str,
        *,
        by: str,
        holding: Sequence[str],
        term: str = "",
        wave: str = "",
    ) -> Table:
        """Shares or means by domain, with other dimensions held equal.

        Domains that may not be shown are one in the model, and not in the result.
        """
        asked = self._asked(question, by, wave, *holding)
        rows = adjusted_rows(asked, term, holding)
        found = self._table(asked, rows, shares=bool(term))
        found.caption += (
            f"The model has {rows[0]['n_model']:,.0f} respondents; domains that may not"
            " be shown are one in it.",
        )
        return found

    def weights(self, *, wave: str = "") -> Table:
        """How a wave was weighted: each target's share before, aimed at, and after."""
        from pipeline.frames import table

        rows, said = weight_rows(self.survey, self.build, wave)
        names = [*rows[0]] if rows else ["dimension", "domain"]
        return table(rows, (*said, self.survey.notice), names)

    def replicate_weights(
        self,
        make: str = "jackknife",
        *,
        count: int = 200,
        seed: int = 0,
        wave: str = "",
    ) -> pd.DataFrame:
        """A row a respondent: weight and replicate weights, for other programs.

        `make` a `jackknife` (JK1, or JKn of strata) or a `bootstrap` of `count`
        replicates. Its `attrs` say how a variance is made of them.
        """
        return replicated(self.survey, self.build, wave, make, count, seed)

    def chart(
        self,
        question: str,
        *,
        by: str = "",
        term: str = "",
        wave: str = "",
        kind: FigureKind | None = None,
    ) -> alt.LayerChart:
        """The chart that suits the question's kind, or one of another kind."""
        from pipeline.charts.figure import LIGHT, WIDE, chart, spec_for

        self._asked(question, by, wave)
        spec = spec_for(self.survey, question, by=by, wave=wave, term=term)
        if kind:
            spec = structs.replace(spec, kind=kind)
        return chart(self.survey, self.build, spec, palette=LIGHT, width=WIDE)

    def rows(
        self, statistic: str, question: str, by: str = "", wave: str = ""
    ) -> list[dict[str, Any]]:
        """The estimates as dictionaries, labelled, in the definition's order."""
        return estimate_rows(self._asked(question, by, wave), statistic)

    def _estimates(self, statistic: str, question: str, by: str, wave: str) -> Table:
        asked = self._asked(question, by, wave, has=statistic)
        return self._table(asked, estimate_rows(asked, statistic), COLUMNS)

    def _asked(
        self, question: str, by: str, wave: str, *more: str, has: str = ""
    ) -> Asked:
        """What is asked, split as estimates are; dimensions `more` must be there too.

        Raises `NotFound` as `ask` does, and for a cross that was not estimated.
        """
        names = tuple(by.replace(",", "*").split("*")) if by else ()
        asked = ask(self.survey, self.build, question, (*names, *more), wave, has=has)
        if len(names) > 1 and names not in self.survey.crosses:
            known = ["*".join(cross) for cross in self.survey.crosses]
            raise NotFound.among("cross of dimensions", "*".join(names), known)
        return structs.replace(asked, by=names)

    def _table(
        self,
        asked: Asked,
        rows: list[dict[str, Any]],
        columns: Sequence[str] | None = None,
        *,
        shares: bool = True,
    ) -> Table:
        """Rows under the question's wording, with labels beside codes."""
        from pipeline.frames import table

        if rows and "domain" in rows[0] and "domain_label" not in rows[0]:
            rows = in_order(self.survey, asked.question, "*".join(asked.by), rows)
        names = columns or list(dict.fromkeys(key for row in rows for key in row))
        return table(rows, self._caption(asked), names, shares=shares)

    def _caption(self, asked: Asked) -> tuple[str, ...]:
        opt_in = (
            "Intervals are at 95 % and hold as if respondents, who chose to take part,"
            " were drawn at random."
        )
        return (
            asked.question.text,
            opt_in if self.survey.sample == "opt-in" else "Intervals are at 95 %.",
            self.survey.notice,
        )


def open_survey(survey_id: str, project: Path | None = None) -> Analysis:
    """A built survey of the project here (or in the folder `project`).

    Raises `NotFound` for a survey that is not defined and `Missing` if it was not run.
    """
    found = Project.find(project)
    survey = load_survey(found.definition(survey_id))
    build = found.build(survey_id)
    if not (build / "estimates.parquet").is_file():
        raise Missing(
            "there are no estimates yet",
            where=found.shown(build),
            remedy=f"Run: stateof run {survey_id}",
        )
    return Analysis(survey, build)
