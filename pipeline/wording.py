"""Numbers and lists in English: the one place that decides rounding and wording.

Rounding is half-up on the estimate as computed (to nine digits, so that a share that
is 22.5 % by count does not become 22.4999… % by floating point).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from pipeline.definition import Scale

NUMBER = re.compile(r"\d+(?:[.,]\d+)*%?")
ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth"),
    *("seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"),
)
CARDINALS = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
FRACTIONS = {
    Fraction(1, 10): "one in ten",
    Fraction(1, 5): "one in five",
    Fraction(1, 4): "one in four",
    Fraction(1, 3): "one in three",
    Fraction(2, 5): "two in five",
    Fraction(1, 2): "half of",
    Fraction(3, 5): "three in five",
    Fraction(2, 3): "two in three",
    Fraction(3, 4): "three in four",
    Fraction(4, 5): "four in five",
    Fraction(9, 10): "nine in ten",
}
EXACT, BELOW, ABOVE = 0.010, 0.030, 0.025  # what a bare, "nearly", "just over" bear
THINGS = {"organizations", "organisations", "companies", "firms", "teams", "projects"}
PAST = {"came", "did", "got", "had", "made", "said", "saw", "took", "went", "were"}
AFTER_NOUN = re.compile(
    r" (?:who|whose|that|which|at|in|of|from|with|on|by|for|aged|among|reached)\b"
)


def rounded(value: float, digits: int = 0) -> Decimal:
    """`value` rounded half-up."""
    step = Decimal(1).scaleb(-digits)
    return Decimal(f"{value:.9f}").quantize(step, rounding=ROUND_HALF_UP)


def percent(share: float) -> str:
    """A share as a whole percentage; never 0% or 100% unless it is exactly that."""
    points = rounded(share * 100)
    if points == 0 and share > 0:
        return "less than 1%"
    if points == 100 and share < 1:
        return "more than 99%"
    return f"{points}%"


def number(value: float, digits: int = 1) -> str:
    """A number with thousands separated and no idle zeros: 4.3, 4, 12,345."""
    text = f"{rounded(value, digits):,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rating(value: float, scale: Scale | None, digits: int = 0) -> str:
    """A rating with its scale: `7 out of 10`, or `4.2 on a scale of 1 to 5`."""
    shown = number(value, digits)
    return f"{shown}{on_scale(scale)}"


def on_scale(scale: Scale | None) -> str:
    """What follows a rating so that it can be read: ` out of 10`."""
    if scale is None:
        return ""
    if scale.low == 0:
        return f" out of {scale.high}"
    return f" on a scale of {scale.low} to {scale.high}"


def ordinal(place: int) -> str:
    """first, second, … twelfth, 13th."""
    if place <= len(ORDINALS):
        return ORDINALS[place - 1]
    teen = 10 <= place % 100 <= 20
    return (
        f"{place}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(place % 10, 'th')}"
    )


def cardinal(count: int) -> str:
    """one, two, … twelve, 13."""
    return CARDINALS[count] if count < len(CARDINALS) else f"{count:,}"


def fraction(share: float) -> str:
    """`just over one in five`: the nearest named fraction, or nothing if none is near.

    "half" comes with its "of", so that what is counted can follow in every case.
    """
    nearest = min(FRACTIONS, key=lambda f: abs(share - float(f)))
    gap = share - float(nearest)
    name = FRACTIONS[nearest]
    if abs(gap) <= EXACT:
        return name
    if -BELOW <= gap < 0:
        return f"nearly {name}"
    return f"just over {name}" if 0 < gap <= ABOVE else ""


def listed(parts: Iterable[str], last: str = "and") -> str:
    """`a, b and c`; semicolons where the parts have commas of their own."""
    parts = list(parts)
    if len(parts) < 2:
        return "".join(parts)
    bare = (re.sub(r"\([^)]*\)", "", part) for part in parts)
    between = "; " if any(", " in part for part in bare) else ", "
    end = f"{between}{last} " if between == "; " else f" {last} "
    return between.join(parts[:-1]) + end + parts[-1]


def clauses(parts: Iterable[str]) -> str:
    """`64% say so, and 59% do not`: parts with a verb each keep their commas."""
    *first, last = parts
    return f"{', '.join(first)}, and {last}" if first else last


def capitalized(text: str) -> str:
    """A sentence's first letter large, but iOS and eBay as they are."""
    if len(text) > 1 and text[1].isupper():
        return text
    return text[:1].upper() + text[1:]


def plural(noun: str) -> str:
    """The plural of a dimension's name: role → roles, industry → industries."""
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def infinitive(verbs: str) -> str:
    """A plural verb phrase as it follows "to": are paid → be paid.

    Nothing for a past tense, whose infinitive cannot be told from its form.
    """
    first = verbs.partition(" ")[0]
    if first in PAST or (first.endswith("ed") and not first.endswith("eed")):
        return ""
    for finite, bare in (("are not ", "not be "), ("are ", "be "), ("do not ", "not ")):
        if verbs.startswith(finite):
            return bare + verbs.removeprefix(finite)
    return verbs


def relative(noun: str) -> str:
    """`who` for people, `that` for organizations."""
    head = AFTER_NOUN.split(noun, maxsplit=1)[0]
    return "that" if head.split(" ")[-1] in THINGS else "who"


def numbers(texts: Iterable[str]) -> frozenset[str]:
    """Every number written in digits, with its percent sign."""
    return frozenset(found for text in texts for found in NUMBER.findall(text))


def opener(sentence: str, words: int = 2) -> str:
    """How a sentence begins, to tell two that begin alike."""
    return " ".join(sentence.casefold().split()[:words])


def trigrams(words: Sequence[str]) -> set[tuple[str, ...]]:
    """Every three words in a row."""
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}
