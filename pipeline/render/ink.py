"""A brand's colours and font in PowerPoint's terms."""

from __future__ import annotations

from typing import Any

from pipeline.report import Brand

WHITE = "#ffffff"


def typeface(brand: Brand) -> str:
    """The first font of the brand; Arial has the widths of ours and is everywhere."""
    first = brand.font.split(",")[0].strip("\"' ")
    return "Arial" if first == "Liberation Sans" else first


def rgb(brand: Brand, name: str) -> Any:
    """A colour of the brand."""
    name = name if name.startswith("c-") else f"c-{name}"
    return _rgb(brand.light[name])


def ink_on(brand: Brand, name: str) -> Any:
    """Dark or light letters, whichever show better on a colour of the brand."""
    from pipeline.charts.brand import luminance

    light = luminance(brand.light[name]) > 0.3
    return rgb(brand, "ink") if light else _rgb(WHITE)


def _rgb(colour: str) -> Any:
    from pptx.dml.color import RGBColor

    make: Any = RGBColor.from_string
    return make(colour.lstrip("#").upper())
