"""Which column of an export belongs to which question, and what its cells mean.

A pattern names columns by their header; `*` matches any text. What a cell means is
decided once for each distinct text of a column (`Meaning`), never for each row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Literal

import msgspec

from pipeline.definition import Question, Wave
from pipeline.errors import DataError, suggestion
from pipeline.ingest.formats.variables import BETWEEN
from pipeline.ingest.repairs import repaired
from pipeline.load import plain

Verdict = Literal["answered", "declined", "seen", "skipped", "invalid"]
TICKED = {"1", "x", "✓", "✔", "y", "yes", "true", "on", "checked", "ticked", "selected"}
NO_TICK = "neither a tick nor the option"
NOT_TICKED = {"0", "n", "no", "false", "unchecked", "not selected"}


class Column(msgspec.Struct, frozen=True):
    """A column of the export that a question reads; `option` if it is one option's.

    `number` is then the one that stands for it, where each option's column has its own.
    """

    index: int
    name: str
    question: Question
    option: str = ""
    number: str = ""


class Meaning(msgspec.Struct, frozen=True):
    """What one distinct text in a column says."""

    column: int
    text: str
    question: str
    item: str
    value: Decimal | None
    verdict: Verdict
    reason: str = ""


def find(names: tuple[str, ...], pattern: str) -> list[tuple[int, str]]:
    """The columns whose name matches, each with what the last `*` stood for."""
    parts = [re.escape(plain(part)) for part in pattern.split("*")]
    # A separator next to `*` loses its outer space to `plain`; let it match anyway.
    regex = re.compile(r"\s*(.*?)\s*".join(parts) if len(parts) > 1 else parts[0])
    found = []
    for index, name in enumerate(names):
        match = regex.fullmatch(plain(name))
        if match:
            found.append((index, match.groups()[-1] if match.groups() else ""))
    return found


def one(where: str, names: tuple[str, ...], pattern: str, purpose: str) -> int:
    """The single column that matches; `DataError` says what was looked for."""
    found = find(names, pattern)
    if len(found) == 1:
        return found[0][0]
    what = f"{len(found)} columns match" if found else "there is no column"
    raise DataError(
        f"{what} '{pattern}', needed for {purpose}",
        where=where,
        remedy=_instead(pattern, names),
    )


def _instead(pattern: str, names: tuple[str, ...]) -> str:
    """What may have been meant by a pattern that no column matches."""
    paired = [name.partition(BETWEEN)[0] for name in names if BETWEEN in name]
    if any(find((top,), pattern) for top in paired):
        return (
            f"The first header row has it: write '{pattern}{BETWEEN}*', or correct the"
            " wave's header_rows if the row below is an answer already."
        )
    if BETWEEN in pattern and not paired:
        return (
            f"No name has '{BETWEEN}' in it, as two header rows make them: does the"
            " wave need header_rows = 2?"
        )
    return suggestion(pattern, names)


def columns_of(
    where: str, names: tuple[str, ...], question: Question, wave: Wave
) -> list[Column]:
    """The columns that hold a question's answers in this wave."""
    pattern = question.columns[wave.id]
    if question.entities:
        return _texts(where, names, question, pattern)
    if not isinstance(pattern, str):
        listed = [(one(where, names, p, f"question {question.id}"), p) for p in pattern]
        return _per_option(where, names, question, wave, listed)
    found = find(names, pattern)
    per_option = len(found) > 1 or (question.kind == "select-all" and "*" in pattern)
    if not per_option or question.separator:
        index = one(where, names, pattern, f"question {question.id}")
        return [Column(index, names[index], question)]
    return _per_option(where, names, question, wave, found)


def _texts(
    where: str, names: tuple[str, ...], question: Question, given: str | tuple[str, ...]
) -> list[Column]:
    """The columns of free text that are coded; several may be one question's."""
    patterns = (given,) if isinstance(given, str) else given
    found = {index for pattern in patterns for index, _ in find(names, pattern)}
    if not found:
        one(where, names, patterns[0], f"question {question.id}")
    return [Column(index, names[index], question) for index in sorted(found)]


def _per_option(
    where: str,
    names: tuple[str, ...],
    question: Question,
    wave: Wave,
    found: list[tuple[int, str]],
) -> list[Column]:
    """Each option's column, by its name's last part or what `*` stood for in it."""
    spelt, given = spellings(question, wave), question.columns[wave.id]
    columns = []
    for index, matched in found:
        said = (names[index].split(BETWEEN)[-1], matched)
        texts = (plain(repaired(text, wave.repair)) for text in said)
        code = next((spelt[text] for text in texts if text in spelt), "")
        if code:
            columns.append(Column(index, names[index], question, code))
        elif question.unlisted == "error":
            raise DataError(
                f"'{names[index]}' is no option of question {question.id}",
                where=f"{where}, column {index + 1}",
                remedy='Add it to the options, or set unlisted = "reject".',
            )
    offered = {o.code for o in question.choices if o.offered(wave.id)}
    missing = offered - {c.option for c in columns}
    if missing:
        raise DataError(
            f"there is no column for {', '.join(sorted(missing))} of {question.id}",
            where=where,
            remedy="Add its spelling to the option's raw, or leave this wave out of its"
            " waves."
            if columns
            else _instead(given if isinstance(given, str) else given[0], names),
        )
    return columns


def spellings(question: Question, wave: Wave) -> dict[str, str]:
    """Every text that means an option in this wave → the option's code."""
    return {
        plain(said): option.code
        for option in question.choices
        for text in option.spellings(wave.id)
        for said in (text, repaired(text, wave.repair))
    }


