"""Pictures of an SVG, by Typst, which has its own renderer and the system's fonts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typst import Fonts

SHEET = "#set page(width: {}pt, height: {}pt, margin: 0pt)\n#image({}, width: 100%)"


@cache
def fonts() -> Fonts:
    """The fonts there are; to look for them takes longer than to draw a chart."""
    import typst

    return typst.Fonts()


def png(svg: str, width: float, height: float, scale: float = 1) -> bytes:
    """A PNG of `scale` pixels to a pixel of the SVG, whose size this is."""
    return _set(svg, width, height, format="png", ppi=72 * scale)


def pdf(svg: str, width: float, height: float) -> bytes:
    """A PDF of one page of the SVG's size; the same SVG gives the same bytes."""
    return _set(svg, width, height, format="pdf", timestamp=0)


def _set(svg: str, width: float, height: float, **options: Any) -> bytes:
    import typst

    sheet = SHEET.format(f"{width:g}", f"{height:g}", '"picture.svg"')
    files: Any = {"main": sheet.encode(), "picture.svg": svg.encode()}
    picture = typst.compile(files, font_paths=fonts(), **options)
    assert isinstance(picture, bytes), "one page"
    return picture
