"""What stands around a chart: measure, base, source, notes, and what is read out."""

from __future__ import annotations

import re

from pipeline.charts.axes import ONE, Heading
from pipeline.charts.data import ChartData, Mark
from pipeline.definition import Scale
from pipeline.disclosure import interval_wording
from pipeline.estimates.sets import MOST_SETS
from pipeline.narrative.answers import says_nothing
from pipeline.narrative.lexicon import has_clause, lowered, topic, verbs
from pipeline.wording import capitalized, listed, percent, relative, rounded

TOO_FEW = "too few answers"
NOT_ASKED = "not asked"
BARE = ("stacked", "likert", "ranks", "heat")  # kinds that draw no intervals


def shown(data: ChartData, mark: Mark | None) -> str:
    """A value as it is printed in a chart: 84%, <1%, 4.5, or why there is none."""
    if mark is None:
        return NOT_ASKED
    if mark.estimate is None:
        return TOO_FEW
    return value(data, mark.estimate)


def value(data: ChartData, found: float) -> str:
    """A share or mean as short as a chart needs it."""
    if data.measure == "mean":
        return str(rounded(found, 1))
    return percent(found).replace("less than ", "<").replace("more than ", ">")


def interval(data: ChartData, mark: Mark | None) -> str:
    """The two ends of an interval: 81–87%."""
    if mark is None or mark.low is None or mark.high is None:
        return ""
    low, high = value(data, mark.low), value(data, mark.high)
    both = low.endswith("%") and high.endswith("%") and low[0] not in "<>"
    return f"{low.removesuffix('%') if both else low}–{high}"


def spoken(data: ChartData, row: Heading, column: Heading = ONE) -> str:
    """The sentence of one mark, for those who hear the chart or point at it."""
    mark = data.at(row, column)
    where = ", ".join(h.label for h in (row, column) if h.label)
    if mark is None or mark.estimate is None:
        return f"{where}: {shown(data, mark)}"
    ends = " to ".join(value(data, e) for e in (mark.low, mark.high) if e is not None)
    name = interval_wording(data.survey).name
    return f"{where}: {value(data, mark.estimate)}, {name} {ends}, n {mark.n:,}"


def subtitle(data: ChartData) -> str:
    """What is measured, of whom, by what, and when."""
    parts = [_measure(data)]
    if data.spec.by:
        names = [data.survey.dimension(d).label for d in data.spec.by.split("*")]
        parts.append(f"by {listed(lowered(name) for name in names)}")
    return f"{', '.join(parts)}, {listed(data.waves)}"


def _measure(data: ChartData) -> str:
    question, spec = data.question, data.spec
    people = question.base_say or data.survey.say
    if data.measure == "mean":
        return f"Mean {topic(question)}{_on(question.scale)} among {people}"
    if spec.kind in ("distribution", "ridges"):
        return f"How {people} rate their {topic(question)}{_ends(question.scale)}"
    if "term" not in (data.rows[0].axis, data.columns[0].axis):
        doing = f"{relative(people)} {verbs(question, spec.term)}"
        if has_clause(people):  # "respondents who code who use" would be misread
            return f"Share {doing} among {people}"
        return f"Share of {people} {doing}"
    if spec.kind == "combinations":
        return f"Share of {people} choosing exactly these answers"
    several = question.kind == "select-all"
    each = "choosing each answer (several were possible)" if several else ""
    share = f"share of {people} {each or 'giving each answer'}"
    return (
        f"Answers ranked by the {share}" if spec.kind == "ranks" else capitalized(share)
    )


def _on(scale: Scale | None) -> str:
    return f" on a scale of {scale.low} to {scale.high}" if scale else ""


def _ends(scale: Scale | None) -> str:
    """The meaning of a scale's ends, whose labels may begin with the number itself."""
    if scale is None:
        return ""
    ends = [
        f"{rating} ({meaning})" if (meaning := end_label(label)) else f"{rating}"
        for rating, label in (
            (scale.low, scale.low_label),
            (scale.high, scale.high_label),
        )
    ]
    return f", from {ends[0]} to {ends[1]}"


def end_label(label: str) -> str:
    """`0 - not at all dependent` without its number."""
    return re.sub(r"^\W*\d+\W*", "", label).strip()


def base(data: ChartData) -> str:
    """How many were counted, of whom, in each wave."""
    people = data.question.base_say or data.survey.say
    counts = [(wave, data.everyone(wave)) for wave in data.waves]
    sizes = [f"{n:,}" if n else f"under {data.survey.min_base}" for _, n in counts]
    if len(counts) == 1:
        return f"{sizes[0]} {people}"
    first, *rest = (f"{s} in {w}" for s, (w, _) in zip(sizes, counts, strict=True))
    first = first.replace(" in ", f" {people} in ", 1)
    return " and ".join([", ".join([first, *rest[:-1]]), rest[-1]])


