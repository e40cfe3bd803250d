"""The disclosure card says what is known and admits the rest."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from pipeline.definition import About, Dimension, Question, Survey, Wave
from pipeline.disclosure import disclosure, field_dates, interval_wording

WAVE = Wave(
    id="2025", files=("a.csv",), start=dt.date(2024, 9, 20), end=dt.date(2024, 10, 31)
)
ROLE = Question(
    id="role", text="Your role?", kind="single", columns={"2025": "Q1"}, options=()
)
SURVEY = Survey(
    id="dev",
    title="State of Dev",
    sample="opt-in",
    waves=(WAVE,),
    questions=(ROLE,),
    dimensions=(Dimension(id="role", label="Role", question="role"),),
)
INGEST: dict[str, Any] = {
    "survey": "dev",
    "waves": [
        {
            "wave": "2025",
            "rows_read": 4630,
            "dropped": [{"reason": "test run", "count": 12, "rows": [2]}],
            "rejected": [{"question": "age", "reason": "impossible", "count": 3}],
            "respondents": 4618,
        }
    ],
}
WEIGHTS: list[dict[str, Any]] = [
    {
        "wave": "2025",
        "respondents": 4618,
        "weighted": True,
        "design_effect": 1.26,
        "effective_n": 3665.08,
        "smallest": 0.4,
        "largest": 2.35,
        "margins": [{"dimension": "role", "domain": "a", "target": 0.5}],
        "sources": ["Labour force survey 2023"],
    }
]


def card(survey: Survey = SURVEY, **known: Any) -> dict[str, str | None]:
    return {d.item: d.text for d in disclosure(survey, WAVE, **known)}


def test_there_are_eleven_items() -> None:
    assert len(card()) == 11


def test_what_nobody_stated_is_not_disclosed() -> None:
    shown = card()
    assert shown["Population under study"] is None
    assert shown["Mode of data collection"] is None
    assert shown["Who sponsored the research and who conducted it"] is None
    assert shown["Sample sizes and precision"] is None
    assert shown["How the data were weighted"] is None


def test_what_the_definition_states_is_told_as_sentences() -> None:
    about = About(sponsor="Acme", conducted_by="Acme", mode="Online form")
    shown = card(msgspec.structs.replace(SURVEY, about=about))
    assert shown["Mode of data collection"] == "Online form."
    assert (
        shown["Who sponsored the research and who conducted it"]
        == "Sponsor and conductor: Acme."
    )


def test_counts_come_from_the_account_of_the_ingest() -> None:
    told = card(ingest=INGEST)["How the data were processed"]
    assert told is not None
    assert "Rows read: 4,630; left out: 12 (test run)." in told
    assert "impossible or unknown: 3." in told


def test_weighting_names_its_dimensions_its_source_and_its_cost() -> None:
    shown = card(ingest=INGEST, weights=WEIGHTS)
    weighted, sizes = (
        shown["How the data were weighted"],
        shown["Sample sizes and precision"],
    )
    assert weighted is not None
    assert "shares of role. Targets: Labour force survey 2023." in weighted
    assert sizes is not None
    assert "worth 3,665 (design effect 1.26)" in sizes


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("rake", "Raked to population shares of role."),
        ("post-stratify", "Post-stratified to population shares of role."),
        ("linear", "Calibrated to population shares of role."),
        ("logit", "Calibrated to population shares of role."),
    ],
)
def test_weighting_is_called_what_it_was(method: str, said: str) -> None:
    account = [WEIGHTS[0] | {"method": method, "trimmed": 0}]
    told = card(weights=account)["How the data were weighted"]
    assert told is not None
    assert told.startswith(said)
    assert "rimmed" not in told


def test_trimming_is_told() -> None:
    account = [WEIGHTS[0] | {"method": "rake", "trimmed": 1204}]
    told = card(weights=account)["How the data were weighted"]
    assert told is not None
    assert "Trimmed: 1,204 weights that lay far out." in told


def test_an_unweighted_wave_says_so() -> None:
    account = [{"wave": "2025", "respondents": 10, "weighted": False}]
    assert card(weights=account)["How the data were weighted"] == (
        "Not weighted: each respondent counts once."
    )


@pytest.mark.parametrize("known", [{}, {"ingest": INGEST, "weights": WEIGHTS}])
def test_people_who_chose_to_take_part_have_no_margin_of_error(
    known: dict[str, Any],
) -> None:
    everything = " ".join(filter(None, card(**known).values()))
    words = interval_wording(SURVEY)
    told = " ".join((everything, words.name, words.note, words.model)).lower()
    for forbidden in ("margin of error", "sampling error", "confidence"):
        assert forbidden not in told


def test_a_probability_sample_may_name_its_margin_of_error() -> None:
    survey = msgspec.structs.replace(SURVEY, sample="probability")
    assert "margin of sampling error" in interval_wording(survey).model


def test_a_simulation_admits_it_first_among_its_limitations() -> None:
    notice = "Simulated to match published figures"
    text = card(msgspec.structs.replace(SURVEY, notice=notice))["Limitations"]
    assert text is not None
    assert text.startswith(f"{notice}. ")


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        ("2024-09-20", "2024-10-31", "20 September to 31 October 2024"),
        ("2023-12-01", "2024-01-15", "1 December 2023 to 15 January 2024"),
        ("2024-05-06", "2024-05-06", "6 May 2024"),
    ],
)
def test_dates_read_as_one_would_say_them(start: str, end: str, shown: str) -> None:
    wave = msgspec.structs.replace(
        WAVE, start=dt.date.fromisoformat(start), end=dt.date.fromisoformat(end)
    )
    assert field_dates(wave) == shown


def test_days_that_nobody_stated_are_not_said() -> None:
    wave = msgspec.structs.replace(WAVE, start=None, end=None)
    assert field_dates(wave) == ""
    items = {item.item: item.text for item in disclosure(SURVEY, wave)}
    assert not items["Dates of data collection"]
