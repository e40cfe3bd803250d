"""A regular expression → GBNF of JSON strings that match it.

Python's own parser reads the expression. What it matches is written as in a JSON
string: a quotation mark as `\\"`, a newline and a tab as `\\n` and `\\t`, other
characters below space not at all.
Where a class means more than ASCII (`\\d`, `\\w`), only ASCII is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

LAST = 0x10FFFF
MOST_REPEATS = 2000
# What stands in a JSON string as it is: not controls, quotation marks, backslashes,
# nor half of a UTF-16 pair.
PLAIN = ((0x20, 0x21), (0x23, 0x5B), (0x5D, 0x7E), (0x80, 0xD7FF), (0xE000, LAST))
ESCAPED = {0x22: '"\\\\\\""', 0x5C: '"\\\\\\\\"', 0x0A: '"\\\\n"', 0x09: '"\\\\t"'}
ASCII = ((0x09, 0x0A), (0x20, 0x7E))
DIGITS = ((0x30, 0x39),)
WORD = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
BLANK = ((0x09, 0x0A), (0x20, 0x20))
Ranges = tuple[tuple[int, int], ...]


class Unclear(ValueError):
    """An expression, or a part of one, that has no GBNF."""


def string_matching(pattern: str, char: str) -> str:
    """GBNF of the inside of a JSON string that the pattern is found in.

    `char`: the rule of any character, for what may stand before and after a pattern
    that is not held to the start and end. Raises `Unclear`.
    """
    try:
        parsed = list(_parser.parse(pattern))
    except (re.error, RecursionError, OverflowError) as error:
        raise Unclear(str(error)) from None
    starts = (sre.AT, sre.AT_BEGINNING), (sre.AT, sre.AT_BEGINNING_STRING)
    ends = (sre.AT, sre.AT_END), (sre.AT, sre.AT_END_STRING)
    held = bool(parsed) and parsed[0] in starts, bool(parsed) and parsed[-1] in ends
    inner = parsed[1 if held[0] else 0 : -1 if held[1] else None]
    free = f"{char}*"
    parts = (not held[0] and free, _sequence(inner), not held[1] and free)
    return " ".join(part for part in parts if part)


def _sequence(items: Iterable[Any]) -> str:
    return " ".join(_item(op, value) for op, value in items) or '""'


def _item(op: Any, value: Any) -> str:
    if op is sre.LITERAL:
        return _characters(((value, value),))
    if op is sre.NOT_LITERAL:
        return _characters(_all_but(((value, value),)))
    if op is sre.ANY:
        return _characters(_all_but(((0x0A, 0x0A),)))
    if op is sre.IN:
        return _characters(_class(value))
    if op is sre.BRANCH:
        return "(" + " | ".join(_sequence(branch) for branch in value[1]) + ")"
    if op is sre.SUBPATTERN and not value[1] and not value[2]:
        return f"({_sequence(value[3])})"
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return _repeated(*value)
    raise Unclear(f"{str(op).lower()} is not supported")


def _repeated(least: int, most: Any, items: Iterable[Any]) -> str:
    if least > MOST_REPEATS or (most is not sre.MAXREPEAT and most > MOST_REPEATS):
        raise Unclear(f"more than {MOST_REPEATS} repetitions are not supported")
    end = "" if most is sre.MAXREPEAT else most
    return f"({_sequence(items)}){{{least},{end}}}"


def _class(parts: Iterable[Any]) -> Ranges:
    """The characters of `[…]`."""
    found: list[tuple[int, int]] = []
    negated = False
    for op, value in parts:
        if op is sre.NEGATE:
            negated = True
        elif op is sre.LITERAL:
            found.append((value, value))
        elif op is sre.RANGE:
            found.append(value)
        else:
            found += _category(value)
    return _all_but(tuple(found)) if negated else tuple(found)


def _category(name: Any) -> Ranges:
    kinds = {
        sre.CATEGORY_DIGIT: DIGITS,
        sre.CATEGORY_WORD: WORD,
        sre.CATEGORY_SPACE: BLANK,
    }
    opposites = {
        sre.CATEGORY_NOT_DIGIT: DIGITS,
        sre.CATEGORY_NOT_WORD: WORD,
        sre.CATEGORY_NOT_SPACE: BLANK,
    }
    if name in kinds:
        return kinds[name]
    return _common(_all_but(opposites[name]), ASCII)


def _all_but(ranges: Ranges) -> Ranges:
    """All characters that are not in these."""
    found, at = [], 0
    for low, high in sorted(ranges):
        if low > at:
            found.append((at, low - 1))
        at = max(at, high + 1)
    return tuple(found) + (((at, LAST),) if at <= LAST else ())


def _common(one: Ranges, other: Ranges) -> Ranges:
    """The characters that are in both."""
    pairs = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple(pair for pair in pairs if pair[0] <= pair[1])


def _characters(ranges: Ranges) -> str:
    """GBNF of one of these characters, as a JSON string has it."""
    plain = "".join(
        _code(low) if low == high else f"{_code(low)}-{_code(high)}"
        for low, high in _common(ranges, PLAIN)
    )
    parts = [f"[{plain}]"] if plain else []
    parts += [
        written
        for code, written in ESCAPED.items()
        if any(low <= code <= high for low, high in ranges)
    ]
    if not parts:
        raise Unclear("it has a character that cannot be written")
    return parts[0] if len(parts) == 1 else f"({' | '.join(parts)})"


def _code(code: int) -> str:
    return (
        chr(code) if chr(code).isascii() and chr(code).isalnum() else f"\\U{code:08X}"
    )
