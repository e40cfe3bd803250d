"""What an outsider can work out of hidden bases: the least and the most each can be.

Nothing is taken from how `suppression` chose: only what the estimates publish and which
rows they hide (`audit_case`).

audit ────── every base that a build hides
audit_wave ─ of one wave, given the bases of each question
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from pipeline.definition import Survey
from pipeline.estimates.audit_case import Bases, Bound, Case, Domain
from pipeline.estimates.suppression import parts
from pipeline.warehouse import parquet, reader


def audit(survey: Survey, build: Path, progress: Callable[[str], None]) -> list[Bound]:
    """The bounds of every base that estimates.parquet hides; an unsafe one is a leak.

    A question's bases split by its own answers are left out: they are counts of
    answers, and published as such.
    """
    few = nameless(survey, build / "respondents.parquet")
    found: list[Bound] = []
    for wave, tables in published(build / "estimates.parquet").items():
        progress(wave)
        found += audit_wave(survey, wave, tables, few.get(wave, {}))
    return found


def audit_wave(
    survey: Survey, wave: str, tables: Mapping[str, Bases], few: Mapping[str, int]
) -> Iterator[Bound]:
    """The bounds of the hidden bases of one wave, given those of each question.

    `few` is how many respondents at most are in no domain of a dimension.
    """
    of = {d.id: d.question for d in survey.dimensions}
    shown = {
        q: {by for (by, _), n in bases.items() if n} for q, bases in tables.items()
    }
    ends = {by: {of[d] for d in parts(by)} for by in set().union(*shown.values())}
    for question, bases in tables.items():
        least = led_to(survey, question, tables)
        for bound in Case(survey, wave, question, bases).bounds(least, few):
            mine = ends[bound.by] if bound.by in shown[question] else set()
            told = any(
                mine - {other} | {question} <= ends[by]
                for other in mine & shown.keys()
                for by in shown[other]
            )
            yield msgspec.structs.replace(bound, safe=bound.safe and not told)


def led_to(survey: Survey, question: str, tables: Mapping[str, Bases]) -> list[Bases]:
    """The bases of the questions that answers to this one lead to."""
    led = [q.id for q in survey.questions if question in {**q.asked, **q.base}]
    return [tables[q] for q in led if q in tables]


def published(path: Path) -> dict[str, dict[str, dict[Domain, int | None]]]:
    """n by wave, question and (split, domain), None where it is hidden."""
    found: dict[str, dict[str, dict[Domain, int | None]]] = {}
    rows = reader().execute(
        f'SELECT wave, question, "by", domain, MAX(n) FROM {parquet(path)}'
        " GROUP BY ALL ORDER BY ALL"
    )
    for wave, question, by, domain, n in rows.fetchall():
        found.setdefault(wave, {}).setdefault(question, {})[by, domain] = n
    return found


def nameless(survey: Survey, path: Path) -> dict[str, dict[str, int]]:
    """How many respondents of each wave are in no domain of each dimension."""
    names = [d.id for d in survey.dimensions]
    if not path.is_file() or not names:
        return {}
    counts = ", ".join(f"COUNT(*) FILTER (COALESCE(\"{d}\", '') = '')" for d in names)
    rows = reader().execute(f"SELECT wave, {counts} FROM {parquet(path)} GROUP BY wave")
    return {wave: dict(zip(names, n, strict=True)) for wave, *n in rows.fetchall()}
