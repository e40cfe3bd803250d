"""One way to read a text: as which question of the survey, of whom, in which wave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from pipeline.definition import Survey
from pipeline.narrative.asking.fit import fit_of, left_over
from pipeline.narrative.asking.intent import (
    JOINING,
    Cannot,
    Kind,
    Said,
    counted,
    intents,
    kind_of,
    most_of,
    thing,
    things_counted,
)
from pipeline.narrative.asking.naming import Unclear
from pipeline.narrative.asking.parts import (
    Parts,
    Split,
    Text,
    parts_of,
    splits,
    text_of,
)
from pipeline.narrative.asking.places import misplaced
from pipeline.narrative.asking.vocabulary import Topic, Vocabulary
from pipeline.narrative.asking.waves import YEAR, wave_of
from pipeline.narrative.asking.words import Word

CROSSED = 2  # dimensions
CLEAR = 2  # words of a question, if no answer is named
OPINIONS = frozenset(("think", "feel", "believe", "say"))


class Meant(msgspec.Struct, frozen=True):
    """What is asked: answers of a question, in groups `by` dimensions, in a wave."""

    survey: Survey
    question: str
    kind: Kind
    terms: tuple[str, ...]
    by: str
    domains: tuple[str, ...]
    wave: str


class Reading(msgspec.Struct, frozen=True):
    """What is meant or why not, the words left over, those that name an answer, fit."""

    survey: Survey
    topic: Topic
    meant: Meant | Cannot
    unknown: tuple[str, ...]
    names: frozenset[str]
    dated: bool
    fit: float


def readings(known: Vocabulary, asked: Sequence[Word]) -> Iterator[Reading]:
    """All ways to read a text: with which groups, over which, as which question."""
    text = text_of(asked)
    for split in splits(known, text):
        for topic in known.topics:
            parts = parts_of(known, text, topic, split)
            yield Reading(
                survey=known.survey,
                topic=topic,
                meant=_meant(known.survey, text, topic, parts),
                unknown=left_over(known, text, topic, parts),
                names=parts.names,
                dated=bool(parts.years),
                fit=fit_of(known, text, topic, parts),
            )


def _meant(survey: Survey, text: Text, topic: Topic, parts: Parts) -> Meant | Cannot:
    if isinstance(parts.answers, Unclear):
        return Cannot(parts.answers.why)
    if trouble := _improper(survey, text, topic, parts):
        return Cannot(trouble)
    said = _said(text, topic, parts)
    kind = kind_of(topic, said)
    if isinstance(kind, Cannot):
        return kind
    if parts.years and kind != "trend" and said.intents & {"more", "than", "compare"}:
        return Cannot("for a change, ask whether it has changed since")
    since = _since(text)
    wave = wave_of(survey, topic.question, kind, parts.years, since=since)
    if isinstance(wave, Cannot):
        return wave
    terms = tuple(answer.code for answer in parts.chosen)
    if not terms and topic.plain and kind in ("share", "range", "trend"):
        if len(parts.own) < CLEAR:
            return Cannot("it says too little of what is meant")
        if not topic.offered(topic.plain, wave):
            return Cannot("which answer is meant, is not clear")
        terms = (topic.plain,)
    vague = kind == "ranking" and text.form == "how" and len(parts.own) < CLEAR
    if vague and not any(field <= parts.own for field in topic.fields):
        return Cannot("it says too little of what is meant")
    by, domains = _who(survey, parts.split)
    return Meant(survey, topic.question.id, kind, terms, by, domains, wave)


def _improper(survey: Survey, text: Text, topic: Topic, parts: Parts) -> str:
    """Why the words do not ask this question of the survey, though it has them."""
    splitting = {survey.dimension(p.by).question for p in parts.split.taken}
    if topic.question.id in splitting:
        return "a group is not asked what makes it one"
    if any(misplaced(text.asked, place, topic) for place in parts.split.groups):
        return "it asks who they are, not what a group does"
    if text.form in ("which", "how") and _opinion(text, topic):
        return "it asks for an opinion that the survey did not ask for"
    if parts.chosen and len(topic.frame & parts.own) * 2 < len(topic.frame):
        return "it says too little of what is meant"
    if text.form == "bare" and topic.question.id in _behind_groups(survey):
        return "it says too little of what is meant"
    return ""


def _behind_groups(survey: Survey) -> set[str]:
    return {dimension.question for dimension in survey.dimensions}


def _said(text: Text, topic: Topic, parts: Parts) -> Said:
    split = parts.split
    return Said(
        form=text.form,
        counted=counted(text.asked),
        things=things_counted(text.asked),
        thing=thing(text.asked),
        joined=any(word.small in JOINING for word in text.asked),
        most_of=most_of(text.asked),
        intents=intents(parts.rest, topic.steady | parts.spoken),
        terms=len(parts.chosen),
        groups=len(split.groups),
        dimension=split.over is not None,
        crossed=len({place.by for place in split.groups}) > 1,
    )


def _opinion(text: Text, topic: Topic) -> bool:
    """Whether a text asks what people think, and the survey did not."""
    thought = any(word.small in OPINIONS for word in text.asked)
    return thought and not OPINIONS & {*topic.spelt, *topic.question.say.split()}


def _since(text: Text) -> bool:
    """Whether a year is where a change begins."""
    pairs = pairwise(text.asked)
    return any(a.small == "since" and YEAR.fullmatch(b.small) for a, b in pairs)


def _who(survey: Survey, split: Split) -> tuple[str, tuple[str, ...]]:
    """The dimensions, joined, and the groups of them that are asked about."""
    if split.over:
        return split.over.by, ()
    codes = {place.by: place.code for place in split.groups}
    if len(codes) < CROSSED:
        return "".join(codes), tuple(place.code for place in split.groups)
    cross = next(c for c in survey.crosses if {*c} == {*codes})
    return "*".join(cross), ("*".join(codes[by] for by in cross),)
