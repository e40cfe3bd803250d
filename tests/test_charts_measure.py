"""Texts are broken so that they fit, and nothing of them is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.charts.measure import balanced, text_width, wrap

WORDS = st.text(alphabet="abcWMi .,-/é日", min_size=1, max_size=60).filter(str.strip)


@given(WORDS, st.floats(30, 400))
def test_every_line_fits(text: str, width: float) -> None:
    assert all(text_width(line, 13) <= width for line in wrap(text, width, 13))


@given(WORDS, st.floats(30, 400))
def test_no_letter_is_lost(text: str, width: float) -> None:
    def letters(text: str) -> str:
        return "".join(text.split()).replace("-", "")

    assert letters("".join(wrap(text, width, 13))) == letters(text)


def test_a_long_word_is_broken_with_a_hyphen() -> None:
    assert wrap("Telecommunications", 60, 13) == ("Telecom-", "municatio-", "ns")


def test_balanced_lines_leave_no_word_alone() -> None:
    text = "ChatGPT has gone from less than half to four in five of all AI tool users"
    lines = balanced(text, 640, 21, bold=True)
    assert len(lines) == len(wrap(text, 640, 21, bold=True)) == 2
    first, second = (text_width(line, 21, bold=True) for line in lines)
    assert second > first / 2


@pytest.mark.parametrize(
    ("text", "width"), [("100%", 13 * 2.557), ("iiii", 13 * 0.888), ("", 0)]
)
def test_widths_are_those_of_the_font(text: str, width: float) -> None:
    assert text_width(text, 13) == pytest.approx(width)
