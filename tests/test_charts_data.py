"""What a chart shows: which cells, in which order, and when there are none."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from charted import LONG, charted, figure_spec

from pipeline.charts.data import ChartData, Mark, read
from pipeline.charts.table import table
from pipeline.errors import DefinitionError, SurveyError
from pipeline.outline import FigureSpec


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("charted")


def shown(home: Path, spec: FigureSpec | str) -> ChartData:
    survey, build = charted(home)
    return read(survey, build, figure_spec(spec) if isinstance(spec, str) else spec)


def labels(data: ChartData) -> list[str]:
    return [row.label for row in data.rows]


def test_everyone_comes_first_and_another_role_last(home: Path) -> None:
    found = labels(shown(home, "bars-by"))
    assert (found[0], found[-1]) == ("All respondents", "Another role")


def test_answers_are_sorted_by_size_with_none_of_these_at_the_end(home: Path) -> None:
    found = labels(shown(home, "bars"))
    assert found == ["ChatGPT", "New in 2025", LONG, "None of these"]


def test_answers_with_a_sum_keep_their_order_below_it(home: Path) -> None:
    found = labels(shown(home, "bars-net"))
    assert found == [
        "Agree, in all",
        "Strongly agree",
        "Agree",
        "Neither",
        "Disagree",
        "Strongly disagree",
    ]


def test_a_sum_of_one_answer_is_not_shown_beside_it(home: Path) -> None:
    """In 2024 "in production" was one answer; in 2025 there were two."""
    found = labels(shown(home, "bars-one-sum"))
    assert found == ["In production", "No plans", "Don't know"]
    spec = msgspec.structs.replace(figure_spec("bars-one-sum"), waves=("2025",))
    assert labels(shown(home, spec))[0] == "In production"
    assert len(labels(shown(home, spec))) == 5


def test_answers_with_an_order_keep_it_whatever_their_size(home: Path) -> None:
    found = labels(shown(home, "bars-ordered"))
    assert found == ["Not confident", "Somewhat confident", "Confident"]


def test_none_of_these_is_not_ranked(home: Path) -> None:
    data = shown(home, "ranks")
    assert "None of these" not in labels(data)
    marks = dict(data.marks)
    for key, mark in marks.items():
        if mark.wave == "2025" and not mark.by:
            rank = {"none": 1, "a": 2, "c": 3, "b": 4}.get(mark.term)
            marks[key] = msgspec.structs.replace(mark, rank=rank)
    data = msgspec.structs.replace(data, marks=marks)
    places = [data.place(mark) for mark in _of(data, "2025", "a", "c", "b", "none")]
    assert places == [1, 2, 3, None]


def _of(data: ChartData, wave: str, *terms: str) -> list[Mark]:
    """Everyone's shares of these answers."""
    return [data.marks[wave, "share", term, ()] for term in terms]


def test_only_the_top_is_shown_and_the_rest_counted(home: Path) -> None:
    data = shown(home, "bars-top")
    assert labels(data) == ["ChatGPT", "New in 2025"]
    assert data.left_out == 2


def test_a_small_base_is_a_cell_without_a_value(home: Path) -> None:
    data = shown(home, "bars-by")
    assert [row.label for row, _ in data.suppressed()] == ["Another role"]
    assert data.value(data.rows[-1]) is None
    assert data.base(data.rows[-1]) is None


def test_an_answer_that_was_not_offered_is_an_empty_cell(home: Path) -> None:
    data = shown(home, "waves")
    row = next(r for r in data.rows if r.label == "New in 2025")
    assert data.at(row, data.columns[0]) is None
    assert data.value(row, data.columns[1]) == pytest.approx(0.4)


def test_the_last_wave_that_asked_is_shown_unless_waves_are_compared(
    home: Path,
) -> None:
    assert shown(home, "bars").waves == ("2025",)
    assert shown(home, "waves-three").waves == ("2023", "2024", "2025")


