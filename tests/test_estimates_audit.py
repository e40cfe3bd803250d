"""The audit finds what can be worked out, and nothing that is hidden can be."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path
from random import Random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import quiet
from test_estimates_suppression import (
    REAL,
    People,
    bases_of,
    columns_of,
    grid,
    survey_of,
)

from pipeline.definition import Survey
from pipeline.errors import DataError
from pipeline.estimates.audit import audit, audit_wave
from pipeline.estimates.audit_answers import answer_limits, bounds_of, told
from pipeline.estimates.audit_case import Bases, Bound, Case
from pipeline.estimates.suppression import Columns, hide, reasons, table
from pipeline.load import load_survey

STAR = (("r", "c"), ("c", "s"))
CROSSES = {"none": (), "one": STAR[:1], "two": STAR}


def primary(survey: Survey, columns: Columns) -> dict[tuple[str, str], int | None]:
    """What is published if small bases are hidden and nothing else."""
    return {
        (by, domain): None if 0 < n < survey.min_base else n
        for by, domain, n in zip(*columns, strict=True)
    }


def protected(survey: Survey, columns: Columns) -> dict[tuple[str, str], int | None]:
    """What is published if others are hidden to protect them."""
    why = hide(table(survey, "q", columns), survey.min_base)
    return shown(columns, [why[name] for name in zip(*columns[:2], strict=True)])


def shown(columns: Columns, why: list[str]) -> dict[tuple[str, str], int | None]:
    """What is published if bases with a reason are hidden."""
    return {
        (by, domain): None if reason else n
        for by, domain, n, reason in zip(*columns, why, strict=True)
    }


def found(survey: Survey, bases: Bases, **known: int) -> dict[str, tuple[float, ...]]:
    """Least, most and whether safe, by domain; `known` have so many in no domain."""
    bounds = Case(survey, "w", "q", bases).bounds(few=known)
    return {b.domain: (b.low, b.high, b.safe) for b in bounds}


def test_a_base_that_is_the_total_less_the_others_is_found() -> None:
    """All that is missing is in a, if everybody is in some domain."""
    survey = survey_of({"r": "abc"})
    columns = columns_of(survey, ["r"], {("a",): 4, ("b",): 50, ("c",): 20})
    assert found(survey, primary(survey, columns), r=0) == {"a": (4, 4, False)}


def test_a_cell_that_is_what_its_row_and_column_leave_is_found() -> None:
    """Small cells in different rows and columns."""
    survey, columns = grid([[4, 20, 30], [30, 7, 30], [40, 30, 50]])
    assert found(survey, primary(survey, columns), r=0, c=0) == {
        "r0*c0": (4, 4, False),
        "r1*c1": (7, 7, False),
    }


def test_a_chain_of_cells_that_can_be_undone_from_its_end_is_found() -> None:
    """No row and no column of the first two rows has one hidden cell alone."""
    survey, columns = grid([[4, 6, 30], [5, 8, 30], [40, 30, 7]])
    bounds = found(survey, primary(survey, columns), r=0, c=0)
    assert bounds["r2*c2"] == (7, 7, False)
    assert bounds["r0*c0"] == (0, 9, False)


def test_the_bounds_are_those_of_all_tables_that_agree() -> None:
    """Counted one by one: two rows of hidden cells, above a row that is shown."""
    n = [[4, 6, 2], [5, 1, 8], [40, 30, 20]]
    survey, columns = grid(n)
    bounds = found(survey, primary(survey, columns), r=0, c=0)
    tables = [
        (*upper, *lower)
        for upper, lower in product(ways(sum(n[0])), ways(sum(n[1])))
        if [a + b for a, b in zip(upper, lower, strict=True)] == [9, 7, 10]
    ]
    for cell, values in enumerate(zip(*tables, strict=True)):
        least, most, _ = bounds[f"r{cell // 3}*c{cell % 3}"]
        assert (least, most) == (min(values), max(values))


def ways(total: int) -> list[tuple[int, int, int]]:
    """All ways to divide a number by three."""
    return [
        (i, j, total - i - j) for i in range(total + 1) for j in range(total + 1 - i)
    ]


def test_bases_that_are_small_together_are_not_safe() -> None:
    """Each could be 0 to 6, but the six answers can be worked out: 56 less 50."""
    survey = survey_of({"r": "abc"}, min_base=10)
    columns = columns_of(survey, ["r"], {("a",): 3, ("b",): 50, ("c",): 3})
    bounds = found(survey, primary(survey, columns), r=0)
    assert bounds == {"a": (0, 6, False), "c": (0, 6, False)}


def test_those_in_no_domain_may_be_in_a_hidden_one_for_all_that_is_published() -> None:
    """Unless it is known how few they are."""
    survey = survey_of({"r": "ab"})
    columns = columns_of(survey, ["r"], {("a",): 4, ("b",): 50, ("",): 20})
    bases = primary(survey, columns)
    assert found(survey, bases) == {"a": (0, 24, True)}
    assert found(survey, bases, r=21) == {"a": (3, 24, True)}


def test_a_group_of_options_gives_away_its_parts() -> None:
    """Of the hidden a and c, a is in the published group x with b."""
    survey = survey_of(
        {"r": "abcd"}, groups={"g": ("r", {"x": ("a", "b"), "y": ("c", "d")})}
    )
    people = {("a",): 4, ("b",): 50, ("c",): 20, ("d",): 30}
    bases = primary(survey, columns_of(survey, ["r"], people)) | {("r", "c"): None}
    assert found(survey, bases, r=0)["a"] == (4, 4, False)


def test_a_domain_without_a_row_is_known_to_be_empty() -> None:
    """Of a hidden rectangle of four cells one has no row, so the others are known."""
    survey, columns = grid([[4, 20], [30, 0]])
    bases = primary(survey, columns) | {("r*c", "r0*c1"): None, ("r*c", "r1*c0"): None}
    assert found(survey, bases, r=0, c=0)["r0*c0"] == (4, 4, False)


def test_a_base_of_a_question_led_to_is_the_least_that_a_hidden_base_can_be() -> None:
    """Of those who were asked q, thirty in b were asked more."""
    survey = survey_of({"r": "abc"}, min_base=20)
    q = columns_of(survey, ["r"], {("a",): 4, ("b",): 31, ("c",): 40})
    more = columns_of(survey, ["r"], {("b",): 30, ("c",): 40})
    tables = {"q": protected(survey, q), "more": primary(survey, more)}
    bounds = {b.domain: b for b in audit_wave(survey, "w", tables, {"r": 0})}
    assert bounds["b"] == Bound("w", "q", "r", "b", 30, 35, False)
    assert bounds["a"] == Bound("w", "q", "r", "a", 0, 5, False)
    why = reasons(survey, {"q": q, "more": more})
    tables["more"] = shown(more, why["more"])
    assert all(b.safe for b in audit_wave(survey, "w", tables, {"r": 0}))


def test_a_crosstab_the_other_way_round_is_found() -> None:
    """c by r hides row 0; r by c tells how many of row 0 are in each column."""
    survey, columns = grid([[4, 3], [20, 30], [60, 70]])
    tables = {"c": protected(survey, columns), "r": primary(survey, columns)}
    by_c = [b for b in audit_wave(survey, "w", tables, {}) if b.question == "c"]
    assert {b.safe for b in by_c if b.by == "r"} == {False}


def test_bases_that_cannot_all_be_true_are_an_error() -> None:
    """Said by wave and question."""
    survey = survey_of({"r": "abc"})
    bases = {("", ""): 50, ("r", "a"): None, ("r", "b"): 60}
    with pytest.raises(DataError, match=r"estimates\.parquet, w, q"):
        found(survey, bases)


def test_a_build_is_audited_from_its_files(tmp_path: Path) -> None:
    """Hidden rows have no n; respondents.parquet says how many are in no domain."""
    survey = survey_of({"r": "abc"})
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE e AS SELECT * FROM (VALUES ('w', 'q', '', '', 74),"
        " ('w', 'q', 'r', 'a', NULL), ('w', 'q', 'r', 'a', NULL),"
        " ('w', 'q', 'r', 'b', 50), ('w', 'q', 'r', 'c', 20))"
        ' AS e(wave, question, "by", domain, n)'
    )
    con.execute(f"COPY e TO '{tmp_path}/estimates.parquet'")
    con.execute(
        "COPY (SELECT 'w' AS wave, nullif(i, 'x') AS r FROM (VALUES ('x'), ('a')) t(i))"
        f" TO '{tmp_path}/respondents.parquet'"
    )
    assert audit(survey, tmp_path, quiet) == [Bound("w", "q", "r", "a", 3, 4, False)]


def test_crosses_apart_are_linked_by_what_they_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where r by c by s would be too many unknowns, r by c and c by s tell as much."""
    options = {q: [f"{q}0", f"{q}1", f"{q}2"] for q in "rcs"}
    survey = survey_of(options, crosses=STAR)
    people = {one: i * i % 7 for i, one in enumerate(product(*options.values()))}
    bases = primary(survey, columns_of(survey, ["r", "c", "s"], people))
    bases |= {("c", "c1"): None, ("c", "c2"): None}
    together = found(survey, bases, r=0, c=0, s=0)
    monkeypatch.setattr("pipeline.estimates.audit_case.MOST", 16)
    assert found(survey, bases, r=0, c=0, s=0) == together
    assert len({bound[:2] for bound in together.values()}) > 3


