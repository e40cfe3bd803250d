"""A question as it is asked of a build: in which wave, split by what, what is hidden.

ask ─────────── the names that a caller gives → Asked, or what was meant instead
estimate_rows ─ what estimates.parquet has of it, labelled
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from pipeline.definition import Question, Survey
from pipeline.errors import DataError, Missing, NotFound, suggestion
from pipeline.labels import labels_of, place_of
from pipeline.warehouse import open_warehouse, parquet, reader

if TYPE_CHECKING:
    from pipeline.estimates.sample import Sample

Row = dict[str, Any]

COLUMNS = (
    "wave", "question", "statistic", "by", "domain", "domain_label", "term",
    "term_label", "estimate", "se", "low", "high", "count", "n", "n_weighted", "n_eff",
    "deff", "df", "rank", "method", "flag", "reason", "caution",
)  # fmt: skip
# The kinds of questions that a statistic is estimated of.
HAVING = {
    "share": {"single", "select-all", "scale"},
    "mean": {"scale", "numeric"},
    "median": {"scale", "numeric"},
    "mode": {"scale"},
}


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

        con = open_warehouse(self.build)
        items = [*self.question.items(self.wave), *more]
        return sample_of(con, self.survey, self.survey.wave(self.wave), items)

    def hidden(self) -> set[str]:
        """The domains that may not be shown."""
        source = parquet(self.build / "estimates.parquet")
        rows = reader().execute(
            f"SELECT DISTINCT domain FROM {source} WHERE question = ? AND wave = ?"
            " AND \"by\" = ? AND flag <> ''",
            [self.question.id, self.wave, "*".join(self.by)],
        )
        return {domain for (domain,) in rows.fetchall()}

    def largest(self) -> int:
        """How many answered in the largest domain, hidden or not: only for whoever
        holds the answers anyway."""
        item = f'"={self.question.items(self.wave)[0]}"'
        sample, split = self.sample(), [f'"{one}"' for one in self.by]
        where = " AND ".join([f"{item} IS NOT NULL", *(f"{s} <> ''" for s in split)])
        groups = ", ".join(split) or "true"
        rows = sample.con.execute(
            f"SELECT count(*) FROM {sample.table} WHERE {where} GROUP BY {groups}"
        ).fetchall()
        return max((int(n) for (n,) in rows), default=0)

    def require_base(self) -> None:
        """Raise `DataError` if too few answered for anything to be shown."""
        if replace(self, by=()).hidden():
            raise DataError(
                f"too few answered {self.question.id} for anything to be shown",
                where=f"wave {self.wave}",
                remedy="Nothing smaller than the survey's min_base is given out.",
            )

    def shown(self, *waves: str) -> str:
        """SQL: the respondents of domains that may be shown, in other `waves` too."""
        hidden = self.hidden().union(*(replace(self, wave=w).hidden() for w in waves))
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
    def offered(self) -> list[str]:
        """The answers that could be given in the wave, but for missing ones."""
        choices = self.question.choices
        return [o.code for o in choices if not o.missing and o.offered(self.wave)]

    @property
    def dimensions(self) -> list[str]:
        """The columns of the split."""
        return [f'"{d}"' for d in self.by]

    def column(self, term: str) -> str:
        """SQL of an answer: 1 if it (or any option of a net) was given, else 0."""
        from pipeline.estimates.scheme import column_of

        question = self.question
        nets = {net.code: net.of for net in question.nets}
        if term not in (*self.offered, *nets):
            raise NotFound(
                f"'{term}' was no answer to {question.id} in {self.wave}",
                remedy=suggestion(term, (*self.offered, *nets)),
            )
        if question.kind == "select-all":
            return column_of(f"{question.id}.{term}")
        values = ", ".join(str(question.value(c)) for c in nets.get(term, (term,)))
        item = column_of(question.id)
        return f"CASE WHEN {item} IN ({values}) THEN 1.0 WHEN {item} >= 0 THEN 0.0 END"

    def measure(self, term: str) -> str:
        """SQL of what is averaged: an answer, or the number where no term is named."""
        from pipeline.estimates.scheme import column_of

        if term:
            return self.column(term)
        if self.question.kind not in ("scale", "numeric"):
            raise NotFound(
                f"which answer to {self.question.id}?",
                remedy=f"Name one as term: {', '.join(self.offered)}.",
            )
        return column_of(self.question.id)


def ask(
    survey: Survey,
    build: Path,
    question: str,
    by: Sequence[str],
    wave: str,
    *,
    has: str = "",
) -> Asked:
    """The question in the wave, or in the last that asked it, split `by` dimensions.

    Raises `NotFound` if there is no such name, if the wave asked neither the question
    nor a dimension's, and if questions of this kind have no statistic `has`.
    """
    found = survey.question(question)
    if found.kind == "open" or found.kind not in HAVING.get(has, {found.kind}):
        known = [name for name, kinds in HAVING.items() if found.kind in kinds]
        raise NotFound(
            f"{question} is {found.kind}, and has no {has or 'estimates'}",
            remedy=f"It has: {', '.join(known)}." if known else "",
        )
    wave = survey.wave(wave).id if wave else waves_of(survey, found)[-1]
    split = [survey.question(survey.dimension(name).question) for name in by]
    for asked in (found, *split):
        if wave not in asked.columns:
            waves = ", ".join(waves_of(survey, asked))
            raise NotFound(
                f"{asked.id} was not asked in {wave}",
                remedy=f"It was asked in: {waves}.",
            )
    return Asked(survey, build, found, wave, tuple(by))


def waves_of(survey: Survey, question: Question) -> list[str]:
    """The waves that asked a question, in order."""
    return [w.id for w in survey.waves if w.id in question.columns]


def fetch(path: Path, where: str, values: list[str]) -> list[dict[str, Any]]:
    """Rows of a Parquet file as dictionaries."""
    query = f"SELECT * FROM {parquet(path)} WHERE {where}"
    found = reader().execute(query, values)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def estimate_rows(asked: Asked, statistic: str) -> list[Row]:
    """The estimates of a statistic, labelled, in the definition's order."""
    found = fetch(
        asked.build / "estimates.parquet",
        'statistic = ? AND question = ? AND "by" = ? AND wave = ?',
        [statistic, asked.question.id, "*".join(asked.by), asked.wave],
    )
    labelled = [
        {**row, **labels_of(asked.survey, asked.question, row)} for row in found
    ]
    labelled.sort(key=lambda row: place_of(asked.survey, asked.question, row))
    if labelled and (lacking := set(COLUMNS) - labelled[0].keys()):
        raise Missing(
            f"built by an earlier version, without {', '.join(sorted(lacking))}",
            where=str(asked.build),
            remedy=f"Run: stateof run {asked.survey.id}",
        )
    return [{name: row[name] for name in COLUMNS} for row in labelled]
