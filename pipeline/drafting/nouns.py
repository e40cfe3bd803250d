"""What a draft is made of: guesses, each with its evidence and how sure it is.

Draft ─┬─ Guess ─── a question, and Choice: an answer to it
       ├─ Aside ─── columns that are no question: personal, technical, dates, empty
       └─ Split ─── a question that respondents could be grouped by
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pipeline.definition import Kind, Wave
from pipeline.reading import Drop, Repair

Sure = Literal["sure", "likely", "guess"]
Reason = Literal["personal", "technical", "dates", "constant", "empty", "nameless"]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: how often it was given, and what else is written for it."""

    code: str
    label: str
    count: int = 0
    raw: tuple[str, ...] = ()
    missing: bool = False
    write_in: bool = False
    note: str = ""


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """A question as it is thought to be."""

    id: str
    text: str
    title: str = ""
    kind: Kind
    columns: str | tuple[str, ...]
    evidence: str
    sure: Sure
    answered: int
    choices: tuple[Choice, ...] = ()
    ordered: bool = False
    separator: str = ""
    scale: tuple[int, int, str, str] | None = None
    minimum: float | None = None
    maximum: float | None = None
    unlisted: Literal["error", "reject"] = "error"
    notes: tuple[str, ...] = ()


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """A column that no question reads, and why."""

    column: str
    reason: Reason
    evidence: str


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """A dimension: a question to group respondents by. `top` are codes kept apart."""

    id: str
    label: str
    question: str
    evidence: str
    sure: Sure
    top: tuple[str, ...] = ()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A whole definition as guessed from one export."""

    id: str
    title: str
    wave: Wave
    rows: int
    read_as: str
    guesses: tuple[Guess, ...]
    asides: tuple[Aside, ...]
    splits: tuple[Split, ...]
    drops: tuple[tuple[Drop, str], ...] = ()
    proposed: tuple[tuple[Repair, str], ...] = ()
    notes: tuple[str, ...] = ()
    duplicates: str = "error"
    min_base: int
    dated: str = ""
