"""Small bases are hidden, and nothing published gives a hidden one away."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.definition import Dimension, Group, Option, Question, Survey, Wave
from pipeline.estimates.suppression import (
    PROTECTS,
    SMALL,
    Columns,
    Domain,
    hide,
    reasons,
    table,
)
from pipeline.ingest.stage import ingest
from pipeline.load import load_survey

REAL = Path(__file__).parent.parent / "data" / "state-of-app-dev"
People = Mapping[Any, int]


def survey_of(
    questions: Mapping[str, Iterable[str]],
    *,
    groups: Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]] = {},
    crosses: tuple[tuple[str, str], ...] = (),
    min_base: int = 10,
) -> Survey:
    """A survey that splits "q" by other questions, grouped or not.

    `groups` are dimensions beside those of all options: question, options by domain.
    "more" was asked of those who answered "q" with yes.
    """
    wave = Wave(id="w", files=("w.csv",), start=dt.date(2025, 1, 1), end=dt.date.max)
    asked = {name: list(options) for name, options in questions.items()}
    asked |= {"q": ["yes", "no"], "more": ["yes", "no"]}
    grouped = {
        name: tuple(Group(code=c, label=c, options=o) for c, o in domains.items())
        for name, (_, domains) in groups.items()
    }
    return Survey(
        id="s",
        title="S",
        sample="opt-in",
        waves=(wave,),
        questions=tuple(
            Question(
                id=name,
                text=name,
                kind="single",
                columns={"w": name},
                options=tuple(Option(code=code, label=code) for code in options),
                asked={"q": ("yes",)} if name == "more" else {},
            )
            for name, options in asked.items()
        ),
        dimensions=(
            *(Dimension(id=name, label=name, question=name) for name in questions),
            *(
                Dimension(id=name, label=name, question=groups[name][0], groups=made)
                for name, made in grouped.items()
            ),
        ),
        crosses=crosses,
        min_base=min_base,
    )


def columns_of(survey: Survey, questions: list[str], people: People) -> Columns:
    """Split, domain and n of people counted by their answers to `questions`."""
    codes = {
        d.id: {o: g.code for g in survey.domains(d.id) for o in g.options}
        for d in survey.dimensions
    }
    of = {d.id: questions.index(d.question) for d in survey.dimensions}
    counted: Counter[Domain] = Counter()
    for by in ((), *((d.id,) for d in survey.dimensions), *survey.crosses):
        for answers, n in people.items():
            domain = [codes[d].get(answers[of[d]], "") for d in by]
            if all(domain) and n:
                counted["*".join(by), "*".join(domain)] += n
    names = list(counted)
    return [b for b, _ in names], [d for _, d in names], [counted[x] for x in names]


def grid(n: list[list[int]], min_base: int = 10) -> tuple[Survey, Columns]:
    """A question by rows r0, r1, … and columns c0, c1, … of these numbers of people."""
    rows, columns = ([f"{x}{i}" for i in range(k)] for x, k in sized(n))
    survey = survey_of(
        {"r": rows, "c": columns}, crosses=(("r", "c"),), min_base=min_base
    )
    people = {
        (r, c): n[i][j] for i, r in enumerate(rows) for j, c in enumerate(columns)
    }
    return survey, columns_of(survey, ["r", "c"], people)


def sized(n: list[list[int]]) -> list[tuple[str, int]]:
    """How many rows and columns."""
    return [("r", len(n)), ("c", len(n[0]))]


def hidden(survey: Survey, columns: Columns) -> dict[str, str]:
    """Reasons by domain, of those hidden."""
    why = hide(table(survey, "q", columns), survey.min_base)
    return {domain: reason for (_, domain), reason in why.items() if reason}


def line(**n: int) -> dict[str, str]:
    """What is hidden of one dimension with these bases; `none` is nobody's domain."""
    survey = survey_of({"r": [name for name in n if name != "none"]})
    people = {("" if name == "none" else name,): base for name, base in n.items()}
    return hidden(survey, columns_of(survey, ["r"], people))


def test_nothing_is_hidden_where_no_base_is_small() -> None:
    """Ten is not under ten."""
    assert line(a=10, b=50) == {}


