"""Where a text names groups or ways to split, and whether it says so of who is counted.

"Of data engineers, how many use AI" and "of AI users, how many are data engineers" have
the same words: only the first is a question about a group.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pipeline.definition import Survey
from pipeline.narrative.asking.intent import form_of
from pipeline.narrative.asking.vocabulary import Topic, Vocabulary
from pipeline.narrative.asking.words import Word, english, stems

BEFORE = frozenset(
    (
        "a",
        "an",
        "the",
        "in",
        "at",
        "from",
        "for",
        "by",
        "to",
        "among",
        "of",
        "on",
        "with",
    )
)
BEING = frozenset(
    (
        "are",
        "is",
        "be",
        "were",
        "was",
        "work",
        "works",
        "live",
        "lives",
        "come",
        "based",
    )
)
LOOSE = frozenset(("people", "those", "who", "that", "work", "working", "works"))
SPLITTING = frozenset(("by", "across", "between", "each", "every", "per", "among"))
JOINING = frozenset(("or", "and", "versus", "vs", "than"))
GAP = 3  # idle words inside a name


class Place(msgspec.Struct, frozen=True):
    """A name from word `start` to before `end`; without a `code`, of a dimension."""

    start: int
    end: int
    by: str
    code: str
    around: frozenset[str]


def places(known: Vocabulary, asked: Sequence[Word]) -> list[Place]:
    """Every group and every dimension that is named, in the survey's order."""
    found: dict[tuple[str, str, int], Place] = {}
    for group in known.groups:
        for start, end in _spans(group.name, asked):
            key = (group.by, group.code, start)
            if key not in found or found[key].end < end:
                found[key] = Place(start, end, group.by, group.code, group.around)
    for group in known.groups:
        for start, end in _halves(group.name, asked, list(found.values())):
            place = Place(start, end, group.by, group.code, group.around)
            found.setdefault((group.by, group.code, start), place)
    for by, name in known.dimensions:
        for start, end in _spans(name, asked):
            if _splits(asked, start):
                found.setdefault(
                    (by, "", start), Place(start, end, by, "", frozenset())
                )
    return list(found.values())


def _spans(name: tuple[str, ...], asked: Sequence[Word]) -> list[tuple[int, int]]:
    """Where the words of a name stand in order, with nothing but idle words between."""
    return [
        (i, end)
        for i, word in enumerate(asked)
        if name[:1] == (word.stem,) and (end := _end(name, asked, i))
    ]


def _halves(
    name: tuple[str, ...], asked: Sequence[Word], wholes: Sequence[Place]
) -> list[tuple[int, int]]:
    """Where a name lacks its last word, which follows: "data or test engineers"."""
    if len(name) < 2:
        return []
    return [
        (start, end)
        for start, end in _spans(name[:-1], asked)
        for other in wholes
        if other.start == end + 1
        and asked[end].small in JOINING
        and asked[other.end - 1].stem == name[-1]
    ]


def _end(name: tuple[str, ...], asked: Sequence[Word], start: int) -> int:
    at = start
    for stem in name:
        idle = 0
        while at < len(asked) and asked[at].stem != stem:
            idle += 1
            if not asked[at].idle or idle > GAP:
                return 0
            at += 1
        if at == len(asked):
            return 0
        at += 1
    return at


def _splits(asked: Sequence[Word], start: int) -> bool:
    """Whether a dimension is one to compare over: "which role", "by role"."""
    told = {english().intent.get(word.small, "") for word in asked}
    near = {word.small for word in asked[max(0, start - 2) : start]}
    return bool(told & {"most", "least", "more", "compare"} or near & SPLITTING)


def together(survey: Survey, groups: Sequence[Place]) -> bool:
    """Whether groups are two of one dimension, or of two that the survey crosses."""
    one, other = groups
    if one.by == other.by:
        return one.code != other.code
    return any({*cross} == {one.by, other.by} for cross in survey.crosses)


def misplaced(asked: Sequence[Word], place: Place, topic: Topic) -> bool:
    """Whether a group is what is asked about others, not who is asked about."""
    form = form_of(asked)
    before = list(asked[: place.start])
    if form not in ("quantity", "whether", "who", "bare") or not _content(before):
        return False
    if _users(before) and "us" not in _base(topic):
        return True
    leading = False
    while before and before[-1].small in BEFORE:
        leading = True
        before = before[:-1]
    if not before:
        return False
    last = before[-1].small
    if last in BEING:
        opened = len(before) > 1 and before[-2].small in ("who", "that")
        return _content(before[:-1]) and not opened
    return not leading and not before[-1].idle and last not in english().intent


def _content(words: Sequence[Word]) -> bool:
    return any(
        not (w.idle or w.small in english().intent or w.small in LOOSE) for w in words
    )


def _users(words: Sequence[Word]) -> bool:
    return any(word.small in ("user", "users") for word in words)


def _base(topic: Topic) -> frozenset[str]:
    return stems(topic.question.base_say)
