"""Claims of order: first, first few, places, most frequent rating, highest domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import msgspec

from pipeline.narrative.answers import has_place
from pipeline.narrative.facts import Row
from pipeline.narrative.lock.read import Read
from pipeline.narrative.lock.table import ALPHA, Cell, half_up, raw_p
from pipeline.narrative.lock.words import COUNTS, PLACES

TINY = 1e-9


def firsts(read: Read) -> Iterator[str]:
    """What is called first comes before all else that could be answered."""
    if not read.claims & {"first", "firsts", "tied", "followed"}:
        return
    if "each" in read.claims and read.binding.ends:
        return  # first in each of several domains: see `leads`
    cells = [c for c in read.cells if c.statistic == "share"]
    if "tied" in read.claims:
        cells = _with_tied(read, cells)
    if not cells:
        yield "it is first of nothing"
        return
    values = [read.value(cell) for cell in cells]
    stated = {cell.term for cell in cells}
    others = [row for row in read.table.options(cells[0]) if row.term not in stated]
    if any((row.estimate or 0.0) > min(values) - TINY for row in others):
        yield "another answer is as frequent"
    tied = "tied" in read.claims
    if not tied and any(b > a + TINY for a, b in pairwise(values)):
        yield "they are not in the order of their shares"
    if "tied" not in read.claims and read.claims & {"first", "followed"}:
        yield from _alone(read, cells)


def _with_tied(read: Read, cells: list[Cell]) -> list[Cell]:
    """All answers named, which are said to have one and the same share."""
    if len(cells) != 1:
        return []
    named = {m for i in read.sentence.names("answer") for m in _of(read, i, cells[0])}
    tied = [msgspec.structs.replace(cells[0], term=term) for term in sorted(named)]
    values = {half_up(100 * read.value(cell)) for cell in tied}
    return tied if len(values) == 1 and len(tied) > 1 else []


def _of(read: Read, i: int, cell: Cell) -> list[str]:
    return [m.two for m in read.sentence.at(i).are("answer") if m.one == cell.question][
        :1
    ]


def _alone(read: Read, cells: list[Cell]) -> Iterator[str]:
    """One answer is called first: a test must tell it from the second."""
    tests = [t for t in read.table.tests if t.kind in ("ranking", "first")]
    row = read.table.row(cells[0])
    fact = _fact(row) if row else ""
    if not any(fact in t.facts and t.p_value < ALPHA for t in tests):
        yield "the test does not tell the first from the second"


def _fact(row: Row) -> str:
    from pipeline.narrative.facts import fact_id

    return fact_id(row)


def leads(read: Read) -> Iterator[str]:
    """An answer that is first in each of several domains."""
    scopes = [m.one for m in read.sentence.meanings("scope")]
    everywhere = "first" in read.claims and "each" in read.claims and scopes
    if "leads" not in read.claims and not everywhere:
        return
    for meaning in read.sentence.meanings("answer"):
        cell = Cell(read.table.wave, meaning.one, "share", meaning.two)
        rows = read.table.over(cell, scopes[0]) if scopes else []
        if rows and all(_is_first(read, row) for row in rows):
            return
    yield "it is not first in each of them"


def _is_first(read: Read, row: Row) -> bool:
    cell = Cell(row.wave, row.question, "share", row.term, row.by, row.domain)
    best = max(r.estimate or 0.0 for r in read.table.options(cell))
    return (row.estimate or 0.0) > best - TINY


def most_often(read: Read) -> Iterator[str]:
    """ "Most often" is said of the most frequent rating only."""
    if "mode" not in read.claims:
        return
    modes = [c for c in read.cells if c.statistic == "mode"]
    if not modes:
        yield "it is no most frequent rating"
    for cell in modes:
        question = read.table.survey.question(cell.question)
        rows = read.table.options(cell)
        top = max((r.estimate or 0.0 for r in rows), default=0.0)
        first = {r.term for r in rows if (r.estimate or 0.0) > top - TINY}
        said = {
            read.sentence.at(bound.place).text.split(" ")[0]
            for bound in read.binding.bound
            if cell in bound.cells
        }
        if question.scale is not None and rows and first != said:
            yield "another rating is as frequent, or more so"


def highest(read: Read) -> Iterator[str]:
    """One domain above all others, by a test against each."""
    if "highest" not in read.claims:
        return
    if len(read.cells) != 1 or not read.cells[0].by:
        yield "it is highest of nothing"
        return
    cell = read.cells[0]
    rows = read.table.over(cell, cell.by)
    value = read.value(cell)
    own = read.table.row(cell)
    others = [row for row in rows if row.domain != cell.domain]
    if any((row.estimate or 0) >= value for row in others):
        yield "another is as high"
    elif own and any(raw_p(own, row) * len(others) >= ALPHA for row in others):
        yield "the test does not tell it from the others"
    for i, token in enumerate(read.sentence.tokens):
        after = read.sentence.at(i + 1).text
        if token.text == "highest" and after != "among":
            yield "“highest” is said of nothing"
        scoped = read.sentence.at(i + 3).are("scope")
        if token.text == "the highest share" and not scoped:
            yield "“highest” is said of nothing"


def counts(read: Read) -> Iterator[str]:
    """Numbers in words count the answers that follow."""
    sentence = read.sentence
    for i in sentence.numbers("count"):
        if sentence.at(i - 1).claim == "each" and sentence.at(i + 1).are("scope"):
            continue  # domains that are tied: their number has been checked
        text = sentence.at(i).text
        said = COUNTS.index(text) if text in COUNTS else 0
        if "firsts" not in read.claims or said != len(read.cells):
            yield f"“{sentence.at(i).text}” counts nothing here"


def places(read: Read) -> Iterator[str]:
    """First, second, twelfth: the place among answers that may have one."""
    sentence = read.sentence
    found = sentence.numbers("place")
    if not found:
        return
    meanings = [(m.one, m.two) for m in sentence.meanings("answer")]
    stated = {(c.question, c.term) for c in read.cells}
    answers = [m for m in meanings if m in stated] or meanings
    waves = [m.one for m in sentence.meanings("wave")]
    of = waves if len(found) > 1 else [read.table.wave]
    for i, wave in zip(found, of, strict=False):
        text = sentence.at(i).text
        if not any(_place(read, wave, i, *answer) == text for answer in answers):
            yield f"it is not in {text} place"
    joint = any(token.text == "joint" for token in sentence.tokens)
    if len(found) == 1 and joint != _shared(read, answers[0] if answers else ("", "")):
        yield "whether others share its place is not said"


def moves(read: Read) -> Iterator[str]:
    """From one place to another, up or down; `places` has checked which they are."""
    found = read.sentence.numbers("place")
    if len(found) != 2:
        return
    waves = [m.one for m in read.sentence.meanings("wave")]
    names = [read.sentence.at(i).text for i in found]
    at = {
        wave: PLACES.index(name) if name in PLACES else int(name[:-2])
        for wave, name in zip(waves, names, strict=False)
    }
    now = at.pop(read.table.wave, 0)
    said = read.claims & {"up", "down"}
    if len(said) != 1 or len(at) != 1 or not now:
        yield "it does not say from where to where"
    elif (now < min(at.values())) != ("up" in said):
        yield "it moved the other way"


def _rivals(read: Read, wave: str, question: str) -> list[Row]:
    asked = read.table.survey.question(question)
    by, domain = next(((c.by, c.domain) for c in read.cells), ("", ""))
    rows = read.table.options(Cell(wave, question, "share", "", by, domain))
    return [row for row in rows if has_place(asked, row.term)]


def _place(read: Read, wave: str, i: int, question: str, term: str) -> str:
    del i
    rivals = _rivals(read, wave, question)
    own = next((r.estimate or 0.0 for r in rivals if r.term == term), None)
    if own is None:
        return ""
    place = 1 + sum((r.estimate or 0.0) > own + TINY for r in rivals)
    return PLACES[place] if place < len(PLACES) else f"{place}th"


def _shared(read: Read, answer: tuple[str, str]) -> bool:
    if not answer[0]:
        return False
    rivals = _rivals(read, read.table.wave, answer[0])
    own = [r.estimate or 0.0 for r in rivals if r.term == answer[1]]
    same = [r for r in rivals if own and abs((r.estimate or 0.0) - own[0]) < TINY]
    return len(same) > 1


def crossed(read: Read) -> Iterator[str]:
    """Shares of a share are not known: "of the 65% of users who …"."""
    for i in read.sentence.numbers("share"):
        beside = read.sentence.group_at(i)
        after = read.sentence.at(beside[-1] + 1).text if beside else ""
        narrows = beside and beside[0] > i and after in ("who", "that")
        if narrows and "wide" not in read.claims:
            yield "it counts some among others, which is not known"


def loose(read: Read) -> Iterator[str]:
    """Words that need another beside them to mean what they may."""
    at = read.sentence.at
    for i in read.sentence.numbers("share"):
        if at(i + 1).text in ("higher", "lower", "larger", "smaller"):
            yield "a share is not a difference"
    for i, token in enumerate(read.sentence.tokens):
        if token.claim == "changed" and "broken" not in read.claims:
            yield "“changed” is said without a test"
        if token.text == "more" and not read.claims & {"first", "mode"}:
            yield "“more” than what?"
        if token.text == "those" and at(i - 1).text in ("of", "among"):
            yield "it counts some among others, which is not known"
        if token.claim == "share" and at(i + 1).text in ("who", "that"):
            yield "it counts some among others, which is not known"


Check = Callable[[Read], Iterator[str]]
ORDERS: tuple[Check, ...] = (
    firsts,
    leads,
    most_often,
    highest,
    counts,
    places,
    moves,
    crossed,
    loose,
)
