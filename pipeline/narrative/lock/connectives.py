"""Connectives: what "by contrast" claims of a sentence and the one before it.

Directions are taken from the estimates and their tests, not from the words.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.narrative.answers import has_place
from pipeline.narrative.lock.read import Read
from pipeline.narrative.lock.table import ALPHA, Cell, half_up

CONNECTIVES = ("contrast", "likewise", "other end")
KINDS = ("trend", "mean_trend", "compare")
Course = tuple[tuple[object, ...], int]


def connected(before: Read | None, read: Read) -> Iterator[str]:
    """Connectives that do not follow from a sentence behind another."""
    said = [i for i, t in enumerate(read.sentence.tokens) if t.claim in CONNECTIVES]
    if not said:
        return
    if said != [0] or read.sentence.at(1).text != ",":
        yield "a connective is not at the beginning"
    word = read.sentence.at(said[0])
    if before is None:
        yield f"“{word.text}”: there is nothing before it"
    elif {*before.cells} == {*read.cells}:
        yield f"“{word.text}”: it says again what was said"
    elif word.claim == "other end":
        if not _is_last(before, read):
            yield "it is not the least frequent answer behind the most frequent"
    elif not _agree(_courses(before), _courses(read), same=word.claim == "likewise"):
        yield f"“{word.text}” does not follow from the estimates"


def _agree(earlier: set[Course], later: set[Course], *, same: bool) -> bool:
    """Whether all differences of two sentences go one way, or opposite ways."""
    if not earlier or not later or len({axis for axis, _ in earlier | later}) > 1:
        return False
    ways = {way for _, way in earlier}, {way for _, way in later}
    if len(ways[0]) > 1 or len(ways[1]) > 1:
        return False
    return ways[0] == ways[1] if same else {*ways[0], *ways[1]} == {1, -1}


def _courses(read: Read) -> set[Course]:
    """What each tested difference sets against what, and its sign: 0 if none is shown.

    Two groups are put in one order, so that "less likely than" is read either way.
    """
    pairs = read.changes()
    if not pairs and len(read.cells) == 2:
        one, two = sorted(read.cells, key=lambda cell: (cell.by, cell.domain))
        pairs = [(one, two)]
    found: set[Course] = set()
    for old, new in pairs:
        tests = (read.table.tested(kind, [old, new]) for kind in KINDS)
        test = next((t for t in tests if t is not None), None)
        if test is None or (old.question, old.term) != (new.question, new.term):
            return set()
        sign = 1 if read.value(new) > read.value(old) else -1
        found.add((_axis(read, old, new), sign if test.p_value < ALPHA else 0))
    return found


def _axis(read: Read, old: Cell, new: Cell) -> tuple[object, ...]:
    base = read.table.survey.question(old.question).base_say or read.table.survey.say
    ends = ((cell.wave, cell.by, cell.domain) for cell in (old, new))
    return (base, *ends)


def _is_last(before: Read, read: Read) -> bool:
    """Whether one answer, the least frequent of all, follows those that lead."""
    if not before.claims & {"first", "firsts", "followed", "tied"} or not before.cells:
        return False
    if len(read.cells) != 1 or read.cells[0].statistic != "share":
        return False
    cell, first = read.cells[0], before.cells[0]
    if (cell.question, cell.by, cell.domain) != (
        first.question,
        first.by,
        first.domain,
    ):
        return False
    asked = read.table.survey.question(cell.question)
    codes = {o.code for o in asked.choices if has_place(asked, o.code)}
    rows = [row for row in read.table.options(cell) if row.term in codes]
    rivals = [row.estimate or 0.0 for row in rows if row.term != cell.term]
    whole = len(rows) == len(codes) and cell.term in codes and len(rivals) > 1
    return whole and half_up(100 * min(rivals)) > half_up(100 * read.value(cell))
