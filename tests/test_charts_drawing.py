"""Every kind of chart, drawn: what is in it and where its texts are."""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest
from charted import FIGURES, NOTICE, charted, figure_spec
from PIL import Image

from pipeline.charts.data import read
from pipeline.charts.figure import figure
from pipeline.charts.kinds import draw
from pipeline.charts.measure import text_width
from pipeline.charts.svg import drawn
from pipeline.charts.theme import LIGHT, NARROW, WIDE
from pipeline.outline import FigureSpec
from pipeline.report import Figure

TITLE = "What <this> & that says"
SVG = "{http://www.w3.org/2000/svg}"
EACH = pytest.mark.parametrize("name", [spec.id for spec in FIGURES])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("charted")


@pytest.fixture(scope="module")
def made(folder: Path) -> dict[str, Figure]:
    survey, build = charted(folder)
    return {s.id: figure(survey, build, s, TITLE, folder) for s in FIGURES}


def tree(path: Path) -> ElementTree.Element:
    return ElementTree.fromstring(path.read_text(encoding="utf-8"))


def texts(root: ElementTree.Element) -> list[tuple[float, float, float, str]]:
    """Left edge, right edge, baseline and words of each level line of text."""
    found = []
    for group in root.iter(f"{SVG}g"):
        size = float(group.get("font-size", 0))
        bold = group.get("font-weight") == "bold"
        for text in group.findall(f"{SVG}text"):
            if text.get("x") is None:
                continue
            x, words = float(text.get("x", 0)), text.text or ""
            wide = text_width(words, size, bold=bold)
            left = {"middle": x - wide / 2, "end": x - wide}.get(
                group.get("text-anchor", ""), x
            )
            found.append((left, left + wide, float(text.get("y", 0)), words))
    return found


@EACH
@pytest.mark.parametrize(("part", "width"), [("wide", WIDE), ("narrow", NARROW)])
def test_no_text_runs_out_of_the_drawing(
    made: dict[str, Figure], folder: Path, name: str, part: str, width: int
) -> None:
    root = tree(folder / getattr(made[name], part))
    height = float(root.get("height", 0))
    for left, right, y, words in texts(root):
        assert left >= -1, words
        assert right <= width + 1, words
        assert 0 < y <= height, words


@EACH
@pytest.mark.parametrize("part", ["wide", "narrow"])
def test_no_text_lies_on_another(
    made: dict[str, Figure], folder: Path, name: str, part: str
) -> None:
    lines = texts(tree(folder / getattr(made[name], part)))
    for i, (left, right, y, words) in enumerate(lines):
        for left2, right2, y2, others in lines[i + 1 :]:
            apart = right <= left2 or right2 <= left or abs(y - y2) >= 10
            assert apart, (words, others)


@EACH
def test_every_text_has_a_size(
    made: dict[str, Figure], folder: Path, name: str
) -> None:
    for part in (made[name].wide, made[name].files["svg"]):
        svg = (folder / part).read_text(encoding="utf-8")
        assert "<text" in svg
        assert svg.count("<g font-size=") == len(re.findall("<g [^>]*><text", svg))


@EACH
def test_the_page_gets_the_drawing_without_its_frame(
    made: dict[str, Figure], folder: Path, name: str
) -> None:
    for part in (made[name].wide, made[name].narrow):
        svg = (folder / part).read_text(encoding="utf-8")
        assert NOTICE not in svg
        assert "What" not in svg
        root = tree(folder / part)
        assert root.get("role") == "graphics-document"
        assert root.get("aria-label") == made[name].alt


@EACH
def test_the_file_that_stands_alone_says_what_it_is(
    made: dict[str, Figure], folder: Path, name: str
) -> None:
    root = tree(folder / made[name].files["svg"])
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert title is not None
    assert title.text == TITLE
    assert desc is not None
    assert desc.text == made[name].alt
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    lines = " ".join(words for *_, words in texts(root))
    for said in (TITLE, made[name].subtitle, NOTICE, "Source:", "Base:", "Question:"):
        assert said in lines


