"""A text taken apart: who is asked about, which answers are named, and all the rest.

There are many ways to take a text apart: "security" may be a group or what is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import msgspec

from pipeline.narrative.asking.intent import Form, form_of
from pipeline.narrative.asking.naming import Unclear, named_answers
from pipeline.narrative.asking.places import Place, places, together
from pipeline.narrative.asking.vocabulary import Answer, Topic, Vocabulary
from pipeline.narrative.asking.waves import YEAR, wave_named
from pipeline.narrative.asking.words import Word

MOST_PLACES = 12  # names of groups, so that all ways to read them can be tried
OFTEN = frozenset(("most", "least", "more", "less"))


class Text(msgspec.Struct, frozen=True):
    """A question's words and how it begins."""

    asked: tuple[Word, ...]
    form: Form

    @property
    def how(self) -> str:
        """What stands after "how", but for "how many"."""
        return self.asked[1].stem if self.form == "how" and self.asked[1:] else ""


class Split(msgspec.Struct, frozen=True):
    """The groups that a text is about, and the dimension it is to be split over.

    `others` are names of groups that are taken for something else.
    """

    groups: tuple[Place, ...]
    over: Place | None
    others: tuple[Place, ...] = ()

    @property
    def taken(self) -> tuple[Place, ...]:
        """All the names that were found."""
        return (*self.groups, self.over) if self.over else self.groups


class Parts(msgspec.Struct, frozen=True):
    """A text as one question of the survey would have it.

    `rest` are the words but for names of groups; `own` those that the question or the
    answers named have, `names` those that name answers.
    """

    split: Split
    rest: tuple[Word, ...]
    answers: tuple[Answer, ...] | Unclear
    years: tuple[str, ...]
    own: frozenset[str]
    names: frozenset[str]

    @property
    def chosen(self) -> tuple[Answer, ...]:
        """The answers that are named, as far as that is clear."""
        return () if isinstance(self.answers, Unclear) else self.answers

    @property
    def spoken(self) -> frozenset[str]:
        """All the words with which the answers are said."""
        return frozenset().union(*(answer.all for answer in self.chosen))


def text_of(asked: Sequence[Word]) -> Text:
    """The words of a question with how it begins."""
    return Text(tuple(asked), form_of(asked))


def splits(known: Vocabulary, text: Text) -> Iterator[Split]:
    """All ways to take words for groups, or for a dimension; none if far too many."""
    found = places(known, text.asked)
    if len({(p.start, p.end) for p in found}) > MOST_PLACES:
        return
    groups = [place for place in found if place.code]
    for some in ((), *((place,) for place in groups), *_pairs(known, groups)):
        for over in (None, *(place for place in found if not place.code)):
            taken = (*some, over) if over else some
            if _apart(taken):
                others = (place for place in groups if _apart((*taken, place)))
                yield Split(some, over, tuple(others))


def parts_of(known: Vocabulary, text: Text, topic: Topic, split: Split) -> Parts:
    """A text as this question would have it."""
    inside = {i for p in split.taken for i in range(p.start, p.end)}
    often = _most_often(text.asked)
    rest = tuple(
        word
        for i, word in enumerate(text.asked)
        if not (i in inside or word.idle or (often and word.small == "often"))
    )
    years = [word.small for word in rest if YEAR.fullmatch(word.small)]
    wave = wave_named(known.survey, topic.question, years)
    either = any(word.small == "or" for word in text.asked)
    answers = named_answers(topic, rest, wave, how=text.how, either=either)
    made = Parts(split, rest, answers, (), frozenset(), frozenset())
    own = topic.own | made.spoken
    return msgspec.structs.replace(
        made,
        years=tuple(year for year in years if year not in own),
        own=frozenset(word.stem for word in rest if word.stem in own),
        names=frozenset().union(*(answer.name for answer in made.chosen)),
    )


def _pairs(known: Vocabulary, groups: Sequence[Place]) -> list[tuple[Place, Place]]:
    return [
        (one, other)
        for one, other in combinations(sorted(groups, key=lambda g: g.start), 2)
        if together(known.survey, (one, other))
    ]


def _apart(taken: Sequence[Place]) -> bool:
    """Whether no two names share a word."""
    return all(a.end <= b.start or b.end <= a.start for a, b in combinations(taken, 2))


def _most_often(asked: Sequence[Word]) -> bool:
    return any(b.small == "often" and a.small in OFTEN for a, b in pairwise(asked))
