"""A figure as PowerPoint's own chart or table."""

from __future__ import annotations

import io
from typing import Any

from pipeline.render.archive import DATE, dated
from pipeline.render.plain import short
from pipeline.report import Brand, Figure, Plot, Series

Box = tuple[float, float, float, float]  # left, top, width, height in inches
FORMATS = {"share": "0%", "mean": "0.0", "rank": "0"}
STACKED = "[>=0.05]0%;;"  # narrower parts have no room for a figure


def draw(slide: Any, figure: Figure, brand: Brand, box: Box, alt: str) -> None:
    """Put the figure on a slide, with its alternative text."""
    plot = figure.plot
    shape = (_table if plot.layout == "table" else _chart)(slide, plot, brand, box)
    shape.name = figure.id
    shape._element.nvGraphicFramePr.cNvPr.set("descr", alt)


def _chart(slide: Any, plot: Plot, brand: Brand, box: Box) -> Any:
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
    _legend(chart, plot)
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
    from pptx.enum.chart import XL_TICK_LABEL_POSITION
    from pptx.util import Pt

    chart.font.size = Pt(12 if len(plot.categories) <= 14 else 10)
    chart.font.color.rgb = rgb(brand, "ink")
    names, values = chart.category_axis, chart.value_axis
    names.format.line.color.rgb = rgb(brand, "muted")
    names.has_major_gridlines = values.has_major_gridlines = False
    values.visible = False
    if plot.layout == "lines":
        values.reverse_order = plot.unit == "rank"
        names.tick_label_position = XL_TICK_LABEL_POSITION.HIGH
        return
    names.reverse_order = True
    values.minimum_scale = 0
    few = len(plot.categories) <= 5 and plot.layout != "grouped"
    chart.plots[0].gap_width = 110 if few else 35
    if plot.layout == "stacked":
        chart.plots[0].overlap = 100


def _legend(chart: Any, plot: Plot) -> None:
    from pptx.enum.chart import XL_LEGEND_POSITION

    chart.has_title = False
    chart.has_legend = plot.layout != "bars"
    if chart.has_legend:
        chart.legend.include_in_layout = False
        right = plot.layout == "lines"
        chart.legend.position = (
            XL_LEGEND_POSITION.RIGHT if right else XL_LEGEND_POSITION.TOP
        )


def _colour(drawn: Any, series: Series, plot: Plot, brand: Brand) -> None:
    """Fill and figures of one series; a bar of another colour for itself."""
    labels = drawn.data_labels
    labels.show_value = True
    labels.number_format = STACKED if plot.layout == "stacked" else FORMATS[plot.unit]
    labels.number_format_is_linked = False
    if plot.layout == "lines":
        drawn.smooth = False
        drawn.format.line.color.rgb = rgb(brand, "accent")
        return
    if plot.layout == "stacked":
        fill = brand.light[series.colours[0]]
        labels.font.color.rgb = rgb(brand, "ink") if _light(fill) else rgb_of("#ffffff")
    drawn.format.fill.solid()
    drawn.format.fill.fore_color.rgb = rgb(brand, series.colours[0])
    for place, colour in enumerate(series.colours):
        if colour != series.colours[0]:
            fill = drawn.points[place].format.fill
            fill.solid()
            fill.fore_color.rgb = rgb(brand, colour)


def _table(slide: Any, plot: Plot, brand: Brand, box: Box) -> Any:
    """Categories down, series across, each cell in the colour of its value."""
    from pptx.util import Inches

    left, top, width, height = box
    rows, columns = len(plot.categories) + 1, len(plot.series) + 1
    high = min(height, 0.32 * rows + 0.4)
    shape = slide.shapes.add_table(
        rows, columns, *(Inches(side) for side in (left, top, width, high))
    )
    table = shape.table
    table.first_col, table.horz_banding = True, False
    first = min(2.6, width / 3)
    for place, column in enumerate(table.columns):
        wide = first if place == 0 else (width - first) / (columns - 1)
        column.width = Inches(wide)
    for row in table.rows:
        row.height = Inches(high / rows)
    for row, name in enumerate(("", *plot.categories)):
        _cell(table.cell(row, 0), short(name), brand, "c-paper")
    for column, series in enumerate(plot.series, start=1):
        _cell(table.cell(0, column), short(series.name), brand, "c-paper")
        several = series.colours * (
            len(series.values) if len(series.colours) == 1 else 1
        )
        for row, (value, words, colour) in enumerate(
            zip(series.values, series.shown, several, strict=True), start=1
        ):
            words = "–" if value is None else words
            _cell(table.cell(row, column), words, brand, colour)
    return shape


def _cell(cell: Any, words: str, brand: Brand, colour: str) -> None:
    from pptx.enum.text import MSO_ANCHOR
    from pptx.util import Inches, Pt

    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    cell.text = words
    cell.fill.solid()
    cell.fill.fore_color.rgb = rgb(brand, colour)
    cell.margin_left = cell.margin_right = Inches(0.05)
    cell.margin_top = cell.margin_bottom = 0
    font = cell.text_frame.paragraphs[0].font
    font.size, font.bold = Pt(9), False
    font.color.rgb = (
        rgb(brand, "ink") if _light(brand.light[colour]) else rgb_of("#ffffff")
    )


def rgb(brand: Brand, name: str) -> Any:
    """A colour of the brand in PowerPoint's terms."""
    name = name if name.startswith("c-") else f"c-{name}"
    return rgb_of(brand.light[name])


def rgb_of(colour: str) -> Any:
    """`#rrggbb` in PowerPoint's terms."""
    from pptx.dml.color import RGBColor

    make: Any = RGBColor.from_string
    return make(colour.lstrip("#").upper())


def _light(colour: str) -> bool:
    """Whether dark letters show better on a colour."""
    from pipeline.charts.brand import luminance

    return luminance(colour) > 0.3
