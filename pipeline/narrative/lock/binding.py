"""Which estimate each number of a sentence is of, and whether it is that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from pipeline.narrative.lock.sentence import Sentence
from pipeline.narrative.lock.table import Cell, Table, shows
from pipeline.narrative.lock.vocabulary import Meaning
from pipeline.narrative.lock.words import COUNTS, MANY

VALUES = ("share", "rating", "bare")
FALLING = ("up from", "down from", "after")


class Bound(msgspec.Struct, frozen=True):
    """A number and the estimates it shows; an end of a range has none of its own."""

    place: int
    cells: tuple[Cell, ...]


class Binding(msgspec.Struct, frozen=True):
    """All numbers of a sentence that are values, and what could not be bound."""

    bound: tuple[Bound, ...]
    ends: tuple[int, ...]
    troubles: tuple[str, ...]

    def cells(self) -> list[Cell]:
        """The estimates stated, in order."""
        return list(dict.fromkeys(c for bound in self.bound for c in bound.cells))


def bind(sentence: Sentence, table: Table) -> Binding:
    """Find the estimate of every value in a sentence."""
    bound, ends, troubles = [], [], []
    rated = _rated(sentence)
    for i in sentence.numbers(*VALUES):
        if i in rated:
            topics = [m.one for m in sentence.meanings("topic")]
            if not any(_in_unit(sentence, table, i, topic) for topic in topics):
                troubles.append(f"{sentence.at(i).text} is on no such scale")
            continue
        if _is_end(sentence, i):
            ends.append(i)
            continue
        cells = _cells(sentence, table, i, rated)
        if cells:
            bound.append(Bound(i, tuple(cells)))
        else:
            troubles.append(f"{sentence.at(i).text} is no such estimate")
    return Binding(tuple(bound), tuple(ends), tuple(troubles))


def _rated(sentence: Sentence) -> list[int]:
    """The ratings that are answers, as in "9% rate it at 7 out of 10"."""
    if sentence.claims() & {"mode", "mean"} or not sentence.numbers("share"):
        return []
    return sentence.numbers("rating") if sentence.names("topic") else []


def _is_end(sentence: Sentence, i: int) -> bool:
    """Whether a number is the lower or upper end of a range over domains."""
    if not sentence.names("scope") or "highest" in sentence.claims():
        return False
    beside = sentence.group_at(i)
    if any(sentence.at(place).are("group") for place in beside):
        return False
    return not (beside and _each_of(sentence, beside[0]))


def _cells(sentence: Sentence, table: Table, i: int, rated: list[int]) -> list[Cell]:
    """The estimates that a number shows: one a group named with it; none if wrong.

    A name may be a group's and an answer's; each reading is tried, the group's first.
    """
    wave = _wave(sentence, table, i)
    if wave is None:
        return []
    for groups_too in (False, True):
        places = _groups(sentence, i, as_answers=groups_too)
        asked = _asked(sentence, i, rated, groups_too=groups_too)
        asked = [ask for ask in asked if _in_unit(sentence, table, i, ask[0])]
        found = _shown(sentence, table, i, places, asked, wave) if places else []
        if found:
            return found
    return []


def _shown(
    sentence: Sentence,
    table: Table,
    i: int,
    places: list[int],
    asked: list[tuple[str, str, str]],
    wave: str,
) -> list[Cell]:
    """The estimates of these groups, if each of them shows the number."""
    tied = _tied_mode(sentence, table, i, places[0], wave, asked)
    if tied is not None:
        return [tied]
    if by := _each_of(sentence, places[0]):
        return _tied(sentence, table, i, [Cell(wave, *ask, by) for ask in asked])
    found: list[Cell] = []
    for place in places:
        cell = _first(
            (
                Cell(wave, *ask, *domain)
                for ask in asked
                for domain in _domains(sentence, table, place, ask[0])
            ),
            sentence.at(i).text,
            table,
        )
        if cell is None:
            return []
        found.append(cell)
    return found


def _in_unit(sentence: Sentence, table: Table, i: int, question: str) -> bool:
    """Whether a rating is on the question's own scale, said with the first at least."""
    scale = table.survey.question(question).scale
    token = sentence.at(i)
    if token.claim == "share":
        return True
    if scale is None or token.claim == "bare":
        return token.claim == "bare" and (
            scale is None or bool(sentence.numbers("rating"))
        )
    unit = token.text.partition(" ")[2]
    if scale.low == 0:
        return unit == f"out of {scale.high}"
    return unit == f"on a scale of {scale.low} to {scale.high}"


def _tied_mode(
    sentence: Sentence,
    table: Table,
    i: int,
    place: int,
    wave: str,
    asked: list[tuple[str, str, str]],
) -> Cell | None:
    """The mode, for a rating that is as frequent as it: only one of them is stored."""
    term = sentence.at(i).text.split(" ")[0]
    for question, statistic, _ in asked:
        for domain in _domains(sentence, table, place, question):
            cell = Cell(wave, question, statistic, "", *domain)
            rows = table.options(cell) if statistic == "mode" else []
            top = max((row.estimate or 0.0 for row in rows), default=0.0)
            if any(r.term == term and r.estimate == top for r in rows):
                return cell
    return None


def _each_of(sentence: Sentence, place: int) -> str:
    """The dimension in "respondents in each of four roles", said of a number."""
    scopes = sentence.at(place + 3).are("scope")
    each = sentence.at(place + 1).claim == "each"
    counted = sentence.at(place + 2).claim == "count"
    return scopes[0].one if scopes and each and counted else ""


