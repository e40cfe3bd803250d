"""What an answer is to a reader: one of its own, the rest, a sum, or none at all.

The codes of a definition tell: `other` and `none` are what is left of a list, `unsure`
and its like say that somebody has no answer to give.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.definition import Net, Question

OTHER = re.compile(r"other(_|$)")
NONE = re.compile(r"none(_|$)")
NOTHING = re.compile(
    r"(unsure|dont_know|unknown|no_opinion|undisclosed|not_applicable)(_|$)"
)


def says_nothing(code: str) -> bool:
    """Whether it stands for "don't know" and the like."""
    return bool(NOTHING.match(code))


def is_rest(code: str) -> bool:
    """Whether it stands for whatever was not listed."""
    return bool(OTHER.match(code))


def comes_last(code: str, *, ordered: bool) -> bool:
    """Whether it follows the others, whatever its size.

    In a list with an order of its own, "none" is an end of it and keeps its place.
    """
    left_over = is_rest(code) or (bool(NONE.match(code)) and not ordered)
    return says_nothing(code) or left_over


def has_place(question: Question, code: str) -> bool:
    """Whether it competes for a rank: "none of these" is no rival of what is listed."""
    none = question.kind == "select-all" and NONE.match(code)
    return not (says_nothing(code) or is_rest(code) or none)


def sums(question: Question, waves: Sequence[str]) -> tuple[Net, ...]:
    """The nets that put at least two answers together in one of the waves.

    Where a wave offered only one of its answers, a net says the same as that answer.
    """
    options = {option.code: option for option in question.choices}
    return tuple(
        net
        for net in question.nets
        if any(sum(options[c].offered(w) for c in net.of) > 1 for w in waves)
    )
