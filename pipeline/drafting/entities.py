"""A list of entities drafted from what people wrote: most frequent first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain, count

from pipeline.codes import Coding, Frequent

WORDS = 4  # of a text that may be a name; more are a sentence
ALIKE = 5  # letters from which on one that differs is a slip


def drafted(found: Coding) -> str:
    """A list of what is not listed, to begin an entities file with or to add to one.

    Writings that differ by a letter or by spaces are put together.
    """
    lines, ids = [], set[str]()
    for first, others in _families(found.uncoded):
        code = _code(first.plain, ids)
        lines += ["[[entity]]", f"id = {_text(code)}", f"name = {_text(first.text)}"]
        if others:
            told = ", ".join(_text(other.plain) for other in others)
            lines.append(f"aliases = [{told}]")
        lines += [f"# {first.respondents + sum(o.respondents for o in others):,}", ""]
    return "\n".join(lines)


def _families(
    found: Sequence[Frequent],
) -> Iterator[tuple[Frequent, list[Frequent]]]:
    """What is likely a name, each with its other writings; the most frequent first."""
    left = [f for f in found if len(f.plain.split(" ")) <= WORDS]
    while left:
        first, *left = left
        others = [other for other in left if _alike(first.plain, other.plain)]
        left = [other for other in left if other not in others]
        yield first, others


def _alike(one: str, other: str) -> bool:
    """The same but for spaces, or, where long enough, for one slip of the hand."""
    one, other = one.replace(" ", ""), other.replace(" ", "")
    if one == other:
        return True
    pairs = enumerate(zip(one, other, strict=False))
    same = next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
    a, b = one[same:], other[same:]
    slips = (a[1:] == b[1:], a[1:] == b, a == b[1:], a[:2] + a[2:] == b[1::-1] + b[2:])
    return min(len(one), len(other)) >= ALIKE and any(slips)


def _code(plain: str, taken: set[str]) -> str:
    """An id of our own kind: C++ is c_plus_plus."""
    named = plain.replace("+", " plus ").replace("#", " sharp ")
    code = re.sub(r"[^a-z0-9]+", "_", named).strip("_") or "entity"
    more = (f"{code}_{n}" for n in count(2))
    free = next(name for name in chain([code], more) if name not in taken)
    taken.add(free)
    return free


def _text(text: str) -> str:
    """A TOML string: JSON's are, without control characters, which no text has."""
    return json.dumps(text, ensure_ascii=False)
