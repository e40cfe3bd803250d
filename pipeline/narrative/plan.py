"""Paragraphs made of true sentences: the best one, and what else may be chosen.

Every paragraph says every claim once, in the outline's order. Style is a cost: figures
at the start of a sentence, openers and phrases that repeat, patterns worn out by
earlier sections. A beam of the cheapest beginnings is enough, as costs add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from pipeline.narrative.claims import Claim
from pipeline.narrative.patterns import Unit
from pipeline.report import Sentence
from pipeline.wording import opener, trigrams

Paragraph = tuple[Sentence, ...]

BEAM = 24
KEPT = 6
CANDIDATES, OFFERED = 3, 9  # wordings a unit, and in all: more take longer to read
DIGIT, OPENER, FAMILIAR, TRIGRAM, APPROXIMATION, LONG = 2.0, 1.5, 0.2, 0.5, 0.8, 0.04
WORDS = 28


class Plan(msgspec.Struct, frozen=True):
    """What a section says: its units, the paragraph of record, and others as true.

    `offered` are the few wordings of each unit from which a model may choose: good
    beside the paragraph of record, and no two units begin alike.
    """

    units: tuple[Unit, ...]
    best: Paragraph
    others: tuple[Paragraph, ...]
    offered: tuple[tuple[Sentence, ...], ...]

    def claims(self) -> tuple[Claim, ...]:
        """The claims, in order."""
        return tuple(unit.claim for unit in self.units)


def plan(units: Sequence[Unit], used: Mapping[str, int]) -> Plan:
    """The best paragraphs for a section; `used` counts patterns of sections before."""
    spoken = tuple(unit for unit in units if unit.wordings)
    beams: list[tuple[float, Paragraph]] = [(0.0, ())]
    for unit in spoken:
        grown = [
            (cost + added_cost(paragraph, sentence, used), (*paragraph, sentence))
            for cost, paragraph in beams
            for sentence in unit.wordings
        ]
        beams = sorted(grown, key=lambda b: b[0])[:BEAM]
    paragraphs = [paragraph for _, paragraph in beams[:KEPT]]
    best = paragraphs[0]
    return Plan(spoken, best, tuple(paragraphs[1:]), _offered(spoken, best, used))


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
    )


def remember(used: Counter[str], said: Plan) -> None:
    """Count patterns and openers for the sections after it, those offered half."""
    for sentence in (*said.best, *(s for offer in said.offered for s in offer)):
        used.update((sentence.pattern, opener(sentence.text)))


def _offered(
    units: Sequence[Unit], best: Paragraph, used: Mapping[str, int]
) -> tuple[tuple[Sentence, ...], ...]:
    taken = {opener(sentence.text) for sentence in best}
    most = min(CANDIDATES, max(2, OFFERED // len(units)))
    offers = []
    for place, unit in enumerate(units):
        rest = best[:place] + best[place + 1 :]
        ranked = sorted(unit.wordings, key=lambda s: added_cost(rest, s, used))
        offer = [best[place]]
        for sentence in ranked:
            fresh = opener(sentence.text) not in taken
            if fresh and not sentence.text[:1].isdigit() and len(offer) < most:
                offer.append(sentence)
                taken.add(opener(sentence.text))
        offers.append(tuple(offer))
    return tuple(offers)


def _words(text: str) -> list[str]:
    return [word.strip(".,:;()").casefold() for word in text.split()]
