"""Letters stand where columns differ, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Reference

from pipeline.errors import DataError, NotFound
from pipeline.estimates.comparison import Banner, banner
from pipeline.estimates.letters import (
    Lettered,
    Rules,
    Span,
    letter_of,
    letters,
)
from pipeline.estimates.linear import Estimates


def table(
    shares: dict[str, tuple[float, float]], row: str = "yes", **more: float
) -> Banner:
    """Columns of independent, unweighted respondents: share and n of each."""
    p, n = np.array(list(shares.values())).T
    own = p * (1 - p) / n
    found = Estimates(
        tuple((column, row) for column in shares), p, np.diag(own), 9_999, n, n, own
    )
    return Banner(found, n, np.full(len(p), True))


def stacked(*tables: Banner) -> Banner:
    """Rows of the same columns as one table, independent of each other."""
    keys = tuple(key for t in tables for key in t.found.keys)
    values, n, effective = (
        np.concatenate([getattr(x, name) for x in found])
        for name, found in (
            ("values", [t.found for t in tables]),
            ("n", [t.found for t in tables]),
            ("effective", tables),
        )
    )
    cov = np.diag(np.concatenate([np.diag(t.found.cov) for t in tables]))
    found = Estimates(keys, values, cov, 9_999, n, n, np.diag(cov))
    return Banner(found, effective, np.full(len(n), True))


def shown(found: Lettered, row: str = "yes") -> dict[str, str]:
    """The letters by each column of a row."""
    return {c.column: "".join(c.letters) for c in found.cells if c.row == row}


ABC = {"a": (0.60, 400), "b": (0.50, 400), "c": (0.40, 400)}
ONE = [Span("role", ("a", "b", "c"))]


def test_the_higher_column_has_the_letter_of_the_lower_one() -> None:
    # a - b: z 2.8, p .004; a - c: z 5.8, p 1e-8; Holm times 2 and 3.
    assert shown(letters(table(ABC), ONE)) == {"a": "bC", "b": "c", "c": ""}


def test_case_goes_by_the_adjusted_p() -> None:
    found = letters(table(ABC), ONE)
    (b, c) = found.cell("a", "yes").marks
    assert (b.letter, c.letter) == ("b", "C")
    assert 0.001 < b.p_adjusted < 0.05
    assert c.p_adjusted < 0.001
    (family,) = (test.family for test in found.tests)
    assert (family.of, family.tests) == ("3 pairs of role in row yes", 3)
    assert family.method == "holm"


def test_levels_are_ours_to_choose() -> None:
    found = letters(table(ABC), ONE, Rules(lower=0.0001, upper=0.00001))
    assert shown(found) == {"a": "C", "b": "", "c": ""}


def test_more_tries_need_a_larger_difference() -> None:
    two = {"a": (0.60, 200), "b": (0.50, 200)}
    assert shown(letters(table(two), [Span("x", ("a", "b"))]))["a"] == "b"
    many = two | {f"c{i}": (0.55, 200) for i in range(6)}
    assert shown(letters(table(many), [Span("x", tuple(many))]))["a"] == ""
    none = Rules(method="none")
    assert shown(letters(table(many), [Span("x", tuple(many))], none))["a"] == "b"


def test_columns_are_tested_within_their_span_only() -> None:
    spans = [Span("role", ("a",)), Span("size", ("b", "c"))]
    found = letters(table(ABC), spans)
    assert shown(found) == {"a": "", "b": "c", "c": ""}
    assert [(h.letter, h.column, h.span) for h in found.heads] == [
        ("A", "a", "role"),
        ("B", "b", "size"),
        ("C", "c", "size"),
    ]


def test_small_bases_are_marked_and_the_smallest_are_not_tested() -> None:
    columns = {"a": (0.9, 400), "b": (0.5, 99), "c": (0.1, 29), "d": (0.2, 100)}
    found = letters(table(columns), [Span("role", tuple(columns))])
    assert [head.base for head in found.heads] == ["", "*", "**", ""]
    assert [cell.base for cell in found.cells] == ["", "*", "**", ""]
    assert shown(found) == {"a": "BD", "b": "D", "c": "", "d": ""}
    assert found.tests[0].family.tests == 3


def test_a_net_is_not_tested_against_its_parts() -> None:
    columns = {"all": (0.5, 800), "eu": (0.7, 400), "us": (0.3, 400), "x": (0.2, 400)}
    net = Span("land", tuple(columns), {"all": ("eu", "us")})
    found = letters(table(columns), [net])
    assert shown(found) == {"all": "D", "eu": "CD", "us": "d", "x": ""}
    assert found.tests[0].family.tests == 4


def test_a_net_of_nets_is_not_tested_against_any_of_its_parts() -> None:
    columns = {"all": (0.5, 800), "west": (0.7, 400), "eu": (0.1, 400)}
    net = Span("land", tuple(columns), {"all": ("west",), "west": ("eu",)})
    assert shown(letters(table(columns), [net])) == {"all": "", "west": "", "eu": ""}


def test_another_row_changes_no_letter_unless_the_table_is_one_family() -> None:
    close = table({"a": (0.55, 400), "b": (0.47, 400)})  # p .024
    quiet = [
        table({"a": (0.5, 400), "b": (0.5, 400)}, row=f"row {i}") for i in range(9)
    ]
    span = [Span("role", ("a", "b"))]
    assert shown(letters(stacked(close, *quiet), span))["a"] == "b"
    every = letters(stacked(close, *quiet), span, Rules(family="table"))
    assert shown(every)["a"] == ""
    assert [(t.family.of, t.family.tests) for t in every.tests] == [
        ("10 pairs of the table", 10)
    ]


def test_letters_go_on_after_z() -> None:
    assert [letter_of(i) for i in (0, 25, 26, 27, 51, 52, 701, 702)] == [
        *("A", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA")
    ]


def test_a_column_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="no column 'aa'"):
        letters(table(ABC), [Span("role", ("a", "aa"))])


@pytest.mark.parametrize(
    "spans",
    [
        [Span("role", ("a", "b", "a"))],
        [Span("role", ("a", "b")), Span("size", ("b", "c"))],
    ],
)
def test_a_column_has_one_letter(spans: list[Span]) -> None:
    with pytest.raises(DataError, match="there twice"):
        letters(table(ABC), spans)


def test_a_column_with_nobody_is_neither_tested_nor_lettered() -> None:
    with np.errstate(invalid="ignore", divide="ignore"):
        cells = table({"a": (0.9, 400), "b": (np.nan, 0), "c": (0.2, 400)})
    found = letters(cells, ONE)
    assert shown(found) == {"a": "C", "b": "", "c": ""}
    assert found.cell("b", "yes").base == "**"


SHARES = st.lists(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), min_size=2, max_size=6)


@given(SHARES, st.sampled_from([40, 90, 400]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_letter_is_of_a_lower_column_that_differs(
    shares: list[float], n: int, strict: bool
) -> None:
    columns = {f"c{i}": (p, n) for i, p in enumerate(shares)}
    found = letters(
        table(columns), [Span("role", tuple(columns))], Rules(strict=strict)
    )
    value = {cell.column: cell.value for cell in found.cells}
    name = {head.letter: head.column for head in found.heads}
    marked = 0
    for cell in found.cells:
        order = [mark.letter.upper() for mark in cell.marks]
        assert order == sorted(order)
        for mark in cell.marks:
            assert value[name[mark.letter.upper()]] < cell.value
            assert mark.letter.isupper() == (mark.p_adjusted < 0.001)
        marked += len(cell.marks)
    assert marked == sum(int((test.p_adjusted < 0.05).sum()) for test in found.tests)


@given(SHARES, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_columns_only_renames_letters(
    shares: list[float], random: object
) -> None:
    columns = {f"c{i}": (p, 150) for i, p in enumerate(shares)}
    names = list(columns)
    random.shuffle(names)  # type: ignore[attr-defined]

    def below(order: list[str]) -> set[tuple[str, str]]:
        found = letters(table(columns), [Span("role", tuple(order))])
        name = {head.letter: head.column for head in found.heads}
        return {
            (cell.column, name[mark.letter.upper()])
            for cell in found.cells
            for mark in cell.marks
        }

    assert below(names) == below(list(columns))


def test_roles_of_the_developer_survey_are_lettered_as_r_tests_them(
    shared: Path,
) -> None:
    r = Reference(shared / "reference")
    roles = ("Backend", "Data", "DevOps", "Frontend", "Full-stack", "Manager")
    roles = (*roles, "Mobile", "Student")
    cells = banner(
        r.sample("ddev"),
        {"t2b": "CAST(satisfaction >= 4 AS INT)"},
        {role: f"role = '{role}'" for role in roles},
    )
    found = letters(cells, [Span("role", roles)], Rules(strict=False))
    p = {
        row["term"]: float(row["p_value"])
        for row in r.rows("column_test", design="ddev")
        if "t, Taylor variance; adjust=holm" in row["method"]
    }
    letter = {head.letter.lower(): head.column for head in found.heads}
    marked = {
        f"t2b: {a} vs {b}"
        for cell in found.cells
        for mark in cell.marks
        for a, b in [sorted((cell.column, letter[mark.letter.lower()]))]
    }
    assert marked & set(p) == {term for term, value in p.items() if value < 0.05}
    assert marked
    assert [head.n for head in found.heads] == [933, 440, 362, 690, 929, 313, 317, 235]
