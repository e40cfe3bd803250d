"""What an answer is: a rival of the others, what is left of a list, a sum, nothing."""

from __future__ import annotations

import pytest

from pipeline.definition import Net, Option, Question
from pipeline.narrative.answers import comes_last, has_place, says_nothing, sums


def asked(kind: str = "single") -> Question:
    """A question whose first wave offered one of two answers that a net sums up."""
    return Question(
        id="q",
        text="Q?",
        kind=kind,  # type: ignore[arg-type]
        columns={"2024": "x", "2025": "x"},
        options=(
            Option(code="production", label="In production", waves=("2024",)),
            Option(code="most", label="Mostly", waves=("2025",)),
            Option(code="few", label="A little", waves=("2025",)),
            Option(code="none", label="No plans"),
            Option(code="unsure", label="Don't know"),
        ),
        nets=(
            Net(code="any", label="In production", of=("production", "most", "few")),
        ),
    )


@pytest.mark.parametrize(
    "code", ["unsure", "dont_know", "unknown", "undisclosed", "not_applicable"]
)
def test_not_knowing_is_no_answer(code: str) -> None:
    assert says_nothing(code)
    assert comes_last(code, ordered=True)
    assert not has_place(asked(), code)


@pytest.mark.parametrize("code", ["none", "neither", "no", "unsupported", "others"])
def test_a_refusal_is_an_answer(code: str) -> None:
    assert not says_nothing(code)


def test_none_is_the_end_of_an_ordered_list_and_the_rest_of_another() -> None:
    assert comes_last("none", ordered=False)
    assert not comes_last("none", ordered=True)
    assert comes_last("other", ordered=True)


def test_none_of_these_has_no_place_but_no_plans_has() -> None:
    assert not has_place(asked("select-all"), "none")
    assert has_place(asked("single"), "none")
    assert not has_place(asked(), "other")


def test_a_sum_of_one_answer_is_none() -> None:
    assert sums(asked(), ("2024",)) == ()
    assert [net.code for net in sums(asked(), ("2025",))] == ["any"]
    assert [net.code for net in sums(asked(), ("2024", "2025"))] == ["any"]