def unused(names: Iterable[str], taken: set[int], wave: Wave, where: str) -> list[str]:
    """The columns nobody reads; `DataError` unless the wave says that it is so."""
    names = tuple(names)
    allowed = {i for pattern in wave.unused for i, _ in find(names, pattern)}
    left = [i for i in range(len(names)) if i not in taken]
    unknown = [i for i in left if i not in allowed and names[i]]
    if unknown:
        first = unknown[0]
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        raise DataError(
            f"column '{names[first]}'{more} is not in the definition",
            where=f"{where}, column {first + 1}",
            remedy="Add a question for it, or list it under the wave's unused.",
        )
    return [names[i] for i in left]


def missing(wave: Wave) -> set[str]:
    """The texts that are no answer."""
    return {plain(text) for text in wave.missing} | {""}


def numbered(
    columns: Iterable[Column], texts: Mapping[int, set[str]]
) -> Iterator[Column]:
    """One question's columns, with the number that ticks each if options have one.

    Some exports write an option's number in place of a mark: 1 in the first option's
    column, 2 in the second's. It is so if the only number in each column is in no other
    one. `texts` are those found, by the column's place.
    """
    columns = list(columns)
    found = {
        c.index: [text for text in texts.get(c.index, ()) if text.isdecimal()]
        for c in columns
        if c.option and not c.question.option(c.option).write_in
    }
    alone = {index: numbers[0] for index, numbers in found.items() if len(numbers) == 1}
    own = len(alone) > 1 and len(set(alone.values())) == len(alone)
    for column in columns:
        number = alone.get(column.index, "") if own else ""
        yield msgspec.structs.replace(column, number=number)


def number(said: str) -> Decimal:
    """A text as a number, NaN if it is none: "1,234.5" and "3,5" are, "1,2,3" is not.

    A comma sets apart thousands where three digits follow each, else it is a decimal
    one: to leave it out would make "3,5" 35.
    """
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", said):
        said = said.replace(",", "")
    elif re.fullmatch(r"[-+]?\d+,\d+", said):
        said = said.replace(",", ".")
    try:
        return Decimal(said)
    except InvalidOperation:
        return Decimal("NaN")


class Reader:
    """Decides what the distinct texts of one column mean in one wave."""

    def __init__(self, column: Column, wave: Wave) -> None:
        self.column, self.question = column, column.question
        self.spelt = spellings(column.question, wave)
        self.missing = missing(wave)
        item = column.name.split(BETWEEN)[-1]
        self.ticked = TICKED | {plain(item), plain(repaired(item, wave.repair))}

    def meanings(self, text: str) -> Iterator[Meaning]:
        """What one cell's text says: several things for a joined select-all."""
        said = plain(text)
        if said in self.missing:
            yield self._say(text, self.question.id, None, "skipped")
        elif self.question.kind == "open":
            yield self._say(text, self.question.id, None, "seen")
        elif self.column.option:
            yield self._ticked(text, said)
        elif self.question.separator:
            for part in self._parts(text.split(self.question.separator)):
                yield self._choice(text, part)
        elif self.question.kind == "select-all":
            yield self._choice(text, said)
        elif self.question.kind == "numeric":
            yield self._number(text, said)
        else:
            yield self._choice(text, said)

    def _parts(self, pieces: list[str]) -> Iterator[str]:
        """The choices in a cell; an option may have the separator in its own name."""
        separator, start = self.question.separator, 0
        while start < len(pieces):
            ends = range(len(pieces), start + 1, -1)
            longer = (e for e in ends if self._known(separator.join(pieces[start:e])))
            end = next(longer, start + 1)
            said = plain(separator.join(pieces[start:end]))
            start = end
            if said:
                yield said

    def _known(self, text: str) -> bool:
        return plain(text) in self.spelt

    def _ticked(self, text: str, said: str) -> Meaning:
        code = self.column.option
        if self.spelt.get(said) == code:
            return self._chosen(text, code)
        if said in NOT_TICKED:
            return self._say(text, self.question.id, None, "seen")
        ticked = said in self.ticked or said == self.column.number
        if ticked or self.question.option(code).write_in:
            return self._chosen(text, code)
        return self._say(text, self.question.id, None, "invalid", NO_TICK)

    def _choice(self, text: str, said: str) -> Meaning:
        code = self.spelt.get(said)
        if code is None and self.question.kind == "scale":
            code = self.spelt.get(said.removesuffix(".0"))
        if code is not None:
            return self._chosen(text, code)
        reason = "not on the scale" if self.question.scale else "no such option"
        return self._say(text, self.question.id, None, "invalid", reason)

    def _chosen(self, text: str, code: str) -> Meaning:
        question, item = self.question, self.question.id
        if question.option(code).missing:
            value = Decimal(question.value(code))
            return self._say(text, item, value, "declined")
        if question.kind == "select-all":
            return self._say(text, f"{item}.{code}", Decimal(1), "answered")
        return self._say(text, item, Decimal(question.value(code)), "answered")

    def _number(self, text: str, said: str) -> Meaning:
        question = self.question
        value = number(said)
        low = question.minimum if question.minimum is not None else -(10**13)
        high = question.maximum if question.maximum is not None else 10**13
        # As floats, since limits are: a Decimal 3.3 is not the float 3.3.
        if not value.is_finite() or not low <= float(value) <= high:
            return self._say(text, question.id, None, "invalid", "not in its range")
        return self._say(text, question.id, round(value, 4), "answered")

    def _say(
        self,
        text: str,
        item: str,
        value: Decimal | None,
        verdict: Verdict,
        reason: str = "",
    ) -> Meaning:
        index, question = self.column.index, self.question.id
        return Meaning(index, text, question, item, value, verdict, reason)
