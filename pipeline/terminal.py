"""Estimates as text for a terminal, and as JSON for another program."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pipeline.analysis import Analysis
from pipeline.asked import Row
from pipeline.errors import Missing

HIDDEN = "too few"
# What the presentation standard for shares would not publish; see presentation.py.
IMPRECISE = {"small", "no-interval", "wide", "vague"}
MARK = "*"
NOTE = "* too imprecise to be published by the NCHS standard: --json has the intervals"


def cells(analysis: Analysis, question: str, by: str, wave: str) -> str:
    """Every cell as JSON: unweighted count, base n, estimate, error, interval."""
    rows = _rows(analysis, question, by, wave)
    return json.dumps(rows, ensure_ascii=False, indent=1)


def table(analysis: Analysis, question: str, by: str, wave: str) -> str:
    """One line a domain, or one line an option when nothing is split."""
    asked = analysis.survey.question(question)
    rows = _rows(analysis, question, by, wave)
    lines = _crosstab(rows) if by else _topline(rows)
    head = [asked.text, *([analysis.survey.notice] if analysis.survey.notice else [])]
    notes = ["", NOTE] if any(MARK in line for line in lines) else []
    return "\n".join([*head, "", *lines, *notes])


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


def _crosstab(rows: Sequence[Row]) -> list[str]:
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
    return _aligned(table)


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