@st.composite
def surveys(draw: st.DrawFn) -> tuple[Survey, Columns, People]:
    """A question by three others, with groups, crosses, gaps and unanswered ones."""
    sizes = {q: draw(st.integers(2, 4)) for q in "rcs"}
    options = {q: [f"{q}{i}" for i in range(k)] for q, k in sizes.items()}
    cut = draw(st.integers(1, sizes["r"] - 1))
    survey = survey_of(
        options,
        groups={"g": ("r", {"x": (*options["r"][:cut],), "y": (*options["r"][cut:],)})},
        crosses=CROSSES[draw(st.sampled_from(sorted(CROSSES)))]
        + draw(st.sampled_from([(), (("g", "c"),)])),
        min_base=draw(st.sampled_from([3, 10, 30])),
    )
    unknown = draw(st.sampled_from([0, 2, 20]))
    scale = draw(st.sampled_from([6, 20, 60]))
    people = {}
    for answers in product(*(["", *options[q]] for q in "rcs")):
        most = unknown if "" in answers else scale
        n = draw(st.integers(0, most))
        people[answers] = n if draw(st.booleans()) else n // 8
    people["", "", ""] = max(1, people["", "", ""])
    return survey, columns_of(survey, ["r", "c", "s"], people), people


@pytest.mark.slow
@settings(max_examples=30, deadline=None, derandomize=True)
@given(surveys())
def test_nothing_that_is_hidden_can_be_worked_out(
    made: tuple[Survey, Columns, People],
) -> None:
    """Whatever is counted, and however it is split."""
    survey, columns, _ = made
    bounds = Case(survey, "w", "q", protected(survey, columns)).bounds()
    assert [b for b in bounds if not b.safe] == []


