"""`report.json`: the document as a file, and the schema that says what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import Missing
from pipeline.report import SCHEMA, Report

FILE = "report.json"


def write(report: Report, folder: Path) -> None:
    """Write the document to a folder: the same report, the same bytes."""
    (folder / FILE).write_bytes(encoded(report))


def encoded(report: Report) -> bytes:
    """The document as JSON, a line a value, keys in order."""
    document = msgspec.json.encode(report, order="deterministic")
    return msgspec.json.format(document, indent=1) + b"\n"


def read(folder: Path, remedy: str) -> Report:
    """The document of a published report.

    Raises `Missing` where there is none, or one of another version: `remedy` says how
    to make it.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Missing(
            "the report is not published yet", where=str(path), remedy=remedy
        ) from None
    try:
        if msgspec.json.decode(content, type=_Versioned).schema == SCHEMA:
            return msgspec.json.decode(content, type=Report)
    except msgspec.DecodeError:
        pass  # cut short, or another program's
    raise Missing(
        "no report of this version of stateof", where=str(path), remedy=remedy
    )


class _Versioned(msgspec.Struct):
    schema: int = 0


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document, as it is read from a file."""
    found = msgspec.json.schema(Report)
    named = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"stateof report, version {SCHEMA}",
    }
    found["$defs"]["Report"]["properties"]["schema"] = {"const": SCHEMA}
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(named | found))
    return plain