def test_a_small_base_takes_its_smallest_neighbour_with_it() -> None:
    """Else it is the total less the others."""
    assert line(a=4, b=50, c=20, d=30) == {"a": SMALL, "c": PROTECTS}


def test_two_small_bases_protect_each_other() -> None:
    """Together they are large enough for anything to be said of them."""
    assert line(a=6, b=50, c=7) == {"a": SMALL, "c": SMALL}


def test_small_bases_that_are_small_together_take_a_neighbour_with_them() -> None:
    """The answers of all three could have been published, those of two could not."""
    assert line(a=2, b=50, c=3, d=20) == {"a": SMALL, "c": SMALL, "d": PROTECTS}


def test_a_domain_that_nobody_is_in_is_no_secret() -> None:
    """It has no row at all."""
    assert line(a=0, b=50, c=20) == {}


def test_few_without_an_answer_are_no_cover() -> None:
    """How few they are may be known from the topline of the dimension's question."""
    assert line(a=4, b=50, c=20, none=3) == {"a": SMALL, "c": PROTECTS}


def test_many_without_an_answer_are_cover_enough() -> None:
    """They are never published, like any other hidden domain."""
    assert line(a=4, b=50, c=20, none=30) == {"a": SMALL}


def test_everything_is_hidden_where_everyone_is_too_few() -> None:
    """The total too."""
    assert line(a=4, b=5) == {"": SMALL, "a": SMALL, "b": SMALL}


def test_one_small_cell_of_two_by_two_hides_all_four() -> None:
    """In its row, in its column, and where those two cross."""
    survey, columns = grid([[4, 20], [30, 40]])
    assert hidden(survey, columns) == {
        "r0*c0": SMALL,
        "r0*c1": PROTECTS,
        "r1*c0": PROTECTS,
        "r1*c1": PROTECTS,
    }


def test_one_small_cell_hides_a_rectangle_of_others_and_no_margin() -> None:
    """Four cells in all, of nine."""
    survey, columns = grid([[4, 20, 90], [30, 25, 80], [70, 60, 99]])
    found = hidden(survey, columns)
    assert [name for name, why in found.items() if why == SMALL] == ["r0*c0"]
    assert set(found) == {"r0*c0", "r0*c1", "r1*c0", "r1*c1"}


def test_a_small_row_is_hidden_with_its_cells_and_another_row() -> None:
    """The other row's cells need not go."""
    survey, columns = grid([[2, 3], [20, 30], [60, 70]])
    found = hidden(survey, columns)
    assert found["r0"] == SMALL
    assert found["r1"] == PROTECTS
    assert "r2" not in found
    assert "r2*c0" not in found


def test_a_cell_whose_row_holds_nobody_else_hides_the_row_too() -> None:
    """The row is the cell by another name."""
    survey, columns = grid([[6, 20], [8, 0], [70, 60]])
    found = hidden(survey, columns)
    assert found["r1"] == found["r1*c0"] == SMALL


def test_a_domain_is_protected_within_every_published_group_it_is_part_of() -> None:
    """Group x is published: what is left of it would be a, whatever else is hidden."""
    survey = survey_of(
        {"r": "abcd"}, groups={"g": ("r", {"x": ("a", "b"), "y": ("c", "d")})}
    )
    people = {("a",): 4, ("b",): 50, ("c",): 20, ("d",): 30}
    found = hidden(survey, columns_of(survey, ["r"], people))
    assert found == {"a": SMALL, "b": PROTECTS}


def test_a_group_of_one_option_is_hidden_with_it() -> None:
    """And its neighbour with both."""
    survey = survey_of(
        {"r": "abc"}, groups={"g": ("r", {"x": ("a",), "y": ("b", "c")})}
    )
    people = {("a",): 4, ("b",): 50, ("c",): 20}
    found = hidden(survey, columns_of(survey, ["r"], people))
    assert found == {"a": SMALL, "c": PROTECTS, "x": SMALL, "y": PROTECTS}


def test_a_domain_that_is_published_by_another_name_is_not_hidden_in_vain() -> None:
    """Row 1 holds cell (1, 0) alone, so to hide that cell would protect nothing."""
    survey, columns = grid([[4, 20], [30, 0], [40, 50]])
    assert "r1*c0" not in hidden(survey, columns)


