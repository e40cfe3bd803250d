"""The chart in a sentence or two, for those who do not see it: facts, no opinions."""

from __future__ import annotations

from pipeline.charts.axes import ONE, Heading
from pipeline.charts.data import ChartData
from pipeline.charts.words import TOO_FEW, shown, subtitle, value
from pipeline.narrative.lexicon import lowered
from pipeline.wording import capitalized, listed, number

NAMES = {
    "bars": "Bar chart",
    "waves": "Chart of changes between waves",
    "distribution": "Chart of distributions",
    "ridges": "Chart of distributions in rows",
    "stacked": "Stacked bar chart",
    "likert": "Bar chart of answers for and against",
    "trend": "Line chart",
    "ranks": "Chart of ranks",
    "heat": "Heat map",
    "panels": "Small bar charts on one scale",
    "combinations": "Chart of answers chosen together",
}


def alt(data: ChartData) -> str:
    """One or two sentences that say what the chart shows, from its numbers."""
    return f"{NAMES[data.spec.kind]}. {subtitle(data)}. {_gist(data)}"


def _gist(data: ChartData) -> str:
    kind = data.spec.kind
    if kind in ("waves", "trend"):
        return _changes(data)
    if kind in ("distribution", "ridges"):
        return _modes(data)
    if kind == "ranks":
        return _ranking(data)
    if kind in ("stacked", "likert"):
        return _largest(data)
    return _extremes(data)


def _extremes(data: ChartData) -> str:
    """The highest and the lowest cell, and everyone's."""
    cells = [
        (mark.estimate, ", ".join(h.label for h in (row, column) if h.label))
        for row, column, mark in data.cells()
        if mark and mark.estimate is not None and not _aside(row, column)
    ]
    overall = data.value(data.rows[0]) if data.rows[0].everyone else None
    cells.sort(key=lambda cell: -cell[0])
    said = []
    if cells:
        said.append(f"highest: {cells[0][1]}, {value(data, cells[0][0])}")
    if len(cells) > 1:
        said.append(f"lowest: {cells[-1][1]}, {value(data, cells[-1][0])}")
    if overall is not None and data.columns == (ONE,):
        said.append(f"{lowered(data.rows[0].label)}: {value(data, overall)}")
    return f"{capitalized('; '.join(said))}."


def _aside(*headings: Heading) -> bool:
    """Whether a cell is of everyone, or of "none of these"."""
    return any(heading.everyone or heading.last for heading in headings)


def _changes(data: ChartData) -> str:
    """Each of the first rows in each wave."""
    said = []
    for row in [r for r in data.rows if not r.everyone][:3] or data.rows[:1]:
        values = [
            f"{shown(data, data.at(row, column))} in {column.label}"
            for column in data.columns
        ]
        said.append(f"{row.label}: {listed(values)}")
    return f"{'; '.join(said)}."


def _modes(data: ChartData) -> str:
    """The most frequent rating of each panel."""
    said = []
    for row in data.rows:
        mode = data.summary("mode", row)
        rating = TOO_FEW if mode is None else number(mode)
        said.append(f"{row.label} {rating}")
    return f"Most frequent rating: {', '.join(said)}."


def _ranking(data: ChartData) -> str:
    """The first three answers in the last wave, or of everyone."""
    groups = data.columns[0].axis == "domain"
    where = data.columns[0] if groups else data.columns[-1]
    ranked = [row for row in data.rows if data.value(row, where) is not None]
    names = listed(row.label for row in ranked[:3])
    return f"First {'among' if groups else 'in'} {lowered(where.label)}: {names}."


def _largest(data: ChartData) -> str:
    """The most frequent answer of each bar."""
    said = []
    for row in data.rows[:6]:
        best = max(data.columns, key=lambda c: data.value(row, c) or -1.0)
        most = shown(data, data.at(row, best))
        said.append(
            f"{row.label}: {most if most == TOO_FEW else f'{best.label} {most}'}"
        )
    return f"Most frequent answer: {'; '.join(said)}."
