"""A report as its editor defines it: `reports/<report>.toml`, checked on load.

Sections hold figures (what to draw) and claims (what to say). Neither holds a number:
the outline names estimates, the pipeline fills them in. An outline without sections is
about every question (`topline.py`); one without a survey, about any survey that has no
report of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from pipeline.definition import Survey
from pipeline.errors import DefinitionError, NotFound
from pipeline.load import read_toml

FigureKind = Literal[
    "bars", "waves", "trend", "distribution", "ridges", "stacked", "likert", "ranks",
    "heat", "panels", "combinations",
]  # fmt: skip
ClaimKind = Literal["level", "range", "compare", "trend", "ranking", "mode", "mean"]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Frozen, keyword-only, and a misspelt key is an error."""


class FigureSpec(_Entry, frozen=True):
    """One chart: its kind, the question, and how to split it.

    bars          shares of one `term` over the domains of `by`, or of every option
    waves         shares of options in two or more waves
    distribution  a scale's whole distribution, one panel a domain of `by`
    ridges        the same in one column, one low histogram above the other
    trend         shares of options over waves, a line each, broken where it must be
    stacked       shares of all options adding up to 100 %, one bar a domain of `by`
    likert        the same, to both sides of a middle: for and against
    ranks         the rank of each option in two or more waves
    heat          shares of one `term` in the cells of `by` = "role*industry"
    panels        the same as small bar charts on one scale
    combinations  which answers to a select-all question were chosen together
    """

    id: str
    kind: FigureKind
    question: str
    term: str = ""
    by: str = ""
    top: int = 0
    waves: tuple[str, ...] = ()

    def compares(self) -> bool:
        """Does it set waves side by side?"""
        return self.kind in ("waves", "trend") or (self.kind == "ranks" and not self.by)


class ClaimSpec(_Entry, frozen=True):
    """Something to say of estimates.

    level    the share of `term` (in `domain` of `by`, else of everyone)
    range    the lowest and highest share of `term` over the domains of `by`
    compare  the share of `term` in `domain` against that in `versus`
    trend    the share of `term` (or the mean) now and in the wave before
    ranking  the `top` options in order (in `domain` of `by`, else of everyone)
    mode     the most frequent rating (in `domain` of `by`, else of everyone)
    mean     the mean rating (in `domain` of `by`, else of everyone)
    """

    kind: ClaimKind
    question: str
    term: str = ""
    by: str = ""
    domain: str = ""
    versus: str = ""
    top: int = 3


class Signed(_Entry, frozen=True):
    """A sentence that a person wrote and answers for, with the facts it rests on."""

    text: str
    by: str
    date: str
    facts: tuple[str, ...] = ()


class QuoteSpec(_Entry, frozen=True):
    """An answer in free text that a person chose to quote, where it is, and its text.

    `row` is that of the export as a spreadsheet counts; in place of it, `respondent`
    may be a pseudonym. `by` is the dimension that the quote is attributed by.
    """

    question: str
    text: str
    row: int = 0
    respondent: str = ""
    wave: str = ""
    by: str = ""


class SectionSpec(_Entry, frozen=True):
    """A heading with its figures and claims, in reading order.

    `more` is how many findings on its questions are to be said besides, `signed` what a
    person says there in words of their own, and `quotes` what respondents wrote.
    """

    id: str
    title: str
    figures: tuple[FigureSpec, ...] = msgspec.field(name="figure", default=())
    claims: tuple[ClaimSpec, ...] = msgspec.field(name="claim", default=())
    signed: tuple[Signed, ...] = ()
    quotes: tuple[QuoteSpec, ...] = msgspec.field(name="quote", default=())
    more: int = 0


class Outline(_Entry, frozen=True):
    """One report on one wave of one survey; by default on the latest wave."""

    id: str
    title: str
    standfirst: str
    survey: str = ""
    wave: str = ""
    sections: tuple[SectionSpec, ...] = msgspec.field(name="section", default=())

    def figures(self) -> Iterator[FigureSpec]:
        """Every figure, in reading order."""
        return (figure for section in self.sections for figure in section.figures)


