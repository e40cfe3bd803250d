"""What a reader must be told: the 11 items of AAPOR's transparency checklist (2021).

How intervals are worded is decided here too, because it follows from the sample: for
people who chose to take part AAPOR calls a "margin of error" harmful, so the word is
left out and the model that an interval rests on is named instead.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from pipeline.definition import Survey, Wave
from pipeline.report import Disclosure

Sample = Literal["opt-in", "probability"]


class IntervalWording(msgspec.Struct, frozen=True):
    """How an interval is named in a table, noted under a chart, and explained."""

    name: str
    note: str
    model: str


INTERVALS: Mapping[Sample, IntervalWording] = {
    "opt-in": IntervalWording(
        name="95% interval",
        note="Intervals are at 95% and treat respondents, who chose to take part, as if"
        " drawn at random.",
        model="Intervals are at 95%. They assume that respondents answer like a random"
        " sample of the people they stand for; where answers are weighted, they count"
        " the precision lost to it. As respondents chose to take part, they show how"
        " far chance alone could move a figure, and say nothing about the people who"
        " stayed away.",
    ),
    "probability": IntervalWording(
        name="95% confidence interval",
        note="95% confidence intervals (margin of sampling error), weighting included.",
        model="The margin of sampling error is given as a 95% confidence interval for"
        " each estimate and counts the precision lost to weighting. Error from"
        " nonresponse, coverage and question wording is not in it.",
    ),
}

SAMPLES: Mapping[Sample, str] = {
    "opt-in": "Non-probability (opt-in): respondents chose to take part.",
    "probability": "Probability sample: everyone in the frame had a known chance.",
}

FITTED = {
    "rake": "Raked to",
    "post-stratify": "Post-stratified to",
    "linear": "Calibrated to",
    "logit": "Calibrated to",
}

CAUTION: Mapping[Sample, str] = {
    "opt-in": "Results describe those who answered; they stand for a wider population"
    " only as far as these resemble it.",
    "probability": "Besides sampling error, results are subject to nonresponse,"
    " coverage and measurement error.",
}


def interval_wording(survey: Survey) -> IntervalWording:
    """The words for intervals that a survey's sample type allows."""
    return INTERVALS[survey.sample]


def disclosure(
    survey: Survey,
    wave: Wave,
    ingest: Mapping[str, Any] | None = None,
    weights: Sequence[Mapping[str, Any]] | None = None,
) -> tuple[Disclosure, ...]:
    """The 11 items, in AAPOR's order; what nobody stated has no text.

    `ingest` and `weights` are `ingest.json` and `weights.json` as read.
    """
    about = survey.about
    counts = _of_wave((ingest or {}).get("waves", ()), wave.id)
    weighing = _of_wave(weights or (), wave.id)
    wording = "The wording of each question is printed with its figure."
    items = {
        "Data collection strategy": [about.collection],
        "Who sponsored the research and who conducted it": _sponsors(survey),
        "Measurement tools": [about.instrument, wording],
        "Population under study": [about.population],
        "How the sample was generated": [SAMPLES[survey.sample], about.sample],
        "Mode of data collection": [about.mode],
        "Dates of data collection": [field_dates(wave)],
        "Sample sizes and precision": _sizes(survey, weighing or counts),
        "How the data were weighted": _weighting(survey, weighing),
        "How the data were processed": [about.processing, *_processing(counts)],
        "Limitations": [survey.notice, about.limitations, CAUTION[survey.sample]],
    }
    return tuple(Disclosure(item=i, text=_joined(parts)) for i, parts in items.items())


def field_dates(wave: Wave) -> str:
    """When a wave was in the field: `20 September to 31 October 2024`.

    Empty where nobody stated it.
    """
    if wave.start is None or wave.end is None:
        return ""
    if wave.start == wave.end:
        return _day(wave.start)
    if wave.start.year != wave.end.year:
        return f"{_day(wave.start)} to {_day(wave.end)}"
    return f"{wave.start.day} {wave.start:%B} to {_day(wave.end)}"


def _day(date: dt.date) -> str:
    return f"{date.day} {date:%B} {date.year}"


def _of_wave(entries: Iterable[Mapping[str, Any]], wave: str) -> Mapping[str, Any]:
    return next((e for e in entries if e.get("wave") == wave), {})


def _joined(parts: Iterable[str]) -> str | None:
    """Sentences in a row, each with its full stop; None if nobody said anything."""
    said = [part.strip() for part in parts if part.strip()]
    return " ".join(p if p.endswith((".", "!", "?")) else f"{p}." for p in said) or None


def _sponsors(survey: Survey) -> list[str]:
    about = survey.about
    if about.sponsor and about.sponsor == about.conducted_by:
        return [f"Sponsor and conductor: {about.sponsor}"]
    sponsor = f"Sponsor: {about.sponsor}" if about.sponsor else ""
    conductor = f"Conducted by: {about.conducted_by}" if about.conducted_by else ""
    return [sponsor, conductor]


def _sizes(survey: Survey, account: Mapping[str, Any]) -> list[str]:
    if "respondents" not in account:
        return []
    parts = [f"{account['respondents']:,} respondents"]
    if account.get("weighted"):
        parts.append(
            f"After weighting they are worth {account['effective_n']:,.0f}"
            f" (design effect {account['design_effect']:.2f})"
        )
    hidden = (
        "The base is given with every figure;"
        f" below {survey.min_base} respondents nothing is shown"
    )
    return [*parts, hidden, INTERVALS[survey.sample].note]


def _weighting(survey: Survey, account: Mapping[str, Any]) -> list[str]:
    if "weighted" not in account:
        return []
    margins = account.get("margins", ())
    if not account["weighted"]:
        return ["Not weighted: each respondent counts once"]
    if not margins:
        return ["With the weights supplied with the data"]
    names = dict.fromkeys(survey.dimension(m["dimension"]).label for m in margins)
    sources = dict.fromkeys(s for s in account.get("sources", ()) if s)
    spread = f"{account['smallest']:.2f} to {account['largest']:.2f}"
    how = FITTED[account.get("method") or "rake"]
    cut = account.get("trimmed", 0)
    return [
        f"{how} population shares of {' and '.join(n.lower() for n in names)}",
        f"Targets: {'; '.join(sources)}" if sources else "",
        f"Trimmed: {cut:,} weights that lay far out" if cut else "",
        f"Weights run from {spread}",
    ]


def _processing(counts: Mapping[str, Any]) -> list[str]:
    if not counts:
        return []
    dropped = [f"{d['count']:,} ({d['reason']})" for d in counts.get("dropped", ())]
    cells = sum(r["count"] for r in counts.get("rejected", ()))
    gone = "; ".join(dropped) or "none"
    return [
        f"Rows read: {counts['rows_read']:,}; left out: {gone}",
        f"Answers not used because they were impossible or unknown: {cells:,}",
    ]
