"""Which answers of a question a text names."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pipeline.narrative.answers import says_nothing
from pipeline.narrative.asking.vocabulary import Answer, Topic
from pipeline.narrative.asking.words import Word, english

NO = frozenset(("not",))


class Unclear(msgspec.Struct, frozen=True):
    """Why it cannot be said which answer is named."""

    why: str = "which answer is meant, is not clear"


def named_answers(
    topic: Topic, rest: Sequence[Word], wave: str, *, how: str, either: bool
) -> tuple[Answer, ...] | Unclear:
    """The answers of a wave whose names are among `rest`, in the survey's order.

    `either` tells whether the text says "or". `how` is the word after "how": "how
    favorable" names no answer, it asks for all.
    """
    stems = frozenset(word.stem for word in rest) - {how}
    offered = [a for a in topic.answers if topic.offered(a.code, wave)]
    found = [a for a in offered if a.name and _named(a, stems, rest)]
    if any(a.name == NO for a in found) and _more_than_one_no(offered):
        return Unclear()
    found = [a for a in found if not any(a.name < b.name for b in found)]
    chosen: list[Answer] = []
    for name in dict.fromkeys(answer.name for answer in found):
        one = _one([a for a in found if a.name == name], either=either)
        if one is None:
            return Unclear()
        chosen.append(one)
    if any(a.name & b.name for a in chosen for b in chosen if a is not b):
        return Unclear()
    return tuple({answer.code: answer for answer in chosen}.values())


def _more_than_one_no(answers: Sequence[Answer]) -> bool:
    """Whether "not" may be several answers: "not really" and "not at all"."""
    codes = {a.code for a in answers if a.name >= NO and not says_nothing(a.code)}
    return len(codes) > 1


def _named(answer: Answer, stems: frozenset[str], rest: Sequence[Word]) -> bool:
    """Whether a text has a name; one with words like "more" only counts in full."""
    told = {w.stem for w in rest if w.small in english().intent}
    return answer.name <= stems and not (answer.name & told and not answer.all <= stems)


def _one(alike: Sequence[Answer], *, either: bool) -> Answer | None:
    """The one that is meant of answers with one name: a whole name before a part.

    A sum that is called by what all its answers share is meant rather than one of them.
    """
    codes = {answer.code for answer in alike}
    if either and (sums := [a for a in alike if a.either and not a.part]):
        return sums[0] if len(sums) == 1 else None
    wholes = {a.code: a for a in alike if not a.part and not a.of}
    for answer in alike:
        rather = answer.part or not wholes
        if answer.of and rather and codes <= {answer.code, *answer.of}:
            return answer
    best = min(answer.part for answer in alike)
    sure = wholes or {a.code: a for a in alike if a.part == best}
    return next(iter(sure.values())) if len(sure) == 1 else None
