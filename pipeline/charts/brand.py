"""`brand.toml` beside `data/`: a publisher's colours, font and logo for every report.

Colours it does not name stay ours. Those that would be hard to read are refused: a
brand must not cost anybody the report.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from pipeline.charts.theme import DARK, FONT, LIGHT, OURS, Palette
from pipeline.errors import DefinitionError, Missing
from pipeline.load import read_toml
from pipeline.report import Brand

FILE = "brand.toml"
HEX = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
FAMILY = re.compile(r"[\w ,'\"-]+")
SITE = re.compile(r"https?://[^\s\"'<>]+")
LEGIBLE = 4.5  # WCAG 2.2 AA, for text
SEEN = 1.2  # a fill on its ground


class Colours(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The colours of a palette that a brand may set, as `#rrggbb`."""

    accent: str = ""
    before: str = ""
    soft: str = ""
    series: tuple[str, ...] = ()
    ramp: tuple[str, ...] = ()


class BrandFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`brand.toml` as written."""

    name: str = ""
    logo: str = ""
    font: str = ""
    site: str = ""
    light: Colours = Colours()
    dark: Colours = Colours()


def load_brand(root: Path) -> Brand:
    """The brand of a project; ours where it has none.

    Raises `DefinitionError` for what is no colour or cannot be read, and `Missing` for
    a logo that is not there.
    """
    path = root / FILE
    if not path.is_file():
        return OURS
    found = read_toml(path, BrandFile)
    if found.font and not FAMILY.fullmatch(found.font):
        raise DefinitionError(
            f"{found.font!r} names no font",
            where=f"{path}, font",
            remedy='Write it as a style sheet would: font = "Georgia".',
        )
    if found.site and not SITE.fullmatch(found.site):
        raise DefinitionError(
            f"{found.site!r} is no address of a site",
            where=f"{path}, site",
            remedy='Write it in full: site = "https://example.org/reports".',
        )
    return Brand(
        light=dict(_changed(LIGHT, found.light, f"{path}, light").named()),
        dark=dict(_changed(DARK, found.dark, f"{path}, dark").named()),
        font=f"{found.font}, {FONT}" if found.font else FONT,
        name=found.name,
        site=found.site,
        logo=_logo(root / found.logo, path) if found.logo else "",
    )


def _changed(palette: Palette, colours: Colours, where: str) -> Palette:
    """The palette with a brand's colours in it, and texts that show on them."""
    given = {k: v for k, v in msgspec.structs.asdict(colours).items() if v}
    for name, value in given.items():
        _check(palette, name, value, where)
    fills = {"accent": "on_accent", "series": "on_series", "ramp": "on_ramp"}
    for name, text in fills.items():
        if name in given:
            fill = given[name]
            several = not isinstance(fill, str)
            on = tuple(_on(each) for each in (fill if several else (fill,)))
            given[text] = on if several else on[0]
    return msgspec.structs.replace(palette, **given)


def _check(
    palette: Palette, name: str, value: str | tuple[str, ...], where: str
) -> None:
    where = f"{where}.{name}"
    values = (value,) if isinstance(value, str) else value
    for colour in values:
        if not HEX.fullmatch(colour):
            raise DefinitionError(
                f"'{colour}' is no colour", where=where, remedy="Write #rrggbb."
            )
    wanted = len(getattr(palette, name)) if not isinstance(value, str) else 1
    if len(values) != wanted:
        raise DefinitionError(
            f"{len(values)} colours where {wanted} are needed", where=where
        )
    least = LEGIBLE if name == "accent" else SEEN if name != "ramp" else 1.0
    for colour in values:
        ratio = contrast(colour, palette.paper)
        if ratio < least:
            raise DefinitionError(
                f"{colour} has a contrast of {ratio:.1f} to the paper"
                f" {palette.paper}; it takes {least:g} to be read",
                where=where,
                remedy="Take a darker one." if _dark_ink(palette) else "Take a lighter",
            )


def _dark_ink(palette: Palette) -> bool:
    return luminance(palette.ink) < luminance(palette.paper)


def _on(fill: str) -> str:
    """The ink that shows better on a fill."""
    return max((LIGHT.paper, LIGHT.ink), key=lambda ink: contrast(ink, fill))


def contrast(one: str, other: str) -> float:
    """WCAG's contrast of two colours, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """WCAG's relative luminance of `#rrggbb`, 0 to 1."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts
    ]
    return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _logo(logo: Path, where: Path) -> str:
    """The SVG of a logo, checked like a drawing when it is put on a page."""
    try:
        return logo.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Missing(
            f"there is no SVG {logo.name} to read",
            where=f"{where}, logo",
            remedy="Name an SVG file beside brand.toml.",
        ) from None
