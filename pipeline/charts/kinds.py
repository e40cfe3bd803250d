"""Which function draws which kind of chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from pipeline.charts.axes import Heading
from pipeline.charts.bars import bars
from pipeline.charts.combinations import combinations
from pipeline.charts.data import ChartData
from pipeline.charts.distribution import distribution
from pipeline.charts.frame import Sheet, framed
from pipeline.charts.heat import heat
from pipeline.charts.likert import likert
from pipeline.charts.marks import Body
from pipeline.charts.panels import panels
from pipeline.charts.ranks import ranks
from pipeline.charts.ridges import ridges
from pipeline.charts.stacked import stacked
from pipeline.charts.theme import Palette
from pipeline.charts.trend import trend
from pipeline.charts.waves import waves
from pipeline.outline import FigureKind

LONGEST = 90  # letters of a label
KINDS: Mapping[FigureKind, Callable[[ChartData, Palette, float], Body]] = {
    "bars": bars,
    "waves": waves,
    "trend": trend,
    "distribution": distribution,
    "ridges": ridges,
    "stacked": stacked,
    "likert": likert,
    "ranks": ranks,
    "heat": heat,
    "panels": panels,
    "combinations": combinations,
}


def draw(data: ChartData, title: str, palette: Palette, width: float) -> Sheet:
    """The whole chart, title and source included."""
    data = _shortened(data)
    body = KINDS[data.spec.kind](data, palette, width)
    return framed(data, body, title, palette, width)


def _shortened(data: ChartData) -> ChartData:
    """With labels that leave room for the chart; its table has them whole."""
    rows, columns = (tuple(map(_cut, each)) for each in (data.rows, data.columns))
    return replace(data, rows=rows, columns=columns)


def _cut(heading: Heading) -> Heading:
    label = heading.label
    short = label if len(label) <= LONGEST else f"{label[: LONGEST - 1].rstrip()}…"
    return replace(heading, label=short)
