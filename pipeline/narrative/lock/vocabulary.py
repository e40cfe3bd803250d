"""The survey's words: groups, answers, topics, scopes, waves, reasons of breaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from pipeline.definition import Question, Survey
from pipeline.narrative.facts import Trend, domains
from pipeline.narrative.lexicon import (
    domain_noun,
    first_answer,
    lowered,
    next_answer,
    option_name,
    preposition,
    scope,
    topic,
    verbs,
)
from pipeline.narrative.lock.table import listed_codes
from pipeline.wording import infinitive

HINGES = (" where ", " that ")
QUOTES = "“{}”"


class Meaning(msgspec.Struct, frozen=True):
    """What a phrase of the survey may stand for.

    kind  group  `one` the dimension, `two` the domain
          base   `one` a question whose respondents it names
          answer `one` the question, `two` the answer
          frame  `one` a question: the words around its answers
          topic  `one` the question
          scope  `one` the dimension
          wave   `one` the wave
          reason `one` the question, `two` the wave from which it cannot be compared
    """

    kind: str
    one: str
    two: str = ""


Vocabulary = dict[str, frozenset[Meaning]]


def vocabulary(
    survey: Survey,
    changes: Iterable[Trend],
    questions: Iterable[str],
    splits: Iterable[str],
) -> Vocabulary:
    """Every phrase that a text on these questions, split so, may use."""
    found: dict[str, set[Meaning]] = {}
    asked = list(questions)
    reasons = (
        (lowered(c.reason.rstrip(".")), Meaning("reason", c.question, c.wave_to))
        for c in changes
        if c.reason and c.question in asked
    )
    for phrase, meaning in (*_all(survey, asked, list(splits)), *reasons):
        key = " ".join(phrase.casefold().split())
        if key:
            found.setdefault(key, set()).add(meaning)
    return {phrase: frozenset(meanings) for phrase, meanings in found.items()}


def _all(
    survey: Survey, questions: list[str], splits: list[str]
) -> Iterator[tuple[str, Meaning]]:
    for wave in survey.waves:
        yield wave.id, Meaning("wave", wave.id)
    yield survey.say, Meaning("base", "")
    for by in splits:
        yield scope(survey, by), Meaning("scope", by)
        for domain in domains(survey, by):
            yield domain_noun(survey, by, domain), Meaning("group", by, domain)
    for name in questions:
        yield from _question(survey, survey.question(name))


def _question(survey: Survey, question: Question) -> Iterator[tuple[str, Meaning]]:
    base = question.base_say or survey.say
    for noun in (base, f"all {base}"):
        yield noun, Meaning("base", question.id)
    if question.kind == "numeric" or question.scale is not None:
        yield topic(question), Meaning("topic", question.id)
    if "{option}" in question.say:
        head, _, tail = (part.strip() for part in question.say.partition("{option}"))
        for frame in (head, head.removesuffix(preposition(question)).strip(), tail):
            yield frame, Meaning("frame", question.id)
    if question.kind in ("single", "select-all", "scale"):
        yield from _answers(question)


def _answers(question: Question) -> Iterator[tuple[str, Meaning]]:
    options = {option.code for option in question.choices}
    for code in listed_codes(question):
        if question.scale is not None and code in options:
            continue  # a rating is a number and a topic
        meaning = Meaning("answer", question.id, code)
        for phrase in _phrases(question, code):
            yield phrase, meaning
        if code in options:
            yield QUOTES.format(question.option(code).label), meaning


def _phrases(question: Question, code: str) -> Iterator[str]:
    """How an answer may be put: in full, as an infinitive, or short in a list."""
    full = verbs(question, code)
    yield full
    yield infinitive(full)
    for hinge in HINGES:
        if hinge in full:
            start, _, rest = full.partition(hinge)
            yield f"{hinge.strip()} {rest}"
            if start == "say":
                yield rest
    yield first_answer(question, code)
    yield next_answer(question, code)
    if question.say.replace("{option}", "").strip():
        yield option_name(question, code)
