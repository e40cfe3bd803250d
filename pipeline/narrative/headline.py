"""The title of a figure: what it shows, in a sentence its data license.

A superlative needs a test against the runner-up, adjusted for how many were in the
running; where none stands out, the title says how far the shares lie apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from pipeline.definition import Question, Survey
from pipeline.narrative import claims, comparisons
from pipeline.narrative.claims import Claim, Claimed, Source, doing, figure, named
from pipeline.narrative.comparisons import difference_p, shown_shares
from pipeline.narrative.facts import Row, domains, load_estimates, place_of
from pipeline.narrative.lexicon import option_name, scope, who
from pipeline.narrative.licences import ALPHA, holm, license_all
from pipeline.narrative.merge import merged
from pipeline.narrative.patterns import unit
from pipeline.narrative.ranking import ranking
from pipeline.outline import ClaimSpec, FigureSpec
from pipeline.wording import capitalized

PLAIN = ("compare_plain", "trend_plain", "trend_broken", "mean_plain", "mean_broken")


def headline(survey: Survey, build: Path, spec: FigureSpec, wave: str = "") -> str:
    """A figure's message, or the question's name where the data have none."""
    question = survey.question(spec.question)
    wave = wave or (spec.waves[-1] if spec.waves else "") or _latest(survey, question)
    estimates = load_estimates(build, crossed="*" in spec.by)
    claim = FINDERS[spec.kind](Source(survey, estimates, wave), spec, question)
    texts = [s.text for s in unit(claim).wordings] if claim else []
    if not texts:
        return capitalized(question.label())
    return min(texts, key=lambda text: (text[:1].isdigit(), len(text))).rstrip(".")


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
    """The first option, by itself if it is apart from the second."""
    claim = _said(ranking(source, _asks("ranking", spec, top=1), question))
    if claim is None or claim.licences != ("ranking_one",):
        return claim
    asked = _asks("level", spec, term=claim.figures["share"].facts[0].term)
    level = claims.level(source, asked, question)
    most = isinstance(level, Claim) and "level_majority" in level.licences
    if isinstance(level, Claim) and most:
        return msgspec.structs.replace(level, licences=("level_majority",))
    return claim


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
    p_value = difference_p(rows[0], rows[1])
    if p_value is not None and p_value * (len(rows) - 1) < ALPHA:
        return _highest(source, question, rows[0])
    return _shortened(_said(comparisons.spread(source, asked, question)))


def _shortened(claim: Claim | None) -> Claim | None:
    """A title says how far a range runs, and leaves its ends to the figure."""
    shorter = {("range",): ("spread",), ("range_same",): ("spread_same",)}
    if claim and claim.licences in shorter:
        return msgspec.structs.replace(claim, licences=shorter[claim.licences])
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
    terms = [spec.term] if spec.term else _terms(question)
    made = [
        comparisons.trend(source, _asks("trend", spec, term=term), question)
        for term in terms
    ]
    return _largest(made)


def _stacked(source: Source, spec: FigureSpec, question: Question) -> Claim | None:
    """The answer in which domains differ most."""
    made = [
        comparisons.spread(source, _asks("range", spec, term=term), question)
        for term in (_terms(question) if spec.by else ())
    ]
    widest = _largest(made)
    if widest is None:
        return None
    term = widest.figures["high"].facts[0].term
    return _by_domain(source, spec, question, term)


def _largest(made: Iterable[Claimed]) -> Claim | None:
    licensed = license_all([claim for claim in made if isinstance(claim, Claim)])
    if not licensed:
        return None
    telling = [c for c in licensed if c.p_value is not None and c.p_value < ALPHA]
    best = max(telling or licensed, key=lambda c: round(abs(c.difference), 9))
    return None if best.licences[0] in PLAIN else best


def _terms(question: Question) -> list[str]:
    """Nets where there are any, as they sum up; else every option."""
    options = [o.code for o in question.choices if not o.missing]
    return [net.code for net in question.nets] or options


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
    moved: list[tuple[int, Claim]] = []
    made = [
        (term, source.estimates.trend(source.wave, question.id, "share", term))
        for term in _terms(question)
    ]
    tested = {t: c for t, c in made if c and c.comparable and c.p_value is not None}
    adjusted = holm([c.p_value or 0.0 for c in tested.values()])
    for (term, change), p_value in zip(tested.items(), adjusted, strict=True):
        waves = (change.wave_from, change.wave_to)
        rows = [source.estimates.row(w, question.id, "share", term) for w in waves]
        if p_value < ALPHA and all(row and row.rank for row in rows):
            before, after = (row for row in rows if row)
            moved.append(_moved(source, question, before, after))
    moved = [move for move in moved if move[0]]
    return max(moved, key=lambda move: abs(move[0]))[1] if moved else None


def _moved(
    source: Source, question: Question, before: Row, after: Row
) -> tuple[int, Claim]:
    group = who(source.survey, question)
    name = option_name(question, after.term)
    places = [place_of(r, question, group.whole, name) for r in (before, after)]
    up = (before.rank or 0) - (after.rank or 0)
    words = {"option": name, "from": before.wave, "to": after.wave}
    claim = Claim(
        kind="place",
        question=question.id,
        names=named(group) | words,
        figures={"before": figure(places[0]), "after": figure(places[1])},
        licences=("place_up" if up > 0 else "place_down",),
    )
    return up, claim


def _heat(source: Source, spec: FigureSpec, question: Question) -> Claim | None:
    return _by_domain(source, spec, question, spec.term) if spec.term else None


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
    "distribution": _distribution,
    "stacked": _stacked,
    "ranks": _ranks,
    "heat": _heat,
}
