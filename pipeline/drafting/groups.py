"""Several columns under one question: options to tick, rows of a grid, a ranking."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from pipeline.drafting.choices import REFUSED
from pipeline.drafting.codes import code_for
from pipeline.drafting.nouns import Aside, Choice, Guess
from pipeline.drafting.numeric import question
from pipeline.drafting.profile import Profile
from pipeline.drafting.single import look
from pipeline.ingest.columns import NOT_TICKED, TICKED, find
from pipeline.ingest.formats.surveymonkey import ONE
from pipeline.ingest.formats.variables import Variable
from pipeline.load import plain

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WRITE_IN = re.compile(r"other\b.*|.*please specify.*|sonstige.*|autre.*", re.IGNORECASE)


class Member(msgspec.Struct, frozen=True):
    """One column of the question, by its place."""

    index: int
    variable: Variable
    profile: Profile


def look_together(
    con: DuckDBPyConnection,
    names: tuple[str, ...],
    members: list[Member],
    rows: int,
) -> list[Guess | Aside]:
    """What the columns of one question are."""
    grid = _rows_of_columns(members)
    if grid:
        return [
            msgspec.structs.replace(g, title=row) if row and isinstance(g, Guess) else g
            for row, of_row in grid.items()
            for g in look_together(con, names, of_row, rows)
        ]
    whole = [m for m in members if plain(m.variable.option) in ONE]
    if len(whole) == 1:
        return [_with_other(m, m is whole[0], rows) for m in members]
    typed = [m for m in members if _is_typed(m, members)]
    closed = [m for m in members if m not in typed]
    asides = [look(m.variable, m.profile, rows) for m in typed]
    ticks = [m for m in closed if _is_tick(m, closed)]
    if len(ticks) == len(closed) > 1 or (len(closed) == 1 and ticks and not typed):
        return [_options(con, names, members, closed, typed)]
    filled = [m for m in closed if m.profile.filled]
    ranking = _ranking(con, filled)
    if ranking:
        return [*ranking, *_empty(closed), *asides]
    return [*(look(m.variable, m.profile, rows) for m in closed), *asides]


def _rows_of_columns(members: list[Member]) -> dict[str, list[Member]]:
    """A grid with a column for each of its cells, `Row - Answer`; {} if it is none.

    Every answer then stands behind several rows. Each row is a question of its own.
    """
    pairs = [m.variable.option.rpartition(" - ")[::2] for m in members]
    split = [(row, answer) for row, answer in pairs if row]
    answers = {answer for _, answer in split}
    by_row: dict[str, list[Member]] = {}
    for member, (row, answer) in zip(members, pairs, strict=True):
        stem = member.variable.group.removesuffix("*")
        variable = msgspec.structs.replace(
            member.variable,
            text=f"{member.variable.text} – {row}" if row else member.variable.text,
            option=answer,
            group=f"{stem}{row} - *" if row else member.variable.group,
        )
        by_row.setdefault(row, []).append(
            msgspec.structs.replace(member, variable=variable)
        )
    several = sum(len(of_row) > 1 for of_row in by_row.values())
    regular = len(split) >= 0.8 * len(members) and len(answers) <= 11
    return by_row if regular and several > 1 else {}


def _is_typed(member: Member, members: list[Member]) -> bool:
    """Is it where people wrote their own answer? Beside ticks, or, beside a grid's
    answers, with many texts of its own."""
    variable, found = member.variable, member.profile
    if variable.hint == "open":
        return True
    tick = {plain(variable.option), plain(variable.name)} | TICKED | NOT_TICKED
    if not WRITE_IN.fullmatch(variable.option) or not found.filled:
        return False
    if found.like(lambda text: plain(text) in tick) >= 0.5:
        return False
    rest = [m for m in members if m is not member]
    others = max((m.profile.distinct for m in rest), default=0)
    return all(_is_tick(m, rest) for m in rest) or found.distinct * 2 > others


def _with_other(member: Member, whole: bool, rows: int) -> Guess | Aside:
    """A column "Response" has all the answers; beside it stands what was typed."""
    change = {"option": ""} if whole else {"hint": member.variable.hint or "open"}
    return look(
        msgspec.structs.replace(member.variable, **change), member.profile, rows
    )


def _is_tick(member: Member, members: list[Member]) -> bool:
    """Do its cells only say whether the option was ticked?"""
    found, variable = member.profile, member.variable
    if variable.hint == "select-all" or not found.filled:
        return True
    said = {plain(text) for text, _ in found.texts}
    own = {plain(variable.option), plain(variable.name)}
    if said <= own | NOT_TICKED:
        return True
    if len(said) == 1 and said <= TICKED:
        return True
    if said <= TICKED | NOT_TICKED and len(said - NOT_TICKED) == 1:
        return len(said) == 2
    # Each option's column may have a number of its own.
    if len(said) == 1 and found.numeric == 1.0:
        theirs = [m.profile.texts[0][0] for m in members if m.profile.distinct == 1]
        return len(set(theirs)) == len(theirs) > 1
    return found.distinct == 1 and len(members) > 2 and _one_text_each(members)


def _one_text_each(members: list[Member]) -> bool:
    """Has every column one text only, each another one?"""
    said = [plain(m.profile.texts[0][0]) for m in members if m.profile.distinct == 1]
    filled = [m for m in members if m.profile.filled]
    return len(said) == len(filled) == len(set(said))


def _options(
    con: DuckDBPyConnection,
    names: tuple[str, ...],
    members: list[Member],
    closed: list[Member],
    typed: list[Member],
) -> Guess:
    """One question with a column an option: select-all, or single if nobody ever
    ticked two."""
    listed = closed + typed
    most, answered = _ticks(con, listed)
    single = most <= 1 and answered >= 30 and len(closed) > 1
    pattern, raws = _pattern(names, listed)
    wording = _wording(members[0].variable)
    choices: list[Choice] = []
    for member, raw in zip(listed, raws, strict=True):
        choices.append(_choice(member, raw, choices, write_in=member in typed))
    evidence = members[0].variable.source or f"{len(members)} columns, one an option"
    many = f"; up to {most} ticked" if most > 1 else "; nobody ticked two"
    ratings = _ratings(choices) if single else None
    if ratings:
        evidence += f", numbered from {ratings[0]} to {ratings[1]}"
    return question(
        wording,
        members[0].profile,
        "scale" if ratings else "single" if single else "select-all",
        f"{evidence}{'' if ratings else many}",
        "sure" if most > 1 else "likely",
        columns=pattern,
        answered=answered,
        choices=() if ratings else tuple(choices),
        scale=(*ratings, "", "") if ratings else None,
    )


def _wording(variable: Variable) -> Variable:
    """The question that the columns share, called by what their names share."""
    name = re.sub(r"[\W_]*\*$", "", variable.group)
    return msgspec.structs.replace(variable, name=name, option="")


def _ratings(choices: list[Choice]) -> tuple[int, int] | None:
    """The ends of a scale, if the options are its numbers one by one."""
    labels = [choice.label for choice in choices]
    if len(labels) < 3 or not all(label.isdecimal() for label in labels):
        return None
    steps = sorted(int(label) for label in labels)
    whole = steps == list(range(steps[0], steps[-1] + 1))
    return (steps[0], steps[-1]) if whole and steps[-1] <= 10 else None


def _choice(
    member: Member, raw: str, before: list[Choice], *, write_in: bool
) -> Choice:
    label = member.variable.option or member.variable.name
    off = NOT_TICKED - {plain(label)}
    ticks = [
        text
        for text, _ in member.profile.texts
        if plain(text) not in off | TICKED | {plain(label)}
    ]
    known = {plain(label)}
    raws = [raw] if raw and plain(raw) not in known else []
    if not write_in and member.profile.distinct - len(ticks) < 2 and len(ticks) == 1:
        alone = ticks[0]
        raws += [alone] if not alone.isdecimal() and plain(alone) not in known else []
    seen = sum(n for t, n in member.profile.texts if plain(t) not in off)
    taken = {choice.code for choice in before}
    twice = any(plain(label) == plain(choice.label) for choice in before)
    return Choice(
        code=code_for(label, taken),
        label=f"{label} ({member.variable.name})" if twice else label,
        count=seen,
        raw=tuple(dict.fromkeys(raws)),
        missing=bool(REFUSED.fullmatch(label)),
        write_in=write_in,
        note="" if seen else "nobody ticked it",
    )


def _pattern(
    names: tuple[str, ...], members: list[Member]
) -> tuple[str | tuple[str, ...], list[str]]:
    """What names the columns, and how each option is called there.

    The group's pattern, if it finds these columns and no other; else their list.
    """
    pattern = members[0].variable.group
    matched = dict(find(names, pattern)) if pattern else {}
    places = [m.index for m in members]
    if sorted(matched) == sorted(places):
        return pattern, [matched[place] for place in places]
    listed = tuple(m.variable.name for m in members)
    return listed, list(listed)


def _ticks(con: DuckDBPyConnection, members: list[Member]) -> tuple[int, int]:
    """The most options that one respondent ticked, and how many answered at all."""
    counted, off = [], []
    for member in members:
        cell = f"trim(lower(coalesce(c{member.index}, '')))"
        counted.append(f"CAST(NOT list_contains(?, {cell}) AS INTEGER)")
        off.append(sorted((NOT_TICKED - {plain(member.variable.option)}) | {""}))
    row = con.execute(
        "SELECT max(n), count_if(n > 0) FROM"
        f" (SELECT {' + '.join(counted)} AS n FROM raw)",
        off,
    ).fetchall()[0]
    return int(row[0] or 0), int(row[1] or 0)


def _ranking(con: DuckDBPyConnection, members: list[Member]) -> list[Guess | Aside]:
    """One scale an item, if the cells are ranks: 1 to the number of items."""
    top = len(members)
    ranks = {str(i) for i in range(1, top + 1)}
    said = [{text.strip() for text, _ in m.profile.texts} for m in members]
    if not 3 <= top <= 20 or not all(s <= ranks for s in said):
        return []
    seen = set().union(*said)
    if len(seen) < max(2, top - 1) or not _ever_different(con, members):
        return []
    return [
        question(
            m.variable,
            m.profile,
            "scale",
            f"ranks from 1 to {top} in {top} columns",
            "likely",
            scale=(1, top, "", ""),
            notes=("a rank: 1 is the first choice, so a low mean is a high place",),
        )
        for m in members
    ]


def _ever_different(con: DuckDBPyConnection, members: list[Member]) -> bool:
    """Does hardly anyone give two columns the same number?"""
    cells = ", ".join(f"nullif(trim(c{m.index}), '')" for m in members)
    row = con.execute(
        "SELECT count(*), count_if(len(said) = len(list_distinct(said))) FROM"
        f" (SELECT list_filter([{cells}], lambda cell: cell IS NOT NULL) AS said"
        " FROM raw) WHERE len(said) > 2"
    ).fetchall()[0]
    return bool(row[0] >= 5 and row[1] >= 0.95 * row[0])


def _empty(members: list[Member]) -> list[Guess | Aside]:
    return [look(m.variable, m.profile, 0) for m in members if not m.profile.filled]
