"""Which kinds of chart a question can give, split as it is asked to be, and why not."""

from __future__ import annotations

from typing import get_args

from msgspec.structs import replace

from pipeline.charts.theme import is_agreement
from pipeline.definition import Question
from pipeline.errors import DefinitionError
from pipeline.outline import FigureKind, FigureSpec

MOST_PARTS = 7
KINDS: tuple[FigureKind, ...] = get_args(FigureKind)
OF_MEANS = ("bars", "waves", "trend")
IN_CELLS = ("heat", "panels")
Trouble = tuple[str, str]  # what does not fit, and what to do about it


def check(question: Question, spec: FigureSpec) -> None:
    """Raise `DefinitionError` for a figure that its question cannot give."""
    what, remedy = trouble(question, spec)
    if what:
        kinds = ", ".join(k for k, why in fitting(question, spec).items() if not why)
        also = f"What fits: {kinds}." if kinds else ""
        remedy = " ".join(filter(None, (remedy, also)))
        raise DefinitionError(what, where=f"figure {spec.id}", remedy=remedy)


def fitting(question: Question, spec: FigureSpec) -> dict[FigureKind, str]:
    """Each kind of chart, with why it does not fit; no text if it does."""
    return {kind: trouble(question, replace(spec, kind=kind))[0] for kind in KINDS}


def is_mean(question: Question, spec: FigureSpec) -> bool:
    """Ratings and numbers without a term are shown by their means."""
    counted = question.kind in ("scale", "numeric")
    return counted and not spec.term and spec.kind in OF_MEANS


def trouble(question: Question, spec: FigureSpec) -> Trouble:
    """Why a question cannot give this figure; two empty texts if it can."""
    found = _of_answers(question, spec)
    return found if found[0] else _of_split(question, spec)


def _of_answers(question: Question, spec: FigureSpec) -> Trouble:
    """What of the question's answers does not go with a kind."""
    kind = spec.kind
    if question.kind == "numeric" and kind not in OF_MEANS:
        return f"the answers to {question.id} are numbers: charts show their mean", ""
    if kind in ("distribution", "ridges") and question.scale is None:
        what = f"{question.id} is not a scale, so it has no distribution to draw"
        return what, ""
    if kind in ("stacked", "likert"):
        return _of_parts(question, kind)
    if kind == "combinations" and question.kind != "select-all":
        return f"{question.id} takes one answer: there is none that goes with it", ""
    return "", ""


def _of_parts(question: Question, kind: str) -> Trouble:
    """Why answers do not make one bar of 100%."""
    if len(question.choices) > MOST_PARTS:
        what = f"{len(question.choices)} answers are too many to tell apart in a stack"
        return what, ""
    if question.kind not in ("single", "scale"):
        what = f"the answers to {question.id} do not add up to 100%"
        return what, ""
    if kind == "likert" and not is_agreement(question):
        what = f"the answers to {question.id} are not for and against"
        return what, "Sum up the first or last two of four or five."
    return "", ""


def _of_split(question: Question, spec: FigureSpec) -> Trouble:
    """What of the dimensions does not go with a kind."""
    split, kind = spec.by.split("*") if spec.by else [], spec.kind
    one_answer = len(split) == 2 if kind in IN_CELLS else kind in OF_MEANS
    if one_answer and split and not spec.term and not is_mean(question, spec):
        codes = [entry.code for entry in (*question.nets, *question.choices)]
        what = f"a {kind} chart by {spec.by} shows one answer, and none is named"
        return what, f"Name it: term = one of {', '.join(codes)}."
    if kind in IN_CELLS and not split:
        return f"a {kind} chart needs a dimension to split by", ""
    most = 2 if kind in IN_CELLS else 0 if kind == "combinations" else 1
    if len(split) > most:
        return f"a {kind} chart cannot be split by '{spec.by}'", ""
    return "", ""
