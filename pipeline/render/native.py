"""A figure as PowerPoint's own chart or table."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from pipeline.render.archive import DATE, dated
from pipeline.render.grid import Box, table
from pipeline.render.ink import ink_on, rgb, typeface
from pipeline.render.plain import short
from pipeline.report import Brand, Figure, Plot, Series

FORMATS = {"share": "0%", "mean": "0.0", "rank": "0"}
STACKED = "[>=0.05]0%;;"  # narrower parts have no room for a figure
LONG = 34  # letters of a name, from which on it takes two lines
THICK = 0.42  # inches of a bar, where there is room
PLACED = {
    "layoutTarget": "inner",
    "xMode": "edge",
    "yMode": "edge",
    "x": "0.04",
    "y": "0.12",
    "w": "0.62",
    "h": "0.78",
}
APART = 0.055  # of the axis, between two labels at the ends of lines


def draw(
    slide: Any, figure: Figure, brand: Brand, box: Box, alt: str, top: float | None
) -> None:
    """Put the figure on a slide, with its alternative text.

    Axes end at `top`, so that the pieces of one figure have the same scale.
    """
    plot = figure.plot
    if plot.layout == "table":
        shape = table(slide, plot, brand, box)
    else:
        shape = _chart(slide, plot, brand, box, top)
    shape.name = figure.id
    shape._element.nvGraphicFramePr.cNvPr.set("descr", alt)


def end_of(plot: Plot) -> float | None:
    """Where the axis of bars is to end: a little above the longest."""
    values = [v for series in plot.series for v in series.values if v is not None]
    most = max(values, default=0)
    return most * 1.08 if most and plot.layout in ("bars", "grouped") else None


def _chart(slide: Any, plot: Plot, brand: Brand, box: Box, top: float | None) -> Any:
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    kinds = {
        "bars": XL_CHART_TYPE.BAR_CLUSTERED,
        "grouped": XL_CHART_TYPE.BAR_CLUSTERED,
        "stacked": XL_CHART_TYPE.BAR_STACKED_100,
        "lines": XL_CHART_TYPE.LINE_MARKERS,
    }
    numbers: Any = CategoryChartData(  # type: ignore[no-untyped-call]
        number_format=FORMATS[plot.unit]
    )
    numbers.categories = [short(name) for name in plot.categories]
    for series in plot.series:
        numbers.add_series(short(series.name), series.values)
    inches = (Inches(side) for side in box)
    shape = slide.shapes.add_chart(kinds[plot.layout], *inches, numbers)
    chart = shape.chart
    chart.part.chart_workbook.update_from_xlsx_blob(_workbook(plot))
    _axes(chart, plot, brand)
    if plot.layout == "lines":
        _lines(chart, plot, brand)
    else:
        _bars(chart, plot, box[3], top)
        for drawn, series in zip(chart.plots[0].series, plot.series, strict=True):
            _colour(drawn, series, plot, brand)
    return shape


def _workbook(plot: Plot) -> bytes:
    """The numbers behind a chart. No text in it is a formula or a link, whatever it is:
    python-pptx's own would run an answer that begins with "="."""
    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    book = xlsxwriter.Workbook(out, options)
    book.set_properties({"created": DATE})
    sheet = book.add_worksheet("Sheet1")
    percent = book.add_format({"num_format": FORMATS[plot.unit]})
    sheet.write_column(1, 0, [short(name) for name in plot.categories])
    for column, series in enumerate(plot.series, start=1):
        sheet.write_string(0, column, short(series.name))
        for row, value in enumerate(series.values, start=1):
            if value is not None:
                sheet.write_number(row, column, value, percent)
    book.close()
    return dated(out.getvalue())


def _axes(chart: Any, plot: Plot, brand: Brand) -> None:
    from pptx.util import Pt

    chart.has_title = chart.has_legend = False
    crowded = len(plot.categories) > 14
    long = max(map(len, plot.categories), default=0) > LONG
    chart.font.size = Pt(10 if crowded or (long and len(plot.categories) > 6) else 12)
    chart.font.color.rgb, chart.font.name = rgb(brand, "ink"), typeface(brand)
    names, values = chart.category_axis, chart.value_axis
    names.format.line.color.rgb = rgb(brand, "muted")
    names.has_major_gridlines = values.has_major_gridlines = False
    values.visible = False


