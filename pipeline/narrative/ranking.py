"""Claims of order: the first options, one option's place, what is first everywhere.

Equal shares share a place: the order never says more than the figures shown do.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pipeline.definition import Question
from pipeline.narrative.answers import has_place
from pipeline.narrative.claims import (
    Claim,
    Claimed,
    Figure,
    Source,
    doing,
    figure,
    missing,
    named,
    people,
    share_fact,
)
from pipeline.narrative.differences import order_p
from pipeline.narrative.facts import Row, domains, place_of
from pipeline.narrative.lexicon import (
    FRAMED,
    NAMED,
    first_answer,
    listing,
    next_answer,
    option_name,
    scope,
    verbs,
    who,
)
from pipeline.narrative.licences import ALPHA
from pipeline.outline import ClaimSpec
from pipeline.reading import UNCODED
from pipeline.report import Fact
from pipeline.wording import cardinal, clauses, listed

LONGEST = 5


def ranking(source: Source, spec: ClaimSpec, question: Question) -> Claimed:
    """The first `top` options; with a `term`, the place that it takes.

    With `by` and no `domain`: whether one option comes first in every domain. Where
    all answers are asked for, none leads: they are listed.
    """
    if spec.by and not spec.domain:
        return consensus(source, spec, question)
    rows = ranked(source, question, spec.by, spec.domain)
    if spec.term:
        return _place(source, spec, question, rows)
    p_value = order_of_first(question, rows)
    apart = p_value is not None and p_value < ALPHA
    chosen = _first(rows, spec.top if apart else max(2, spec.top))
    if not chosen:
        return missing(source, spec, "no order, or too many options alike")
    claim = _order(source, spec, question, chosen)
    if len(chosen) == sum(not option.missing for option in question.choices):
        return msgspec.structs.replace(claim, kind="levels", licences=("levels",))
    return msgspec.structs.replace(claim, p_value=p_value, difference=1.0)


def order_of_first(question: Question, rows: Sequence[Row]) -> float | None:
    """The p-value of the first against the second."""
    if len(rows) < 2:
        return None
    return order_p(rows[0], rows[1], one_only=question.kind != "select-all")


def ranked(
    source: Source, question: Question, by: str = "", domain: str = ""
) -> list[Row]:
    """The shares of all options, highest first, equal ones in the survey's order.

    What free text names that no list has is many answers, so it leads nothing.
    """
    answers = source.estimates.group(source.wave, question.id, by, domain)
    rows = [
        answers["share", option.code]
        for option in question.choices
        if ("share", option.code) in answers and option.code != UNCODED
    ]
    return sorted((r for r in rows if r.shown and r.rank), key=lambda r: r.rank or 0)


def _first(rows: Sequence[Row], top: int) -> list[Row]:
    """The first `top`, never cutting between two of one rank."""
    if not rows or not rows[0].estimate:
        return []
    end = min(top, len(rows))
    while 0 < end < len(rows) and rows[end].rank == rows[end - 1].rank:
        end += 1
    if end > max(top, LONGEST):
        end = next(i for i, r in enumerate(rows) if r.rank == rows[end - 1].rank)
    return list(rows[:end])


def _order(
    source: Source, spec: ClaimSpec, question: Question, rows: Sequence[Row]
) -> Claim:
    facts = [share_fact(source, question, row) for row in rows]
    group = people(source.survey, question, spec.by, spec.domain)
    ahead = [f for f in facts if f.display == facts[0].display]
    rest = facts[len(ahead) :]
    names = named(group) | {"count": cardinal(len(facts))}
    if len(ahead) == 1:
        names |= doing(question, facts[0].term)
    figures = {
        "share": figure(*ahead, text=ahead[0].display),
        "items": figure(*facts, text=answered(question, facts)),
        "items_of": figure(*facts, text=answered(question, facts, group.noun)),
        "doing": figure(*facts, text=_doing(question, facts)),
        "tied": figure(*ahead, text=_answers(question, ahead)),
    }
    if rest:
        figures["others"] = figure(*rest, text=_others(question, group.rel, rest))
    return Claim(
        kind="ranking" if rest else "first",
        question=question.id,
        names=names,
        figures=figures,
        licences=("ranking_tied",) if len(ahead) > 1 else (),
    )


def _answers(question: Question, facts: Sequence[Fact]) -> str:
    """`use ChatGPT and Claude`: what several answers amount to, without figures."""
    terms = [fact.term for fact in facts]
    if listing(question) in FRAMED:
        names = listed((option_name(question, term) for term in terms), "or")
        return question.say.replace("{option}", names)
    rest = (next_answer(question, term) for term in terms[1:])
    return listed([first_answer(question, terms[0]), *rest])


def _each(question: Question, facts: Sequence[Fact]) -> str:
    """`GitHub Copilot (53%) and Google Gemini (23%)`."""
    return listed(f"{option_name(question, f.term)} ({f.display})" for f in facts)


def _others(question: Question, rel: str, facts: Sequence[Fact]) -> str:
    """What may stand after "followed by"."""
    form = listing(question)
    if form in NAMED:
        return _each(question, facts)
    first, *rest = (f"those {rel} {verbs(question, f.term)}" for f in facts)
    if form == "to":
        rest = [next_answer(question, fact.term) for fact in facts[1:]]
    pairs = zip((first, *rest), facts, strict=True)
    return listed(f"{words} ({fact.display})" for words, fact in pairs)


def _doing(question: Question, facts: Sequence[Fact]) -> str:
    """`use ChatGPT (80%), GitHub Copilot (53%) and Google Gemini (23%)`."""
    if listing(question) in FRAMED:
        names = (f"{option_name(question, f.term)} ({f.display})" for f in facts)
        return question.say.replace("{option}", listed(names, "or"))
    first, *rest = facts
    others = [f"{next_answer(question, f.term)} ({f.display})" for f in rest]
    return listed([f"{first_answer(question, first.term)} ({first.display})", *others])


def answered(question: Question, facts: Sequence[Fact], noun: str = "") -> str:
    """`80% use ChatGPT, 53% GitHub Copilot and 23% Google Gemini`; `80% of noun use …`.

    Around an option in the middle: `45% name A and 40% B among the trends`.
    """
    shares = [fact.display for fact in facts]
    shares[0] += f" of {noun}" if noun else ""
    terms = [fact.term for fact in facts]
    if listing(question, terms) in FRAMED:
        head, _, tail = question.say.partition("{option}")
        names = [option_name(question, term) for term in terms]
        again = head if head.split()[-1:] == ["say"] else ""
        said = [f"{head}{names[0]}", *(f"{again}{name}" for name in names[1:])]
        return f"{listed(map(' '.join, zip(shares, said, strict=True)))}{tail}"
    said = [first_answer(question, terms[0])]
    said += [next_answer(question, term) for term in terms[1:]]
    parts = [" ".join(pair) for pair in zip(shares, said, strict=True)]
    verbal = listing(question) in ("verb", "that")
    return clauses(parts) if verbal else listed(parts)


def _place(
    source: Source, spec: ClaimSpec, question: Question, rows: Sequence[Row]
) -> Claimed:
    row = next((r for r in rows if r.term == spec.term), None)
    if row is None or not has_place(question, row.term):
        return missing(source, spec)
    group = people(source.survey, question, spec.by, spec.domain)
    option = _title(question, spec.term)
    at = placed(source, question, row)
    place = place_of(row, question, group.whole, f"place of {option}", at)
    rivals = (r for r in rows if has_place(question, r.term))
    tied = sum(r.rank == row.rank for r in rivals) > 1
    names = named(group) | doing(question, spec.term) | {"option": option}
    return Claim(
        kind="ranking",
        question=question.id,
        names=names,
        figures={
            "place": figure(place, text=f"joint {place.display}" if tied else ""),
            "share": figure(share_fact(source, question, row)),
        },
        licences=("ranking_place",),
    )


def placed(source: Source, question: Question, row: Row) -> int:
    """The rank of an answer among those that may have one."""
    answers = source.estimates.group(row.wave, question.id, row.by, row.domain)
    ahead = (
        rival
        for (statistic, term), rival in answers.items()
        if statistic == "share" and has_place(question, term)
    )
    return 1 + sum((rival.rank or 0) < (row.rank or 0) for rival in ahead if rival.rank)


def _title(question: Question, term: str) -> str:
    """An option by itself: its noun, or its label in quotation marks."""
    if listing(question) in NAMED:
        return option_name(question, term)
    return f"“{question.option(term).label}”"


def consensus(source: Source, spec: ClaimSpec, question: Question) -> Claimed:
    """The option that comes first in every domain shown, if there is one."""
    firsts: list[Row] = []
    for code in domains(source.survey, spec.by):
        rows = ranked(source, question, spec.by, code)
        if rows:
            term = spec.term or rows[0].term
            firsts += [r for r in rows if r.term == term and r.rank == 1] or [rows[-1]]
    terms = {row.term for row in firsts}
    everywhere = len(terms) == 1 and all(row.rank == 1 for row in firsts)
    if len(firsts) < 2 or not everywhere:
        return missing(source, spec, f"no option is first for every {spec.by}")
    (term,) = terms
    facts = tuple(share_fact(source, question, row) for row in firsts)
    shares = sorted(facts, key=lambda fact: fact.estimate)
    group = who(source.survey, question)
    return Claim(
        kind="ranking",
        question=question.id,
        names=named(group)
        | doing(question, term)
        | {
            "option": _title(question, term),
            "scope": scope(source.survey, spec.by),
        },
        figures={
            "low": Figure(shares[0].display, facts),
            "high": Figure(shares[-1].display, facts),
        },
        licences=("ranking_consensus",),
    )
