"""t tests give R's numbers on every reference design, and say why there is none."""

from __future__ import annotations

import math
from itertools import count
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Reference, Row, differences

from pipeline.design import Design
from pipeline.errors import DataError
from pipeline.estimates.regression import fit
from pipeline.estimates.sample import Sample
from pipeline.estimates.terms import Category
from pipeline.estimates.ttest import TTest, one_sample, paired, two_sample

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def r(shared: Path) -> Reference:
    """R's results."""
    return Reference(shared / "reference")


def t_test_of(r: Reference, row: Row) -> TTest:
    """The test of an R term such as api00~comp.imp or I(api00-api99)~0 (paired)."""
    left, right = row["term"].replace(".", "_").split("~")
    if right.startswith("0"):
        a, b = left.removeprefix("I(").removesuffix(")").split("-")
        return paired(r.sample(row["design"]), a, b)
    return two_sample(r.sample(row["design"]), left, right)


def test_r_finds_the_same_t(r: Reference) -> None:
    found = []
    for row in r.rows("svyttest"):
        test = t_test_of(r, row)
        found += differences(row, {"estimate": test.statistic, "df": test.df})
        found += differences(row, {"p_value": test.p_value}, 1e-6)
    assert not found, "\n".join(found)


def test_r_finds_the_same_difference_and_interval(r: Reference) -> None:
    found = []
    for row in r.rows("svyttest_diff"):
        test = t_test_of(r, row)
        low, high = test.interval()
        ours = {"estimate": test.estimate, "se": test.se, "df": test.df}
        found += differences(row, ours | {"ci_low": low, "ci_high": high})
        found += differences(row, {"p_value": test.p_value}, 1e-6)
    assert not found, "\n".join(found)


def test_raked_weights_are_not_taken_as_given(r: Reference) -> None:
    """R: svyttest(api00~comp.imp, rake(dclus1, list(~stype, ~sch.wide), ...))."""
    test = two_sample(r.sample("clus1_rake"), "api00", "comp_imp")
    assert test.statistic == pytest.approx(0.9468377878927, rel=1e-11)
    assert test.interval() == pytest.approx((-20.5175834151298, 52.5346071214579))
    assert (test.df, test.groups) == (13, ("No", "Yes"))


@pytest.mark.parametrize("design", ["dclus2", "rstrat_jkn", "clus1_rake"])
def test_a_t_test_is_a_regression_on_the_group(r: Reference, design: str) -> None:
    test = two_sample(r.sample(design), "api00", "comp_imp", "ell > 10")
    model = fit(r.sample(design), "api00", [Category("comp_imp")], where="ell > 10")
    assert test.estimate == pytest.approx(model.coefficients[1], rel=1e-9)
    assert test.se == pytest.approx(model.se[1], rel=1e-9)
    assert test.p_value == pytest.approx(model.p_value[1], rel=1e-6)
    assert test.df == model.df


def test_two_of_many_groups_are_compared_by_where(r: Reference) -> None:
    sample = r.sample("dstrat")
    two = two_sample(sample, "api00", "stype", "stype <> 'M'")
    condition = two_sample(sample, "api00", "stype = 'H'", "stype <> 'M'")
    assert (two.groups, condition.groups) == (("E", "H"), (False, True))
    assert condition.statistic == two.statistic


def test_a_mean_is_tested_against_a_value(r: Reference) -> None:
    sample = r.sample("dclus1")
    found = one_sample(sample, "api00")
    shifted = one_sample(sample, "api00 - 600")
    against = one_sample(sample, "api00", null=600)
    assert against.estimate == found.estimate
    assert against.statistic == pytest.approx(shifted.statistic, rel=1e-9)


# --- laws -----------------------------------------------------------------------------


CON, COUNT = duckdb.connect(), count()


def people(rows: list[tuple[float, str, float]]) -> Sample:
    """Respondents, each an answer y, a group g and a weight."""
    y, g, w = (np.array(values) for values in zip(*rows, strict=True))
    table = f"people{next(COUNT)}"
    CON.register(table, {"y": y, "g": g.astype(object), "w": w})
    return Sample(CON, table, Design(), "w")


PEOPLE = st.lists(
    st.tuples(st.integers(0, 10), st.sampled_from("ab"), st.integers(1, 9)), max_size=20
)
SURE = [(1, "a", 1), (3, "a", 2), (2, "b", 1), (5, "b", 3)]


@settings(max_examples=20, deadline=None)
@given(PEOPLE, st.floats(1e-3, 1e6))
def test_weights_scaled_change_nothing(
    more: list[tuple[int, str, int]], scale: float
) -> None:
    rows = [(float(y), g, float(w)) for y, g, w in SURE + more]
    test = two_sample(people(rows), "y", "g")
    again = two_sample(people([(y, g, w * scale) for y, g, w in rows]), "y", "g")
    assert again.statistic == pytest.approx(test.statistic, rel=1e-7, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(PEOPLE)
def test_groups_in_the_other_order_change_the_sign_only(
    more: list[tuple[int, str, int]],
) -> None:
    rows = [(float(y), g, float(w)) for y, g, w in SURE + more]
    test = two_sample(people(rows), "y", "g")
    names = {"a": "z", "b": "y"}
    again = two_sample(people([(y, names[g], w) for y, g, w in rows]), "y", "g")
    assert again.statistic == pytest.approx(-test.statistic, abs=1e-9)
    assert again.p_value == pytest.approx(test.p_value)


# --- what has no answer ---------------------------------------------------------------


def test_one_group_or_three_cannot_be_compared(r: Reference) -> None:
    with pytest.raises(DataError, match="stype has 3 with a value of api00"):
        two_sample(r.sample("dstrat"), "api00", "stype")
    with pytest.raises(DataError, match="stype has 1 with"):
        two_sample(r.sample("dstrat"), "api00", "stype", "stype = 'E'")
    with pytest.raises(DataError, match="nobody has a value of api00"):
        one_sample(r.sample("dstrat"), "api00", "api00 < 0")


def test_a_test_that_cannot_be_made_says_why() -> None:
    two = two_sample(people([(1, "a", 1), (2, "b", 1)]), "y", "g")
    assert math.isnan(two.p_value)
    assert math.isnan(two.interval()[0])
    assert two.reason == "the design leaves 0 degrees of freedom for the test"
    same = paired(people([(y, "a", 1) for y in (1, 2, 3)]), "y", "y")
    assert math.isnan(same.statistic)
    assert same.reason == "the values do not vary under this design"
