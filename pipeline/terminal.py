"""Estimates as text for a terminal, and as JSON for another program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pipeline.analysis import Analysis
from pipeline.errors import Missing

HIDDEN = "too few"
# What the presentation standard for shares would not publish; see presentation.py.
IMPRECISE = {"small", "no-interval", "wide", "vague"}
MARK = "*"
NOTE = "* too imprecise to be published by the NCHS standard: --json has the intervals"


def cells(analysis: Analysis, question: str, by: str, wave: str) -> str:
    """Every cell as JSON: unweighted count, base n, estimate, error, interval."""
    rows = [
        r
        for s in _statistics(analysis, question)
        for r in analysis.rows(s, question, by, wave)
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def table(analysis: Analysis, question: str, by: str, wave: str) -> str:
    """One line a domain, or one line an option when nothing is split."""
    asked = analysis.survey.question(question)
    _check_built(analysis, question, by, wave)
    lines = (
        _crosstab(analysis, question, by, wave)
        if by
        else (_topline(analysis, question, wave))
    )
    head = [asked.text, *([analysis.survey.notice] if analysis.survey.notice else [])]
    notes = ["", NOTE] if any(MARK in line for line in lines) else []
    return "\n".join([*head, "", *lines, *notes])


def _check_built(analysis: Analysis, question: str, by: str, wave: str) -> None:
    """Raise `Missing` where the definition has a wave that the build has not."""
    found = _statistics(analysis, question)
    if found and not any(analysis.rows(s, question, by, wave) for s in found):
        raise Missing(
            f"there are no estimates of {question} yet",
            where=wave or "the latest wave",
            remedy=f"Run: stateof run {analysis.survey.id}, or name another --wave.",
        )


def _statistics(analysis: Analysis, question: str) -> list[str]:
    kind = analysis.survey.question(question).kind
    scale = ["mean", "median"] if kind in ("scale", "numeric") else []
    return [
        *(["share"] if kind != "numeric" else []),
        *scale,
        *(["mode"] if kind == "scale" else []),
    ]


def _unit(statistics: Sequence[str]) -> str:
    """What the figures are in."""
    if statistics == ["share"]:
        return "%"
    return "shares in %" if "share" in statistics else ""


def _topline(analysis: Analysis, question: str, wave: str) -> list[str]:
    statistics = _statistics(analysis, question)
    rows = [["", _unit(statistics), "95 % interval", "count", "n"]]
    for statistic in statistics:
        for row in analysis.rows(statistic, question, "", wave):
            label = row["term_label"] or statistic
            unit = 100 if statistic == "share" else 1
            rows.append([label, *_figures(row, unit)])
    return _aligned(rows)


def _figures(row: dict[str, Any], unit: int) -> list[str]:
    if row["flag"]:
        return [HIDDEN, "", "", ""]
    low, high = row["low"], row["high"]
    interval = "" if low is None else f"{low * unit:.1f} to {high * unit:.1f}"
    count = "" if row["count"] is None else str(row["count"])
    return [_estimate(row, unit), interval, count, str(row["n"])]


def _estimate(row: dict[str, Any], unit: int) -> str:
    if row["flag"]:
        return HIDDEN
    imprecise = not IMPRECISE.isdisjoint(row["caution"].split())
    return f"{row['estimate'] * unit:.1f}{MARK if imprecise else ''}"


def _crosstab(analysis: Analysis, question: str, by: str, wave: str) -> list[str]:
    """Domains down, statistics across: shares in percent, then means and modes."""
    columns: dict[tuple[str, str], str] = {}
    lines: dict[str, dict[tuple[str, str], str]] = {}
    bases: dict[str, str] = {}
    for statistic in _statistics(analysis, question):
        for row in analysis.rows(statistic, question, by, wave):
            key = (statistic, row["term"])
            columns[key] = row["term_label"] or statistic
            unit = 100 if statistic == "share" else 1
            lines.setdefault(row["domain_label"], {})[key] = _estimate(row, unit)
            bases[row["domain_label"]] = "" if row["flag"] else str(row["n"])
    rows = [[_unit(_statistics(analysis, question)), *columns.values(), "n"]]
    for domain, found in lines.items():
        rows.append([domain, *(found.get(key, "") for key in columns), bases[domain]])
    return _aligned(rows)


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