@pytest.mark.slow
def test_the_real_survey_leaks_where_small_bases_alone_are_hidden_and_else_nowhere(
    tmp_path: Path,
) -> None:
    """State of App Dev, all waves and questions, with one wave for comparison."""
    survey = load_survey(REAL / "survey.toml")
    leaks = Counter[tuple[str, str]]()
    for wave, columns in bases_of(survey, tmp_path).items():
        why = reasons(survey, columns)
        tables = {"protected": {q: shown(c, why[q]) for q, c in columns.items()}}
        if wave == "2024":
            tables["primary"] = {q: primary(survey, c) for q, c in columns.items()}
        for name, bases in tables.items():
            bounds = audit_wave(survey, wave, bases, {"role": 0, "industry": 0})
            leaks[wave, name] = sum(not b.safe for b in bounds)
    assert leaks["2024", "primary"] > 150
    assert leaks["2024", "protected"] == leaks["2025", "protected"] == 0


def told_of(
    survey: Survey, bases: Bases, counts: Bases, **known: int
) -> dict[str, tuple[int, int]]:
    """Least and most who gave an answer, by hidden domain."""
    case = Case(survey, "w", "q", bases)
    within = answer_limits(case, counts, case.limits([], known))
    return {name[1]: bounds_of(case, name, within) for name in case.hidden()}


