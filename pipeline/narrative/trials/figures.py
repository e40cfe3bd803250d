"""Figures, units and years made wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from random import Random

from pipeline.narrative.trials.context import Context, lower

NUMBER = re.compile(r"\d+%|\d+(?:\.\d+)?(?= out of )|(?<=by )\d+(?= percentage)")
GAP = re.compile(r"\d+(?= percentage point)")


def numbers(context: Context, dice: Random) -> Iterator[str]:
    """Each number a little or much off, or turned round."""
    text = context.sentence.text
    for found in NUMBER.finditer(text):
        digits = found[0].removesuffix("%")
        value = float(digits)
        steps = [1, -1, dice.choice((5, 10, 20, -5))]
        news = [f"{value + step:g}" for step in steps if value + step >= 0]
        news += [digits[::-1]] if digits.isdigit() and digits[::-1] != digits else []
        for new in news:
            if "." not in digits or new != digits:
                end = text[found.end() - (1 if found[0].endswith("%") else 0) :]
                yield text[: found.start()] + new + end


def foreign_number(context: Context, dice: Random) -> Iterator[str]:
    """A number of the section that is of something else."""
    text = context.sentence.text
    others = sorted({f.display for f in context.facts if f.display.endswith("%")})
    for found in re.finditer(r"\d+%", text):
        other = dice.choice(others) if others else ""
        if other[:1].isdigit() and other not in text:
            yield text[: found.start()] + other + text[found.end() :]


def swapped_numbers(context: Context, _: Random) -> Iterator[str]:
    """Two numbers in each other's place."""
    text = context.sentence.text
    found = list(re.finditer(r"\d+%", text))
    for one, two in pairwise(found):
        if one[0] != two[0]:
            middle = text[one.end() : two.start()]
            end = text[two.end() :]
            yield text[: one.start()] + two[0] + middle + one[0] + end


def derived(context: Context, _: Random) -> Iterator[str]:
    """Gaps, multiples and fractions that are another."""
    text = context.sentence.text
    for found in GAP.finditer(text):
        yield text[: found.start()] + str(int(found[0]) + 2) + text[found.end() :]
    for one, two in (
        ("more than twice", "more than three times"),
        ("three times", "eight times"),
        ("one in five", "one in four"),
        ("one in three", "one in four"),
        ("half", "two in three"),
        ("nearly ", "just over "),
        ("just over ", "nearly "),
    ):
        if one in text:
            yield text.replace(one, two, 1)


def units(context: Context, _: Random) -> Iterator[str]:
    """Percent for points, ratings for percent."""
    text = context.sentence.text
    if "%" in text:
        yield re.sub(r"(\d+)%", r"\1 percentage points", text, count=1)
        yield re.sub(r"(\d+)%", r"\1 out of 100", text, count=1)
        yield re.sub(r"(\d+)%", r"\1 people", text, count=1)
    if " out of 10" in text:
        yield text.replace(" out of 10", "%", 1)
        yield text.replace(" out of 10", " out of 5", 1)


def years(context: Context, _: Random) -> Iterator[str]:
    """Another year."""
    text = context.sentence.text
    waves = [wave.id for wave in context.source.survey.waves]
    for found in re.finditer("|".join(waves), text):
        before, after = text[: found.start()], text[found.end() :]
        for wave in ({*waves, "2013", "2031"}) - {found[0]}:
            new = before + wave + after
            twice = sorted(re.findall("|".join(waves), new))
            if "between" not in text or len({*twice}) == len(twice):
                yield new


def added_year(context: Context, _: Random) -> Iterator[str]:
    """A figure of this wave put into another."""
    first = context.source.survey.waves[0].id
    facts = context.own()
    same = [f for f in facts if context.then(f, first) == f.display]
    if (
        first != context.source.wave
        and all(f.wave != first for f in facts)
        and not same
    ):
        yield f"In {first}, {lower(context.sentence.text)}"
        yield f"{context.sentence.text[:-1]} in {first}."
