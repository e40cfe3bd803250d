"""How well a question of the survey fits a text, and which words it leaves over."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import pairwise

from pipeline.narrative.asking.parts import Parts, Text
from pipeline.narrative.asking.vocabulary import Topic, Vocabulary
from pipeline.narrative.asking.words import Word, english, telling

ENOUGH = 0.45  # of the weight of what a question of the survey says
LOOSE = frozenset(("work", "us", "tool"))  # say nothing without other words
WITHIN = frozenset(("in", "among", "at", "for", "by"))
STRANDED = frozenset(("for",))  # at the end of a question


def fit_of(known: Vocabulary, text: Text, topic: Topic, parts: Parts) -> float:
    """How much of what the question of the survey says is in the text, 0 to 1.

    Of two questions with the same words, the one whose order is nearer fits better.
    """
    wholes = (field | parts.names for field in topic.fields)
    best = max((known.part(whole, parts.own) for whole in wholes), default=0.0)
    if not parts.own or (parts.own <= LOOSE and best < 1):
        return 0.0
    order = SequenceMatcher(None, [w.small for w in text.asked], topic.spelt).ratio()
    open_end, asks_so = _stranded(text), bool({*topic.spelt[-1:]} & STRANDED)
    if open_end and not asks_so:
        return 0.0
    return best + order / 10 - (open_end != asks_so) / 10


def _stranded(text: Text) -> bool:
    """Whether a "for" has nothing after it: "what are they used for in 2025"."""
    pairs = pairwise((*text.asked, None))
    return any(
        word and word.small in STRANDED and (after is None or after.small in WITHIN)
        for word, after in pairs
    )


def left_over(
    known: Vocabulary, text: Text, topic: Topic, parts: Parts
) -> tuple[str, ...]:
    """The words that nobody accounts for."""
    clear = parts.spoken | _explained(known, text, topic, parts)
    clear |= _asked_of(topic, parts) | _people(known, text)
    clear = clear.union(*(place.around for place in parts.split.groups))
    bound = _bound(text)
    left = [w.written for w in parts.rest if not _told(w, clear, parts, bound)]
    return tuple(dict.fromkeys([*left, *_dropped(text, parts)]))


def _people(known: Vocabulary, text: Text) -> frozenset[str]:
    """Those whom the survey's title names, unless it is said which: "AI developers"."""
    pairs = pairwise((None, *text.asked))
    return frozenset(
        word.stem
        for before, word in pairs
        if word and word.stem in known.people and (before is None or before.idle)
    )


def _dropped(text: Text, parts: Parts) -> list[str]:
    """Groups that are named as who is asked about, and taken for another word."""
    return [
        word.written
        for place in parts.split.others
        if {w.small for w in text.asked[max(0, place.start - 2) : place.start]} & WITHIN
        for word in text.asked[place.start : place.end]
        if not (word.idle or word.stem in parts.spoken)
    ]


def _bound(text: Text) -> frozenset[str]:
    """The "more" of "daily or more", which compares nothing."""
    pairs = pairwise(word.small for word in text.asked)
    return frozenset(b for a, b in pairs if a == "or" and b in english().intent)


def _told(
    word: Word, clear: frozenset[str], parts: Parts, bound: frozenset[str]
) -> bool:
    """Whether somebody accounts for a word; a "not" must be that of an answer."""
    if word.stem == "not" or word.small in bound:
        return word.stem in parts.spoken
    wanted = word.small in english().intent or word.small in parts.years
    return wanted or word.stem in clear


def _explained(
    known: Vocabulary, text: Text, topic: Topic, parts: Parts
) -> frozenset[str]:
    """The words of its fields of which the text has enough; "how X" is enough.

    A word that only turns up in a long question is not what that question asks; one
    that tells answers apart must be that of an answer, if any is named.
    """
    fields = [f for f in topic.fields if known.part(f, parts.own) >= ENOUGH]
    how = [w.stem for w in text.asked[1:2] if (text.form, w.small) == topic.how]
    found = frozenset(how).union(*fields)
    return found & (topic.steady | topic.said) if parts.chosen else found


def _asked_of(topic: Topic, parts: Parts) -> frozenset[str]:
    """The words that only say who was asked: "AI tool users", not "use AI tools"."""
    spelt = [word.small for word in telling(topic.question.base_say)]
    rest = {word.small for word in parts.rest}
    if not {*spelt[-1:]} & rest:
        return frozenset()
    return frozenset(
        word.stem
        for word in parts.rest
        if word.stem in topic.base and word.small in spelt
    )
