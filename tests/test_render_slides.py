"""Slides read back as PowerPoint reads them: titles, native charts, notes."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace
from openpyxl import load_workbook
from pptx import Presentation
from pptx.presentation import Presentation as Deck
from pptx.util import Inches
from reported import FORMULAS, LONG, SHAPES, WORDS, sample, with_figures, with_words

from pipeline.charts.measure import text_width
from pipeline.render.slides import render_slides
from pipeline.report import Plot, Report, Series


def opened(report: Report) -> Deck:
    return Presentation(io.BytesIO(render_slides(report)))


def graphics(deck: Deck, kind: str) -> list[Any]:
    shapes = (shape for slide in deck.slides for shape in slide.shapes)
    return [s for s in shapes if getattr(s, f"has_{kind}", False)]


def plotted(layout: Any, count: int = 3, series: int = 2) -> Report:
    """A report of one figure with that layout."""
    line = Series(
        name="2025",
        values=tuple((i + 1) / 100 for i in range(count)),
        shown=tuple(f"{i + 1}%" for i in range(count)),
        colours=("c-series-1",),
    )
    plot = Plot(
        layout=layout,
        unit="rank" if layout == "lines" else "share",
        categories=tuple(f"Answer {i}" for i in range(count)),
        series=(line,) * series,
    )
    return with_figures(replace(sample().sections[0].figures[0], plot=plot))


def test_each_figure_has_a_slide_with_its_finding_for_a_title() -> None:
    report = sample()
    titles = [slide.shapes.title.text for slide in opened(report).slides]
    figures = [f.title for section in report.sections for f in section.figures]
    assert titles == [report.title, *figures, "How this report was made"]


def test_charts_are_native_and_hold_the_numbers_of_the_report() -> None:
    figures = [f for section in sample().sections for f in section.figures]
    shapes = graphics(opened(sample()), "chart")
    assert len(shapes) == len(figures)
    for shape, figure in zip(shapes, figures, strict=True):
        plot = shape.chart.plots[0]
        assert tuple(plot.categories) == figure.plot.categories
        assert plot.series[0].values == figure.plot.series[0].values
        book = load_workbook(io.BytesIO(shape.chart.part.chart_workbook.xlsx_part.blob))
        column = [cell.value for cell in book["Sheet1"]["B"]][1:]
        assert tuple(column) == figure.plot.series[0].values


def test_every_chart_and_table_says_what_it_shows() -> None:
    for report in (sample(), plotted("table"), plotted("lines")):
        deck = opened(report)
        for shape in graphics(deck, "chart") + graphics(deck, "table"):
            alt = shape._element.nvGraphicFramePr.cNvPr.get("descr")
            assert len(alt) > 10


def test_notes_have_wording_base_method_and_source() -> None:
    report = sample()
    figure = report.sections[0].figures[0]
    notes = opened(report).slides[1].notes_slide.notes_text_frame.text
    for said in (figure.question, figure.base, figure.source, report.method[0]):
        assert " ".join(said.split()) in notes


def test_the_notice_stands_on_every_slide() -> None:
    report = sample()
    for slide in opened(report).slides:
        texts = [s.text_frame.text for s in slide.shapes if s.has_text_frame]
        assert any(report.notice in text for text in texts)


@pytest.mark.parametrize("layout", ["bars", "grouped", "stacked", "lines", "table"])
def test_every_layout_can_be_drawn_and_read_back(layout: str) -> None:
    report = plotted(layout, series=1 if layout == "bars" else 2)
    deck = opened(report)
    (shape,) = graphics(deck, "table" if layout == "table" else "chart")
    if layout == "table":
        assert shape.table.cell(1, 0).text == "Answer 0"
        assert shape.table.cell(1, 1).text == "1%"
    else:
        assert shape.chart.plots[0].series[0].values == (0.01, 0.02, 0.03)


@pytest.mark.parametrize(("layout", "count"), [("bars", 60), ("table", 60)])
def test_many_categories_go_on_several_slides(layout: str, count: int) -> None:
    report = plotted(layout, count, series=1)
    deck = opened(report)
    names: list[str] = []
    for shape in graphics(deck, "chart"):
        names += shape.chart.plots[0].categories
    for shape in graphics(deck, "table"):
        rows = list(shape.table.rows)[1:]
        names += [row.cells[0].text for row in rows]
    plot = report.sections[0].figures[0].plot
    assert tuple(names) == plot.categories
    assert len(deck.slides) > 3


@pytest.mark.parametrize("words", WORDS, ids=lambda w: w[:12])
def test_whatever_a_survey_says_is_text(words: str) -> None:
    deck = opened(with_words(words))
    (shape,) = graphics(deck, "chart")
    first = shape.chart.plots[0].categories[0]
    assert first == " ".join(words.split()) or first.endswith("…")
    blob = shape.chart.part.chart_workbook.xlsx_part.blob
    with zipfile.ZipFile(io.BytesIO(blob)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    tags = {element.tag.rpartition("}")[2] for element in sheet.iter()}
    assert not tags & {"f", "hyperlink"}


def test_no_formula_is_left_in_a_chart() -> None:
    assert set(FORMULAS) <= set(WORDS)  # so that the test above is about them


@pytest.mark.parametrize("shape", SHAPES)
def test_any_shape_of_report_makes_slides(shape: str) -> None:
    assert len(opened(SHAPES[shape]()).slides) >= 3


def test_the_same_report_gives_the_same_bytes_without_a_time() -> None:
    made = render_slides(sample())
    assert made == render_slides(sample())
    with zipfile.ZipFile(io.BytesIO(made)) as deck:
        assert {member.date_time for member in deck.infolist()} == {
            (1980, 1, 1, 0, 0, 0)
        }


def test_a_long_title_is_set_smaller() -> None:
    report = with_words(LONG)
    deck = opened(report)
    sizes = [s.shapes.title.text_frame.paragraphs[0].font.size.pt for s in deck.slides]
    assert sizes[1] < 24


def table_of(heads: tuple[str, ...], count: int) -> Any:
    """The table of a figure with these columns and so many rows."""
    report = plotted("table", count, series=len(heads))
    figure = report.sections[0].figures[0]
    series = tuple(
        replace(s, name=name) for s, name in zip(figure.plot.series, heads, strict=True)
    )
    figure = replace(figure, plot=replace(figure.plot, series=series))
    (shape,) = graphics(opened(with_figures(figure)), "table")
    return shape


@pytest.mark.parametrize("count", [1, 8, 14])
@pytest.mark.parametrize(
    "words", ["Telecommunications", "Mid-career security engineer", "Yes", LONG]
)
def test_a_table_keeps_to_its_slide_and_breaks_no_word(words: str, count: int) -> None:
    shape = table_of((words,) * 13, count)
    table = shape.table
    assert sum(row.height for row in table.rows) <= Inches(4.76)
    assert sum(column.width for column in table.columns) <= Inches(12.14)
    cell = table.cell(0, 1)
    size = cell.text_frame.paragraphs[0].font.size.pt
    upright = cell._tc.tcPr.get("vert") == "vert270"
    room = table.rows[0].height if upright else table.columns[1].width
    longest = cell.text if upright else max(cell.text.split(), key=len)
    assert text_width(longest, size) <= room / Inches(1) * 72
    assert upright or words != "Telecommunications"


def test_the_parts_of_a_figure_have_one_scale() -> None:
    deck = opened(plotted("bars", 60, series=1))
    ends = {
        round(shape.chart.value_axis.maximum_scale, 6)
        for shape in graphics(deck, "chart")
    }
    assert ends == {round(0.6 * 1.08, 6)}


def test_lines_are_named_at_their_ends_unless_they_would_meet() -> None:
    report = plotted("lines", 2, series=3)
    figure = report.sections[0].figures[0]
    ends = {"Up": 0.8, "Close": 0.79, "Low": 0.1}
    series = tuple(
        replace(s, name=name, values=(0.2, end), shown=("20%", f"{end:.0%}"))
        for s, (name, end) in zip(figure.plot.series, ends.items(), strict=True)
    )
    plot = replace(figure.plot, unit="share", series=series)
    (shape,) = graphics(opened(with_figures(replace(figure, plot=plot))), "chart")
    xml = shape.chart._chartSpace.xml
    assert "Up  80%" in xml
    assert "Low  10%" in xml
    assert "Close  79%" not in xml
    assert shape.chart.has_legend


def test_bars_of_nothing_leave_the_axis_to_the_program() -> None:
    report = plotted("bars", 2, series=1)
    figure = report.sections[0].figures[0]
    (none,) = (replace(s, values=(0.0, 0.0)) for s in figure.plot.series)
    figure = replace(figure, plot=replace(figure.plot, series=(none,)))
    (shape,) = graphics(opened(with_figures(figure)), "chart")
    assert shape.chart.value_axis.maximum_scale is None
