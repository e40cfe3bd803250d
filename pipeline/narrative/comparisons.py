"""Claims that compare: domains with each other, a range over domains, two waves.

What they may say of a difference depends on its test; each therefore carries its
p-value, and `licences.py` decides with all tests of the section in view.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from pipeline.definition import Question
from pipeline.narrative.claims import (
    Claim,
    Claimed,
    Figure,
    Source,
    doing,
    figure,
    mean_fact,
    missing,
    named,
    people,
    share_fact,
)
from pipeline.narrative.differences import (
    certain_times,
    difference_p,
    equal_p,
    error_between,
    gap_between,
    multiple,
)
from pipeline.narrative.facts import Estimates, Row, Trend, domains
from pipeline.narrative.lexicon import domain_noun, lowered, scope, topic, who
from pipeline.outline import ClaimSpec
from pipeline.report import Fact
from pipeline.wording import CARDINALS, cardinal, listed, rounded

TIES_NAMED = 3
WIDE = 3  # times, from which a gap is called wide


def compare(source: Source, spec: ClaimSpec, question: Question) -> Claimed:
    """One domain's share against another's, or against everyone's."""
    one = _share(source, spec, spec.domain)
    other = _share(source, spec, spec.versus)
    if one is None or other is None:
        return missing(source, spec, f"nothing to compare with {spec.versus or 'all'}")
    here = people(source.survey, question, spec.by, spec.domain)
    there = people(source.survey, question, spec.by, spec.versus)
    names = named(here) | doing(question, spec.term)
    names["other"] = there.noun if spec.versus else f"all {there.noun}"
    facts = [share_fact(source, question, row) for row in (one, other)]
    figures = {"share": figure(facts[0]), "other_share": figure(facts[1])}
    figures |= points_apart(*facts)
    times = certain_times(one, other) if spec.versus else 0
    if times:
        figures["times"] = figure(*facts, text=f"more than {multiple(times)}")
    return Claim(
        kind="compare",
        question=question.id,
        names=names,
        figures=figures,
        p_value=difference_p(source.estimates, one, other),
        equal_p=equal_p(
            gap_between(one, other), error_between(source.estimates, one, other)
        )
        if spec.versus
        else None,
        difference=gap_between(one, other),
        besides=_times_families(times),
    )


def spread(source: Source, spec: ClaimSpec, question: Question) -> Claimed:
    """The lowest and the highest share over the domains that may be shown.

    Domains differ if any two of them do. The ends need not: they are often small.
    """
    rows = shown_shares(source, spec)
    if len(rows) < 2:
        return missing(source, spec, f"fewer than two {spec.by} may be shown")
    rows, ran = _certain(rows, scope(source.survey, spec.by))
    tests = _pairs(source.estimates, rows)
    if not tests:
        return missing(source, spec, "no two of them can be tested")
    surest = min(tests, key=lambda test: (test.p_value, -test.gap))
    rows.sort(key=lambda row: row.estimate or 0.0)
    ends_p = difference_p(source.estimates, rows[-1], rows[0])
    names, figures = _range(source, question, rows, surest)
    return Claim(
        kind="range",
        question=question.id,
        names=names | doing(question, spec.term) | {"scope": ran},
        figures=figures,
        p_value=min(1.0, surest.p_value * len(tests)),
        ends_p=1.0 if ends_p is None else min(1.0, ends_p * len(tests)),
        difference=gap_between(rows[-1], rows[0]),
    )


def _range(
    source: Source, question: Question, rows: Sequence[Row], surest: PairTest
) -> tuple[dict[str, str], dict[str, Figure]]:
    """Names and figures of both ends of `rows`, and of the pair surest to differ."""
    facts = {row.domain: share_fact(source, question, row) for row in rows}
    low, high = (facts[row.domain] for row in (rows[0], rows[-1]))
    less, more = (facts[domain] for domain in (surest.lower, surest.higher))
    shown = {"low": low, "high": high, "less": less, "more": more}
    figures = {name: figure(fact) for name, fact in shown.items()}
    for name, end in (("low", low), ("high", high)):
        tied = _tied(source, list(facts.values()), end)
        figures[f"{name}_noun"] = tied
        if len(tied.facts) == 1:
            figures[f"{name}_one"] = tied
    names = {
        "less_noun": domain_noun(source.survey, less.by, less.domain),
        "more_noun": domain_noun(source.survey, more.by, more.domain),
    }
    return _all_of(source, question) | names, figures


class PairTest(NamedTuple):
    """Two domains, the p-value of their difference, and how far they are apart."""

    lower: str
    higher: str
    p_value: float
    gap: float


def _pairs(source: Estimates, rows: Sequence[Row]) -> list[PairTest]:
    """The test of every pair of domains that can be tested."""
    tests = []
    for pair in combinations(rows, 2):
        one, other = sorted(pair, key=lambda row: row.estimate or 0.0)
        p_value = difference_p(source, one, other)
        if p_value is not None:
            gap = gap_between(other, one)
            tests.append(PairTest(one.domain, other.domain, p_value, gap))
    return tests


