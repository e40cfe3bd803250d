"""Cards: what a link to a report or a figure looks like where it is shared."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from charted import FIGURES, charted
from reported import EMOJI, HTML, LONG, RIGHT_TO_LEFT, TYPST

from pipeline.charts.card import report_card
from pipeline.charts.figure import figure
from pipeline.charts.theme import OURS

pytestmark = pytest.mark.slow


def size(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(b"\x89PNG")
    wide, high = struct.unpack(">II", picture[16:24])
    return wide, high


def test_each_figure_has_one_of_the_size_that_links_take(tmp_path: Path) -> None:
    survey, build = charted(tmp_path)
    made = [figure(survey, build, s, s.id, tmp_path) for s in FIGURES]
    cards = [(tmp_path / drawn.card).read_bytes() for drawn in made]
    assert {size(card) for card in cards} == {(1200, 630)}
    assert len(set(cards)) == len(cards)


@pytest.mark.parametrize("words", [LONG, EMOJI, RIGHT_TO_LEFT, HTML, TYPST, ""])
def test_any_words_make_a_card_and_always_the_same(words: str) -> None:
    one, other = (report_card(words, words, words, words, OURS) for _ in range(2))
    assert size(one) == (1200, 630)
    assert one == other
