"""Stacked: all answers of each group side by side, adding up to 100%."""

from __future__ import annotations

from typing import Any

from pipeline.charts.data import ChartData
from pipeline.charts.layout import LABEL, Slot, Wish, baseline, key, lanes
from pipeline.charts.marks import Body, Scale, Text, rects, rules
from pipeline.charts.measure import text_width
from pipeline.charts.theme import Palette, option_colours
from pipeline.charts.words import shown, spoken

BAND = 30
PART = 12.5  # type size inside a part


def stacked(data: ChartData, palette: Palette, width: float) -> Body:
    """One bar a row; a part wide enough says its share."""
    colours = option_colours(data.question, palette)
    names = [(c.label, colours[c.code][0]) for c in data.columns]
    swatches, keys, top = key(names, palette, width)
    rows = lanes(data, palette, width, Wish(band=BAND, top=top + 4, bases=True))
    scale = Scale(0, 1, rows.left, rows.right)
    shapes: list[dict[str, Any]] = []
    texts = [*rows.texts, *keys]
    for slot in rows.slots:
        parts = _parts(data, slot, colours)
        shapes += parts
        texts += _shares(data, slot, parts, colours, rows.left, rows.right)
        if not parts:
            y = baseline(slot.middle, LABEL)
            words = shown(data, data.at(slot.row, data.columns[0]))
            texts.append(
                Text(rows.left + 6, y, words, palette.muted, LABEL, italic=True)
            )
    gaps = [
        {"x": part["x"], "x2": part["x"], "y": part["y"], "y2": part["y2"]}
        for part in shapes
        if part["x"] > 0
    ]
    layers = (
        rects(swatches, name="key", heard=False),
        rects(shapes, scale=scale),
        rules(gaps, palette.paper, width=1.5, scale=scale, name="gaps"),
    )
    return Body(rows.height, layers, tuple(texts))


def _parts(
    data: ChartData, slot: Slot, colours: dict[str, tuple[str, str]]
) -> list[dict[str, Any]]:
    parts, x = [], 0.0
    for column in data.columns:
        share = data.value(slot.row, column)
        if share is None:
            continue
        parts.append(
            {
                "label": slot.row.label,
                "answer": column.label,
                "code": column.code,
                "x": round(x, 9),
                "x2": round(x + share, 9),
                "y": slot.top,
                "y2": slot.bottom,
                "fill": colours[column.code][0],
                "say": spoken(data, slot.row, column),
            }
        )
        x += share
    return parts


def _shares(
    data: ChartData,
    slot: Slot,
    parts: list[dict[str, Any]],
    colours: dict[str, tuple[str, str]],
    left: float,
    right: float,
) -> list[Text]:
    texts = []
    for column, part in zip(
        [c for c in data.columns if data.value(slot.row, c) is not None],
        parts,
        strict=True,
    ):
        words = shown(data, data.at(slot.row, column))
        room = (part["x2"] - part["x"]) * (right - left)
        if text_width(words, PART, bold=True) + 6 > room:
            continue
        x = left + (part["x"] + part["x2"]) / 2 * (right - left)
        y = baseline(slot.middle, PART)
        texts.append(Text(x, y, words, colours[column.code][1], PART, True, "center"))
    return texts
