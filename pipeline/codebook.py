"""What each variable of a wave is: question, universe, options, frequencies, missing.

As JSON the names are those of Table Schema (`name`, `type`, `constraints`) with DDI's
categories, universe and kinds of missing answers; as a page it is for reading.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from pipeline.definition import Condition, Question, Survey
from pipeline.errors import Missing
from pipeline.warehouse import connect, parquet

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STATUS = ("answered", "declined", "skipped", "not_asked", "out_of_base")
Counts = dict[tuple[str, str], dict[int | None, int]]  # by item and status


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: what it is stored as, its label, and how many gave it."""

    value: int
    code: str
    label: str
    frequency: int
    missing: bool = False


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A variable. `counts` has a number of respondents for each status."""

    name: str
    title: str
    description: str
    type: Literal["integer", "number", "string", "boolean"]
    universe: str
    source: tuple[str, ...]
    counts: dict[str, int]
    categories: tuple[Category, ...] = ()
    constraints: dict[str, float] = {}


class Codebook(msgspec.Struct, frozen=True, kw_only=True):
    """One wave; figures are unweighted."""

    survey: str
    title: str
    wave: str
    start: str
    end: str
    respondents: int
    fields: tuple[Field, ...]
    notice: str = ""


def codebook(survey: Survey, wave_id: str, build: Path) -> Codebook:
    """Document a wave that was ingested. Raises `Missing` if none was."""
    path, wave = build / "answers.parquet", survey.wave(wave_id)
    if not path.is_file():
        raise Missing(
            "there are no answers yet",
            where=str(build),
            remedy=f"Run: stateof run {survey.id} --no-draft",
        )
    con = connect()
    counts = _counts(con, path, wave_id)
    people = con.execute(
        f"SELECT count(DISTINCT respondent) FROM {parquet(path)} WHERE wave = ?",
        [wave_id],
    ).fetchall()[0][0]
    return Codebook(
        survey=survey.id,
        title=survey.title,
        wave=wave_id,
        start=wave.start.isoformat() if wave.start else "",
        end=wave.end.isoformat() if wave.end else "",
        respondents=int(people),
        fields=tuple(
            _field(survey, q, wave_id, counts) for q in survey.asked_in(wave_id)
        ),
        notice=survey.notice,
    )


def _counts(con: DuckDBPyConnection, path: Path, wave: str) -> Counts:
    rows = con.execute(
        "SELECT item, status, CAST(floor(value) AS BIGINT), count(*)"
        f" FROM {parquet(path)} WHERE wave = ? GROUP BY ALL",
        [wave],
    ).fetchall()
    found: Counts = {}
    for item, status, value, count in rows:
        found.setdefault((item, status), {})[value] = int(count)
    return found


def _field(survey: Survey, question: Question, wave: str, counts: Counts) -> Field:
    kinds: dict[str, Literal["integer", "number", "string", "boolean"]] = {
        "numeric": "number",
        "open": "string",
        "select-all": "boolean",
    }
    items = question.items(wave)
    where = question.columns[wave]
    limits = {"minimum": question.minimum, "maximum": question.maximum}
    return Field(
        name=question.id,
        title=question.label(),
        description=question.text,
        type=kinds.get(question.kind, "integer"),
        universe=_universe(survey, question.asked),
        source=(where,) if isinstance(where, str) else where,
        counts={
            status: sum(counts.get((items[0], status), {}).values())
            for status in STATUS
            if items and (items[0], status) in counts
        },
        categories=tuple(_categories(question, wave, counts)),
        constraints={name: at for name, at in limits.items() if at is not None},
    )


def _categories(question: Question, wave: str, counts: Counts) -> list[Category]:
    if question.kind in ("numeric", "open"):
        return []
    found = []
    for option in question.choices:
        if not option.offered(wave):
            continue
        value, item = question.value(option.code), question.id
        status = "declined" if option.missing else "answered"
        key: int | None = value
        if question.kind == "select-all" and not option.missing:
            item, key = f"{question.id}.{option.code}", 1
        found.append(
            Category(
                value=value,
                code=option.code,
                label=option.label,
                frequency=counts.get((item, status), {}).get(key, 0),
                missing=option.missing,
            )
        )
    return found


def _universe(survey: Survey, asked: Condition) -> str:
    """Who was asked, in words."""
    if not asked:
        return "all respondents"
    clauses = []
    for name, codes in asked.items():
        gate = survey.question(name)
        labels = " or ".join(f"“{gate.option(code).label}”" for code in codes)
        clauses.append(f"{gate.label()}: {labels}")
    return "; ".join(clauses)


def page(found: Codebook) -> str:
    """The codebook as one HTML page that loads nothing."""
    notice = f"<p><strong>{escape(found.notice)}</strong></p>" if found.notice else ""
    head = f"{found.title}, {found.wave}: codebook"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy"'
        " content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(head)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(head)}</h1>{notice}"
        f"<p>{found.respondents:,} respondents"
        f"{f', {found.start} to {found.end}' if found.start else ''}."
        " Numbers are unweighted, and small ones are not hidden: this page is for those"
        " who may see the answers.</p>"
        f"{''.join(_section(field) for field in found.fields)}</body></html>\n"
    )


STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}"
    "td,th{padding:.15rem .8rem .15rem 0;text-align:left;"
    "vertical-align:top}td.n{text-align:right}h2{margin-top:2.5rem}"
    "code{background:#eee;padding:0 .2em}"
)


def _section(field: Field) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(c.code)}</code></td><td>{escape(c.label)}"
        f"{' (no answer)' if c.missing else ''}</td>"
        f'<td class="n">{c.frequency:,}</td></tr>'
        for c in field.categories
    )
    table = (
        "<table><thead><tr><th>code</th><th>answer</th><th>respondents</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
        if rows
        else ""
    )
    counts = ", ".join(
        f"{count:,} {status.replace('_', ' ')}"
        for status, count in field.counts.items()
    )
    return (
        f'<section><h2 id="{escape(field.name)}">{escape(field.title)}</h2>'
        f"<p>{escape(field.description)}</p>"
        f"<p><code>{escape(field.name)}</code>, {field.type}. Asked: "
        f"{escape(field.universe)}. {escape(counts)}</p>{table}</section>"
    )
