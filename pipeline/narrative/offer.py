"""What a model may choose from: a small one little, a larger one all of the language.

Freedom is not trust: whatever a model writes is parsed back into claims all the same.
A model of a few hundred million parameters copies what it reads first, and each
sentence offered takes it time; one of some billions can vary a text.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from pipeline.narrative.links import Links
from pipeline.narrative.plan import Plan
from pipeline.report import Sentence
from pipeline.wording import opener

LARGE_FROM = 3_000_000_000  # parameters


class Freedom(msgspec.Struct, frozen=True):
    """How many wordings are offered of a claim and in all, and what else is free.

    With `order`, any claim may lead and sentences may begin alike or with a figure.
    """

    wordings: int
    whole: int
    links: int
    order: bool


SMALL = Freedom(wordings=3, whole=9, links=1, order=False)
LARGE = Freedom(wordings=8, whole=48, links=6, order=True)


class Offer(msgspec.Struct, frozen=True):
    """For each claim the sentences offered, and those for it right behind another."""

    sentences: tuple[tuple[Sentence, ...], ...]
    links: Links
    any_order: bool

    def texts(self) -> list[str]:
        """Every text offered, once."""
        every = (*self.sentences, *self.links.values())
        return list(dict.fromkeys(s.text for offer in every for s in offer))


def freedom(parameters: int) -> Freedom:
    """What a model of so many parameters gets; 0 for a model that nobody tells of."""
    return LARGE if parameters >= LARGE_FROM else SMALL


def offer(plan: Plan, free: Freedom) -> Offer:
    """The language of a section as far as a model is offered it."""
    taken = {opener(sentence.text) for sentence in plan.best}
    most = min(free.wordings, max(2, free.whole // len(plan.units)))
    offers = []
    for ranked in plan.ranked:
        chosen = [sentence for sentence in ranked if sentence in plan.best]
        for sentence in ranked:
            fresh = opener(sentence.text) not in taken
            good = free.order or (fresh and not sentence.text[:1].isdigit())
            if good and sentence not in chosen and len(chosen) < most:
                chosen.append(sentence)
                taken.add(opener(sentence.text))
        offers.append(tuple(chosen or ranked[:1]))
    links = {
        pair: sentences[: free.links]
        for pair, sentences in plan.links.items()
        if free.order or pair[0] < pair[1]
    }
    return Offer(tuple(offers), links, free.order)


def remember(used: Counter[str], said: Plan) -> None:
    """Count patterns and openers for the sections after it, also those offered."""
    few = offer(said, SMALL).sentences
    for sentence in (*said.best, *(s for each in few for s in each)):
        used.update((sentence.pattern, opener(sentence.text)))
