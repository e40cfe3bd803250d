"""Colours can be told apart and read, by everyone, in light and dark."""

from __future__ import annotations

from itertools import combinations

import pytest

from pipeline.charts.theme import (
    CSS,
    DARK,
    LIGHT,
    OURS,
    Palette,
    css,
    option_colours,
    painted,
)
from pipeline.definition import Net, Option, Question, Scale

# Machado, Oliveira & Fernandes (2009), a physiologically-based model for simulation
# of color vision deficiency; full severity.
EYES = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
Colour = tuple[float, float, float]


def linear(colour: str) -> Colour:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    )
    return r, g, b


def seen(colour: str, eyes: str) -> Colour:
    rgb = linear(colour)
    r, g, b = (
        min(max(sum(m * c for m, c in zip(row, rgb, strict=True)), 0), 1)
        for row in EYES[eyes]
    )
    return r, g, b


def lab(rgb: Colour) -> Colour:
    def f(t: float) -> float:
        return t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116

    r, g, b = rgb
    x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505)
    y = f(0.2126 * r + 0.7152 * g + 0.0722 * b)
    z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def contrast(one: str, other: str) -> float:
    lights = []
    for colour in (one, other):
        r, g, b = linear(colour)
        lights.append(0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05)
    return max(lights) / min(lights)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("eyes", EYES)
def test_answers_side_by_side_differ_to_all_eyes(palette: Palette, eyes: str) -> None:
    drawn = (*palette.series, palette.neutral, palette.grid, palette.soft)
    colours = [lab(seen(c, eyes)) for c in drawn]
    apart = [
        sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5
        for one, other in combinations(colours, 2)
    ]
    assert min(apart) > 9


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_what_it_lies_on(palette: Palette) -> None:
    pairs = [
        (palette.ink, palette.paper),
        (palette.muted, palette.paper),
        (palette.ink, palette.soft),
        (palette.ink, palette.grid),
        (palette.on_accent, palette.accent),
        (palette.on_neutral, palette.neutral),
        *zip(palette.on_series, palette.series, strict=True),
        *zip(palette.on_ramp, palette.ramp, strict=True),
    ]
    assert [pair for pair in pairs if contrast(*pair) < 4.5] == []


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_bars_and_dots_stand_out_from_the_paper(palette: Palette) -> None:
    for colour in (palette.accent, palette.before):
        assert contrast(colour, palette.paper) >= 3


def test_the_page_gets_every_variable_in_light_and_dark() -> None:
    style = css(OURS)
    for name, value in (*LIGHT.named(), *DARK.named()):
        assert f"--{name}:{value};" in style
    assert style.count("prefers-color-scheme:dark") == 1


def test_painting_leaves_no_variable() -> None:
    drawing = " ".join(value for _, value in CSS.named())
    assert painted(drawing, OURS.light) == " ".join(value for _, value in LIGHT.named())


def asked(*codes: str, net: tuple[str, ...] = ()) -> Question:
    options = tuple(Option(code=code, label=code) for code in codes)
    nets = (Net(code="net", label="net", of=net),) if net else ()
    return Question(
        id="q", text="Q?", kind="single", columns={}, options=options, nets=nets
    )


def test_an_answer_that_says_nothing_takes_no_hue() -> None:
    colours = option_colours(asked("yes", "unsure", "no"), LIGHT)
    assert colours["unsure"][0] == LIGHT.neutral
    assert colours["no"][0] == LIGHT.series[1]


def test_not_knowing_has_a_look_of_its_own() -> None:
    """Neither the end of a scale nor an answer such as "no plans" may look like it."""
    scale = asked(
        "full", "beginning", "planned", "none", "unsure", net=("full", "beginning")
    )
    for question in (scale, asked("most", "few", "none", "neither", "other", "unsure")):
        fills = {
            code: fill for code, (fill, _) in option_colours(question, LIGHT).items()
        }
        assert fills.pop("unsure") == LIGHT.neutral
        assert LIGHT.neutral not in fills.values()
        assert len(set(fills.values())) == len(fills)
    fills = [fill for fill, _ in option_colours(scale, LIGHT).values()]
    assert fills[2:4] == list(LIGHT.against)


def test_agreement_has_two_sides_and_a_middle() -> None:
    colours = option_colours(asked("a", "b", "c", "d", "e", net=("a", "b")), LIGHT)
    fills = [fill for fill, _ in colours.values()]
    assert fills[2] == LIGHT.grid
    assert fills[3:] == list(LIGHT.against)


def test_ratings_run_from_light_to_dark() -> None:
    question = Question(
        id="q", text="Q?", kind="scale", columns={}, scale=Scale(low=1, high=6)
    )
    fills = [fill for fill, _ in option_colours(question, LIGHT).values()]
    assert fills == list(LIGHT.ramp)
