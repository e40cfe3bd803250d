"""The bank of patterns, and the sentences that a claim's licences make of it.

`patterns.toml` holds slots and function words only, so it is true of no survey and of
every one. A pattern fits a claim that fills all its slots; one that would drop whom a
claim is restricted to (in front as `among`, or inside `whole`) does not fit.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from hashlib import sha256
from importlib.resources import files

import msgspec

from pipeline.narrative.claims import Claim
from pipeline.narrative.lexicon import has_clause
from pipeline.report import Sentence
from pipeline.wording import capitalized

SLOT = re.compile(r"\{(\w+)\}")
SENTENCE = "{sentence}"  # the slot of a connective
OPEN = ("{share}", "{noun}", "the ", "a ", "there ", "{option}")  # may have one before
FOLLOWED = re.compile(r"\{(\w+)\} \{rel\}")


class Pattern(msgspec.Struct, frozen=True):
    """One way to say what its family licences."""

    id: str
    text: str
    slots: tuple[str, ...]


class Unit(msgspec.Struct, frozen=True):
    """A claim with every sentence that says it."""

    claim: Claim
    wordings: tuple[Sentence, ...]


@cache
def bank() -> dict[str, tuple[Pattern, ...]]:
    """Every family of patterns, in the order of the file."""
    data = tomllib.loads(_source())
    return {
        family: tuple(
            Pattern(f"{family}.{name}", text, slots_of(text))
            for name, text in patterns.items()
        )
        for family, patterns in data.items()
    }


def pattern_text(pattern_id: str) -> str:
    """A pattern by its id; nothing for what no pattern worded.

    A connective's id stands before that of the sentence: `link_end.list/level.of`.
    """
    first, _, second = pattern_id.partition("/")
    if second:
        return _joined(pattern_text(first), pattern_text(second))
    family = bank().get(pattern_id.partition(".")[0], ())
    return next((p.text for p in family if p.id == pattern_id), "")


def _joined(link: str, sentence: str) -> str:
    return link.replace(f"{SENTENCE}.", sentence)


@cache
def bank_digest() -> str:
    """Which bank worded a text."""
    return sha256(_source().encode()).hexdigest()


def _source() -> str:
    return (files("pipeline.narrative") / "patterns.toml").read_text(encoding="utf-8")


def unit(claim: Claim) -> Unit:
    """The claim's language: all its licensed sentences, each text once.

    Where a noun has a clause of its own ("respondents who code"), patterns that would
    put a second one after it are left out, unless there are no others.
    """
    found: dict[str, Sentence] = {}
    plain: dict[str, Sentence] = {}
    for family in claim.licences:
        for pattern in bank()[family]:
            sentence = realized(claim, pattern)
            if sentence is not None:
                found.setdefault(sentence.text, sentence)
                if not _stumbles(claim, pattern):
                    plain.setdefault(sentence.text, sentence)
    return Unit(claim, tuple((plain or found).values()))


def _stumbles(claim: Claim, pattern: Pattern) -> bool:
    """Whether one clause would follow another."""
    followed = FOLLOWED.findall(pattern.text)
    return any(has_clause(f"{claim.names.get(noun, '')} ") for noun in followed)


def behind(family: str, unit: Unit) -> list[Sentence]:
    """A unit's sentences with the connectives of a family before them.

    Not all can have one: "by contrast, in all" has two beginnings.
    """
    found = []
    for sentence in unit.wordings:
        inner = pattern_text(sentence.pattern)
        if not inner.removeprefix("{among}").startswith(OPEN):
            continue
        for link in bank()[family]:
            text = _joined(link.text, inner)
            pattern = Pattern(f"{link.id}/{sentence.pattern}", text, slots_of(text))
            made = realized(unit.claim, pattern)
            if made is not None:
                found.append(made)
    return found


def slots_of(text: str) -> tuple[str, ...]:
    """The slots of a pattern, in order."""
    return tuple(SLOT.findall(text))


def realized(claim: Claim, pattern: Pattern) -> Sentence | None:
    """The pattern with its slots filled, if the claim fills them all."""
    if claim.names.get("among") and not {"among", "whole"} & set(pattern.slots):
        return None
    figures = {name: figure.text for name, figure in claim.figures.items()}
    words = {"among": ""} | claim.names | figures
    if any(slot not in words for slot in pattern.slots):
        return None
    used = [claim.figures[s] for s in pattern.slots if s in claim.figures]
    rests_on = used or claim.figures.values()
    facts = dict.fromkeys(fact.id for figure in rests_on for fact in figure.facts)
    text = SLOT.sub(lambda slot: words[slot[1]], pattern.text)
    return Sentence(
        id="", text=capitalized(text), facts=tuple(facts), pattern=pattern.id
    )
