"""The two axes of a chart: which waves, answers or domains its rows and columns are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from pipeline.definition import Question, Survey
from pipeline.estimates.sets import JOIN, NOTHING, REST
from pipeline.narrative.answers import comes_last, has_place, sums
from pipeline.outline import FigureSpec

Axis = Literal["one", "wave", "term", "domain"]


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """One row or column: a wave, an answer, or a domain of a dimension.

    A domain without a code is everyone. `fixed` headings keep the definition's order,
    the others are sorted by size; the `last` follow either. `strong` ones sum up.
    """

    axis: Axis
    code: str = ""
    label: str = ""
    dimension: str = ""
    fixed: bool = False
    last: bool = False
    strong: bool = False

    @property
    def everyone(self) -> bool:
        """Whether this is all respondents, beside the domains they fall into."""
        return self.axis == "domain" and not self.code


ONE = Heading(axis="one")
OF_SETS = {NOTHING: "Nothing chosen", REST: "All other combinations"}


class Axes(msgspec.Struct, frozen=True, kw_only=True):
    """What lies along the rows and columns: an axis, or the id of a dimension."""

    rows: str
    columns: str


def axes_of(question: Question, spec: FigureSpec, *, mean: bool) -> Axes:
    """Which axes a figure has."""
    split = spec.by.split("*") if spec.by else []
    across = split[0] if split else "everyone"
    among = across if split or mean else "term"
    if spec.kind in ("bars", "combinations"):
        return Axes(rows=among, columns="one")
    if spec.kind in ("waves", "trend"):
        return Axes(rows=among, columns="wave")
    if spec.kind == "ranks":
        compared = len(spec.waves) > 1 or not split
        return Axes(rows="term", columns="wave" if compared else across)
    if spec.kind in ("heat", "panels"):
        two = len(split) == 2
        return Axes(
            rows=split[0] if two else "term", columns=split[-1] if two else across
        )
    return Axes(rows=across, columns="term")


def headings(
    survey: Survey,
    question: Question,
    spec: FigureSpec,
    axis: str,
    waves: tuple[str, ...],
) -> tuple[Heading, ...]:
    """The headings along one axis, in the order of the definition."""
    if axis == "one":
        return (ONE,)
    if axis == "wave":
        return tuple(Heading(axis="wave", code=w, label=w, fixed=True) for w in waves)
    if axis == "term":
        return _answers(question, spec, waves)
    everyone = Heading(
        axis="domain",
        label=f"All {question.base_say or survey.say}",
        strong=True,
        fixed=True,
    )
    return (everyone, *_domains(survey, axis)) if axis != "everyone" else (everyone,)


def _answers(
    question: Question, spec: FigureSpec, waves: tuple[str, ...]
) -> tuple[Heading, ...]:
    """Answers below their sums, where these add anything; only rivals are ranked."""
    totals = tuple(
        Heading(axis="term", code=n.code, label=n.label, strong=True, fixed=True)
        for n in sums(question, waves)
        if spec.kind in ("bars", "waves", "heat", "panels")
    )
    fixed = spec.kind in ("stacked", "likert") or _ordered(question)
    answers = tuple(
        Heading(
            axis="term",
            code=option.code,
            label=option.label,
            fixed=fixed,
            last=comes_last(option.code, ordered=fixed),
        )
        for option in question.choices
        if not option.missing
        and (spec.kind != "ranks" or has_place(question, option.code))
    )
    return (*totals, *answers)


def set_headings(question: Question, terms: Iterable[str]) -> tuple[Heading, ...]:
    """Sets of answers, as `combinations.parquet` names them."""
    return tuple(
        Heading(axis="term", code=t, label=set_label(question, t), last=t == REST)
        for t in terms
    )


def set_label(question: Question, term: str) -> str:
    """A set of answers in words."""
    if term in OF_SETS:
        return OF_SETS[term]
    return " + ".join(question.option(code).label for code in members(term))


def members(term: str) -> tuple[str, ...]:
    """The answers in a set; none in "none of them" and in "all other sets"."""
    return () if term in OF_SETS else tuple(term.split(JOIN))


def _ordered(question: Question) -> bool:
    """Whether answers have an order of their own: they count, or are summed up."""
    labels = [option.label for option in question.choices if not option.missing]
    return question.ordered or bool(question.nets) or counting(labels)


def _domains(survey: Survey, dimension: str) -> tuple[Heading, ...]:
    """Domains; those that count something (1-9, 10-49) have an order of their own."""
    groups = survey.domains(dimension)
    ordered = counting([group.label for group in groups])
    return tuple(
        Heading(
            axis="domain",
            code=group.code,
            label=group.label,
            dimension=dimension,
            fixed=ordered,
            last=comes_last(group.code, ordered=ordered) and len(groups) > 2,
        )
        for group in groups
    )


def counting(labels: list[str]) -> bool:
    """Whether most labels hold a number, as ratings do, and 2-5, and over 65."""
    return 2 * sum(any(c.isdigit() for c in label) for label in labels) > len(labels)


def in_order(
    found: tuple[Heading, ...], size: Callable[[Heading], float | None]
) -> tuple[Heading, ...]:
    """Headings as drawn: everyone, then by size unless their order is fixed."""

    def key(heading: Heading) -> tuple[bool, bool, float]:
        by_size = 0.0 if heading.fixed else -(size(heading) or 0.0)
        return not heading.everyone, heading.last, by_size

    return tuple(sorted(found, key=key))
