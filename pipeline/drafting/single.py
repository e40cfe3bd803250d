"""What one column is: a question of some kind, or nothing to ask about."""

from __future__ import annotations

import re
from collections import Counter

import msgspec

from pipeline.drafting.choices import from_labels, from_texts, is_ranges
from pipeline.drafting.joined import Joined, joined
from pipeline.drafting.nouns import Aside, Choice, Guess, Reason, Sure
from pipeline.drafting.numeric import (
    mostly_numbers,
    nearly_numbers,
    numbers,
    question,
)
from pipeline.drafting.personal import leaks, personal
from pipeline.drafting.profile import Profile
from pipeline.ingest.columns import number
from pipeline.ingest.formats.variables import Variable
from pipeline.load import plain

MOST_OPTIONS = 60
LONGEST_OPTION = 160  # letters; longer ones are sentences that someone wrote
WIDE = re.compile(
    r"country|countr(y|ies)|land\b|nation|state\b|language", re.IGNORECASE
)
TECHNICAL = re.compile(
    r"(response|respondent|record|case|session|collector|survey|visitor)[ _-]?id|uuid"
    r"|start ?date|end ?date|date ?(created|modified|submitted)|submit ?date|timestamp"
    r"|duration.*|total[ _]?time|progress|finished|(response[ _]?)?status"
    r"|recorded ?date|user ?agent|browser.*|referr?er|distribution ?channel"
    r"|user ?language"
    r"|start ?language|seed|last ?page|(survey)?_?year|rds|wave|ending|tags"
    r"|.*(page|click|first|last) ?(submit|timer?)",
    re.IGNORECASE,
)


def look(variable: Variable, found: Profile, rows: int) -> Guess | Aside:
    """The guess for a column that stands alone."""
    aside = set_aside(variable, found, rows)
    if aside:
        return aside
    if variable.hint == "open":
        return _open(variable, found, variable.source or "the export says so", "sure")
    if variable.labels:
        return _labelled(variable, found)
    if variable.missing:
        return _without_missing(variable, found, rows)
    several = joined(found)
    if several:
        return _joined(variable, found, several)
    if found.numeric >= 0.98:
        return numbers(variable, found)
    if nearly_numbers(found):
        return mostly_numbers(variable, found)
    return _closed(variable, found) or _open(
        variable,
        found,
        f"{found.distinct:,} different texts in {found.filled:,} answers",
        "likely",
    )


def _without_missing(variable: Variable, found: Profile, rows: int) -> Guess | Aside:
    """The guess without the codes that the file declares missing: a numeric question
    leaves them out by its range, if they lie outside of it."""
    codes = {plain(code) for code in variable.missing}
    bare = msgspec.structs.replace(variable, missing=())
    guess = look(bare, found.without(codes), rows)
    if isinstance(guess, Aside) or guess.kind not in ("numeric", "single"):
        return guess
    if guess.kind == "single":
        gone = [(text, n) for text, n in found.texts if plain(text) in codes]
        declared = from_labels(msgspec.structs.replace(variable, labels=()), gone)
        return msgspec.structs.replace(guess, choices=(*guess.choices, *declared))
    values = [value for value, _ in found.without(codes).numbers]
    low, high = values[0], values[-1]
    said = {text for text, _ in found.texts if plain(text) in codes}
    inside = sorted(code for code in said if low <= float(number(code)) <= high)
    note = f"declared missing: {', '.join(sorted(said))}"
    if inside:
        note += f"; {', '.join(inside)} cannot be told from answers: correct the file"
    return msgspec.structs.replace(
        guess, minimum=low, maximum=high, notes=(*guess.notes, note) if said else ()
    )


def set_aside(variable: Variable, found: Profile, rows: int) -> Aside | None:
    """Why no question should read the column, if that is so."""
    name = variable.name
    if not name:
        return Aside(column="", reason="nameless", evidence="a column without a name")
    if not found.filled:
        return Aside(column=name, reason="empty", evidence="no cell is filled")
    why = personal(name, variable.option or variable.text, found)
    if variable.hint == "pii" or (why and not variable.labels):
        source = variable.source or "the platform says so"
        return Aside(column=name, reason="personal", evidence=why or source)
    kinds: dict[str, Reason] = {
        "date": "dates",
        "meta": "technical",
        "id": "technical",
    }
    if variable.hint in kinds:
        source = variable.source or "the platform adds it"
        return Aside(column=name, reason=kinds[variable.hint], evidence=source)
    if found.dated >= 0.9:
        what = f"{found.dated:.0%} of the cells are dates"
        return Aside(column=name, reason="dates", evidence=what)
    if TECHNICAL.fullmatch(name.strip()):
        return Aside(column=name, reason="technical", evidence="by its name")
    if found.distinct == 1 and found.filled == rows > 9:
        what = f'always "{found.texts[0][0][:40]}"'
        return Aside(column=name, reason="constant", evidence=what)
    if not variable.labels and _is_number_of_rows(found, rows):
        what = "a different whole number in nearly every row"
        return Aside(column=name, reason="technical", evidence=what)
    return None


