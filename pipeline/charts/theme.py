"""Colours, type and sizes of every chart; nothing else decides them.

A drawing in the page names its colours as CSS variables, so that one SVG serves light
and dark; files that stand alone get the light colours. Hues are told apart with
colour-blind eyes too (`tests/test_charts_theme.py` simulates three kinds), and every
text colour reaches a contrast of 4.5 on what it lies on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from pipeline.definition import Question
from pipeline.narrative.answers import is_rest, says_nothing
from pipeline.report import Brand

# The first is bundled with vl-convert: a font it lacks leaves PNGs without letters.
FONT = '"Liberation Sans", Arial, Helvetica, sans-serif'
WIDE, NARROW = 680, 360
MARGIN = 24  # around a drawing that stands alone
VARIABLE = re.compile(r"var\(--(c-[a-z0-9-]+)\)")


class Palette(msgspec.Struct, frozen=True, kw_only=True):
    """What each colour is for; `on_…` is the text on the colour of the same place."""

    paper: str
    ink: str
    muted: str
    grid: str
    accent: str  # the answer, the latest wave, the mode
    before: str  # the wave before
    soft: str  # waves before that, the rest of a distribution
    neutral: str  # everyone, and answers that say nothing ("not sure"), only these
    series: tuple[str, ...]
    on_series: tuple[str, ...]
    ramp: tuple[str, ...]  # low to high
    on_ramp: tuple[str, ...]
    against: tuple[str, ...]  # the far side of a scale of agreement, mild to strong
    on_neutral: str
    on_accent: str

    def named(self) -> Iterator[tuple[str, str]]:
        """Each colour with the name of its CSS variable."""
        for field, value in msgspec.structs.asdict(self).items():
            name = f"c-{field.replace('_', '-')}"
            if isinstance(value, str):
                yield name, value
            else:
                yield from ((f"{name}-{i}", v) for i, v in enumerate(value, start=1))


LIGHT = Palette(
    paper="#ffffff",
    ink="#16191d",
    muted="#59616b",
    grid="#dfe3e8",
    accent="#2a6ab4",
    on_accent="#ffffff",
    before="#7e93ab",
    soft="#a9bdd6",
    neutral="#98a1ac",
    on_neutral="#16191d",
    series=("#2a6ab4", "#e39a2d", "#1a7f72", "#b9a0d8", "#9c3d54", "#8fc9c0"),
    on_series=("#ffffff", "#16191d", "#ffffff", "#16191d", "#ffffff", "#16191d"),
    ramp=("#eaf1f9", "#c9dcf0", "#9cc0e3", "#679dd0", "#2f6db5", "#0f3f7d"),
    on_ramp=("#16191d", "#16191d", "#16191d", "#16191d", "#ffffff", "#ffffff"),
    against=("#f0c48a", "#c9761a"),
)
DARK = Palette(
    paper="#14171b",
    ink="#eceff3",
    muted="#a3adb8",
    grid="#343b44",
    accent="#6ea6ea",
    on_accent="#14171b",
    before="#63758a",
    soft="#4b6080",
    neutral="#5f6975",
    on_neutral="#ffffff",
    series=("#6ea6ea", "#e3a34a", "#3fa595", "#b9a0d8", "#d9798f", "#9fd6cd"),
    on_series=("#14171b",) * 6,
    ramp=("#1c2733", "#22384f", "#2b5178", "#3f77b0", "#79aee8", "#b9d8fb"),
    on_ramp=("#eceff3", "#eceff3", "#eceff3", "#ffffff", "#14171b", "#14171b"),
    against=("#8a6330", "#e39a3c"),
)


def _variables(palette: Palette) -> Palette:
    def name(field: str, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        shown = f"c-{field.replace('_', '-')}"
        if isinstance(value, str):
            return f"var(--{shown})"
        return tuple(f"var(--{shown}-{i})" for i, _ in enumerate(value, start=1))

    fields = msgspec.structs.asdict(palette)
    named = {field: name(field, value) for field, value in fields.items()}
    return msgspec.convert(named, Palette)


CSS = _variables(LIGHT)
OURS = Brand(light=dict(LIGHT.named()), dark=dict(DARK.named()), font=FONT)


def css(brand: Brand) -> str:
    """The style that a page with drawings in it needs: every variable, light and dark.

    Paper is always light, whatever the screen was.
    """
    light, dark = (
        "".join(f"--{name}:{value};" for name, value in colours.items())
        for colours in (brand.light, brand.dark)
    )
    wanted = "@media screen and (prefers-color-scheme:dark)"
    return f":root{{{light}}}\n{wanted}{{:root{{{dark}}}}}\n"


def painted(drawing: str, colours: Mapping[str, str]) -> str:
    """`drawing` with its variables replaced by the colours of those names."""
    return VARIABLE.sub(lambda found: colours[found.group(1)], drawing)


def option_colours(question: Question, palette: Palette) -> dict[str, tuple[str, str]]:
    """Fill and text colour of each option: the same in every chart of the question.

    An answer that says nothing takes no hue, and no place on a scale of the others.
    """
    given = [o.code for o in question.choices if not o.missing]
    codes = [code for code in given if not says_nothing(code)]
    empty = dict.fromkeys(given, (palette.neutral, palette.on_neutral))
    return empty | _colours(question, codes, palette)


def _colours(
    question: Question, codes: list[str], palette: Palette
) -> dict[str, tuple[str, str]]:
    last = len(palette.ramp) - 1
    if question.scale is not None:
        steps = [round(i * last / max(len(codes) - 1, 1)) for i in range(len(codes))]
        return {
            code: (palette.ramp[step], palette.on_ramp[step])
            for code, step in zip(codes, steps, strict=True)
        }
    if is_agreement(question):
        return dict(zip(codes, _two_sided(palette, len(codes)), strict=True))
    pairs = iter(zip(palette.series, palette.on_series, strict=True))
    rest, further = (palette.grid, palette.ink), (palette.soft, palette.ink)
    return {code: rest if is_rest(code) else next(pairs, further) for code in codes}


def is_agreement(question: Question) -> bool:
    """Four or five steps of which a net takes the first two, or the last two."""
    given = [o.code for o in question.choices if not o.missing]
    codes = [code for code in given if not says_nothing(code)]
    sides = (set(codes[:2]), set(codes[-2:]))
    return len(codes) in (4, 5) and any(set(net.of) in sides for net in question.nets)


def _two_sided(palette: Palette, steps: int) -> list[tuple[str, str]]:
    """Two colours a side, and a middle between them if there is an odd step."""
    ink = palette.on_ramp[2]
    return [
        (palette.accent, palette.on_accent),
        (palette.ramp[2], palette.on_ramp[2]),
        *[(palette.grid, palette.ink)] * (steps - 4),
        (palette.against[0], ink),
        (palette.against[1], palette.on_series[1]),
    ]
