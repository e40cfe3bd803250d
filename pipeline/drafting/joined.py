"""Select-all answers that share one cell: which mark joins them, and what they are."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import msgspec

from pipeline.drafting.profile import Profile
from pipeline.load import plain

MARKS = (";", "|", "\n", ", ", ",")
MOST_PARTS = 150
NEVER_APART = 10  # cells in which two pieces stand together, and in none alone


class Joined(msgspec.Struct, frozen=True):
    """The mark, and each part with the number of cells that have it."""

    mark: str
    parts: tuple[tuple[str, int], ...]
    evidence: str


def joined(found: Profile) -> Joined | None:
    """How the cells are joined, if the same few parts come again and again."""
    for mark in MARKS:
        cells = [(text, n) for text, n in found.texts if mark in text.strip(mark)]
        many = sum(count for _, count in cells)
        if len(cells) < 2 or many < 0.05 * found.seen:
            continue
        parts = _parts(found, mark)
        total, several = sum(parts.values()), sum(n > 1 for n in parts.values())
        few = len(parts) <= min(MOST_PARTS, max(2, len(found.texts) * 0.7))
        shared = len(parts) < 2 or (
            total / len(parts) >= 2.5 and several * 3 > len(parts)
        )
        if few and shared and _are_listed(parts, mark):
            what = (
                f"{many:,} of {found.filled:,} cells join several of {len(parts)} texts"
            )
            return Joined(mark, tuple(parts.most_common()), f"{what} by {_shown(mark)}")
    return None


def _are_listed(parts: Counter[str], mark: str) -> bool:
    """Sentences have commas too: then what follows one begins like the middle."""
    if mark.strip() != ",":
        return True
    total = sum(parts.values())
    middle = sum(n for part, n in parts.items() if part[:1].islower() or len(part) > 80)
    return middle * 2 < total


def _parts(found: Profile, mark: str) -> Counter[str]:
    """The parts of all cells, with those put together again that one option has."""
    wholes = _wholes(found, mark)
    parts: Counter[str] = Counter()
    spelt: dict[str, str] = {}
    for text, count in found.texts:
        for part in {p for p in _merged(text.split(mark), mark, wholes) if p.strip()}:
            parts[spelt.setdefault(plain(part), part.strip())] += count
    return parts


def _wholes(found: Profile, mark: str) -> set[tuple[str, str]]:
    """Pairs of pieces that are one option: a bracket is open between them, or they are
    never apart and the second begins with a small letter."""
    if mark.strip() != ",":
        return set()
    pieces: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for text, count in found.texts:
        parts = text.split(mark)
        for part in set(parts):
            pieces[part] += count
        for pair in set(pairwise(parts)):
            pairs[pair] += count
    return {
        (a, b)
        for (a, b), n in pairs.items()
        if a.count("(") > a.count(")")
        or (n > 2 and n == pieces[b] == pieces[a] and b.strip()[:1].islower())
        or (n >= NEVER_APART and n == pieces[b] == pieces[a])
        or (n > 2 and n == pieces[b] and re.match(r"(but|and|or|etc)\b", b.strip()))
    }


def _merged(pieces: list[str], mark: str, wholes: set[tuple[str, str]]) -> list[str]:
    whole: list[str] = []
    last = ""
    for piece in pieces:
        open_bracket = whole and whole[-1].count("(") > whole[-1].count(")")
        if whole and ((last, piece) in wholes or (open_bracket and mark[0] == ",")):
            whole[-1] += mark + piece
        else:
            whole.append(piece)
        last = piece
    return whole


def _shown(mark: str) -> str:
    return "line ends" if mark == "\n" else f'"{mark}"'
