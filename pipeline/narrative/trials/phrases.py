"""Words that say more, less or the opposite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from pipeline.narrative.lexicon import verbs
from pipeline.narrative.trials.context import Context, lower, replaced

DIRECTIONS = (
    ("rose", "fell"),
    ("has risen", "has fallen"),
    ("grew", "shrank"),
    ("up from", "down from"),
    ("larger", "smaller"),
    ("higher", "lower"),
    ("more likely", "less likely"),
)
CAUSES = (
    "because tools got better",
    "due to the new rules",
    "thanks to training",
    "as a result of the crisis",
    "which drives productivity",
)
EXTRAS = (
    "and this will continue",
    "which shows how popular it is",
    "and experts agree",
    "a record",
    "far ahead of other countries",
)
HEDGES = ("perhaps", "about", "an estimated", "possibly", "some")
QUANTIFIERS = ("all", "almost all", "only", "few", "nearly half of")


def directions(context: Context, _: Random) -> Iterator[str]:
    """Up for down."""
    text = context.sentence.text
    for pair in DIRECTIONS:
        for one, two in (pair, pair[::-1]):
            if re.search(rf"\b{one}\b", text, re.IGNORECASE):
                yield from replaced(text, one, two)


def superlatives(context: Context, _: Random) -> Iterator[str]:
    """Largest for smallest; a superlative where there is none."""
    text = context.sentence.text
    for one, two in (
        ("largest", "smallest"),
        ("most frequent", "least frequent"),
        ("most often", "least often"),
        ("more than give any other", "fewer than give any other"),
        ("answers lead", "answers trail"),
    ):
        yield from replaced(text, one, two)
    if "share of" in text and "largest" not in text and "smallest" not in text:
        yield text.replace("share of", "highest share of", 1)
    yield f"{text[:-1]}, the most of all."


def ranks(context: Context, _: Random) -> Iterator[str]:
    """Another place, and an order turned round."""
    text = context.sentence.text
    places = ("first", "second", "third", "fourth", "ninth", "twelfth")
    for place in places:
        if re.search(rf"\b{place}\b", text) and "first come" not in text.casefold():
            for other in places:
                if other != place:
                    yield re.sub(rf"\b{place}\b", other, text, count=1)
    for one, two in (("followed by", "preceded by"), ("ahead of", "behind")):
        yield from replaced(text, one, two)


def significance(context: Context, _: Random) -> Iterator[str]:
    """A test turned round, or made up."""
    text = context.sentence.text
    for one, two in (
        ("no significant", "a significant"),
        ("not significant", "significant"),
        ("does not differ", "differs"),
        ("do not differ", "differ"),
        ("has not changed significantly", "has changed significantly"),
        ("did not change", "changed"),
        ("have not changed", "have changed"),
    ):
        yield from replaced(text, one, two)
    for word in ("rose", "fell", "higher", "lower", "grew", "shrank"):
        if re.search(rf"\b{word}\b", text):
            yield re.sub(rf"\b{word}\b", f"significantly {word}", text, count=1)
    if "significan" not in text:
        yield f"{text[:-1]}, a difference that is not significant."


def negations(context: Context, _: Random) -> Iterator[str]:
    """A "not" too many."""
    text, survey = context.sentence.text, context.source.survey
    for fact in context.own():
        question = survey.question(fact.question)
        if fact.statistic == "share" and question.scale is None:
            old = verbs(question, fact.term)
            yield from replaced(text, old, f"do not {old}")
    for word in ("is", "are"):
        if f" {word} " in text:
            yield text.replace(f" {word} ", f" {word} not ", 1)


def quantifiers(context: Context, dice: Random) -> Iterator[str]:
    """All, few or only for the figure that is meant."""
    text = context.sentence.text
    for found in re.finditer(r"\d+%", text):
        word = dice.choice(QUANTIFIERS)
        yield f"{text[: found.start()]}{word} {text[found.start() :]}"
        yield f"{text[: found.start()]}{word}{text[found.end() :]}"
        break


def hedges(context: Context, dice: Random) -> Iterator[str]:
    """A figure made vague."""
    text = context.sentence.text
    found = re.search(r"\d+%", text)
    if found:
        yield f"{text[: found.start()]}{dice.choice(HEDGES)} {text[found.start() :]}"
    yield f"Perhaps {lower(text)}"


def causes(context: Context, dice: Random) -> Iterator[str]:
    """A reason that nobody was asked for."""
    yield f"{context.sentence.text[:-1]} {dice.choice(CAUSES)}."
    yield f"{context.sentence.text[:-1]}, {dice.choice(CAUSES)}."


def extras(context: Context, dice: Random) -> Iterator[str]:
    """Another claim in its wake."""
    yield f"{context.sentence.text[:-1]}, {dice.choice(EXTRAS)}."
