"""Bases that are hidden and can be worked out: everyone less all other domains."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.definition import Survey
from pipeline.leaks.reading import Folder, Leak
from pipeline.warehouse import connect, parquet

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def base_leaks(survey: Survey, build: Path, folder: Folder) -> Iterator[Leak]:
    """What the published bases of all files, taken together, give away.

    Domains that are neither published nor empty have to be two at least, or some people
    in none, so that the difference is of several. A dimension's own question by itself
    is left out: its bases are how many gave each answer, and published as such.
    """
    bases: dict[tuple[str, str, str], dict[str, int]] = {}
    for shown in folder.shown:
        if shown.n is not None and "*" not in shown.by:
            split = bases.setdefault((shown.wave, shown.question, shown.by), {})
            split[shown.domain] = max(shown.n, split.get(shown.domain, 0))
    con = connect()
    for (wave, question, by), split in bases.items():
        everyone = bases.get((wave, question, ""), {}).get("")
        own = by and survey.dimension(by).question == question
        if not by or own or everyone is None:
            continue
        hidden = [g.code for g in survey.domains(by) if g.code not in split]
        rest = everyone - sum(split.values())
        if len(hidden) != 1 or not 0 < rest < survey.min_base:
            continue
        if rest == _people(con, survey, build, (wave, question), by, hidden[0]):
            yield Leak(
                file="all files together",
                where=f"{question} {wave} {by} {hidden[0]}",
                what=f"its base of {rest} is everyone's less that of the others",
            )


def _people(
    con: DuckDBPyConnection,
    survey: Survey,
    build: Path,
    asked: tuple[str, str],
    by: str,
    domain: str,
) -> int:
    """How many of a domain answered a question."""
    wave, question = asked
    items = survey.question(question).items(wave)
    rows = con.execute(
        f"SELECT count(*) FROM {parquet(build / 'answers.parquet')} AS a"
        f" JOIN {parquet(build / 'respondents.parquet')} AS r USING (wave, respondent)"
        f" WHERE wave = ? AND item = ? AND status = 'answered' AND r.\"{by}\" = ?",
        [wave, items[0], domain],
    ).fetchall()
    return int(rows[0][0])
