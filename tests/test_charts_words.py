"""What stands around a chart, and what is read out in its place."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from charted import FIGURES, NOTICE, charted, figure_spec

from pipeline.charts import words
from pipeline.charts.alt import alt
from pipeline.charts.data import ChartData, read
from pipeline.definition import Group
from pipeline.outline import FigureSpec


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("charted")


def shown(home: Path, spec: FigureSpec | str) -> ChartData:
    survey, build = charted(home)
    return read(survey, build, figure_spec(spec) if isinstance(spec, str) else spec)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bars-by", "Share of respondents who use AI at work, by role, 2025"),
        (
            "bars",
            "Share of AI users choosing each answer (several were possible), 2025",
        ),
        ("bars-net", "Share of respondents giving each answer, 2025"),
        (
            "bars-mean",
            "Mean dependence on AI on a scale of 0 to 10 among respondents, by role,"
            " 2025",
        ),
        (
            "distribution",
            "How respondents rate their dependence on AI, from 0 (never) to 10"
            " (wholly), by role, 2025",
        ),
        (
            "heat",
            "Share of respondents who use AI at work, by role and industry, 2025",
        ),
        (
            "waves-by",
            "Share of respondents who use AI at work, by role, 2024 and 2025",
        ),
    ],
)
def test_the_subtitle_says_measure_people_split_and_wave(
    home: Path, name: str, said: str
) -> None:
    assert words.subtitle(shown(home, name)) == said


@pytest.mark.parametrize("spec", FIGURES, ids=lambda spec: spec.id)
def test_every_chart_has_alternative_text_with_a_number(
    home: Path, spec: FigureSpec
) -> None:
    text = alt(shown(home, spec))
    assert text.endswith(".")
    # Which waves there are is a number too, so it does not count.
    gist = text.split(words.subtitle(shown(home, spec)))[1]
    assert any(c.isdigit() for c in gist) or spec.kind == "ranks"


def test_alternative_text_names_the_highest_and_the_lowest(home: Path) -> None:
    assert alt(shown(home, "bars")).endswith(
        "Highest: ChatGPT, 80%; lowest: Somebody who does a little of everything, and"
        " answers the phone as well, 25%."
    )


@pytest.mark.parametrize("spec", FIGURES, ids=lambda spec: spec.id)
def test_the_notice_stands_on_every_source_line(home: Path, spec: FigureSpec) -> None:
    assert words.source(shown(home, spec)).endswith(f"{NOTICE}.")


def test_no_chart_of_an_opt_in_survey_speaks_of_a_margin_of_error(home: Path) -> None:
    for spec in FIGURES:
        data = shown(home, spec)
        said = " ".join([*words.notes(data), alt(data), words.source(data)])
        assert "margin" not in said.casefold()


def test_intervals_are_explained_where_they_are_drawn(home: Path) -> None:
    assert "as if drawn at random" in words.notes(shown(home, "bars"))[0]
    assert words.notes(shown(home, "ranks")) == ()


def test_what_is_hidden_is_named(home: Path) -> None:
    notes = words.notes(shown(home, "bars-by"))
    assert "Too few answers to show (under 30): Another role." in notes


def test_those_in_no_group_are_counted(home: Path) -> None:
    spec = FigureSpec(id="f", kind="bars", question="use", term="yes", by="industry")
    data = shown(home, spec)
    assert words.notes(data)[0] == "Industry is not known for 640 of them."
    kept, *_ = data.survey.dimensions[1:]
    groups = tuple(
        Group(code=o.code, label=o.label, options=(o.code,))
        for o in data.survey.question("industry").choices[:2]
    )
    fewer = msgspec.structs.replace(kept, groups=groups)
    survey = msgspec.structs.replace(data.survey, dimensions=(fewer,))
    data = msgspec.structs.replace(data, survey=survey)
    assert words.ungrouped(data) == "In none of the groups: 640 of them."


def test_those_in_no_group_are_not_counted_where_a_group_is_hidden(home: Path) -> None:
    """Whoever knew both could subtract."""
    assert words.ungrouped(shown(home, "bars-by")) == ""


def test_italics_are_explained_where_there_are_any(home: Path) -> None:
    note = next(n for n in words.notes(shown(home, "heat")) if "italics" in n)
    assert "uncertain" in note
    assert not any("italics" in n for n in words.notes(shown(home, "heat-options")))


def test_people_with_a_clause_of_their_own_come_last(home: Path) -> None:
    data = shown(home, "bars-by")
    question = msgspec.structs.replace(data.question, base_say="people who code")
    data = msgspec.structs.replace(data, question=question)
    assert words.subtitle(data).startswith(
        "Share who use AI at work among people who code, by role"
    )


def test_waves_that_cannot_be_compared_say_why(home: Path) -> None:
    notes = words.notes(shown(home, "waves-broken"))
    assert "2024 and 2025 cannot be compared: The wording changed." in notes


def test_the_base_is_given_for_each_wave(home: Path) -> None:
    assert words.base(shown(home, "bars")) == "1,000 AI users"
    three = "1,000 AI users in 2023, 1,000 in 2024 and 1,000 in 2025"
    assert words.base(shown(home, "waves-three")) == three


def test_a_mark_is_spoken_with_its_interval_and_n(home: Path) -> None:
    data = shown(home, "bars-by")
    said = words.spoken(data, data.rows[0])
    assert said == "All respondents: 40%, 95% interval 36% to 44%, n 1,000"
    assert words.spoken(data, data.rows[-1]) == "Another role: too few answers"


def test_a_share_is_never_rounded_to_nothing(home: Path) -> None:
    data = shown(home, "bars")
    assert words.shown(data, data.at(data.rows[-1])) == "<1%"


@pytest.mark.parametrize(
    ("label", "meaning"),
    [
        ("0 - not at all dependent", "not at all dependent"),
        ("10: wholly", "wholly"),
        ("never", "never"),
        ("7", ""),
    ],
)
def test_the_end_of_a_scale_is_named_without_its_number(
    label: str, meaning: str
) -> None:
    assert words.end_label(label) == meaning
