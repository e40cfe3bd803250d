"""Which function draws which kind of chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
    body = KINDS[data.spec.kind](data, palette, width)
    return framed(data, body, title, palette, width)
