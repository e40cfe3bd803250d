"""Google Forms and Typeform: one header row, the question in words."""

from __future__ import annotations

import re

from pipeline.ingest.formats.variables import Hint, Variable, tidy

GOOGLE: dict[str, Hint] = {
    "timestamp": "date",
    "zeitstempel": "date",
    "horodateur": "date",
    "marca temporal": "date",
    "email address": "pii",
    "e-mail-adresse": "pii",
    "username": "pii",
    "score": "meta",
}
TYPEFORM: dict[str, Hint] = {
    "#": "id",
    "start date (utc)": "date",
    "submit date (utc)": "date",
    "stage date (utc)": "date",
    "network id": "pii",
    "response type": "meta",
    "tags": "meta",
    "ending": "meta",
    "score": "meta",
}
GRID = re.compile(r"(?P<question>.+?) \[(?P<row>[^\[\]]+)\]")


def is_google(names: list[str]) -> bool:
    """A form's first column is when it was sent."""
    return bool(names) and GOOGLE.get(names[0].strip().casefold()) == "date"


def is_typeform(names: list[str]) -> bool:
    """Typeform puts "#" first and the dates in UTC last."""
    plain = {name.strip().casefold() for name in names}
    return "#" in plain and "submit date (utc)" in plain


def google_variables(names: tuple[str, ...]) -> tuple[Variable, ...]:
    """A grid is one column a row: `Question [Row]`."""
    return tuple(_google(name) for name in names)


def _google(name: str) -> Variable:
    hint = GOOGLE.get(name.strip().casefold(), "")
    grid = GRID.fullmatch(name)
    if not grid or hint:
        return Variable(name=name, text=tidy(name), hint=hint)
    return Variable(
        name=name,
        text=tidy(grid["question"]),
        option=tidy(grid["row"]),
        group=f"{grid['question']} [*]",
        source="rows of a grid in brackets",
    )


def typeform_variables(names: tuple[str, ...]) -> tuple[Variable, ...]:
    """Options of a select-all question are columns of their own, without its name."""
    return tuple(
        Variable(
            name=name,
            text=tidy(name),
            hint=TYPEFORM.get(name.strip().casefold(), ""),
        )
        for name in names
    )
