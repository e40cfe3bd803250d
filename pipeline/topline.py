"""The sections of a report that nobody wrote: every question, in the survey's order.

Who answered comes first: the questions that dimensions are made of, in one section.
Each other question has a section with its answers, the same answers by the first
dimension, and what can be said of them. In a long survey it has the answers alone: the
page to explore has every group, and nobody looks through hundreds of charts.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from pipeline.definition import Dimension, Question, Survey
from pipeline.outline import ClaimSpec, FigureKind, FigureSpec, SectionSpec

MOST_ROWS = 20  # answers of one figure; the tables book has the rest
MOST_PARTS = 7  # answers of a stack
LONG = 40  # questions, from which on there is one chart of each


def sections_of(survey: Survey, wave: str) -> tuple[SectionSpec, ...]:
    """A section for who answered, and one for each other question of a wave."""
    asked = [q for q in survey.asked_in(wave) if q.kind != "open"]
    about = [q for q in asked if any(d.question == q.id for d in survey.dimensions)]
    short = len(asked) < LONG
    sections = [_section(survey, q, wave, short=short) for q in asked if q not in about]
    if about:
        figures = tuple(_answers(survey, q, wave) for q in about)
        claims = tuple(claim for q in about for claim in _leading(q))
        who = SectionSpec(
            id="who-answered", title="Who answered", figures=figures, claims=claims
        )
        sections.insert(0, who)
    return tuple(sections)


def _section(
    survey: Survey, question: Question, wave: str, *, short: bool
) -> SectionSpec:
    split = _first_dimension(survey, question, wave)
    figures = [_answers(survey, question, wave)]
    if split and short:
        figures += _by(question, split, wave)
    earlier = _before(survey, question, wave)
    return SectionSpec(
        id=_id(question.id),
        title=question.label(),
        figures=tuple(figures),
        claims=(*_leading(question), *_more(question, split, compared=bool(earlier))),
    )


def _answers(survey: Survey, question: Question, wave: str) -> FigureSpec:
    """All answers: beside those of the wave before, if the two can be compared."""
    before = _before(survey, question, wave)
    kind: FigureKind = "waves" if before else "bars"
    waves = (before, wave) if before else (wave,)
    if question.kind == "scale":
        kind, waves = "distribution", (wave,)
    many = len(question.choices) > MOST_ROWS and question.kind != "scale"
    return FigureSpec(
        id=_id(question.id),
        kind=kind,
        question=question.id,
        waves=waves,
        top=MOST_ROWS if many else 0,
    )


def _before(survey: Survey, question: Question, wave: str) -> str:
    """The wave before that asked the same; none if it cannot be compared."""
    asked = [w.id for w in survey.waves if w.id in question.columns]
    earlier = asked[: asked.index(wave)]
    if not earlier or survey.break_between(question, earlier[-1], wave):
        return ""
    return earlier[-1]


def _first_dimension(survey: Survey, question: Question, wave: str) -> Dimension | None:
    return next(
        (
            d
            for d in survey.dimensions
            if d.question != question.id
            and wave in survey.question(d.question).columns
            and len(survey.domains(d.id)) > 1
        ),
        None,
    )


def _by(question: Question, split: Dimension, wave: str) -> Iterator[FigureSpec]:
    """The answers by a dimension, in the kind of chart that holds them."""
    spec = FigureSpec(
        id=f"{_id(question.id)}-by-{_id(split.id)}",
        kind="bars",
        question=question.id,
        by=split.id,
        waves=(wave,),
    )
    term = _one_answer(question)
    few = len(question.choices) <= MOST_PARTS
    if question.kind == "scale":
        yield replace(spec, kind="distribution")
    elif term or question.kind == "numeric":
        yield replace(spec, term=term)
    elif question.kind == "single" and few:
        yield replace(spec, kind="stacked")
    else:
        yield replace(spec, kind="heat", top=MOST_ROWS)


def _one_answer(question: Question) -> str:
    """The answer that a question is about: its first sum, or yes of yes and no."""
    if question.kind == "numeric" or question.scale is not None:
        return ""
    codes = [option.code for option in question.choices if not option.missing]
    yes = codes[0] if len(codes) == 2 and "yes" in codes[:1] else ""
    return question.nets[0].code if question.nets else yes


def _leading(question: Question) -> Iterator[ClaimSpec]:
    """What is said of everyone."""
    about = ClaimSpec(kind="level", question=question.id)
    if question.kind in ("scale", "numeric"):
        yield replace(about, kind="mean")
        if question.kind == "scale":
            yield replace(about, kind="mode")
    elif term := _one_answer(question):
        yield replace(about, term=term)
    else:
        yield replace(about, kind="ranking", top=min(3, len(question.choices)))


def _more(
    question: Question, split: Dimension | None, *, compared: bool
) -> Iterator[ClaimSpec]:
    """What is said of the change since the wave before, and of groups."""
    about = ClaimSpec(kind="trend", question=question.id, term=_one_answer(question))
    if compared and (about.term or question.kind in ("scale", "numeric")):
        yield about
    if split and about.term:
        yield replace(about, kind="range", by=split.id)


def _id(name: str) -> str:
    return name.replace("_", "-")
