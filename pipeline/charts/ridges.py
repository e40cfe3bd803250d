"""Ridges: how many chose each rating, a low histogram a row, all over one scale."""

from __future__ import annotations

from pipeline.charts.data import ChartData
from pipeline.charts.distribution import Panel, columns, intervals, peak, ratings
from pipeline.charts.layout import LABEL, SMALL, Lanes, Wish, baseline, is_narrow, lanes
from pipeline.charts.marks import Body, Text, rects, rules
from pipeline.charts.theme import Palette
from pipeline.charts.words import TOO_FEW
from pipeline.wording import rounded

BAND, PEAK, MEAN, FOOT = 52, 14, 52, 22


def ridges(data: ChartData, palette: Palette, width: float) -> Body:
    """Histograms as they are, not smoothed; the most frequent rating in the accent."""
    rows = lanes(data, palette, width, Wish(band=BAND, top=12, room=MEAN, bases=True))
    marks = (mark for _, _, mark in data.cells() if mark)
    top = max(mark.high or mark.estimate or 0 for mark in marks) * 1.02
    shapes, ends, feet, texts = [], [], [], list(rows.texts)
    for panel in _panels(rows):
        mean = data.summary("mean", panel.row)
        if mean is None:
            y = baseline((panel.top + panel.bottom) / 2, SMALL)
            texts.append(
                Text(panel.left, y, TOO_FEW, palette.muted, SMALL, italic=True)
            )
            continue
        feet.append(
            {"x": panel.left, "x2": panel.right, "y": panel.bottom, "y2": panel.bottom}
        )
        shapes += columns(data, panel, palette, top)
        ends += intervals(data, panel, top)
        texts += peak(data, panel, palette, top)
        y = baseline((panel.top + panel.bottom) / 2, LABEL)
        words = str(rounded(mean, 1))
        texts.append(Text(panel.right + 10, y, words, palette.ink, LABEL, bold=True))
    last = _panels(rows)[-1]
    texts += ratings(data, last, palette)
    texts += _mean_head(rows, last, palette, narrow=is_narrow(width))
    layers = (
        rects(shapes),
        rules(ends, palette.muted, width=1, name="intervals"),
        rules(feet, palette.muted, name="zero"),
    )
    return Body(max(rows.height, last.bottom) + FOOT, layers, tuple(texts))


def _panels(rows: Lanes) -> list[Panel]:
    """The band of each row as a panel, with room for a figure above its peak."""
    return [
        Panel(slot.row, rows.left, rows.right, slot.top, slot.top + PEAK, slot.bottom)
        for slot in rows.slots
    ]


def _mean_head(
    rows: Lanes, last: Panel, palette: Palette, *, narrow: bool
) -> list[Text]:
    """What the figures beside the histograms are: above, or below where tight."""
    y = last.bottom + 14 if narrow else rows.slots[0].top - 8
    return [Text(rows.right + 10, y, "Mean", palette.muted, SMALL)]
