"""The tables of a survey as one frozen document; what writes them computes nothing.

Book ── BannerTable ─┬─ Column ── a domain: its letter and bases
                     └─ Line ──── an answer: a Cell a column, in their order
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pipeline.report import Brand

Kind = Literal["answer", "net", "mean"]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """Frozen, keyword-only."""


class Column(_Part, frozen=True):
    """A domain, or everyone (no code). `span` is its dimension's label.

    `small` is `*` on a small base and `**` on one too small to be tested.
    """

    by: str
    code: str
    span: str
    label: str
    letter: str
    n: int
    n_weighted: float
    n_eff: float
    small: str = ""


class Cell(_Part, frozen=True):
    """A share (0 to 1) or mean, and the letters of the columns that it is above."""

    value: float | None
    letters: str = ""


class Line(_Part, frozen=True):
    """An answer, a sum of answers, or the mean."""

    code: str
    label: str
    kind: Kind
    cells: tuple[Cell, ...]


class BannerTable(_Part, frozen=True):
    """One question in one wave: everyone, then the domains of each dimension.

    `notes` says what is hidden and what tests say of the whole.
    """

    question: str
    title: str
    wording: str
    wave: str
    base: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]


class Book(_Part, frozen=True):
    """The tables of one survey, in its order. `left_out` says which have no base."""

    survey: str
    title: str
    notice: str
    source: str
    interval: str
    legend: tuple[str, ...]
    tables: tuple[BannerTable, ...]
    left_out: tuple[str, ...]
    brand: Brand
