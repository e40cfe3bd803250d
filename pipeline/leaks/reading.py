"""A published folder as a stranger reads it: estimates by their keys, and texts."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError, fromstring

import msgspec

from pipeline.errors import DataError

Json = Any
Content = Any  # a `_Page`, what JSON holds, or text
TEXTUAL = (".html", ".svg", ".json", ".csv", ".md", ".eml", ".txt", ".toml")
OFFICE = (".xlsx", ".pptx")
NO_TEXT = {"script", "style"}
SPOKEN = {"alt", "title", "aria-label", "content"}
DAMAGES = (
    ValueError, KeyError, TypeError, AttributeError, ParseError, zipfile.BadZipFile,
)  # fmt: skip


class Leak(msgspec.Struct, frozen=True, kw_only=True):
    """Something that must not be published, and where it is."""

    file: str
    where: str
    what: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate as published: what it is of, its value, and how many it rests on."""

    file: str
    where: str
    wave: str
    question: str
    by: str
    domain: str
    statistic: str
    term: str
    value: float | None
    n: int | None


class Said(msgspec.Struct, frozen=True):
    """A text as published: a cell, a string, the text between two tags."""

    file: str
    text: str


class Drawn(msgspec.Struct, frozen=True):
    """The numbers of a figure in report.json, and the file that has them by key."""

    figure: str
    data: str
    values: list[float]


class Folder(msgspec.Struct, frozen=True):
    """All that was read, and the files that were not: pictures and PDFs."""

    shown: list[Shown]
    said: list[Said]
    plots: list[Drawn]
    unread: list[str]


def read_folder(folder: Path) -> Folder:
    """Read every file of a published folder. Raises `DataError` for a damaged one."""
    shown: list[Shown] = []
    said: list[Said] = []
    plots: list[Drawn] = []
    unread: list[str] = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.suffix not in (*TEXTUAL, *OFFICE):
            unread.append(name)
            continue
        try:
            content = _content(path)
            said += (Said(name, text) for text in _texts(name, content) if text.strip())
            shown += _estimates(name, content)
            if _is_report(name):
                plots += _plots(content)
        except DAMAGES as error:
            raise DataError(f"cannot be read: {error}", where=str(path)) from None
    return Folder(shown, said, plots, unread)


def _content(path: Path) -> Content:
    """What a file holds, taken apart once: a page, a document, parts, or text."""
    if path.suffix in OFFICE:
        with zipfile.ZipFile(path) as parts:
            names = (part for part in sorted(parts.namelist()) if part.endswith(".xml"))
            return [list(fromstring(parts.read(name)).itertext()) for name in names]
    text = path.read_text(encoding="utf-8")
    if path.suffix in (".html", ".svg"):
        return _Page(text)
    return json.loads(text) if path.suffix == ".json" else text


def _texts(name: str, content: Content) -> Iterator[str]:
    if isinstance(content, _Page):
        yield from content.texts
        yield from (text for data in content.data for text in _strings(data))
    elif name.endswith(".csv"):
        for row in csv.reader(content.splitlines()):
            yield from row
    elif isinstance(content, str) and not name.endswith(".json"):
        yield from content.splitlines()
    else:
        yield from _strings(content)


def _strings(value: Json) -> Iterator[str]:
    """Every text in a JSON document, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


class _Page(HTMLParser):
    """What is written in a page or drawing, and the data that it holds."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self._data: list[str] = []
        self._within = ""
        self.feed(page)
        self.data: list[Json] = [json.loads(data) for data in self._data]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self._within = tag if tag in NO_TEXT else ""
        if tag == "script" and told.get("type") == "application/json":
            self._within = "data"
        self.texts += [value for name, value in attrs if value and name in SPOKEN]

    def handle_endtag(self, tag: str) -> None:
        if tag in NO_TEXT:
            self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "data":
            self._data.append(data)
        elif not self._within:
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.texts.append(data)


def _estimates(name: str, content: Content) -> Iterator[Shown]:
    if isinstance(content, _Page):
        for data in content.data:
            yield from _explored(name, data)
    elif name.endswith(".csv"):
        for row in csv.DictReader(io.StringIO(content, newline="")):
            if {"wave", "question", "estimate"} <= row.keys():
                yield _row(name, row, row["question"])
    elif _is_report(name):
        for fact in content["facts"]:
            yield _row(name, fact, fact["question"])
    elif isinstance(content, dict) and "rows" in content and ".vl." not in name:
        for row in content["rows"]:
            yield _row(name, row, content["question"]["id"])


def _is_report(name: str) -> bool:
    return name.rpartition("/")[2] == "report.json"


def _plots(report: Json) -> Iterator[Drawn]:
    for section in report["sections"]:
        for figure in section["figures"]:
            series = figure["plot"]["series"]
            values = [v for one in series for v in one["values"] if v is not None]
            if "json" in figure["files"] and figure["plot"]["unit"] != "rank":
                yield Drawn(figure["id"], figure["files"]["json"], values)


def _row(name: str, row: dict[str, Json], question: str) -> Shown:
    where = " ".join(
        str(row[key]) for key in ("wave", "by", "domain", "statistic", "term")
    )
    return Shown(
        file=name,
        where=f"{question} {' '.join(where.split())}",
        wave=str(row["wave"]),
        question=question,
        by=row["by"] or "",
        domain=row["domain"] or "",
        statistic=row["statistic"],
        term=row["term"] or "",
        value=_number(row["estimate"]),
        n=None if _number(row["n"]) is None else int(float(row["n"])),
    )


def _number(value: Json) -> float | None:
    return None if value is None or value == "" else float(value)


def _explored(name: str, data: Json) -> Iterator[Shown]:
    """The cells of a page to explore: by `question|wave|dimension`, everyone first."""
    if not isinstance(data, dict) or "cells" not in data:
        return
    for key, columns in data["cells"].items():
        question, wave, by = key.split("|")
        for domain, column in columns:
            for term, known in column["v"].items():
                mean = term == "mean"
                yield Shown(
                    file=name,
                    where=f"{question} {wave} {by} {domain} {term}",
                    wave=wave,
                    question=question,
                    by=by if domain else "",
                    domain=domain,
                    statistic="mean" if mean else "share",
                    term="" if mean else term,
                    value=known[0] if known else None,
                    n=column["n"],
                )


def counts(text: str) -> list[int]:
    """The bases that a text states: "n 112", "Base: 1,324 respondents"."""
    found = re.findall(r"\bn\s?=?\s?(\d[\d,]*)\b|\b(\d[\d,]*) respondents", text)
    return [int((one or other).replace(",", "")) for one, other in found]
