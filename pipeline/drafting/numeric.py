"""A column of numbers: a rating, codes without labels, or amounts."""

from __future__ import annotations

import re

import msgspec

from pipeline.drafting.choices import from_texts
from pipeline.drafting.codes import code_for, id_for
from pipeline.drafting.nouns import Guess, Sure
from pipeline.drafting.profile import Profile
from pipeline.ingest.formats.variables import Variable

RATED = re.compile(
    r"satisf|agree|likel|rate|rating|scale|score|confiden|import|trust|recommend|often"
    r"|zufrieden|bewert|empfehl|how (easy|difficult|happy|useful|familiar)|jobsat",
    re.IGNORECASE,
)


def question(
    variable: Variable,
    found: Profile,
    kind: str,
    evidence: str,
    sure: Sure,
    **more: object,
) -> Guess:
    """A guess about one column; a row of a grid is headed by its own label."""
    text = f"{variable.text} – {variable.option}" if variable.option else variable.text
    known = {
        "id": _id(variable),
        "text": text or variable.name,
        "title": variable.option if variable.text else "",
        "kind": kind,
        "columns": variable.name,
        "evidence": evidence,
        "sure": sure,
        "answered": found.filled,
    }
    return Guess(**(known | more))  # type: ignore[arg-type]


def _id(variable: Variable) -> str:
    """The id that the column's name or wording suggests; others may have it too.

    Of a row of a grid, the first words of the question and the row.
    """
    text, _, row = variable.text.rpartition(" – ")
    if variable.option and variable.group:
        text, row = variable.text, variable.option
    if row and text:
        stem = id_for("", text).split("_")
        return code_for(" ".join([*stem[:2], row]), (), "q")
    return id_for(variable.name, variable.text)


def numbers(variable: Variable, found: Profile) -> Guess:
    values = [value for value, _ in found.numbers]
    low, high = values[0], values[-1]
    whole = all(value.is_integer() for value in values)
    if whole and found.distinct == len(values) <= 11 and low >= 0 and high <= 10:
        rated = RATED.search(f"{variable.name} {variable.text}")
        spans = high >= 3 and low <= 1 and len(values) >= 3
        if spans and (rated or variable.hint == "scale"):
            top = next(t for t in (4, 5, 7, 10) if t >= high)
            base = 0 if low == 0 or (top == 10 and low == 0) else 1
            what = (
                f"whole numbers from {low:.0f} to {high:.0f}, and it asks for a rating"
            )
            return question(
                variable,
                found,
                "scale",
                what,
                "likely",
                scale=(base, top, "", ""),
            )
    few = len(values) <= 12 and found.filled >= 3 * len(values) and high < 1000
    if whole and (few or (variable.hint == "single" and len(values) <= 60)):
        return question(
            variable,
            found,
            "single",
            f"{len(values)} different whole numbers: codes, it seems",
            "guess",
            choices=from_texts(sorted(found.texts, key=lambda t: float(t[0]))),
            notes=("give the codes their labels, or name a codebook with --labels",),
        )
    return _range(variable, found, low, high)


def nearly_numbers(found: Profile) -> bool:
    """Many different numbers, and a text or two such as "More than 50"."""
    texts = found.distinct - len(found.numbers)
    return found.numeric >= 0.7 and texts <= 3 and len(found.numbers) > 12


def mostly_numbers(variable: Variable, found: Profile) -> Guess:
    words = [(t, n) for t, n in found.texts if not Profile(n, 1, [(t, n)]).numbers]
    said = ", ".join(f'"{text}" ({count:,})' for text, count in words)
    guess = _range(variable, found, found.numbers[0][0], found.numbers[-1][0])
    return msgspec.structs.replace(guess, notes=(*guess.notes, f"not used: {said}"))


def _range(variable: Variable, found: Profile, low: float, high: float) -> Guess:
    """A numeric question; numbers far beyond nearly all others are out of range."""
    many = found.filled >= 10_000
    far = found.quantile(0.999 if many else 0.99 if found.filled >= 1_000 else 0.95)
    spare, notes = high, []
    if far > 0 and high > 1000 * far:
        spare = float(10 ** (len(str(int(far))) + 1))
        beyond = sum(n for value, n in found.numbers if value > spare)
        notes.append(
            f"{beyond} answers above {spare:,.0f} are left out; the highest is {high:g}"
        )
    middle = found.quantile(0.5)
    return question(
        variable,
        found,
        "numeric",
        f"numbers from {low:g} to {high:g}, the middle one {middle:g}",
        "likely",
        maximum=spare if spare < high else None,
        notes=tuple(notes),
    )