def _bars(chart: Any, plot: Plot, high: float, top: float | None) -> None:
    """Bars from the top down, about as thick on every slide; each has its name."""
    from pptx.enum.chart import XL_LEGEND_POSITION, XL_TICK_MARK

    names, values, drawn = chart.category_axis, chart.value_axis, chart.plots[0]
    names.reverse_order, names.major_tick_mark = True, XL_TICK_MARK.NONE
    _child(names._element, "c:tickLblSkip", 1, before="c:noMultiLvlLbl")
    values.minimum_scale = 0
    if top is not None:
        values.maximum_scale = top
    each = len(plot.series) if plot.layout == "grouped" else 1
    gap = (high / len(plot.categories) / THICK - each) * 100
    drawn.gap_width = int(min(max(gap, 35), 500))
    if plot.layout == "stacked":
        drawn.overlap = 100
    chart.has_legend = plot.layout != "bars"
    if chart.has_legend:
        chart.legend.include_in_layout = False
        chart.legend.position = XL_LEGEND_POSITION.TOP


def _colour(drawn: Any, series: Series, plot: Plot, brand: Brand) -> None:
    """Fill and figures of one series; a bar of another colour for itself."""
    labels = drawn.data_labels
    labels.show_value = True
    labels.number_format = STACKED if plot.layout == "stacked" else FORMATS[plot.unit]
    labels.number_format_is_linked = False
    if plot.layout == "stacked":
        labels.font.color.rgb = ink_on(brand, series.colours[0])
    drawn.format.fill.solid()
    drawn.format.fill.fore_color.rgb = rgb(brand, series.colours[0])
    for place, colour in enumerate(series.colours):
        if colour != series.colours[0]:
            fill = drawn.points[place].format.fill
            fill.solid()
            fill.fore_color.rgb = rgb(brand, colour)


def _lines(chart: Any, plot: Plot, brand: Brand) -> None:
    """Lines in their colours, named at their ends; those too close, in a legend."""
    from pptx.enum.chart import XL_LEGEND_POSITION, XL_MARKER_STYLE
    from pptx.enum.chart import XL_TICK_LABEL_POSITION as LABELS
    from pptx.util import Pt

    chart.value_axis.reverse_order = plot.unit == "rank"
    chart.category_axis.tick_label_position = (
        LABELS.HIGH if plot.unit == "rank" else LABELS.LOW
    )
    named = set(_apart(plot))
    for drawn, series in zip(chart.plots[0].series, plot.series, strict=True):
        colour = rgb(brand, series.colours[0])
        drawn.smooth = False
        drawn.format.line.color.rgb, drawn.format.line.width = colour, Pt(2.25)
        drawn.marker.style, drawn.marker.size = XL_MARKER_STYLE.CIRCLE, 7
        for part in (drawn.marker.format.fill, drawn.marker.format.line.fill):
            part.solid()
            part.fore_color.rgb = colour
        if series.name in named:
            _named(drawn, series)
    chart.has_legend = len(named) < len(plot.series)
    if chart.has_legend:
        chart.legend.include_in_layout = False
        chart.legend.position = XL_LEGEND_POSITION.TOP
    _leave_room(chart)


def _apart(plot: Plot) -> Iterator[str]:
    """The lines whose ends are far enough from those named before."""
    values = [v for series in plot.series for v in series.values if v is not None]
    least = APART * (max(values, default=0) - min(values, default=0))
    taken: list[float] = []
    for series in plot.series:
        end = series.values[-1]
        if end is not None and all(abs(end - other) >= least for other in taken):
            taken.append(end)
            yield series.name


def _named(drawn: Any, series: Series) -> None:
    """Name and value of a line right of its last point."""
    from pptx.enum.chart import XL_LABEL_POSITION

    label = drawn.points[len(series.values) - 1].data_label
    label.has_text_frame = True
    label.text_frame.text = f"{short(series.name)}  {series.shown[-1]}"
    label.position = XL_LABEL_POSITION.RIGHT


def _leave_room(chart: Any) -> None:
    """Keep the right third of the chart free of lines, for their names."""
    from pptx.oxml.ns import qn

    area = chart._chartSpace.chart.plotArea
    layout = area.find(qn("c:layout"))
    if layout is None:
        layout = _child(area, "c:layout", None)
        area.insert(0, layout)
    manual = _child(layout, "c:manualLayout", None)
    for name, value in PLACED.items():
        _child(manual, f"c:{name}", value)


def _child(parent: Any, tag: str, value: object, before: str = "") -> Any:
    """Add an element with its value to a chart's XML, in its place."""
    from pptx.oxml.ns import qn
    from pptx.oxml.xmlchemy import OxmlElement

    element = OxmlElement(tag)
    if value is not None:
        element.set("val", str(value))
    follower = parent.find(qn(before)) if before else None
    if follower is not None:
        follower.addprevious(element)
    else:
        parent.append(element)
    return element
