"""The chart that suits a question, when no report says which to draw."""

from __future__ import annotations

from pipeline.charts.fits import MOST_PARTS
from pipeline.definition import Question, Survey
from pipeline.errors import SurveyError
from pipeline.outline import FigureKind, FigureSpec

MOST_PANELS = 8  # groups of a distribution; more are easier to compare in one column


def spec_for(
    survey: Survey, question_id: str, by: str = "", wave: str = "", term: str = ""
) -> FigureSpec:
    """A figure of one question: its kind follows from the question's.

    Raises `NotFound` for a name that the survey does not know.
    """
    question = survey.question(question_id)
    by = by.replace(",", "*")
    for dimension in filter(None, by.split("*")):
        survey.dimension(dimension)
    waves = (survey.wave(wave).id,) if wave else ()
    if question.kind == "open":
        what = f"{question_id} is an open question: it has no estimates to draw"
        raise SurveyError(what, where=survey.id)
    term = term or _plain_yes(question)
    if term and term not in {e.code for e in (*question.nets, *question.choices)}:
        question.option(term)
    groups = len(survey.domains(by)) if by and "*" not in by else 0
    kind = _kind(question, by, waves, term, groups)
    # A line of everything needs no answer picked out.
    keeps = kind in ("bars", "heat", "waves", "ranks") and (by or kind == "ranks")
    name = "-".join(
        p for p in (question_id, *by.split("*"), term if keeps else "") if p
    )
    return FigureSpec(
        id=name.replace("_", "-"),
        kind=kind,
        question=question_id,
        term=term if keeps else "",
        by=by,
        waves=waves,
    )


def _plain_yes(question: Question) -> str:
    """The answer that a yes-no question is about."""
    codes = [option.code for option in question.choices if not option.missing]
    return codes[0] if len(codes) == 2 and "yes" in codes[:1] else ""


def _kind(
    question: Question, by: str, waves: tuple[str, ...], term: str, groups: int
) -> FigureKind:
    if by.count("*"):
        return "heat"
    if question.kind == "scale" and not term:
        return "ridges" if groups > MOST_PANELS else "distribution"
    if by:
        if term or question.kind == "numeric":
            return "bars"
        few = len(question.choices) <= MOST_PARTS
        return "stacked" if question.kind == "single" and few else "heat"
    return "bars" if len(question.columns) < 2 or waves else "waves"
