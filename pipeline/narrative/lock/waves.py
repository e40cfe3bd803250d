"""Claims across waves: their order, and whether they can be compared at all."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.narrative.lock.read import Read
from pipeline.narrative.lock.table import Cell
from pipeline.narrative.lock.vocabulary import Meaning


def waves(read: Read) -> Iterator[str]:
    """Waves in their order: since, than in and between look back."""
    names = read.sentence.names("wave")
    asked = [m for k in ("answer", "topic") for m in read.sentence.meanings(k)]
    if not names or not asked:
        return
    before, now = read.table.before(asked[0].one), read.table.wave
    for i in names:
        wave = _wave(read, i)
        if wave not in (before, now):
            yield f"{wave} is not compared here"
        elif wave != before and _looks_back(read, i):
            yield f"{wave} is not the wave before"
        elif _heads_another(read, i) or _ends_another(read, i):
            yield "the figure is of another wave"
    order = [_wave(read, i) for i in names]
    if "broken" not in read.claims and len(read.sentence.numbers("place")) < 2:
        if not {*order} <= {cell.wave for cell in read.cells}:
            yield "it gives no figure of that wave"
    elif len(order) > 1 and {*order[:2]} != {before, now}:
        yield "a wave is compared with itself"
    between = any(read.sentence.at(i - 1).text == "between" for i in names)
    if between and (len(order) < 2 or order[1] != now):
        yield "the waves are in the wrong order"


def _wave(read: Read, i: int) -> str:
    return read.sentence.at(i).are("wave")[0].one


def _looks_back(read: Read, i: int) -> bool:
    """Whether the words before a wave can only be said of the one before."""
    before, further = read.sentence.at(i - 1), read.sentence.at(i - 2)
    set_against = further.claim == "broken" or further.text == "compared"
    with_it = before.text == "with" and set_against
    return before.claim == "since" or before.text == "between" or with_it


def _heads_another(read: Read, i: int) -> bool:
    """Whether "In 2024, …" stands before a figure of another wave."""
    at = read.sentence.at
    heads = (
        at(i - 2).kind == "mark" and at(i - 1).text == "in" and at(i + 1).text == ","
    )
    after = [bound for bound in read.binding.bound if bound.place > i]
    return bool(heads and after) and after[0].cells[0].wave != _wave(read, i)


def _ends_another(read: Read, i: int) -> bool:
    """Whether "… in 2024" ends a clause whose figure is of another wave."""
    at = read.sentence.at
    loose = at(i - 1).text == "in" and at(i - 2).kind not in ("mark", "number")
    if not loose or at(i + 1).text == "(" or at(i - 2).claim in ("place", "was"):
        return False
    before = [bound for bound in read.binding.bound if bound.place < i]
    return bool(before) and before[-1].cells[0].wave != _wave(read, i)


def not_comparable(read: Read) -> Iterator[str]:
    """Waves that cannot be compared are not, and the reason is the survey's."""
    meant: set[Meaning] = {*read.sentence.meanings("answer")}
    topics = {*read.sentence.meanings("topic")}
    changes = [
        read.table.trend(Cell("", m.one, "share", m.two))
        for m in sorted(meant, key=lambda m: (m.one, m.two))
    ]
    changes += [read.table.trend(Cell("", m.one, "mean", "")) for m in topics]
    known = [change for change in changes if change is not None]
    if "broken" in read.claims:
        reasons = {m.one for m in read.sentence.meanings("reason")}
        fits = [c for c in known if not c.comparable and c.question in reasons]
        if not fits:
            yield "no break between the waves is known, or not for this reason"
        return
    if any(c.wave != read.table.wave for c in read.cells) and read.changes():
        stated = {(c.question, c.term) for c in read.cells}
        if any(not c.comparable for c in known if (c.question, c.term) in stated):
            yield "these waves cannot be compared"