def test_the_order_of_the_rows_changes_nothing() -> None:
    """The same domains are hidden, whoever counted them."""
    survey, columns = grid([[4, 20, 9], [20, 20, 80], [70, 60, 20]])
    rows = list(zip(*columns, strict=True))
    random.Random(1).shuffle(rows)
    by, domain, n = (list(column) for column in zip(*rows, strict=True))
    assert hidden(survey, (by, domain, n)) == hidden(survey, columns)


def test_a_hidden_domain_is_hidden_in_what_its_answers_lead_to() -> None:
    """Who was asked more said yes: their n is a count of those answers."""
    survey = survey_of({"r": "abc"})
    q = columns_of(survey, ["r"], {("a",): 4, ("b",): 30, ("c",): 40})
    more = columns_of(survey, ["r"], {("a",): 0, ("b",): 30, ("c",): 40})
    found = reasons(survey, {"q": q, "more": more})
    assert dict(zip(q[1], found["q"], strict=True))["b"] == PROTECTS
    assert dict(zip(more[1], found["more"], strict=True))["b"] == PROTECTS


def test_a_question_is_split_by_its_own_answers_wherever_the_rest_is_shown() -> None:
    """How many of column 0 are in row 0 is one of its counts."""
    survey, columns = grid([[14, 20], [4, 40]])
    why = hide(table(survey, "r", columns), survey.min_base)
    assert [name for name, reason in why.items() if reason] == [("r*c", "r1*c0")]


def test_a_crosstab_is_hidden_where_the_other_way_round_hides_a_domain() -> None:
    """Rows by columns would tell the columns by row of the hidden row."""
    survey, columns = grid([[4, 3], [20, 30], [60, 70]])
    found = reasons(survey, {"r": columns, "c": columns})
    by_question = {
        q: {
            name
            for name, why in zip(zip(*columns[:2], strict=True), found[q], strict=True)
            if why and "*" not in name[0]
        }
        for q in found
    }
    assert by_question["c"] >= {("r", "r0"), ("r", "r1")}
    assert by_question["r"] >= {("c", "c0"), ("c", "c1")}


def test_a_small_group_of_the_real_survey_takes_few_others_with_it(
    real_bases: dict[str, dict[str, Columns]],
) -> None:
    """State of App Dev: under one domain is hidden to protect thirty small ones."""
    survey = load_survey(REAL / "survey.toml")
    found = [why for b in real_bases.values() for why in reasons(survey, b).values()]
    count = Counter(reason for why in found for reason in why)
    assert count[SMALL] > 2500
    assert count[PROTECTS] < count[SMALL] / 30


@pytest.fixture(scope="module")
def real_bases(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, dict[str, Columns]]:
    """The bases of State of App Dev, counted from its responses."""
    return bases_of(load_survey(REAL / "survey.toml"), tmp_path_factory.mktemp("build"))


def bases_of(survey: Survey, build: Path) -> dict[str, dict[str, Columns]]:
    """By wave and question, counted from what ingest makes of the raw files."""
    ingest(survey, REAL / "raw", build, lambda _: None)
    con = duckdb.connect()
    con.execute(f"CREATE VIEW people AS FROM '{build}/respondents.parquet'")
    con.execute(f"CREATE VIEW answers AS FROM '{build}/answers.parquet'")
    names = list(dict.fromkeys(d.question for d in survey.dimensions))
    found: dict[str, dict[str, Columns]] = {}
    for wave in survey.waves:
        for question in survey.asked_in(wave.id):
            people = con.execute(
                f"SELECT {', '.join(names)}, COUNT(*) FROM people WHERE wave = $wave"
                " AND respondent IN (SELECT respondent FROM answers WHERE wave = $wave"
                " AND item = $item AND status = 'answered') GROUP BY ALL",
                {"wave": wave.id, "item": question.items(wave.id)[0]},
            ).fetchall()
            counts = {tuple(c or "" for c in codes): n for *codes, n in people}
            columns = columns_of(survey, names, counts)
            found.setdefault(wave.id, {})[question.id] = columns
    return found
