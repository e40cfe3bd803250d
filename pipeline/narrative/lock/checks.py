"""What a sentence claims beyond its numbers, each claim checked by itself.

A check gives the troubles it finds. Claims of order are in `orders.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipeline.narrative.lock.binding import based, meanings_of
from pipeline.narrative.lock.ranges import end_cells
from pipeline.narrative.lock.read import Read
from pipeline.narrative.lock.table import (
    ALPHA,
    Cell,
    Table,
    at_least_times,
    close,
    error,
    half_up,
)
from pipeline.narrative.lock.words import FRACTIONS, TIMES

TINY = 1e-9


def unread(read: Read) -> Iterator[str]:
    """Words that are not known, and names that no number is of."""
    stated = meanings_of(read.cells)
    domains = {(cell.by, cell.domain) for cell in read.cells}
    moves = len(read.sentence.numbers("place")) > 1
    whole = bool(read.claims & {"broken", "leads", "tied"} or read.binding.ends)
    whole = whole or moves
    for token in read.sentence.tokens:
        if token.kind == "unknown":
            yield f"“{token.text}” says something that is not known"
        answers = {*token.are("answer")}
        groups = {(m.one, m.two) for m in token.are("group")}
        told = bool(stated & answers) or bool(groups & domains)
        excused = whole and bool(answers)
        if (answers or groups) and not (told or excused):
            yield f"no figure is given for “{token.text}”"
    if not (read.cells or read.binding.ends or "broken" in read.claims or moves):
        yield "it states no figure"


def bases(read: Read) -> Iterator[str]:
    """Everyone who is named must be who was counted."""
    asked = {question for question, _ in read.answers()}
    questions = {c.question for c in read.cells} | asked
    for i in read.sentence.names("base"):
        meant = {m.one for m in read.sentence.at(i).are("base")}
        tied = read.sentence.at(i + 1).claim == "each"
        if not meant & questions and not tied:
            yield f"“{read.sentence.at(i).text}” are not those who were counted"
    if read.binding.ends:
        for question in asked:
            if not based(read.sentence, read.table, question):
                yield "it does not say whose answers count"


def direction(read: Read) -> Iterator[str]:
    """Up and down: the sign, and the test."""
    said = read.claims & {"up", "down"}
    if not said:
        return
    if len(said) > 1:
        yield "it says up and down of the same"
        return
    sign = 1 if "up" in said else -1
    if len(read.sentence.numbers("place")) > 1:
        return  # see `moves`
    changes = read.changes()
    pairs = [(new, old) for old, new in changes] or _first_two(read)
    if not pairs:
        yield "it compares with nothing"
    kinds = ("trend", "mean_trend") if changes else ("compare", "range")
    for one, other in pairs:
        if sign * (read.value(one) - read.value(other)) <= 0:
            yield "the difference is the other way round"
        elif not _holds(read.table, kinds, one, other):
            yield "the test does not support a difference"
    if changes and 2 * len(changes) < len(read.cells):
        yield "a figure has nothing to be compared with"


def _first_two(read: Read) -> list[tuple[Cell, Cell]]:
    cells = read.cells
    return [(cells[0], cells[1])] if len(cells) == 2 else []


def _holds(table: Table, kinds: tuple[str, ...], one: Cell, other: Cell) -> bool:
    """Whether a test says that two estimates differ, and the figures do not deny it."""
    for kind in kinds:
        test = table.tested(kind, [one, other])
        if test is not None:
            return test.p_value < ALPHA
    return False


def no_difference(read: Read) -> Iterator[str]:
    """ "Not significant" needs the test that says so."""
    if "nosig" not in read.claims:
        return
    if read.claims & {"up", "down", "differs", "wide", "equal", "each"}:
        yield "it says of the same that it differs and does not"
    changes = read.changes()
    if read.binding.ends:
        test = read.table.tested("range", end_cells(read))
        if test is None or test.p_value < ALPHA:
            yield "the test finds a difference"
        return
    pairs = changes or _first_two(read)
    kinds = ("trend", "mean_trend") if changes else ("compare",)
    if not pairs or (changes and 2 * len(changes) < len(read.cells)):
        yield "it compares with nothing"
    for one, other in pairs:
        tests = [read.table.tested(kind, [one, other]) for kind in kinds]
        if not any(t is not None and t.p_value >= ALPHA for t in tests):
            yield "the test finds a difference, or was not made"


def practically_equal(read: Read) -> Iterator[str]:
    """ "Stable" needs a test of equivalence, made here again."""
    if "equal" not in read.claims:
        return
    pairs = read.changes() or _first_two(read)
    if not pairs:
        yield "it compares with nothing"
    for one, other in pairs:
        rows = read.table.row(one), read.table.row(other)
        if rows[0] is None or rows[1] is None:
            continue
        gap = read.value(one) - read.value(other)
        spread = (error(rows[0]) ** 2 + error(rows[1]) ** 2) ** 0.5
        test = read.table.tested("trend" if read.changes() else "compare", [one, other])
        proved = test is not None and test.equal_p is not None and test.equal_p < ALPHA
        if not (proved and close(gap, spread)):
            yield "they were not shown to be practically equal"


def majority(read: Read) -> Iterator[str]:
    """ "Most" needs the whole interval above a half."""
    if "majority" in read.claims:
        rows = [read.table.row(cell) for cell in read.cells]
        if not rows or not all(row and (row.low or 0) > 0.5 for row in rows):
            yield "it is not certain that these are most"


def derived(read: Read) -> Iterator[str]:
    """Fractions, points and multiples are worked out again from the estimates."""
    cells = read.cells
    for i in read.sentence.numbers("fraction", "points", "times"):
        token = read.sentence.at(i)
        values = [read.value(cell) for cell in cells]
        if token.claim == "fraction":
            alone = read.sentence.at(i + 1).kind != "number"
            fits = alone and len(cells) == 1 and _is_fraction(token.text, values[0])
        elif token.claim == "points":
            fits = len(cells) == 2 and _is_gap(token.text, *values)
        else:
            fits = len(cells) == 2 and _is_multiple(read, token.text)
        if not fits:
            yield f"“{token.text}” does not follow from the estimates"


def _is_fraction(text: str, value: float) -> bool:
    """The nearest of the named fractions, and near enough for its adverb."""
    name = text.removeprefix("nearly ").removeprefix("just over ").removesuffix(" of")
    nearest = min(FRACTIONS, key=lambda f: abs(FRACTIONS[f] - value))
    gap = value - FRACTIONS[name]
    if FRACTIONS[name] != FRACTIONS[nearest]:
        return False
    if text.startswith("nearly"):
        return -0.03 - TINY <= gap < 0
    return 0 < gap <= 0.025 + TINY if text[:4] == "just" else abs(gap) <= 0.01 + TINY


def _is_gap(text: str, one: float, other: float) -> bool:
    points = int(text.split(" ")[0])
    shown = abs(half_up(100 * one) - half_up(100 * other))
    return points == shown == half_up(100 * abs(one - other))


def _is_multiple(read: Read, text: str) -> bool:
    one, other = (read.table.row(cell) for cell in read.cells[:2])
    if one is None or other is None:
        return False
    if _second_first(read):
        one, other = other, one
    times = TIMES[text.removeprefix("more than ")]
    pair = read.cells[:2]
    return at_least_times(one, other, times) and _holds(read.table, ("compare",), *pair)


def _second_first(read: Read) -> bool:
    """Whether a sentence begins with what it compares with: "Compared with …"."""
    first = (read.cells[0].by, read.cells[0].domain)
    for i in read.sentence.names("group"):
        if first in {(m.one, m.two) for m in read.sentence.at(i).are("group")}:
            return read.sentence.at(i - 2).text == "compared"
    return False


def wide(read: Read) -> Iterator[str]:
    """A wide gap is one of three times at least."""
    if "wide" in read.claims:
        rows = [read.table.row(cell) for cell in read.cells]
        if len(rows) != 2 or not rows[0] or not rows[1]:
            yield "it compares with nothing"
        elif not (at_least_times(rows[0], rows[1], 3) and _pair_holds(read)):
            yield "the gap is not that wide"


def multiplied(read: Read) -> Iterator[str]:
    """More than doubled: one change, tested, whose ratio is above two for certain."""
    said = read.claims & {"doubled", "tripled"}
    if not said:
        return
    changes = read.changes()
    if len(said) > 1 or len(changes) != 1 or len(read.cells) != 2:
        yield "it compares with nothing"
        return
    old, new = (read.table.row(cell) for cell in changes[0])
    times = 3 if "tripled" in said else 2
    holds = _holds(read.table, ("trend",), *changes[0])
    if not (old and new and holds and at_least_times(new, old, times)):
        yield "it has not grown that much"


def _pair_holds(read: Read) -> bool:
    return _holds(read.table, ("compare",), *read.cells[:2])


Check = Callable[[Read], Iterator[str]]
CHECKS: tuple[Check, ...] = (
    unread,
    bases,
    direction,
    no_difference,
    practically_equal,
    majority,
    derived,
    wide,
    multiplied,
)
