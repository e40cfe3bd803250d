"""Paragraphs made of true sentences: the best one, and what else may be chosen.

Every paragraph says every claim once, in the outline's order but for a claim that a
connective ties to another. Style is a cost: figures at the start of a sentence, openers
and phrases that repeat, patterns worn out by earlier sections. A beam of the cheapest
beginnings is enough, as costs add up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from pipeline.narrative.claims import Claim
from pipeline.narrative.links import Links
from pipeline.narrative.patterns import Unit
from pipeline.report import Sentence
from pipeline.wording import opener, trigrams

Paragraph = tuple[Sentence, ...]
Order = tuple[int, ...]

BEAM = 24
KEPT = 6
DIGIT, OPENER, FAMILIAR, TRIGRAM, APPROXIMATION, LONG = 2.0, 1.5, 0.2, 0.5, 0.8, 0.04
LINK, MORE_LINKS = -0.5, 2.0  # the first connective of a paragraph is welcome
MOVED = 0.3
WORDS = 28


class Plan(msgspec.Struct, frozen=True):
    """What a section says: its units, the paragraph of record, and others as true.

    `ranked` are the wordings of each unit, the best beside the paragraph of record
    first; `links` what may be said of a unit right behind another, only then.
    """

    units: tuple[Unit, ...]
    best: Paragraph
    others: tuple[Paragraph, ...]
    ranked: tuple[tuple[Sentence, ...], ...]
    links: Links = {}

    def claims(self) -> tuple[Claim, ...]:
        """The claims, in order."""
        return tuple(unit.claim for unit in self.units)

    def sayable(self, place: int, before: int | None) -> tuple[Sentence, ...]:
        """What a unit may say behind another, or at the beginning."""
        linked = () if before is None else self.links.get((before, place), ())
        return (*self.units[place].wordings, *linked)

    def place_of(self, sentence: Sentence, before: int | None) -> int | None:
        """Which unit's a sentence is behind another unit's; none if it is of none."""
        made = (sentence.text, sentence.facts, sentence.pattern)
        for place in range(len(self.units)):
            for known in self.sayable(place, before):
                if (known.text, known.facts, known.pattern) == made:
                    return place
        return None


def plan(
    units: Sequence[Unit], used: Mapping[str, int], links: Links | None = None
) -> Plan:
    """The best paragraphs for a section; `used` counts patterns of sections before."""
    links = links or {}
    found: list[tuple[float, Order, Paragraph]] = []
    for order in _orders(len(units), links):
        moved = MOVED if found else 0.0
        beams = _beam(units, links, order, used)
        found += [(cost + moved, order, paragraph) for cost, paragraph in beams]
    found = sorted(found, key=lambda f: f[0])[:KEPT]
    _, order, best = found[0]
    at = [best[order.index(place)] for place in range(len(units))]
    ranked = _ranked(units, at, used)
    return Plan(tuple(units), best, tuple(f[2] for f in found[1:]), ranked, links)


def _orders(count: int, links: Links) -> Iterator[Order]:
    """The outline's order, and those that bring a claim behind one it links to."""
    yield tuple(range(count))
    for before, place in links:
        if place > before + 1:
            rest = [i for i in range(count) if i != place]
            yield (*rest[: before + 1], place, *rest[before + 1 :])


def _beam(
    units: Sequence[Unit], links: Links, order: Order, used: Mapping[str, int]
) -> list[tuple[float, Paragraph]]:
    """The cheapest paragraphs in one order, with their costs."""
    beams: list[tuple[float, Paragraph]] = [(0.0, ())]
    for step, place in enumerate(order):
        linked = links.get((order[step - 1], place), ()) if step else ()
        grown = [
            (cost + added_cost(paragraph, sentence, used), (*paragraph, sentence))
            for cost, paragraph in beams
            for sentence in (*units[place].wordings, *linked)
        ]
        beams = sorted(grown, key=lambda b: b[0])[:BEAM]
    return beams[:KEPT]


def added_cost(before: Paragraph, sentence: Sentence, used: Mapping[str, int]) -> float:
    """What a sentence costs after those before it."""
    words = _words(sentence.text)
    earlier = [_words(s.text) for s in before]
    known = {gram for other in earlier for gram in trigrams(other)}
    begun = {opener(s.text) for s in before}
    approximated = any(s.pattern.startswith("level_fraction") for s in before)
    return (
        DIGIT * sentence.text[:1].isdigit()
        + OPENER * (opener(sentence.text) in begun)
        + FAMILIAR * used.get(sentence.pattern, 0)
        + FAMILIAR * used.get(opener(sentence.text), 0)
        + TRIGRAM * len(trigrams(words) & known)
        + APPROXIMATION
        * (approximated and sentence.pattern.startswith("level_fraction"))
        + LONG * max(0, len(words) - WORDS)
        + is_linked(sentence) * (MORE_LINKS if any(map(is_linked, before)) else LINK)
    )


def is_linked(sentence: Sentence) -> bool:
    """Whether it begins with a connective."""
    return "/" in sentence.pattern


def _ranked(
    units: Sequence[Unit], best: Sequence[Sentence], used: Mapping[str, int]
) -> tuple[tuple[Sentence, ...], ...]:
    """Wordings by what they cost beside the best of the other units."""
    ranked = []
    for place, unit in enumerate(units):
        rest = (*best[:place], *best[place + 1 :])
        ranked.append(
            tuple(sorted(unit.wordings, key=lambda s: added_cost(rest, s, used)))
        )
    return tuple(ranked)


def _words(text: str) -> list[str]:
    return [word.strip(".,:;()").casefold() for word in text.split()]
