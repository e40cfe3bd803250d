"""Estimates as text for a terminal, and as JSON for another program."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Sequence
from itertools import zip_longest

from pipeline.analysis import Analysis
from pipeline.asked import Asked, Row
from pipeline.errors import Missing

HIDDEN = "too few"
# What the presentation standard for shares would not publish; see presentation.py.
IMPRECISE = {"small", "no-interval", "wide", "vague"}
MARK = "*"
# Characters, where a table does not fit: between columns, of a heading, of a domain.
GAP, HEADING, LABEL = 2, 14, 34
FOLDED = "Columns continue below: --json has every cell, and a pipe gets one table."
NOTE = "* too imprecise to be published by the NCHS standard: --json has the intervals"


def cells(analysis: Analysis, question: str, by: str, wave: str) -> str:
    """Every cell as JSON: unweighted count, base n, estimate, error, interval."""
    rows = _rows(analysis, question, by, wave)
    return json.dumps(rows, ensure_ascii=False, indent=1)


def width() -> int:
    """How wide the terminal is ($COLUMNS, if set); 0 where there is none."""
    return shutil.get_terminal_size((0, 0)).columns


def table(
    analysis: Analysis, question: str, by: str, wave: str, widest: int = 0
) -> str:
    """One line a domain, or one line an option when nothing is split.

    Columns that do not fit in `widest` (0: any fits) continue below, in another part.
    """
    asked = analysis.survey.question(question)
    rows = _rows(analysis, question, by, wave)
    lines = _crosstab(rows, widest) if by else _topline(rows)
    head = [asked.text, *([analysis.survey.notice] if analysis.survey.notice else [])]
    notes = [NOTE] if any(MARK in line for line in lines) else []
    notes += [FOLDED] if "" in lines else []
    if all(row["flag"] == "suppressed" for row in rows):
        notes.append(_all_hidden(analysis, question, by, rows[0]["wave"]))
    return "\n".join([*head, "", *lines, *[""][: len(notes)], *notes])


def _all_hidden(analysis: Analysis, question: str, by: str, wave: str) -> str:
    """Why a table shows nothing, and what to change."""
    survey = analysis.survey
    split = tuple(filter(None, by.split("*")))
    asked = Asked(survey, analysis.build, survey.question(question), wave, split)
    what = f"the largest group has {asked.largest()}" if by else "fewer answered"
    return f"min_base is {survey.min_base}, {what}: change it in survey.toml"


def _rows(analysis: Analysis, question: str, by: str, wave: str) -> list[Row]:
    """The estimates, statistic by statistic.

    Raises `Missing` where the definition has a wave that the build has not.
    """
    found = [
        row
        for statistic in _statistics(analysis, question)
        for row in analysis.rows(statistic, question, by, wave)
    ]
    if not found:
        raise Missing(
            f"there are no estimates of {question} yet",
            where=wave or "the latest wave",
            remedy=f"Run: stateof run {analysis.survey.id}, or name another --wave.",
        )
    return found


def _statistics(analysis: Analysis, question: str) -> list[str]:
    kind = analysis.survey.question(question).kind
    scale = ["mean", "median"] if kind in ("scale", "numeric") else []
    return [
        *(["share"] if kind != "numeric" else []),
        *scale,
        *(["mode"] if kind == "scale" else []),
    ]


def _unit(rows: Sequence[Row]) -> str:
    """What the figures are in."""
    statistics = {row["statistic"] for row in rows}
    if statistics == {"share"}:
        return "%"
    return "shares in %" if "share" in statistics else ""


def _topline(rows: Sequence[Row]) -> list[str]:
    lines = [["", _unit(rows), "95 % interval", "count", "n"]]
    for row in rows:
        label = row["term_label"] or row["statistic"]
        lines.append([label, *_figures(row, _scale(row))])
    return _aligned(lines)


def _scale(row: Row) -> int:
    return 100 if row["statistic"] == "share" else 1


def _figures(row: Row, unit: int) -> list[str]:
    if row["flag"]:
        return [HIDDEN, "", "", ""]
    low, high = row["low"], row["high"]
    interval = "" if low is None else f"{low * unit:.1f} to {high * unit:.1f}"
    count = "" if row["count"] is None else str(row["count"])
    return [_estimate(row, unit), interval, count, str(row["n"])]


def _estimate(row: Row, unit: int) -> str:
    if row["flag"]:
        return HIDDEN
    imprecise = not IMPRECISE.isdisjoint(row["caution"].split())
    return f"{row['estimate'] * unit:.1f}{MARK if imprecise else ''}"


def _crosstab(rows: Sequence[Row], widest: int) -> list[str]:
    """Domains down, statistics across: shares in percent, then means and modes."""
    columns: dict[tuple[str, str], str] = {}
    lines: dict[str, dict[tuple[str, str], str]] = {}
    bases: dict[str, str] = {}
    for row in rows:
        key = (row["statistic"], row["term"])
        columns[key] = row["term_label"] or row["statistic"]
        lines.setdefault(row["domain_label"], {})[key] = _estimate(row, _scale(row))
        bases[row["domain_label"]] = "" if row["flag"] else str(row["n"])
    table = [[_unit(rows), *columns.values(), "n"]]
    for domain, found in lines.items():
        table.append([domain, *(found.get(key, "") for key in columns), bases[domain]])
    parts = [_aligned(part) for part in _folded(table, widest)]
    return [line for i, part in enumerate(parts) for line in ([""] * bool(i) + part)]


def _folded(table: list[list[str]], widest: int) -> list[list[list[str]]]:
    """The table in parts of whole columns that fit, each with its domains and bases."""
    whole = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    if not widest or sum(whole) + GAP * (len(whole) - 1) <= widest:
        return [table]
    heads = (
        textwrap.wrap(label, HEADING, placeholder=" …", max_lines=3)
        for label in table[0]
    )
    lines = [list(line) for line in zip_longest(*heads, fillvalue="")] + table[1:]
    sizes = [max(len(line[i]) for line in lines) + GAP for i in range(len(whole))]
    sizes[0] = min(sizes[0], LABEL + GAP)
    room = max(widest - sizes[0] - sizes[-1] + GAP, 1)
    groups: list[list[int]] = [[]]
    for i, size in enumerate(sizes[1:-1], 1):
        if groups[-1] and sum(sizes[j] for j in groups[-1]) + size > room:
            groups.append([])
        groups[-1].append(i)
    return [
        [
            [_short(line[0], sizes[0] - GAP), *(line[i] for i in group), line[-1]]
            for line in lines
        ]
        for group in groups
    ]


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