def load_outline(path: Path, survey: Survey) -> Outline:
    """Read a report's outline and check it against its survey.

    Raises `DefinitionError` naming section, kind and question.
    """
    outline = _completed(read_toml(path, Outline), survey, path)
    seen: set[str] = set()
    for section in outline.sections:
        entries: tuple[FigureSpec | ClaimSpec, ...] = section.figures + section.claims
        for entry in entries:
            where = f"{path}, section {section.id}, {entry.kind} of {entry.question}"
            try:
                _check(survey, entry)
            except NotFound as error:
                raise DefinitionError(
                    error.what, where=where, remedy=error.remedy
                ) from None
        for mark in section.quotes:
            _check_mark(survey, mark, f"{path}, section {section.id}, quote")
    for figure in outline.figures():
        if figure.id in seen:
            what = f"two figures have the id '{figure.id}'"
            raise DefinitionError(what, where=str(path))
        seen.add(figure.id)
    return _of_its_wave(outline)


def _completed(outline: Outline, survey: Survey, path: Path) -> Outline:
    """With survey and wave, and a section for every question if it has none."""
    from pipeline.topline import sections_of

    wave = outline.wave or survey.waves[-1].id
    try:
        survey.wave(wave)
    except NotFound as error:
        raise DefinitionError(
            error.what, where=f"{path}, wave", remedy=error.remedy
        ) from None
    return msgspec.structs.replace(
        outline,
        id=outline.id if outline.survey else f"{survey.id}-{outline.id}",
        survey=survey.id,
        wave=wave,
        sections=outline.sections or sections_of(survey, wave),
    )


def _of_its_wave(outline: Outline) -> Outline:
    """A figure that neither names waves nor compares them shows the outline's own."""
    sections = tuple(
        msgspec.structs.replace(
            section,
            figures=tuple(
                figure
                if figure.waves or figure.compares()
                else msgspec.structs.replace(figure, waves=(outline.wave,))
                for figure in section.figures
            ),
        )
        for section in outline.sections
    )
    return msgspec.structs.replace(outline, sections=sections)


def survey_of(path: Path) -> str:
    """The id of the survey that a report is about; none if it is about any."""
    return read_toml(path, Outline).survey


def outlines_of(paths: Sequence[Path], survey: Survey) -> list[Outline]:
    """The reports on a survey; where it has none, those on any."""
    owners = {path: survey_of(path) for path in paths}
    meant = survey.id if survey.id in owners.values() else ""
    return [load_outline(path, survey) for path in paths if owners[path] == meant]


def _check(survey: Survey, entry: FigureSpec | ClaimSpec) -> None:
    question = survey.question(entry.question)
    if entry.term:
        known = [o.code for o in question.choices] + [n.code for n in question.nets]
        if entry.term not in known:
            raise NotFound.among(f"option of {question.id}", entry.term, known)
    dimensions = entry.by.split("*") if entry.by else []
    for dimension in dimensions:
        survey.dimension(dimension)
    if isinstance(entry, FigureSpec):
        for wave in entry.waves:
            survey.wave(wave)
        return
    for domain in filter(None, (entry.domain, entry.versus)):
        for dimension, code in zip(dimensions, domain.split("*"), strict=True):
            known = [g.code for g in survey.domains(dimension)]
            if code not in known:
                raise NotFound.among(f"domain of {dimension}", code, known)


def _check_mark(survey: Survey, mark: QuoteSpec, where: str) -> None:
    """Raise `DefinitionError` unless a quote names one answer in free text."""
    try:
        question = survey.question(mark.question)
        if mark.wave:
            survey.wave(mark.wave)
        if mark.by:
            survey.dimension(mark.by)
    except NotFound as error:
        raise DefinitionError(error.what, where=where, remedy=error.remedy) from None
    where = f"{where} of {mark.question}"
    if question.kind != "open" and not question.entities:
        raise DefinitionError("is no question of free text", where=where)
    if bool(mark.row) == bool(mark.respondent):
        raise DefinitionError("needs a row, or else a respondent", where=where)
