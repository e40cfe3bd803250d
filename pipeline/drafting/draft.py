"""An export → a draft of its definition."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipeline.definition import Wave
from pipeline.drafting.choices import OTHER
from pipeline.drafting.codes import code_for
from pipeline.drafting.fielded import fielded
from pipeline.drafting.groups import Member, look_together
from pipeline.drafting.nouns import Aside, Draft, Guess
from pipeline.drafting.profile import Profile, profile
from pipeline.drafting.single import look
from pipeline.drafting.splits import least, splits
from pipeline.ingest.formats.qualtrics import PREVIEWS
from pipeline.ingest.formats.redcap import EVENT, REPEAT
from pipeline.ingest.formats.variables import Variable
from pipeline.ingest.repairs import repaired
from pipeline.load import plain
from pipeline.reading import Drop, Repair

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NO_ANSWER = ("N/A", "NA", "#N/A", "NULL", "nan", "<NA>", "None given", "(null)")
IDS = re.compile(
    r"(respons|respond|record|case|user|participant)(e|ent)?[ _-]?id|responseid|token",
    re.IGNORECASE,
)
WEIGHTS = re.compile(r"(survey|sample|post)?[ _]?(w(eigh)?ts?|weighting)[ _\d]*", re.I)
REPAIRS: tuple[Repair, ...] = ("dates", "quotes", "mojibake")


class Source(msgspec.Struct, frozen=True):
    """An export that lies in the table `raw`: how it was read, and its columns."""

    wave: Wave
    variables: tuple[Variable, ...]
    rows: int
    read_as: str
    path: Path


def draft(con: DuckDBPyConnection, source: Source, survey_id: str, title: str) -> Draft:
    """The draft, with all its guesses."""
    drops = list(_drops(con, source))
    source = msgspec.structs.replace(source, rows=_without(con, source, drops))
    profiles = [profile(con, i) for i in range(len(source.variables))]
    if source.wave.repair:
        source, profiles = _mended(source, profiles)
    missing = _no_answer(source, profiles)
    blank = {plain(text) for text in missing}
    profiles = [p.without(blank) if blank else p for p in profiles]
    found = list(_looked_at(con, source, profiles))
    asides = [a for a in found if isinstance(a, Aside)]
    guesses = _named([g for g in found if isinstance(g, Guess)])
    respondent, duplicates, notes = _respondent(source, profiles, asides)
    weight = _weight(guesses)
    guesses = [g for g in guesses if g.columns != weight]
    days, dated = fielded(con, source.variables, profiles, source.wave.format)
    wave = msgspec.structs.replace(
        source.wave,
        start=days[0] if days else None,
        end=days[1] if days else None,
        respondent=respondent,
        weight=weight,
        missing=missing,
    )
    dimensions = splits(guesses)
    return Draft(
        id=survey_id,
        title=title,
        wave=wave,
        rows=source.rows,
        read_as=source.read_as,
        guesses=tuple(guesses),
        asides=tuple(a for a in asides if a.column not in (respondent, weight)),
        splits=dimensions,
        min_base=least(source.rows, guesses, dimensions),
        drops=tuple(drops),
        proposed=tuple(_proposed(guesses, profiles)),
        notes=tuple(notes),
        duplicates=duplicates,
        dated=dated,
    )


def _looked_at(
    con: DuckDBPyConnection, source: Source, profiles: list[Profile]
) -> Iterator[Guess | Aside]:
    names = tuple(v.name for v in source.variables)
    members = _ticked_by_name(
        [Member(i, v, profiles[i]) for i, v in enumerate(source.variables)]
    )
    for key, group in groupby(members, lambda m: m.variable.group or m.index):
        of_one = list(group)
        if isinstance(key, str) and len(of_one) > 1:
            yield from look_together(con, names, of_one, source.rows)
        else:
            yield from _alone(con, names, of_one, source.rows)


def _ticked_by_name(members: list[Member]) -> list[Member]:
    """Columns side by side that hold nothing but their own name are the options of a
    question whose wording the export leaves out; "Other" after them is one too."""
    together: list[Member] = []
    first = ""
    for member in members:
        variable, found = member.variable, member.profile
        own = found.distinct == 1 and plain(found.texts[0][0]) == plain(variable.name)
        typed = bool(first) and OTHER.fullmatch(variable.name) is not None
        if variable.group or variable.hint or not (own or typed):
            first = ""
            together.append(member)
            continue
        first = first or variable.name
        variable = msgspec.structs.replace(
            variable,
            text=f"{first}, … (the export leaves out the question)",
            option=variable.name,
            group=f"{first}, …",
            hint="open" if typed and not own else "",
            source="each column holds its own name",
        )
        together.append(msgspec.structs.replace(member, variable=variable))
    return together


def _alone(
    con: DuckDBPyConnection, names: tuple[str, ...], of_one: list[Member], rows: int
) -> Iterator[Guess | Aside]:
    for member in of_one:
        yield look(member.variable, member.profile, rows)


def _mended(source: Source, profiles: list[Profile]) -> tuple[Source, list[Profile]]:
    """Texts and options without the damage that the user wants undone; a column of
    dates has none."""
    kinds = source.wave.repair
    variables = tuple(
        msgspec.structs.replace(v, option=repaired(v.option, kinds))
        for v in source.variables
    )
    return msgspec.structs.replace(source, variables=variables), [
        p if p.dated >= 0.9 else p.with_texts(lambda text: repaired(text, kinds))
        for p in profiles
    ]


def _no_answer(source: Source, profiles: list[Profile]) -> tuple[str, ...]:
    """Texts such as NA that fill the blanks of several columns."""
    # SurveyMonkey leaves a blank for no answer: there, N/A was offered and chosen.
    texts_of_none = NO_ANSWER[source.wave.format == "surveymonkey" :]
    columns: Counter[str] = Counter()
    for found in profiles:
        # Alone in its column it is an option that was ticked.
        texts = (
            {text.strip() for text, _ in found.texts} if found.distinct > 1 else set()
        )
        columns.update(text for text in texts_of_none if text in texts)
    least = min(3, max(1, len(profiles) // 3))
    return tuple(text for text in texts_of_none if columns[text] >= least)


def _named(guesses: list[Guess]) -> list[Guess]:
    """Every question with an id of its own."""
    taken: set[str] = set()
    named = []
    for guess in guesses:
        name = code_for(guess.id, taken, "q")
        taken.add(name)
        named.append(msgspec.structs.replace(guess, id=name))
    return named


def _respondent(
    source: Source, profiles: list[Profile], asides: list[Aside]
) -> tuple[str, str, list[str]]:
    """The column that tells respondents apart, what to do with duplicates, notes."""
    free = {a.column for a in asides}
    notes: list[str] = []
    named = [
        (v, p)
        for v, p in zip(source.variables, profiles, strict=True)
        if v.name in free and (v.hint == "id" or IDS.fullmatch(v.name.strip()))
    ]
    for variable, found in named:
        if found.filled == found.distinct == source.rows:
            return variable.name, "error", notes
    for variable, found in named:
        twice = found.filled - found.distinct
        if found.filled >= 0.98 * source.rows and 0 < twice <= 0.05 * source.rows:
            notes.append(
                f'{twice} rows repeat an id of "{variable.name}": the last one is kept'
            )
            return variable.name, "last", notes
        if variable.name not in (EVENT, REPEAT):
            notes.append(
                f'"{variable.name}" looks like an id, but {found.distinct:,} texts for'
                f" {source.rows:,} rows cannot tell respondents apart"
            )
    return "", "error", notes


def _weight(guesses: list[Guess]) -> str:
    """The column of weights: numbers above zero around 1, called so."""
    for guess in guesses:
        column = guess.columns if isinstance(guess.columns, str) else ""
        named = WEIGHTS.fullmatch(column.strip()) and "kilo" not in guess.text.lower()
        around = re.search(r"the middle one (0\.\d+|1(\.\d+)?)$", guess.evidence)
        if guess.kind == "numeric" and named and around:
            return column
    return ""


def _drops(con: DuckDBPyConnection, source: Source) -> Iterator[tuple[Drop, str]]:
    """Rows that are no respondents: previews, rows of repeating instruments."""
    for place, variable in enumerate(source.variables):
        about = f"{variable.name} {variable.source}".casefold()
        status = source.wave.format == "qualtrics" and "status" in about
        if not status and variable.name not in (REPEAT, EVENT):
            continue
        texts = [(text.strip(), n) for text, n in profile(con, place).texts]
        if status:
            meant = tuple(text for text, _ in texts if text in PREVIEWS)
            reason = "preview, test or spam"
        elif variable.name == REPEAT:
            meant = tuple(text for text, _ in texts)
            reason = "row of a repeating instrument"
        else:
            meant = tuple(text for text, _ in texts[1:])
            reason = f"another event than {texts[0][0]}" if texts else ""
        count = sum(n for text, n in texts if text in meant)
        if meant:
            drop = Drop(reason=reason, column=variable.name, values=meant)
            yield drop, f"{count:,} rows"


def _without(
    con: DuckDBPyConnection, source: Source, drops: list[tuple[Drop, str]]
) -> int:
    """Take the rows to be dropped out of `raw`; returns how many are left."""
    places = {variable.name: i for i, variable in enumerate(source.variables)}
    gone = [
        f"coalesce(list_contains(?, trim(c{places[drop.column]})), false)"
        for drop, _ in drops
    ]
    if gone:
        con.execute(
            f"CREATE TABLE fewer AS SELECT * FROM raw WHERE NOT ({' OR '.join(gone)})",
            [list(drop.values) for drop, _ in drops],
        )
        con.execute("DROP VIEW raw; ALTER TABLE fewer RENAME TO raw")
    return int(con.execute("SELECT count(*) FROM raw").fetchall()[0][0])


def _proposed(
    guesses: list[Guess], profiles: list[Profile]
) -> Iterator[tuple[Repair, str]]:
    """Damage that could be undone, with an example of each."""
    labels = {c.label for g in guesses for c in g.choices}
    labels |= {t for p in profiles for t, _ in p.texts[:200] if len(t) < 300}
    for kind in REPAIRS:
        if kind == "dates":
            listed = [c.label for g in guesses for c in g.choices]
        else:
            listed = sorted(labels)
        changed = [
            (text, new) for text in listed if (new := repaired(text, (kind,))) != text
        ]
        if changed:
            old, new = min(changed, key=lambda pair: len(pair[0]))
            yield kind, f'"{old[:60]}" was perhaps "{new[:60]}"'
