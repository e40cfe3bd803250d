"""A built survey in a notebook: each question is one call, each answer one frame.

survey = open_survey("state-of-app-dev")
survey.share("ai_use", by="industry")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.definition import Question, Survey
from pipeline.errors import Missing, NotFound
from pipeline.load import load_survey
from pipeline.project import Project

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

COLUMNS = (
    "wave", "question", "statistic", "by", "domain", "domain_label", "term",
    "term_label", "estimate", "se", "low", "high", "count", "n", "n_weighted", "n_eff",
    "deff", "df", "rank", "method", "flag", "reason", "caution",
)  # fmt: skip


class Analysis(msgspec.Struct, frozen=True):
    """A survey with its estimates; made by `open_survey`."""

    survey: Survey
    build: Path

    def share(self, question: str, *, by: str = "", wave: str = "") -> pd.DataFrame:
        """Weighted shares (0 to 1) of each answer, by domain."""
        return self._frame("share", question, by, wave)

    def mean(self, question: str, *, by: str = "", wave: str = "") -> pd.DataFrame:
        """Weighted means of a scale or a number, by domain."""
        return self._frame("mean", question, by, wave)

    def median(self, question: str, *, by: str = "", wave: str = "") -> pd.DataFrame:
        """Weighted medians of a scale or a number, by domain."""
        return self._frame("median", question, by, wave)

    def mode(self, question: str, *, by: str = "", wave: str = "") -> pd.DataFrame:
        """The most frequent ratings of a scale, by domain."""
        return self._frame("mode", question, by, wave)

    def trend(self, question: str, *, by: str = "") -> pd.DataFrame:
        """Each share and mean against the wave before, with its test."""
        self.survey.question(question)
        rows = fetch(
            self.build / "trends.parquet",
            'question = ? AND "by" = ?',
            [question, self._by(by)],
        )
        return _as_frame(rows)

    def chart(
        self, question: str, *, by: str = "", term: str = "", wave: str = ""
    ) -> alt.LayerChart:
        """The chart that suits the question's kind."""
        from pipeline.charts.figure import LIGHT, WIDE, chart, spec_for

        spec = spec_for(self.survey, question, by=by, wave=wave, term=term)
        return chart(self.survey, self.build, spec, palette=LIGHT, width=WIDE)

    def rows(
        self, statistic: str, question: str, by: str = "", wave: str = ""
    ) -> list[dict[str, Any]]:
        """The estimates as dictionaries, labelled, in the definition's order."""
        asked = self.survey.question(question)
        by = self._by(by)
        waves = [wave] if wave else [self._latest(asked)]
        self.survey.wave(waves[0])
        found = fetch(
            self.build / "estimates.parquet",
            'statistic = ? AND question = ? AND "by" = ? AND wave = ?',
            [statistic, question, by, *waves],
        )
        labelled = [{**row, **self._labels(asked, row)} for row in found]
        labelled.sort(key=lambda row: self._place(asked, row))
        return [{name: row[name] for name in COLUMNS} for row in labelled]

    def _frame(self, statistic: str, question: str, by: str, wave: str) -> pd.DataFrame:
        return _as_frame(self.rows(statistic, question, by, wave))

    def _by(self, by: str) -> str:
        """`role*industry` for `role,industry` too; checks that it was estimated."""
        names = by.replace(",", "*").split("*") if by else []
        for name in names:
            self.survey.dimension(name)
        if len(names) > 1 and tuple(names) not in self.survey.crosses:
            known = ["*".join(cross) for cross in self.survey.crosses]
            raise NotFound.among("cross of dimensions", "*".join(names), known)
        return "*".join(names)

    def _latest(self, question: Question) -> str:
        return [w.id for w in self.survey.waves if w.id in question.columns][-1]

    def _labels(self, question: Question, row: dict[str, Any]) -> dict[str, str]:
        names = row["by"].split("*") if row["by"] else []
        codes = row["domain"].split("*") if row["domain"] else []
        labels = [
            next(g.label for g in self.survey.domains(name) if g.code == code)
            for name, code in zip(names, codes, strict=True)
        ]
        terms = {o.code: o.label for o in (*question.choices, *question.nets)}
        return {
            "domain_label": " × ".join(labels) or "Everyone",
            "term_label": terms.get(row["term"], ""),
        }

    def _place(self, question: Question, row: dict[str, Any]) -> tuple[int, ...]:
        names = row["by"].split("*") if row["by"] else []
        codes = row["domain"].split("*") if row["domain"] else []
        places = [
            [g.code for g in self.survey.domains(name)].index(code)
            for name, code in zip(names, codes, strict=True)
        ]
        terms = [o.code for o in (*question.choices, *question.nets)]
        term = terms.index(row["term"]) if row["term"] else 0
        return (*places, term)


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


def fetch(path: Path, where: str, values: list[str]) -> list[dict[str, Any]]:
    """Rows of a Parquet file as dictionaries."""
    from pipeline.warehouse import connect, parquet

    con = connect()
    found = con.execute(f"SELECT * FROM {parquet(path)} WHERE {where}", values)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _as_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows)