@EACH
def test_a_drawing_asks_for_nothing_from_outside(
    made: dict[str, Figure], folder: Path, name: str
) -> None:
    for part in (made[name].wide, made[name].narrow, made[name].files["svg"]):
        svg = (folder / part).read_text(encoding="utf-8")
        svg = svg.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|href|url\(|<image|<script|<style", svg)


@EACH
def test_colours_are_variables_in_the_page_and_fixed_elsewhere(
    made: dict[str, Figure], folder: Path, name: str
) -> None:
    page = (folder / made[name].wide).read_text(encoding="utf-8")
    alone = (folder / made[name].files["svg"]).read_text(encoding="utf-8")
    assert not re.search(r'"#[0-9a-f]{6}"', page)
    assert "var(" not in alone


@EACH
def test_every_mark_speaks(made: dict[str, Figure], folder: Path, name: str) -> None:
    said = [
        path.get("aria-label", "")
        for path in tree(folder / made[name].wide).iter(f"{SVG}path")
        if path.get("role") == "graphics-symbol"
    ]
    assert said
    assert all(": " in each for each in said)
    hidden = [each for each in said if "too few answers" in each]
    # Cells of a heat map are there, empty; elsewhere nothing is drawn.
    assert bool(hidden) == (name in ("heat", "heat-options"))


def test_too_few_answers_are_words_and_no_bar(
    made: dict[str, Figure], folder: Path
) -> None:
    for name in ("bars-by", "bars-mean", "stacked", "distribution", "waves-by"):
        root = tree(folder / made[name].narrow)
        words = [text for *_, text in texts(root)]
        assert "too few answers" in words
        marks = [p.get("aria-label", "") for p in root.iter(f"{SVG}path")]
        assert not any(mark.startswith("Another role") for mark in marks)


def test_waves_that_cannot_be_compared_are_not_joined(
    made: dict[str, Figure], folder: Path
) -> None:
    joined = (folder / made["waves"].wide).read_text(encoding="utf-8")
    broken = (folder / made["waves-broken"].wide).read_text(encoding="utf-8")
    assert "joined_layer" in joined
    assert "joined_layer" not in broken


def test_shares_start_at_zero_and_intervals_end_within_the_axis(folder: Path) -> None:
    survey, build = charted(folder)
    for name in ("bars-by", "bars", "waves", "waves-three", "bars-net"):
        spec = draw(read(survey, build, figure_spec(name)), "T", LIGHT, WIDE).spec()
        for scale in scales(spec):
            low, high = scale["domain"]
            assert low == 0
            assert high >= max(row["x2"] for row in spec["datasets"]["intervals"])


def test_an_interval_is_one_line_that_changes_colour_where_its_bar_ends(
    folder: Path,
) -> None:
    survey, build = charted(folder)
    for name, inside in (("bars", LIGHT.on_accent), ("waves-three", LIGHT.ink)):
        spec = draw(read(survey, build, figure_spec(name)), "T", LIGHT, WIDE).spec()
        assert "halo" not in spec["datasets"]
        lines = spec["datasets"]["intervals"]
        bars = {(bar["y"] + bar["y2"]) / 2: bar for bar in spec["datasets"]["bars"]}
        for within, beyond in zip(lines[::2], lines[1::2], strict=True):
            bar = bars[within["y"]]
            assert within["x2"] == beyond["x"] == bar["x2"]
            assert beyond["fill"] == LIGHT.ink
        assert lines[0]["fill"] == inside


def test_no_two_steps_of_a_key_share_a_value(
    made: dict[str, Figure], folder: Path
) -> None:
    words = [text for *_, text in texts(tree(folder / made["heat"].wide))]
    steps = [text.rstrip("%").split("–") for text in words if re.match(r"\d+–\d", text)]
    assert len(steps) == len(LIGHT.ramp)
    for (_, end), (start, _) in itertools.pairwise(steps):
        assert int(start) == int(end) + 1


def test_everyone_has_a_line_of_panels_where_the_last_would_be_alone(
    folder: Path,
) -> None:
    """Four panels, three of them in a line: one above, three below."""
    survey, build = charted(folder)
    data = read(survey, build, figure_spec("distribution"))
    data = msgspec.structs.replace(data, rows=data.rows[:4])
    bars = draw(data, "T", LIGHT, WIDE).spec()["datasets"]["bars"]
    heads = {(bar["label"], bar["y2"]) for bar in bars}
    bottoms = sorted({bottom for _, bottom in heads})
    above = [label for label, bottom in heads if bottom == bottoms[0]]
    assert above == ["All respondents"]
    assert max(bar["x2"] for bar in bars if bar["label"] == above[0]) > WIDE - 10


def scales(spec: dict[str, Any]) -> list[dict[str, Any]]:
    found = (layer["encoding"]["x"]["scale"] for layer in spec["layer"])
    return [scale for scale in found if scale]


@pytest.mark.parametrize("spec", FIGURES, ids=lambda spec: spec.id)
def test_the_quick_specification_is_the_one_that_altair_gives(
    folder: Path, spec: FigureSpec
) -> None:
    survey, build = charted(folder)
    sheet = draw(read(survey, build, spec), TITLE, LIGHT, WIDE)
    quick, slow = sheet.spec(), sheet.chart().to_dict()
    defaults = {"continuousWidth": 300, "continuousHeight": 300}
    for name, size in defaults.items():
        assert slow["config"]["view"].pop(name) == size
    assert quick == slow


def test_drawing_twice_gives_the_same_bytes(folder: Path) -> None:
    survey, build = charted(folder)
    data = read(survey, build, figure_spec("heat"))
    one, other = (drawn(draw(data, "T", LIGHT, WIDE).spec()) for _ in range(2))
    assert one == other


@pytest.mark.slow
@pytest.mark.parametrize("width", [WIDE, NARROW])
@EACH
def test_vega_draws_the_same_picture(folder: Path, name: str, width: int) -> None:
    """But for the edges of letters and lines, where places are rounded."""
    import vl_convert

    survey, build = charted(folder)
    spec = draw(read(survey, build, figure_spec(name)), TITLE, LIGHT, width).spec()
    ours = pixels(vl_convert.svg_to_png(drawn(spec).alone(TITLE, "", "x")))
    theirs = pixels(vl_convert.vegalite_to_png(spec, allowed_base_urls=[]))
    assert theirs.std() > 10
    high, wide = (min(pair) for pair in zip(ours.shape, theirs.shape, strict=True))
    assert abs(ours.shape[0] - theirs.shape[0]) <= 1
    apart = np.abs(ours[:high, :wide] - theirs[:high, :wide])
    assert apart.mean() < 0.5
    assert apart.max() < 128


def pixels(png: bytes) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Brightness, 0 to 255."""
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("L"), dtype=np.float64)
