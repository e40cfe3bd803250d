"""A true sentence with all that is needed to spoil it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from random import Random

import msgspec

from pipeline.narrative.claims import Source
from pipeline.narrative.facts import displayed
from pipeline.report import Fact, Sentence


class Context(msgspec.Struct, frozen=True):
    """A true sentence with the facts of its section, and where these come from."""

    source: Source
    sentence: Sentence
    facts: tuple[Fact, ...]

    def own(self) -> list[Fact]:
        """The facts that the sentence states."""
        return [fact for fact in self.facts if fact.id in self.sentence.facts]

    def shown(self, fact: Fact, term: str, by: str, domain: str) -> str:
        """How another estimate of the fact's question is displayed."""
        row = self.source.estimates.row(
            fact.wave, fact.question, fact.statistic, term, by, domain
        )
        question = self.source.survey.question(fact.question)
        return displayed(row, question)[0] if row else "hidden"

    def then(self, fact: Fact, wave: str) -> str:
        """How the fact was displayed in another wave."""
        row = self.source.estimates.row(
            wave, fact.question, fact.statistic, fact.term, fact.by, fact.domain
        )
        question = self.source.survey.question(fact.question)
        return displayed(row, question)[0] if row else "hidden"


Spoiler = Callable[[Context, Random], Iterator[str]]


def replaced(text: str, old: str, new: str) -> Iterator[str]:
    """The text with one phrase for another, in either case; nothing if not there."""
    if not old or not new or old == new:
        return
    pattern = re.compile(rf"(?<![\w-]){re.escape(old)}(?![\w-])", re.IGNORECASE)
    found = pattern.search(text)
    if found:
        made = text[: found.start()] + new + text[found.end() :]
        yield upper(made)


def exchanged(text: str, one: str, two: str) -> str:
    mark = "\0"
    step = re.sub(re.escape(one), mark, text, count=1, flags=re.IGNORECASE)
    step = re.sub(re.escape(two), one, step, count=1, flags=re.IGNORECASE)
    return upper(step.replace(mark, two))


def upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def lower(text: str) -> str:
    return text[:1].lower() + text[1:]
