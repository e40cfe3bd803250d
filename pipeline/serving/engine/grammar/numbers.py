"""Numbers in a range → GBNF: digits are decided from the left, as they are written."""

from __future__ import annotations

import math

# As many digits as JavaScript and pandas keep exactly.
MOST_DIGITS = 15
FURTHEST = 10**MOST_DIGITS - 1


def integers(low: int | None, high: int | None) -> str:
    """Whole numbers from `low` to `high`, "" if there are none."""
    low = max(-FURTHEST if low is None else low, -FURTHEST)
    high = min(FURTHEST if high is None else high, FURTHEST)
    if low > high:
        return ""
    parts = []
    if low < 0:
        parts.append(f'"-" ({_between(max(1, -high), -low)})')
    if high >= 0:
        parts.append(_between(max(low, 0), high))
    return " | ".join(parts)


def numbers(
    low: float | None, high: float | None, *, over: bool = False, under: bool = False
) -> str:
    """Numbers from `low` to `high`, "" if there are none that can be written simply.

    `over`, `under`: without the bound itself. Decimals are written after whole numbers
    whose decimals all lie in the range: 0.5 is in 0…1, but 0.75…0.8 has none.
    """
    parts = [integers(*whole_bounds(low, high, over, under))]
    # n.d lies in (n, n + 1), -n.d in (-n - 1, -n): within, if both ends may be reached.
    bottom = None if low is None else math.ceil(low)
    top = None if high is None else math.floor(high)
    up = None if top is None else top - 1
    down = None if bottom is None else bottom + 1
    if whole := integers(max(bottom or 0, 0), up):
        parts.append(f'({whole}) "." [0-9]{{0,9}} [1-9]')
    if down is None or down <= 0:
        most = None if up is None or up >= 0 else -(up + 1)
        least = FURTHEST if down is None else -down
        if whole := integers(max(most or 0, 0), least):
            parts.append(f'"-" ({whole}) "." [0-9]{{0,9}} [1-9]')
    return " | ".join(filter(None, parts))


def whole_bounds(
    low: float | None, high: float | None, over: bool, under: bool
) -> tuple[int | None, int | None]:
    """The first and the last whole number of a range."""
    first = None if low is None else math.floor(low) + 1 if over else math.ceil(low)
    last = None if high is None else math.ceil(high) - 1 if under else math.floor(high)
    return first, last


def _between(low: int, high: int) -> str:
    """Whole numbers from `low` to `high`, both at least 0, without leading zeros."""
    parts = []
    for digits in range(len(str(low)), len(str(high)) + 1):
        first = max(low, 10 ** (digits - 1) if digits > 1 else 0)
        last = min(high, 10**digits - 1)
        parts.append(_same_length(str(first), str(last)))
    return " | ".join(parts)


def _same_length(low: str, high: str) -> str:
    """The numbers from `low` to `high`, which have as many digits."""
    if not low:
        return '""'
    rest = len(low) - 1
    if low[1:] == "0" * rest and high[1:] == "9" * rest:
        return f"[{low[0]}-{high[0]}]" + (f" [0-9]{{{rest}}}" if rest else "")
    if low[0] == high[0]:
        return f'"{low[0]}" ({_same_length(low[1:], high[1:])})'
    nines, zeros = "9" * rest, "0" * rest
    parts = [f'"{low[0]}" ({_same_length(low[1:], nines)})']
    middle = chr(ord(low[0]) + 1), chr(ord(high[0]) - 1)
    if middle[0] <= middle[1]:
        parts.append(f"[{middle[0]}-{middle[1]}] [0-9]{{{rest}}}")
    parts.append(f'"{high[0]}" ({_same_length(zeros, high[1:])})')
    return " | ".join(parts)
