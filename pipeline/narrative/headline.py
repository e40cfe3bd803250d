"""The title of a figure: what it shows, in a sentence its data license.

A superlative needs a test against every other, adjusted for how many were in the
running; where none stands out, the title says how far the shares lie apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from pipeline.definition import Question, Survey
from pipeline.narrative import claims, comparisons
from pipeline.narrative.answers import says_nothing, sums
from pipeline.narrative.claims import Claim, Claimed, Source, doing, figure, named
from pipeline.narrative.comparisons import shown_shares
from pipeline.narrative.differences import difference_p
from pipeline.narrative.facts import (
    Estimates,
    Row,
    domains,
    load_estimates,
)
from pipeline.narrative.lexicon import YES, is_quoted, scope
from pipeline.narrative.licences import ALPHA, license_all
from pipeline.narrative.lock.reader import lock
from pipeline.narrative.merge import merged
from pipeline.narrative.moves import most_moved
from pipeline.narrative.patterns import unit
from pipeline.narrative.ranking import ranking
from pipeline.narrative.tested import tests_of
from pipeline.outline import ClaimSpec, FigureSpec
from pipeline.wording import capitalized

PLAIN = ("compare_plain", "trend_plain", "trend_broken", "mean_plain", "mean_broken")


class Message(msgspec.Struct, frozen=True):
    """The title of a figure, and the answer that it is about, if it is about one."""

    title: str
    term: str = ""


def headline(survey: Survey, build: Path, spec: FigureSpec, wave: str = "") -> Message:
    """A figure's message, or the question's name where the data have none."""
    question = survey.question(spec.question)
    wave = wave or (spec.waves[-1] if spec.waves else "") or _latest(survey, question)
    estimates = load_estimates(build, crossed="*" in spec.by)
    source = Source(survey, estimates, wave)
    claim = FINDERS[spec.kind](source, spec, question)
    texts = _proved(source, spec, claim) if claim else []
    if not claim or not texts:
        together = ": chosen together" if spec.kind == "combinations" else ""
        return Message(f"{capitalized(question.label())}{together}")
    title = min(texts, key=_stiffness).rstrip(".")
    terms = {fact.term for fact in claim.facts()}
    return Message(title, terms.pop() if len(terms) == 1 else "")


def _proved(source: Source, spec: FigureSpec, claim: Claim) -> list[str]:
    """The wordings of a title that the second lock lets pass."""
    reading = lock(
        source.survey,
        source.estimates,
        source.wave,
        [spec.question],
        [spec.by] if spec.by else [],
        tests_of([claim]),
    )
    texts = (sentence.text for sentence in unit(claim).wordings)
    return [text for text in texts if not reading.troubles(text, title=True)]


def _stiffness(text: str) -> tuple[bool, int]:
    """A title rather begins with what it is about than with a figure; then, short."""
    return text[:1].isdigit() or text.startswith("At "), len(text)


def _latest(survey: Survey, question: Question) -> str:
    return [wave.id for wave in survey.waves if wave.id in question.columns][-1]


Finder = Callable[[Source, FigureSpec, Question], Claim | None]


def _bars(source: Source, spec: FigureSpec, question: Question) -> Claim | None:
    if spec.term and spec.by:
        return _by_domain(source, spec, question, spec.term)
    if spec.term:
        return _said(claims.level(source, _asks("level", spec), question))
    return _first(source, spec, question)


def _first(source: Source, spec: FigureSpec, question: Question) -> Claim | None:
    """What most choose; else the sum that leads; else the first option or options.

    "No" is said by the share of yes, if that has words of its own.
    """
    claim = _said(ranking(source, _asks("ranking", spec, top=1), question))
    if claim is None:
        return None
    first = claim.figures["share"].facts[0]
    if is_quoted(question, first.term) and not is_quoted(question, YES):
        return _level(source, spec, question, YES)
    if claim.licences == ("ranking_one",):
        level = _level(source, spec, question, first.term)
        if level and level.licences == ("level_majority",):
            return level
    rows = (
        source.estimates.row(source.wave, question.id, "share", net.code)
        for net in sums(question, (source.wave,))
    )
    totals = [row for row in rows if row and (row.estimate or 0) > first.estimate]
    if not totals:
        return claim
    leading = max(totals, key=lambda row: row.estimate or 0)
    return _level(source, spec, question, leading.term)


def _level(
    source: Source, spec: FigureSpec, question: Question, term: str
) -> Claim | None:
    """The share of one answer, as that of most if it is."""
    level = claims.level(source, _asks("level", spec, term=term), question)
    if not isinstance(level, Claim):
        return None
    most = "level_majority" in level.licences
    return msgspec.structs.replace(
        level, licences=("level_majority" if most else "level",)
    )


def _by_domain(
    source: Source, spec: FigureSpec, question: Question, term: str
) -> Claim | None:
    """Two domains are compared; of more, the highest stands out or none does."""
    asked = ClaimSpec(kind="range", question=question.id, term=term, by=spec.by)
    rows = sorted(shown_shares(source, asked), key=lambda r: -(r.estimate or 0.0))
    if len(rows) < 2:
        return None
    if len(domains(source.survey, spec.by)) == 2:
        pair = msgspec.structs.replace(
            asked, kind="compare", domain=rows[0].domain, versus=rows[1].domain
        )
        return _said(comparisons.compare(source, pair, question))
    if _stands_out(source.estimates, rows):
        return _highest(source, question, rows[0])
    return _shortened(_said(comparisons.spread(source, asked, question)))


def _stands_out(source: Estimates, rows: Sequence[Row]) -> bool:
    """Whether the first differs from every other; the second need not be the closest.

    Of crossed domains it must be precise besides: among many the highest is chance.
    """
    first, *others = rows
    tests = [difference_p(source, first, other) for other in others]
    apart = all(p is not None and p * len(tests) < ALPHA for p in tests)
    return apart and (first.certain or "*" not in first.by)


def _shortened(claim: Claim | None) -> Claim | None:
    """A title says how far a range runs, and leaves its ends to the figure.

    It names them where the groups have no common name that would say what they are.
    """
    shorter = dict.fromkeys(("range", "range_some", "range_ends"), "spread")
    shorter["range_same"] = "spread_same"
    if claim and claim.licences[0] in shorter:
        short = shorter[claim.licences[0]]
        if short == "spread" and claim.names["scope"] == "groups":
            short = "spread_ends"
        return msgspec.structs.replace(claim, licences=(short,))
    return claim


def _highest(source: Source, question: Question, row: Row) -> Claim:
    group = claims.people(source.survey, question, row.by, row.domain)
    return Claim(
        kind="highest",
        question=question.id,
        names=named(group)
        | doing(question, row.term)
        | {"scope": scope(source.survey, row.by)},
        figures={"share": figure(claims.share_fact(source, question, row))},
        licences=("highest",),
    )


def _waves(source: Source, spec: FigureSpec, question: Question) -> Claim | None:
    """The largest change of one answer that holds when all are tested."""
    terms = [spec.term] if spec.term else _terms(source, question)
    made = [
        comparisons.trend(source, _asks("trend", spec, term=term), question)
        for term in terms
    ]
    return _largest(made)


def _stacked(source: Source, spec: FigureSpec, question: Question) -> Claim | None:
    """The answer in which domains differ most."""
    made = [
        comparisons.spread(source, _asks("range", spec, term=term), question)
        for term in (_terms(source, question) if spec.by else ())
    ]
    widest = _largest(made)
    if widest is None or widest.p_value is None or widest.p_value >= ALPHA:
        return _shortened(widest)
    term = widest.figures["high"].facts[0].term
    return _by_domain(source, spec, question, term)


def _largest(made: Iterable[Claimed]) -> Claim | None:
    licensed = license_all([claim for claim in made if isinstance(claim, Claim)])
    if not licensed:
        return None
    telling = [c for c in licensed if c.p_value is not None and c.p_value < ALPHA]
    best = max(telling or licensed, key=lambda c: round(abs(c.difference), 9))
    return None if best.licences[0] in PLAIN else best


def _terms(source: Source, question: Question) -> list[str]:
    """Nets where they sum up; else every option that says something."""
    nets = [net.code for net in sums(question, (source.wave,))]
    given = [o.code for o in question.choices if not o.missing]
    telling = [code for code in given if not says_nothing(code)]
    return nets or [c for c in telling if not is_quoted(question, c)] or telling


def _distribution(source: Source, spec: FigureSpec, question: Question) -> Claim | None:
    """The domains whose most frequent ratings lie furthest apart."""
    codes = domains(source.survey, spec.by) if spec.by else ("",)
    made = [
        claims.mode(source, _asks("mode", spec, domain=code), question)
        for code in codes
    ]
    single = [c for c in made if isinstance(c, Claim) and c.licences == ("mode",)]
    if not single:
        return None
    low, high = (end(single, key=_rating) for end in (min, max))
    apart = [low] if _rating(low) == _rating(high) else [high, low]
    return merged(source.survey, apart)[0]


def _rating(claim: Claim) -> float:
    return claim.figures["rating"].facts[0].estimate


def _ranks(source: Source, spec: FigureSpec, question: Question) -> Claim | None:
    """The option that moved most, of those whose share changed significantly."""
    return most_moved(source, question)


def _heat(source: Source, spec: FigureSpec, question: Question) -> Claim | None:
    return _by_domain(source, spec, question, spec.term) if spec.term else None


def _no_message(source: Source, spec: FigureSpec, question: Question) -> Claim | None:
    """No licence is given yet to say of combinations which comes first."""
    return None


def _asks(kind: str, spec: FigureSpec, **more: object) -> ClaimSpec:
    asked = {"kind": kind, "question": spec.question, "term": spec.term}
    by = {"by": spec.by} if more.get("domain") or kind == "range" else {}
    return msgspec.convert(asked | by | more, ClaimSpec)


def _said(claimed: Claimed) -> Claim | None:
    if not isinstance(claimed, Claim):
        return None
    return license_all([claimed])[0]


FINDERS: dict[str, Finder] = {
    "bars": _bars,
    "waves": _waves,
    "trend": _waves,
    "distribution": _distribution,
    "ridges": _distribution,
    "stacked": _stacked,
    "likert": _stacked,
    "ranks": _ranks,
    "heat": _heat,
    "panels": _heat,
    "combinations": _no_message,
}
