"""Numbers and lists in English."""

from __future__ import annotations

import pytest

from pipeline.definition import Scale
from pipeline.wording import (
    capitalized,
    clauses,
    fraction,
    infinitive,
    listed,
    number,
    numbers,
    ordinal,
    percent,
    plural,
    rating,
    relative,
)


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.2245, "22%"),
        (0.225, "23%"),
        (0.22499999999999998, "23%"),
        (0.0, "0%"),
        (0.0012, "less than 1%"),
        (0.005, "1%"),
        (0.9951, "more than 99%"),
        (1.0, "100%"),
    ],
)
def test_a_share_is_a_whole_percentage_rounded_half_up(
    share: float, shown: str
) -> None:
    assert percent(share) == shown


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.20, "one in five"),
        (0.22, "just over one in five"),
        (0.24, "nearly one in four"),
        (0.334, "one in three"),
        (0.48, "nearly half of"),
        (0.28, ""),
        (0.02, ""),
        (0.99, ""),
    ],
)
def test_a_share_is_called_by_the_nearest_fraction_or_by_none(
    share: float, said: str
) -> None:
    assert fraction(share) == said


def test_a_rating_says_its_scale() -> None:
    assert rating(7, Scale(low=0, high=10)) == "7 out of 10"
    assert rating(4.25, Scale(low=1, high=5), digits=1) == "4.3 on a scale of 1 to 5"
    assert number(12345.0, 0) == "12,345"


def test_a_list_with_commas_inside_is_parted_by_semicolons() -> None:
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a (1, 2)", "b", "c"]) == "a (1, 2), b and c"
    assert listed(["a, b", "c"]) == "a, b; and c"
    assert listed(["a", "b"], "or") == "a or b"
    assert clauses(["64% say so", "59% do not"]) == "64% say so, and 59% do not"


def test_words_take_the_form_their_place_needs() -> None:
    assert infinitive("are paid") == "be paid"
    assert infinitive("are not confident") == "not be confident"
    assert infinitive("do not use it") == "not use it"
    assert infinitive("use it") == "use it"
    assert infinitive("need help") == "need help"
    assert infinitive("came from a panel") == infinitive("started") == ""
    assert relative("organizations in Europe") == "that"
    assert relative("people at organizations in Europe") == "who"
    assert relative("respondents whose organizations grow") == "who"
    assert [plural(w) for w in ("role", "industry", "class")] == [
        "roles",
        "industries",
        "classes",
    ]
    assert [ordinal(n) for n in (1, 9, 13, 21, 111)] == [
        "first",
        "ninth",
        "13th",
        "21st",
        "111th",
    ]


def test_a_sentence_begins_large_but_ios_stays_ios() -> None:
    assert capitalized("among respondents") == "Among respondents"
    assert capitalized("iOS developers") == "iOS developers"


def test_numbers_in_digits_are_found_with_their_percent_sign() -> None:
    assert numbers(["From 4.5 to 22% in 2025"]) == {"4.5", "22%", "2025"}
