"""Connectives between sentences: "by contrast" where that is so.

A connective is licensed of a claim behind another, so a sentence that has one is of the
language only right behind a sentence of that other claim. A difference that is
significant beside one that is not makes no contrast: that these two differ from each
other was not tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

from pipeline.narrative.answers import has_place
from pipeline.narrative.claims import Claim, Source
from pipeline.narrative.lock.connectives import connected
from pipeline.narrative.lock.read import Read
from pipeline.narrative.lock.reader import Lock
from pipeline.narrative.patterns import Unit, behind
from pipeline.report import Sentence

Links = dict[tuple[int, int], tuple[Sentence, ...]]

UP, DOWN, SAME = "higher up", "lower down", "same"
LEADING = ("ranking", "first")
SPLIT, OVER = ("other",), ("from", "to")


def linked(source: Source, units: Sequence[Unit], lock: Lock) -> Links:
    """For each unit behind another what may be said then only: (before, unit).

    That is, what is licensed and the second lock lets pass.
    """
    found: Links = {}
    for (i, j), sentences in licensed(source, units).items():
        earlier = [word.text for word in units[i].wordings]
        reads = [lock.read(text) for text in earlier]
        passed = tuple(
            sentence
            for sentence in sentences
            if not lock.troubles(sentence.text, before=earlier[0])
            and _follows(lock.read(sentence.text), reads)
        )
        if passed:
            found[i, j] = passed
    return found


def licensed(source: Source, units: Sequence[Unit]) -> Links:
    """Every sentence with a connective, before the second lock has read it."""
    found: Links = {}
    for (i, before), (j, unit) in permutations(enumerate(units), 2):
        families = _families(source, before.claim, unit.claim)
        sentences = tuple(s for family in families for s in behind(family, unit))
        if sentences:
            found[i, j] = sentences
    return found


def _follows(read: Read, earlier: Sequence[Read]) -> bool:
    """Whether the second lock takes it behind whatever the other unit may say."""
    return not any(any(connected(before, read)) for before in earlier)


def _families(source: Source, before: Claim, claim: Claim) -> Iterator[str]:
    """The families of connectives that hold of a claim behind another."""
    if {*before.facts()} == {*claim.facts()}:
        return
    ways = _direction(before), _direction(claim)
    if all(ways) and _axis(before) == _axis(claim):
        if ways[0] == ways[1]:
            yield "link_likewise"
        elif SAME not in ways:
            yield "link_contrast"
    if _ends_the_list(source, before, claim):
        yield "link_end"


def _direction(claim: Claim) -> str:
    """Where a tested difference goes; nothing where none was tested."""
    way = claim.licences[0].rpartition("_")[2]
    known = {"up": UP, "higher": UP, "down": DOWN, "lower": DOWN, "same": SAME}
    two = (
        claim.kind in ("compare", "trend", "mean_trend") or claim.kind[:7] == "trends_"
    )
    return known.get(way, "") if two else ""


def _axis(claim: Claim) -> tuple[str | None, ...]:
    """What is set against what: two groups, or one group in two waves."""
    names = ("among", "noun", "other", "from", "to")
    return tuple(claim.names.get(name) for name in names)


def _ends_the_list(source: Source, before: Claim, claim: Claim) -> bool:
    """Whether the least frequent answer follows the most frequent ones."""
    if claim.kind != "level" or before.kind not in LEADING:
        return False
    fact, first = claim.facts()[0], before.facts()[0]
    where = [(f.question, f.by, f.domain, f.statistic) for f in (fact, first)]
    if where[0] != where[1]:
        return False
    question = source.survey.question(fact.question)
    answers = source.estimates.group(fact.wave, question.id, fact.by, fact.domain)
    rows = [
        answers.get(("share", option.code))
        for option in question.choices
        if has_place(question, option.code)
    ]
    if not all(row and row.shown for row in rows):
        return False
    rivals = [row.estimate or 0.0 for row in rows if row and row.term != fact.term]
    return len(rivals) > 1 and round(100 * min(rivals)) > round(100 * fact.estimate)