def _certain(rows: list[Row], name: str) -> tuple[list[Row], str]:
    """Of crossed domains those with enough answers to end a range, and their name.

    Among many small cells the ends are mostly chance.
    """
    sure = [row for row in rows if row.certain]
    if "*" not in rows[0].by or len(sure) < 2 or len(sure) == len(rows):
        return rows, name
    return sure, f"{name} with enough answers"


def trend(source: Source, spec: ClaimSpec, question: Question) -> Claimed:
    """A share, or the mean where no answer is named, now and in the wave before."""
    statistic = "share" if spec.term else "mean"
    change = source.estimates.trend(
        source.wave, question.id, statistic, spec.term, spec.by, spec.domain
    )
    if change is None:
        return missing(source, spec, f"no earlier wave to compare {source.wave} with")
    pair = [_at(source, change, wave) for wave in (change.wave_from, change.wave_to)]
    if pair[0] is None or pair[1] is None:
        return missing(source, spec, f"not shown in {change.wave_from}, {source.wave}")
    make = share_fact if spec.term else mean_fact
    before, after = (make(source, question, row) for row in pair if row)
    group = people(source.survey, question, spec.by, spec.domain)
    names = named(group) | {"from": change.wave_from, "to": change.wave_to}
    if spec.term:
        names |= doing(question, spec.term)
    else:
        names["topic"] = topic(question)
    if not change.comparable:
        names["reason"] = lowered(change.reason.rstrip("."))
    figures = {"before": figure(before), "after": figure(after)}
    times = certain_times(pair[1], pair[0]) if spec.term else 0
    if times:
        figures["grown"] = figure(after, before, text=f"more than {_grown(times)}")
    return Claim(
        kind="trend" if spec.term else "mean_trend",
        question=question.id,
        names=names,
        figures=figures | (points_apart(after, before) if spec.term else {}),
        p_value=change.p_value,
        equal_p=equal_p(change.difference, change.se) if spec.term else None,
        difference=change.difference or 0.0,
        besides=("trend_times",) if times else (),
        licences=() if change.comparable else (_broken(spec),),
    )


def shown_shares(source: Source, spec: ClaimSpec) -> list[Row]:
    """The shares of an answer in every domain that may be shown, in order."""
    codes = domains(source.survey, spec.by)
    rows = (_share(source, spec, code) for code in codes)
    return [row for row in rows if row is not None]


def points_apart(one: Fact, other: Fact) -> dict[str, Figure]:
    """`gap`, in points, if the difference of what is shown is that of the estimates."""
    shown = [fact.display for fact in (one, other)]
    if not all(text.removesuffix("%").isdigit() for text in shown):
        return {}
    seen = abs(int(shown[0][:-1]) - int(shown[1][:-1]))
    if seen != rounded(100 * abs(one.estimate - other.estimate)) or not seen:
        return {}
    text = f"{seen} percentage point{'s' if seen > 1 else ''}"
    return {"gap": figure(one, other, text=text)}


def _times_families(times: int) -> tuple[str, ...]:
    if not times:
        return ()
    return ("compare_times", "compare_wide") if times >= WIDE else ("compare_times",)


def _grown(times: int) -> str:
    return "tripled" if times >= WIDE else "doubled"


def _share(source: Source, spec: ClaimSpec, domain: str) -> Row | None:
    by = spec.by if domain else ""
    return source.estimates.row(
        source.wave, spec.question, "share", spec.term, by, domain
    )


def _at(source: Source, change: Trend, wave: str) -> Row | None:
    return source.estimates.row(
        wave,
        change.question,
        change.statistic,
        change.term,
        change.by,
        change.domain,
    )


def _broken(spec: ClaimSpec) -> str:
    return "trend_broken" if spec.term else "mean_broken"


def _all_of(source: Source, question: Question) -> dict[str, str]:
    """Who a range is about: everyone counted, to be named if that is not all."""
    everyone = who(source.survey, question)
    restricted = everyone.noun != source.survey.say
    lead = f"among {everyone.noun}, " if restricted else ""
    return named(everyone) | {"among": lead, "whole": everyone.noun}


def _tied(source: Source, facts: Sequence[Fact], end: Fact) -> Figure:
    """Everyone whose displayed share is that of this end of the range."""
    same = [fact for fact in facts if fact.display == end.display]
    if len(same) > TIES_NAMED:
        count = cardinal(len(same)) if len(same) < len(CARDINALS) else "several"
        name = f"each of {count} {scope(source.survey, end.by)}"
        return figure(*same, text=f"{source.survey.say} in {name}")
    nouns = [domain_noun(source.survey, fact.by, fact.domain) for fact in same]
    return figure(*same, text=listed(nouns))