def source(data: ChartData) -> str:
    """Survey, waves, weighting, and the notice that must stand by every number."""
    survey = data.survey
    waves = listed(wave for wave in data.waves if wave not in survey.title)
    title = f"{survey.title}, {waves}" if waves else survey.title
    parts = [title, _weighting(data), survey.notice]
    return " ".join(f"{part.rstrip('.')}." for part in parts if part)


def _weighting(data: ChartData) -> str:
    survey = data.survey
    targets = [t.dimension for t in survey.targets if t.wave in data.waves]
    if targets:
        names = dict.fromkeys(lowered(survey.dimension(d).label) for d in targets)
        return f"Weighted by {listed(names)}"
    return "Weighted" if any(survey.wave(w).weight for w in data.waves) else ""


def notes(data: ChartData) -> tuple[str, ...]:
    """What a reader must know: intervals, what is hidden, what cannot be compared."""
    return tuple(
        note
        for note in (
            ungrouped(data),
            _lines(data),
            _hidden(data),
            _doubtful(data),
            _kept(data),
            *_broken(data),
            _top(data),
        )
        if note
    )


def ungrouped(data: ChartData) -> str:
    """How many of the base fall into none of the groups, if that can be told."""
    dimensions = data.spec.by.split("*") if data.spec.by else []
    notes = [_outside_of(data, by, len(dimensions) > 1) for by in dimensions]
    return " ".join(note for note in notes if note)


def _outside_of(data: ChartData, by: str, crossed: bool) -> str:
    """The note on one dimension, which must be named where there are two."""
    counts = [(n, wave) for wave in data.waves if (n := _outside(data, by, wave))]
    if not counts:
        return ""
    dimension = data.survey.dimension(by)
    several = len(data.waves) > 1
    parts = listed(f"{n:,} in {w}" if several else f"{n:,} of them" for n, w in counts)
    options = data.survey.question(dimension.question).choices
    grouped = {code for g in data.survey.domains(by) for code in g.options}
    left = {o.code for o in options if not o.missing} - grouped
    if all(says_nothing(code) for code in left):
        return f"{capitalized(dimension.label)} is not known for {parts}."
    of = f"groups by {lowered(dimension.label)}" if crossed else "groups"
    return f"In none of the {of}: {parts}."


def _outside(data: ChartData, by: str, wave: str) -> int:
    """The base without the groups; nought where one of them is hidden."""
    sizes: dict[str, int] = {}
    for mark in data.marks.values():
        if mark.wave == wave and mark.by == by:
            if mark.n is None:
                return 0
            sizes[mark.domain] = max(sizes.get(mark.domain, 0), mark.n)
    everyone = data.everyone(wave)
    return max(everyone - sum(sizes.values()), 0) if everyone and sizes else 0


def _lines(data: ChartData) -> str:
    note = interval_wording(data.survey).note
    return "" if data.spec.kind in BARE else f"Thin lines are intervals. {note}"


def _hidden(data: ChartData) -> str:
    """Which cells have too few answers; how many, if they are many."""
    hidden = data.suppressed()
    if not hidden:
        return ""
    few = f"Too few answers to show (under {data.survey.min_base})"
    names = list(dict.fromkeys(_place(data, *cell) for cell in hidden))
    if len(names) > 6:
        every = sum(1 for _ in data.cells())
        return f"{few}: {len(hidden)} of {every} cells."
    return f"{few}: {listed(names)}."


def _kept(data: ChartData) -> str:
    """Which combinations of answers are shown."""
    if data.spec.kind != "combinations":
        return ""
    return (
        f"Combinations are shown, up to {MOST_SETS}, if at least {data.survey.min_base}"
        " chose exactly that."
    )


def _doubtful(data: ChartData) -> str:
    """What italics mean, where a heat map has them."""
    if not any(mark and data.doubtful(mark) for _, _, mark in data.cells()):
        return ""
    return (
        "Figures in italics are uncertain: they rest on few answers, or their interval"
        " is wide for their size."
    )


def _place(data: ChartData, row: Heading, column: Heading) -> str:
    if column.axis == "wave" and len(data.columns) > 1:
        return f"{row.label} in {column.label}"
    domains = [h.label for h in (row, column) if h.axis == "domain"]
    return " × ".join(domains) or row.label


def _broken(data: ChartData) -> tuple[str, ...]:
    found = []
    for earlier, later in zip(data.waves, data.waves[1:], strict=False):
        if reason := comparable(data, earlier, later):
            found.append(f"{earlier} and {later} cannot be compared: {_stop(reason)}")
    return tuple(found)


def comparable(data: ChartData, earlier: str, later: str) -> str:
    """Why two waves cannot be compared; nothing if they can."""
    broken = data.survey.break_between(data.question, earlier, later)
    return broken.reason if broken else ""


def _stop(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _top(data: ChartData) -> str:
    if not data.left_out:
        return ""
    kept = sum(not row.everyone for row in data.rows)
    return f"The first {kept} of {kept + data.left_out}."


def headline(data: ChartData) -> str:
    """A title for a chart that has no message of its own."""
    return capitalized(data.question.label())