def test_a_wave_can_be_chosen(home: Path) -> None:
    spec = msgspec.structs.replace(figure_spec("bars"), waves=("2024",))
    assert shown(home, spec).waves == ("2024",)


def test_two_dimensions_may_be_named_in_either_order(home: Path) -> None:
    heat = figure_spec("heat")
    one, other = (
        shown(home, msgspec.structs.replace(heat, by=by))
        for by in ("role*industry", "industry*role")
    )
    cells = {(r.code, c.code): one.value(r, c) for r, c, _ in one.cells()}
    assert {(c.code, r.code): other.value(r, c) for r, c, _ in other.cells()} == cells


def test_ratings_without_a_term_are_shown_by_their_mean(home: Path) -> None:
    data = shown(home, "bars-mean")
    assert data.measure == "mean"
    assert data.value(data.rows[0]) == pytest.approx(4.96)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (FigureSpec(id="f", kind="bars", question="tools", by="role"), "one answer"),
        (
            FigureSpec(id="f", kind="heat", question="use", by="role*industry"),
            "one answer",
        ),
        (
            FigureSpec(id="f", kind="heat", question="use", term="yes"),
            "needs a dimension",
        ),
        (FigureSpec(id="f", kind="distribution", question="use"), "not a scale"),
        (FigureSpec(id="f", kind="ridges", question="tools"), "not a scale"),
        (FigureSpec(id="f", kind="panels", question="use"), "needs a dimension"),
        (FigureSpec(id="f", kind="combinations", question="use"), "takes one answer"),
        (
            FigureSpec(id="f", kind="combinations", question="tools", by="role"),
            "cannot be split",
        ),
        (FigureSpec(id="f", kind="heat", question="years", by="role"), "are numbers"),
        (FigureSpec(id="f", kind="stacked", question="depend"), "too many to tell"),
        (FigureSpec(id="f", kind="stacked", question="tools"), "do not add up"),
        (FigureSpec(id="f", kind="likert", question="use"), "not for and against"),
        (
            FigureSpec(
                id="f", kind="bars", question="use", term="yes", by="role*industry"
            ),
            "cannot be split",
        ),
    ],
)
def test_a_figure_that_its_question_cannot_give_is_an_error(
    home: Path, spec: FigureSpec, message: str
) -> None:
    with pytest.raises(DefinitionError, match=message):
        shown(home, spec)


def test_nothing_to_draw_says_why(home: Path) -> None:
    spec = FigureSpec(id="f", kind="bars", question="use", waves=("2023",))
    with pytest.raises(SurveyError, match="nothing to draw for use in 2023"):
        shown(home, spec)


def test_the_table_has_value_interval_and_n_of_each_bar(home: Path) -> None:
    found = table(shown(home, "bars-by"))
    assert found.header == ("Role", "Share", "95% interval", "n")
    assert found.rows[0] == ("All respondents", "40%", "36–44%", "1,000")
    assert found.rows[-1] == ("Another role", "too few answers", "", "under 30")


def test_a_table_of_many_columns_is_a_list(home: Path) -> None:
    found = table(shown(home, "distribution"))
    assert found.header == ("Role", "Answer", "Share", "95% interval", "n")
    assert found.rows[0] == ("All respondents", "0", "2%", "0–6%", "1,000")
    assert ("All respondents", "Mean", "5", "", "1,000") in found.rows
    assert "too few answers" not in {row[2] for row in found.rows[:-2]}


def test_a_cell_of_a_wide_table_has_a_line_for_each_of_its_parts(home: Path) -> None:
    stacked = table(shown(home, "stacked"))
    assert stacked.rows[0][1] == "30%\n26–34%"
    heat = table(shown(home, "heat"))
    assert heat.rows[0][1] == "40%\n36–44%\nn 1,000"
    assert heat.rows[-1][1] == "too few\nanswers"


def test_every_row_of_every_table_is_as_long_as_its_header(home: Path) -> None:
    from charted import FIGURES

    for spec in FIGURES:
        found = table(shown(home, spec))
        assert {len(row) for row in found.rows} == {len(found.header)}, spec.id
