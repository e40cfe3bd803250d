"""Claims over domains: the ends of a range, and what it runs over."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.narrative.facts import Row
from pipeline.narrative.lock.read import Read
from pipeline.narrative.lock.table import ALPHA, Cell, half_up, shows


def end_cells(read: Read) -> list[Cell]:
    """The lowest and the highest share over the domains that a range runs over."""
    rows = _range_rows(read)
    if not rows:
        return []
    rows = sorted(rows, key=lambda row: row.estimate or 0.0)
    return [
        Cell(r.wave, r.question, r.statistic, r.term, r.by, r.domain)
        for r in (rows[0], rows[-1])
    ]


def _range_rows(read: Read) -> list[Row]:
    """The shares that a range runs over, if its ends are those that are said."""
    texts = [read.sentence.at(i).text for i in read.binding.ends]
    certain = "enough" in read.claims
    for question, term in read.answers():
        cell = Cell(read.table.wave, question, "share", term)
        for over in read.sentence.meanings("scope"):
            rows = read.table.over(cell, over.one, certain=certain)
            rows.sort(key=lambda row: row.estimate or 0.0)
            ends = rows and texts and shows(texts[0], rows[0])
            if ends and shows(texts[-1], rows[-1]):
                return rows
    return []


def ranges(read: Read) -> Iterator[str]:
    """Both ends of a range are the lowest and the highest of what is shown."""
    scopes = [m.one for m in read.sentence.meanings("scope")]
    if not scopes and _from_to(read) and not _spans(read, read.cells[0].by):
        yield "these are not the ends of the range"
    if not scopes or read.claims & {"highest"}:
        return
    ends = read.binding.ends
    if ends and (len(ends) > 2 or not _range_rows(read)):
        yield "these are not the ends of the range"
    if not ends and read.cells and not any(_spans(read, by) for by in scopes):
        yield "these are not the ends of the range"
    if "both ends" in read.claims and not _lowest_first(read, scopes):
        yield "these are not the lowest and the highest, in that order"
    if "differs" in read.claims and not _holds_of_range(read):
        yield "the test does not support a difference"


def _from_to(read: Read) -> bool:
    """Whether groups are the ends of "from … to …", which means all between."""
    places = [bound.place for bound in read.binding.bound]
    words = [read.sentence.at(place - 1).text for place in places]
    domains = {(cell.by, cell.domain) for cell in read.cells}
    return words == ["from", "to"] and len(domains) > 1


def _spans(read: Read, by: str) -> bool:
    """Whether the groups named hold the lowest and the highest share."""
    if any(cell.by != by for cell in read.cells):
        return False
    certain = "enough" in read.claims
    rows = read.table.over(read.cells[0], by, certain=certain)
    values = [read.value(cell) for cell in read.cells]
    shares = [row.estimate or 0.0 for row in rows]
    return half_up(100 * min(values)) == half_up(100 * min(shares)) and half_up(
        100 * max(values)
    ) == half_up(100 * max(shares))


def _lowest_first(read: Read, scopes: list[str]) -> bool:
    values = [read.value(cell) for cell in read.cells]
    return len(scopes) == 1 and len(values) == 2 and values[0] < values[1]


def _holds_of_range(read: Read) -> bool:
    cells = read.cells or end_cells(read)
    test = read.table.tested("range", cells)
    return test is not None and test.p_value < ALPHA


def scopes(read: Read) -> Iterator[str]:
    """What a range runs over is what may be shown, never all there is."""
    for i in read.sentence.names("scope"):
        each = read.sentence.at(i - 1).claim == "count"
        after = read.sentence.at(i + 1)
        enough = read.sentence.at(i + 2).claim == "shown"
        if not (each or after.claim == "shown" or (after.claim == "enough" and enough)):
            yield f"“{read.sentence.at(i).text}” are more than those shown"
    for i, token in enumerate(read.sentence.tokens):
        if token.claim == "shown" and not (
            read.sentence.at(i - 1).are("scope")
            or read.sentence.at(i - 1).claim == "enough"
        ):
            yield "“shown” is said of nothing"
