"""Likert and trend: what lies on which side, and where a line may not go."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from charted import charted, figure_spec

from pipeline.charts.data import ChartData, read
from pipeline.charts.likert import likert, sides_of
from pipeline.charts.marks import Body
from pipeline.charts.theme import LIGHT, NARROW, WIDE
from pipeline.charts.trend import trend

WIDTHS = pytest.mark.parametrize("width", [WIDE, NARROW])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("charted")


def shown(folder: Path, name: str) -> ChartData:
    survey, build = charted(folder)
    return read(survey, build, figure_spec(name))


def rows_of(body: Body, name: str) -> list[dict[str, object]]:
    return next((layer.rows for layer in body.layers if layer.name == name), [])


def test_agreeing_is_right_and_disagreeing_left_strongest_outside(folder: Path) -> None:
    data = shown(folder, "likert")
    sides = sides_of(data)
    assert [c.label for c in sides.right] == ["Agree", "Strongly agree"]
    assert [c.label for c in sides.left] == ["Disagree", "Strongly disagree"]
    assert [c.label for c in sides.middle] == ["Neither"]


@WIDTHS
def test_the_middle_answer_is_halved_by_the_line(folder: Path, width: float) -> None:
    data = shown(folder, "likert")
    bars = rows_of(likert(data, LIGHT, width), "bars")
    middles = [bar for bar in bars if bar["answer"] == "Neither"]
    assert middles
    for bar in middles:
        assert bar["x"] == pytest.approx(-bar["x2"])  # type: ignore[operator]


@WIDTHS
def test_parts_of_a_row_touch_and_add_up_to_what_was_estimated(
    folder: Path, width: float
) -> None:
    data = shown(folder, "likert-all")
    bars = rows_of(likert(data, LIGHT, width), "bars")
    for one, other in itertools.pairwise(bars):
        assert one["x2"] == pytest.approx(other["x"])
    wide = sum(bar["x2"] - bar["x"] for bar in bars)  # type: ignore[operator]
    assert wide == pytest.approx(
        sum(data.value(data.rows[0], column) or 0 for column in data.columns)
    )


def test_the_sums_of_both_sides_are_printed(folder: Path) -> None:
    data = shown(folder, "likert-all")
    body = likert(data, LIGHT, WIDE)
    bold = [text.text for text in body.texts if text.bold]
    assert "64%" in bold
    assert "20%" in bold


@WIDTHS
def test_a_line_goes_from_wave_to_wave_but_over_no_break(
    folder: Path, width: float
) -> None:
    joined = rows_of(trend(shown(folder, "trend"), LIGHT, width), "joined")
    assert joined
    broken = trend(shown(folder, "trend-broken"), LIGHT, width)
    assert rows_of(broken, "joined") == []
    assert rows_of(broken, "breaks")
    assert "break" in [text.text for text in broken.texts]
    assert len(rows_of(broken, "dots")) == 8


@WIDTHS
def test_names_at_the_ends_of_lines_keep_apart(folder: Path, width: float) -> None:
    for name in ("trend", "trend-broken"):
        body = trend(shown(folder, name), LIGHT, width)
        left = max(text.x for text in body.texts)
        names = sorted(text.y for text in body.texts if text.x == left)
        gaps = [b - a for a, b in itertools.pairwise(names)]
        assert all(gap > 13 for gap in gaps)
        assert names[-1] < body.height
