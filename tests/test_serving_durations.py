"""Durations are read and written as Go does."""

from __future__ import annotations

import pytest

from pipeline.errors import SurveyError
from pipeline.serving.durations import duration, seconds


# What Go's time.ParseDuration and Duration.String give for these.
@pytest.mark.parametrize(
    ("text", "amount", "written"),
    [
        ("5m", 300, "5m0s"),
        ("1h30m", 5400, "1h30m0s"),
        ("90s", 90, "1m30s"),
        ("1.5h", 5400, "1h30m0s"),
        ("2500ms", 2.5, "2.5s"),
        ("0", 0, "0s"),
        ("24h", 86400, "24h0m0s"),
    ],
)
def test_durations_are_those_of_go(text: str, amount: float, written: str) -> None:
    assert seconds(text) == amount
    assert duration(amount) == written


def test_below_zero_is_for_ever() -> None:
    assert seconds("-1") < 0
    assert duration(seconds("-1m")) == "-1"


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "5m!", "1e9s", "٣m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(SurveyError, match="not a duration"):
        seconds(text)