def test_the_bounds_of_an_answer_are_those_of_all_tables_that_agree() -> None:
    """Counted one by one: all bases and all answers that two hidden rows can have."""
    n, yes = [[4, 6], [5, 9], [40, 30]], [[1, 6], [3, 2], [9, 9]]
    survey, columns = grid(n)
    _, answered = grid(yes)
    bases = primary(survey, columns)
    counts = hidden_as(bases, answered)
    bounds = told_of(survey, bases, counts, r=0, c=0)
    found: dict[str, set[int]] = {}
    for a in range(11):
        for b in range(11):
            x = [[a, 10 - a], [9 - a, 5 + a]]
            y = [[b, 7 - b], [4 - b, 1 + b]]
            if all(0 <= y[i][k] <= x[i][k] for i in range(2) for k in range(2)):
                for i, k in product(range(2), range(2)):
                    found.setdefault(f"r{i}*c{k}", set()).add(y[i][k])
    assert bounds == {cell: (min(v), max(v)) for cell, v in found.items()}


def hidden_as(bases: Bases, answered: Columns) -> dict[tuple[str, str], int | None]:
    """The counts of an answer, hidden where the bases are."""
    counts = {(by, domain): n for by, domain, n in zip(*answered, strict=True)}
    return {
        name: None if n is None else counts.get(name, 0) for name, n in bases.items()
    }


def test_an_answer_that_only_hidden_respondents_can_have_given_is_found() -> None:
    """Both hidden bases are safe; but five of a's row said yes, and all are left."""
    survey = survey_of({"r": "abc"}, min_base=10)
    bases = {("", ""): 60, ("r", "a"): None, ("r", "b"): 50, ("r", "c"): None}
    counts = {("", ""): 55, ("r", "a"): None, ("r", "b"): 50, ("r", "c"): None}
    case = Case(survey, "w", "q", bases)
    limits = case.limits([], {"r": 0})
    assert [*told(case, {"yes": counts}, limits)] == []
    alone = bases | {("r", "c"): 6}
    left = counts | {("r", "c"): 3}
    case = Case(survey, "w", "q", alone)
    assert [*told(case, {"yes": left}, case.limits([], {"r": 0}))] == [
        Bound("w", "q", "r", "a", 2, 2, False, "yes")
    ]


def test_an_answer_that_nobody_else_can_have_given_is_found() -> None:
    """Bases have many tables; but nobody of column 1 said yes, so all are in 0."""
    survey, columns = grid([[4, 6], [5, 9], [40, 30]])
    _, answered = grid([[1, 0], [3, 0], [9, 9]])
    bases = primary(survey, columns)
    counts = {"yes": hidden_as(bases, answered)}
    case = Case(survey, "w", "q", bases)
    found = [*told(case, counts, case.limits([], {"r": 0, "c": 0}))]
    assert [(b.domain, b.low, b.high) for b in found] == [
        ("r0*c0", 1, 1),
        ("r1*c0", 3, 3),
    ]


def test_that_nobody_of_a_large_group_gave_an_answer_is_no_secret() -> None:
    """Nobody in all of it, or in what is left of it."""
    survey = survey_of({"r": "abc"}, min_base=10)
    bases = {("", ""): 90, ("r", "a"): None, ("r", "b"): 50, ("r", "c"): None}
    for everyone, b in ((0, 0), (7, 7)):
        counts = {("", ""): everyone, ("r", "a"): None, ("r", "b"): b, ("r", "c"): None}
        case = Case(survey, "w", "q", bases)
        assert [*told(case, {"yes": counts}, case.limits([], {"r": 0}))] == []
        assert told_of(survey, bases, counts, r=0) == {"a": (0, 0), "c": (0, 0)}


@pytest.mark.slow
@settings(max_examples=15, deadline=None, derandomize=True)
@given(surveys(), st.randoms(use_true_random=False))
def test_no_answer_of_hidden_respondents_can_be_worked_out(
    made: tuple[Survey, Columns, People], chance: Random
) -> None:
    """Whoever gave it, as long as bases are hidden as they are."""
    survey, columns, people = made
    answered = {cell: chance.randint(0, n) for cell, n in people.items()}
    bases = protected(survey, columns)
    counts = hidden_as(bases, columns_of(survey, ["r", "c", "s"], answered))
    case = Case(survey, "w", "q", bases)
    assert [*told(case, {"yes": counts}, case.limits([], {}))] == []