def _tied(
    sentence: Sentence, table: Table, i: int, asked: Iterable[Cell]
) -> list[Cell]:
    """Every domain that shows the number, if they are as many as is said."""
    place = _groups(sentence, i)[0]
    for cell in asked:
        if not based(sentence, table, cell.question):
            continue
        rows = table.over(cell, cell.by)
        same = [row for row in rows if shows(sentence.at(i).text, row)]
        count = sentence.at(place + 2).text
        few = count in COUNTS and COUNTS.index(count) == len(same)
        if few or (count == MANY and len(same) >= len(COUNTS)):
            return [msgspec.structs.replace(cell, domain=row.domain) for row in same]
    return []


def meanings_of(cells: Iterable[Cell]) -> set[Meaning]:
    """The answers that some cells are of, as a vocabulary has them."""
    return {Meaning("answer", cell.question, cell.term) for cell in cells}


def _first(cells: Iterable[Cell], text: str, table: Table) -> Cell | None:
    """The first that shows the number; rather an option than a sum that reads alike."""
    fitting = [
        (row.rank is None, cell)
        for cell in cells
        if (row := table.row(cell)) is not None and shows(text, row)
    ]
    return min(fitting, key=lambda each: each[0], default=(True, None))[1]


def _groups(sentence: Sentence, i: int, *, as_answers: bool = False) -> list[int]:
    """Of whom a number is: beside it, in turn after a colon, or the subject.

    With `as_answers`, what is beside it is not its group if it may be an answer.
    """
    beside = sentence.group_at(i)
    if beside and not (as_answers and sentence.at(beside[0]).are("answer")):
        return beside
    pair, colon = sentence.compared(), sentence.colon()
    after = [
        n for n in sentence.numbers(*VALUES) if n > colon and not sentence.group_at(n)
    ]
    if len(pair) == len(after) == 2 and i in after:
        return [pair[after.index(i)]]
    return sentence.subject(as_answers=as_answers)


def _domains(
    sentence: Sentence, table: Table, place: int, question: str
) -> Iterator[tuple[str, str]]:
    """The domain that a name stands for; a narrower base must be said with it."""
    token = sentence.at(place)
    if any(m.one == question for m in token.are("base")):
        yield "", ""
    if based(sentence, table, question):
        common = _common(sentence)
        groups = sorted(token.are("group"), key=lambda m: (m.one not in common, m.one))
        yield from ((m.one, m.two) for m in groups)


def _common(sentence: Sentence) -> set[str]:
    """The dimensions that all groups named may belong to."""
    named = [
        {m.one for m in sentence.at(i).are("group")} for i in sentence.names("group")
    ]
    return set.intersection(*named) if named else set()


def based(sentence: Sentence, table: Table, question: str) -> bool:
    """Whether a sentence says whose answers count, where that is not everyone."""
    survey = table.survey
    if (survey.question(question).base_say or survey.say) == survey.say:
        return True
    return any(
        meaning.one == question
        for i in sentence.names("base")
        if not sentence.at(i).text.startswith("all ")
        for meaning in sentence.at(i).are("base")
    )


def _asked(
    sentence: Sentence, i: int, rated: list[int], *, groups_too: bool
) -> list[tuple[str, str, str]]:
    """Question, statistic and answer that a number may be of."""
    topics = sorted({meaning.one for meaning in sentence.meanings("topic")})
    claims = sentence.claims()
    if sentence.at(i).claim != "share":
        statistics = [name for name in ("mode", "mean") if name in claims]
        return [(t, s, "") for t in topics for s in statistics]
    place = sentence.answer_at(i, groups_too=groups_too)
    if place is None:
        ratings = rated or sentence.numbers("rating", "bare")
        terms = [sentence.at(n).text.split(" ")[0] for n in ratings]
        return [(t, "share", term) for t in topics for term in terms[:1]]
    framed = {meaning.one for meaning in sentence.meanings("frame")}
    meanings = sorted(
        sentence.at(place).are("answer"), key=lambda m: (m.one not in framed, m.two)
    )
    known = [m for m in meanings if m.one in framed] or meanings
    return [(m.one, "share", m.two) for m in known]


def _wave(sentence: Sentence, table: Table, i: int) -> str | None:
    """The wave that a number is of; nothing if it is of none that could be."""
    at = sentence.at
    for near, word in ((i + 2, i + 1), (i - 2, i - 1)):
        if at(near).are("wave") and at(word).text in ("in", "for", "(", ","):
            if at(word).text in ("(", ",") and near > i:
                continue
            return at(near).are("wave")[0].one
    if at(i - 1).text == "at" and at(i - 2).text == "," and at(i - 3).are("wave"):
        return at(i - 3).are("wave")[0].one
    questions = [m.one for kind in ("answer", "topic") for m in sentence.meanings(kind)]
    if not questions:
        return None
    before = table.before(questions[0])
    earlier = any(m.one == before for m in sentence.meanings("wave"))
    falls = at(i - 1).text in FALLING or at(i - 1).claim == "was"
    falls = falls or (at(i - 1).text == "with" and at(i - 2).text == "compared")
    falls = falls or (at(i - 1).text == "from" and at(i + 1).text in ("to", "in"))
    return before if earlier and falls else table.wave
