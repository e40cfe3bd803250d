"""The report as slides: one finding a slide, its chart native, to be edited.

What a speaker must be able to say stands in the notes: wording, base, method, source.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipeline.render.archive import DATE, dated
from pipeline.render.ink import rgb, typeface
from pipeline.render.native import draw, end_of
from pipeline.render.pieces import pieces
from pipeline.render.plain import plain
from pipeline.report import Figure, Quote, Report, Section

if TYPE_CHECKING:
    from pptx.presentation import Presentation

WIDE, HIGH = 13.333, 7.5  # inches
EDGE = 0.6
TITLE_ONLY = 5  # the layout of that name in python-pptx's own template


def render_slides(report: Report) -> bytes:
    """The slides; the same report gives the same bytes."""
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(WIDE), Inches(HIGH)
    _describe(deck, report)
    _cover(deck, report)
    for section in report.sections:
        for figure in section.figures:
            for piece, part in pieces(figure):
                _finding(deck, report, section, piece, part, end_of(figure.plot))
        for quote in section.quotes:
            _quoted(deck, report, section, quote)
    _method(deck, report)
    out = io.BytesIO()
    deck.save(out)
    return dated(out.getvalue())


def _describe(deck: Presentation, report: Report) -> None:
    about = deck.core_properties
    about.title, about.subject = report.title[:255], report.survey[:255]
    about.author = (report.brand.name or report.survey)[:255]
    about.comments, about.last_modified_by = report.notice[:255], ""
    about.language = report.language
    about.created = about.modified = DATE
    about.revision = 1


def _cover(deck: Presentation, report: Report) -> None:
    slide = _slide(deck, report, report.title, 40, top=2.1, high=1.6)
    dated = report.wave in report.survey
    survey = report.survey if dated else f"{report.survey} {report.wave}"
    _text(
        slide, report, [" · ".join(filter(None, (survey, report.brand.name)))], 1.5, 16
    )
    _text(slide, report, [report.standfirst], 3.8, 20, high=1.4)
    facts = " · ".join(
        filter(None, (f"{report.respondents} respondents", report.dates))
    )
    _text(slide, report, [facts], 5.5, 14)
    _notes(slide, [*report.method, report.citation, report.licence])


def _finding(
    deck: Presentation,
    report: Report,
    section: Section,
    figure: Figure,
    part: str,
    top: float | None,
) -> None:
    slide = _slide(deck, report, figure.title, 24, top=0.35, high=0.95)
    _text(slide, report, [f"{figure.subtitle}{part}"], 1.32, 14, quiet=True)
    box = (EDGE, 1.75, WIDE - 2 * EDGE, 4.75)
    draw(slide, figure, report.brand, box, f"{figure.alt}{part}", top)
    _text(
        slide, report, [f"Base: {figure.base} {figure.source}"], 6.62, 10.5, quiet=True
    )
    _notes(slide, list(_said(report, section, figure)))


def _quoted(deck: Presentation, report: Report, section: Section, quote: Quote) -> None:
    """A slide of one answer; a long one in smaller type."""
    slide = _slide(deck, report, section.title, 24, top=0.35, high=0.95)
    size = 28 if len(quote.text) < 240 else 18 if len(quote.text) < 900 else 11
    _text(slide, report, [f"“{quote.text}”"], 1.9, size, high=4)
    _text(slide, report, [quote.said_by()], 6.3, 14, quiet=True)
    _notes(slide, [quote.text, quote.said_by(), *report.method, report.notice])


def _said(report: Report, section: Section, figure: Figure) -> Iterator[str]:
    yield figure.title
    if section.summary:
        said = " ".join(sentence.text for sentence in section.summary)
        yield f"{section.title}: {said}"
    if figure.question:
        yield f"Question: {figure.question}"
    yield f"Base: {figure.base} {' '.join(figure.notes)}".strip()
    yield f"Source: {figure.source}"
    yield f"Method: {' '.join(report.method)}"
    if report.notice:
        yield report.notice


def _method(deck: Presentation, report: Report) -> None:
    slide = _slide(deck, report, "How this report was made", 28, top=0.35, high=0.8)
    _text(slide, report, list(report.method), 1.3, 14, high=2.6)
    known = [e for e in report.disclosure if e.text]
    unknown = [e.item for e in report.disclosure if not e.text]
    lines = [f"Not disclosed: {'; '.join(unknown)}."] if unknown else []
    _text(slide, report, [*lines, report.citation, report.licence], 4.2, 14, high=2)
    _notes(slide, [f"{e.item}: {e.text}" for e in known] + lines)


def _slide(
    deck: Presentation,
    report: Report,
    title: str,
    size: float,
    *,
    top: float,
    high: float,
) -> Any:
    """A slide with its title, the colour band at the top, and the notice below."""
    from pptx.enum.shapes import MSO_SHAPE
    from pptx.enum.text import MSO_ANCHOR
    from pptx.util import Inches

    slide: Any = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
    heading = slide.shapes.title
    heading.left, heading.top = Inches(EDGE), Inches(top)
    heading.width, heading.height = Inches(WIDE - 2 * EDGE), Inches(high)
    frame = heading.text_frame
    frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.BOTTOM
    frame.text = plain(title)
    _style(frame, report, _fitting(title, size), bold=True)
    band = slide.shapes.add_shape(
        MSO_SHAPE.RECTANGLE, 0, 0, deck.slide_width, Inches(0.12)
    )
    band.fill.solid()
    band.fill.fore_color.rgb = rgb(report.brand, "accent")
    band.line.fill.background()
    band.shadow.inherit = False
    band._element.nvSpPr.cNvPr.set("descr", "")
    if report.notice:
        _text(slide, report, [report.notice], 7.05, 11, bold=True)
    return slide


def _fitting(title: str, size: float) -> float:
    """A type size at which a long title keeps to its place."""
    return size if len(title) < 130 else size * 0.75 if len(title) < 200 else 14


def _text(
    slide: Any,
    report: Report,
    lines: list[str],
    top: float,
    size: float,
    *,
    high: float = 0.4,
    bold: bool = False,
    quiet: bool = False,
) -> None:
    from pptx.util import Inches

    box = slide.shapes.add_textbox(
        Inches(EDGE), Inches(top), Inches(WIDE - 2 * EDGE), Inches(high)
    )
    frame = box.text_frame
    frame.word_wrap = True
    frame.text = "\n".join(plain(line) for line in lines if line)
    _style(frame, report, size, bold=bold, colour="muted" if quiet else "ink")


def _style(
    frame: Any, report: Report, size: float, *, bold: bool, colour: str = "ink"
) -> None:
    from pptx.enum.text import PP_ALIGN
    from pptx.util import Pt

    for paragraph in frame.paragraphs:
        paragraph.alignment = PP_ALIGN.LEFT
        paragraph.space_after = Pt(size * 0.3)
        font = paragraph.font
        font.size, font.bold, font.name = Pt(size), bold, typeface(report.brand)
        font.color.rgb = rgb(report.brand, colour)


def _notes(slide: Any, lines: list[str]) -> None:
    text = "\n".join(plain(line) for line in lines if line)
    slide.notes_slide.notes_text_frame.text = text
