"""The report as a PDF that can be read aloud (PDF/UA-1), set by Typst.

Typst reads `report.json` itself, so no text of a survey is ever Typst code. It refuses
to build a document in which a picture has no description.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

from pipeline.charts.picture import fonts
from pipeline.charts.theme import painted
from pipeline.errors import SurveyError
from pipeline.render.document import encoded
from pipeline.render.drawing import checked_svg
from pipeline.report import Report

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
NO_GLYPH = "could not be displayed"
PROBE = '#set document(title: "x")\n#text(font: ("Liberation Sans", "Arial"), {})'


def render_pdf(report: Report, folder: Path) -> bytes:
    """The PDF, with the drawings that the report names read from `folder`.

    The same report gives the same bytes where the same fonts are installed. What none
    of them has, such as an emoji, is named in brackets.
    """
    from typst import TypstError

    texts = _texts(report, folder)
    try:
        try:
            return _set(texts)
        except TypstError as error:
            if NO_GLYPH not in error.message:
                raise
            named = str.maketrans(_unseen("".join(texts.values())))
            return _set({name: text.translate(named) for name, text in texts.items()})
    except TypstError as error:
        raise SurveyError(
            f"the PDF could not be set: {error.message}",
            where=f"report {report.id}",
            remedy="A picture needs a description, and a logo must be an SVG.",
        ) from None


def _texts(report: Report, folder: Path) -> dict[str, str]:
    """What the template reads, by file name."""
    texts = {"report.json": encoded(report).decode()}
    for section in report.sections:
        for figure in section.figures:
            drawing = checked_svg(folder, figure.wide)
            texts[f"{figure.id}.svg"] = painted(drawing, report.brand.light)
    if report.brand.logo:
        texts["logo.svg"] = report.brand.logo
    return texts


def _set(texts: dict[str, str]) -> bytes:
    import typst

    files: Any = {name: text.encode() for name, text in texts.items()}
    files["main"] = TEMPLATE.read_bytes()  # The stubs do not know of files in memory.
    made = typst.compile(
        files, format="pdf", pdf_standards=["ua-1"], timestamp=0, font_paths=fonts()
    )
    return bytes(made)


def _unseen(text: str) -> dict[str, str]:
    """The characters that no font here has, and what to print for each."""
    return {c: _name(c) for c in sorted(set(text)) if not c.isascii() and not _seen(c)}


def _seen(character: str) -> bool:
    import typst

    probe = PROBE.format(f'"\\u{{{ord(character):x}}}"').encode()
    try:
        typst.compile(probe, format="pdf", pdf_standards=["ua-1"], font_paths=fonts())
    except typst.TypstError:
        return False
    return True


def _name(character: str) -> str:
    """`[rocket]`; nothing for what only joins or styles others."""
    if unicodedata.category(character) in ("Cf", "Mn"):
        return ""
    code = f"U+{ord(character):04X}"
    symbol = unicodedata.category(character)[0] == "S"
    return f"[{unicodedata.name(character, code).lower() if symbol else code}]"