def _is_number_of_rows(found: Profile, rows: int) -> bool:
    if not 9 < rows <= found.filled * 1.05 or found.distinct < 0.9 * found.filled:
        return False
    whole = found.numeric == 1.0 and found.share(re.compile(r"\d+")) == 1.0
    if not whole:
        return False
    # Ages may all differ in a small survey; numbers of rows begin at 1, ids are long.
    low, high = found.numbers[0][0], found.numbers[-1][0]
    return (low <= 1 and high < 3 * rows) or (low >= 1000 and found.distinct == rows)


def _open(variable: Variable, found: Profile, evidence: str, sure: Sure) -> Guess:
    inside = leaks(found)
    notes = (f"{inside}: never quote them without looking",) if inside else ()
    return question(variable, found, "open", evidence, sure, notes=notes)


def _labelled(variable: Variable, found: Profile) -> Guess:
    """Codes with labels: options, unless many numbers have none."""
    labelled = {code for code, _ in variable.labels}
    bare = [(t, n) for t, n in found.texts if t.strip() not in labelled]
    amounts = Profile(sum(n for _, n in bare), len(bare), bare)
    if len(bare) > 12 and amounts.numeric == 1.0:
        coded = ", ".join(f"{c} ({label})" for c, label in variable.labels)
        return question(
            variable,
            amounts,
            "numeric",
            f"{len(bare)} numbers without a label",
            "likely",
            minimum=amounts.numbers[0][0],
            maximum=amounts.numbers[-1][0],
            notes=(f"not numbers, and out of its range: {coded}",),
        )
    source = variable.source or "codes and labels of the file"
    if variable.hint == "select-all":
        return _codes_in_one_cell(variable, found, source)
    choices = from_labels(variable, found.texts)
    unlabelled = sum("no label" in c.note for c in choices)
    return question(
        variable,
        found,
        "single",
        f"{len(variable.labels)} labels ({source})",
        "likely" if unlabelled else "sure",
        choices=choices,
        ordered=is_ranges(c.label for c in choices),
    )


def _codes_in_one_cell(variable: Variable, found: Profile, source: str) -> Guess:
    mark = ";"
    parts: Counter[str] = Counter()
    for text, count in found.texts:
        parts.update(dict.fromkeys(text.split(mark), count))
    return question(
        variable,
        found,
        "select-all",
        source,
        "sure",
        choices=from_labels(variable, parts.items()),
        separator=mark,
    )


def _joined(variable: Variable, found: Profile, several: Joined) -> Guess:
    common = [(t, n) for t, n in several.parts if n > max(1, found.filled // 2000)]
    rare = len(several.parts) - len(common)
    parts = common if rare > 10 and len(common) > 1 else list(several.parts)
    left = len(several.parts) - len(parts)
    return question(
        variable,
        found,
        "select-all",
        several.evidence,
        "likely",
        choices=from_texts(parts),
        separator=several.mark,
        unlisted="reject" if left else "error",
        notes=(f"{left} rare texts are left out and counted",) if left else (),
    )


def _closed(variable: Variable, found: Profile) -> Guess | None:
    """A single choice: few texts, given again and again."""
    short = [t for t, _ in found.texts if len(t) <= LONGEST_OPTION]
    wide = WIDE.search(f"{variable.name} {variable.text[:80]}")
    most = 260 if wide else MOST_OPTIONS
    each = found.filled / max(found.distinct, 1)
    once = sum(count == 1 for _, count in found.texts)
    few = found.distinct <= 12 or wide or once * 2 <= found.distinct
    if found.distinct <= most and len(short) == len(found.texts) and each >= 2 and few:
        return _choice(variable, found, found.texts, "sure" if each > 8 else "likely")
    again = [(t, n) for t, n in found.texts if n >= max(3, found.filled // 500)]
    covered = sum(n for t, n in again if len(t) <= LONGEST_OPTION)
    if 2 <= len(again) <= most and covered >= 0.75 * found.filled:
        return _choice(variable, found, again, "likely")
    if (
        found.filled < 20
        and found.distinct <= 4
        and max(map(len, short), default=99) < 40
    ):
        return _choice(variable, found, found.texts, "guess")
    return None


def _choice(
    variable: Variable, found: Profile, texts: list[tuple[str, int]], sure: Sure
) -> Guess:
    choices: tuple[Choice, ...] = from_texts(texts)
    left = found.filled - sum(count for _, count in texts)
    return question(
        variable,
        found,
        "single",
        f"{found.distinct:,} different texts in {found.filled:,} answers",
        sure,
        choices=choices,
        ordered=is_ranges(c.label for c in choices),
        unlisted="reject" if left else "error",
        notes=(f"{left} answers with rarer texts are left out and counted",)
        if left
        else (),
    )
