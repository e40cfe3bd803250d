"""What was done to the raw responses: every row dropped and every cell not used."""

from __future__ import annotations

import msgspec

ROWS_NAMED = 20


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Frozen, keyword-only."""


class FileRead(_Entry, frozen=True):
    """One file of raw responses; `sha256` identifies its bytes."""

    name: str
    rows: int
    sha256: str


class Dropped(_Entry, frozen=True):
    """Rows left out for one reason; `rows` are the first of them, as a spreadsheet
    counts."""

    reason: str
    count: int
    rows: tuple[int, ...]


class Rejected(_Entry, frozen=True):
    """Cells of one question that are not used, for one reason."""

    question: str
    reason: str
    text: str
    count: int
    rows: tuple[int, ...]


class Repaired(_Entry, frozen=True):
    """Cells of one column whose damage was undone, as the definition accepts."""

    column: str
    before: str
    after: str
    count: int


class Scrubbed(_Entry, frozen=True):
    """How often something that tells of someone was taken out of free texts."""

    question: str
    kind: str
    count: int


class WaveLedger(_Entry, frozen=True):
    """The account of one wave: rows read = dropped + respondents."""

    wave: str
    files: tuple[FileRead, ...]
    rows_read: int
    dropped: tuple[Dropped, ...]
    rejected: tuple[Rejected, ...]
    columns_unused: tuple[str, ...]
    respondents: int
    repaired: tuple[Repaired, ...] = ()
    scrubbed: tuple[Scrubbed, ...] = ()


class Ledger(_Entry, frozen=True):
    """The account of a whole ingest, as `ingest.json`."""

    survey: str
    waves: tuple[WaveLedger, ...]
