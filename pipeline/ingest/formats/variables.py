"""What is known of a column before anyone looks at its cells."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Literal

import msgspec

BETWEEN = " | "
Hint = Literal[
    "", "single", "select-all", "scale", "numeric", "open", "date", "id", "meta", "pii"
]


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A column of an export.

    `name` is how the definition calls it, `text` the question's wording, and `option`
    the answer that it stands for if a question has one column an option; such columns
    share a `group`, which is the pattern that names them. `labels` are pairs of code
    and label, `missing` the codes declared to be no answer. `hint` is what the export
    itself says of the kind, and `source` where it says so.
    """

    name: str
    text: str = ""
    option: str = ""
    group: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    hint: Hint = ""
    source: str = ""


def tidy(text: str) -> str:
    """A wording without markup, entities and doubled spaces."""
    bare = re.sub(r"</?[A-Za-z][^<>]{0,200}>", " ", text)
    return " ".join(html.unescape(bare).replace("\u200b", "").split())


def stacked_names(header: list[list[str]]) -> tuple[str, ...]:
    """One name a column: the header, or `question | item` from several header rows.

    A question stands over its first column only, or is repeated over each; both are
    carried to the right. An item equal to its question is left out.
    """
    if len(header) == 1:
        return tuple(" ".join(name.split()) for name in header[0])
    names: list[str] = []
    question, wording = "", ""
    for cells in zip(*header, strict=True):
        top, below, item = (" ".join(cells[i].split()) for i in (0, -2, -1))
        if top or (len(header) > 2 and below and below != wording):
            question, wording = top or below, below
        same = not item or item == question
        names.append(question if same else f"{question}{BETWEEN}{item}")
    return tuple(names)


def distinct_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names that can be told apart, whatever their case: the second "Age" is
    "Age (2)"."""
    told: list[str] = []
    taken: set[str] = set()
    for name in names:
        new, number = name, 1
        while name and new.casefold() in taken:
            number += 1
            new = f"{name} ({number})"
        taken.add(new.casefold())
        told.append(new)
    return tuple(told)
