"""Rank tests give R's numbers on every reference design, and do not depend on rows."""

from __future__ import annotations

import math
from itertools import count, permutations
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Reference, differences

from pipeline.design import Design
from pipeline.errors import DataError
from pipeline.estimates import chisq
from pipeline.estimates.frame import EVERYONE
from pipeline.estimates.ranktest import Scores, mean_scores, rank_test
from pipeline.estimates.sample import Sample

SCORES: dict[str, Scores] = {
    "wilcoxon": "wilcoxon",
    "vanderWaerden": "van-der-waerden",
    "median": "median",
    "KruskalWallis": "wilcoxon",
}


@pytest.fixture(scope="module")
def r(shared: Path) -> Reference:
    """R's results."""
    return Reference(shared / "reference")


def numbered(sample: Sample, design: str) -> Sample:
    """The sample with its rows numbered as R has them, in `place`."""
    table = f"(SELECT *, rowid AS place FROM t_{design})"
    weight = "" if sample.weight == "implied_weight" else sample.weight
    return Sample(sample.con, table, sample.design, weight, sample.calibration)


def ranked(
    sample: Sample,
    y: str,
    by: str,
    scores: Scores = "wilcoxon",
    where: str = EVERYONE,
    order: str = "",
) -> chisq.Test:
    """The rank test of `y` by groups."""
    return rank_test(mean_scores(sample, y, by, scores, where, order), scores)


def test_r_finds_the_same(r: Reference) -> None:
    found = []
    for row in r.rows("svyranktest"):
        y, by = row["term"].replace(".", "_").split("~")
        sample = numbered(r.sample(row["design"]), row["design"])
        scores = SCORES[row["method"].split()[0]]
        test = ranked(sample, y, by, scores, order="place")
        ours = {"estimate": test.statistic, "df": test.df, "df2": test.df2}
        found += differences(row, ours)
        found += differences(row, {"p_value": test.p_value}, 1e-6)
    assert not found, "\n".join(found)


def test_the_order_of_rows_matters_to_r_in_the_third_digit_at_most(
    r: Reference,
) -> None:
    for row in r.rows("svyranktest"):
        y, by = row["term"].replace(".", "_").split("~")
        scores = SCORES[row["method"].split()[0]]
        test = ranked(r.sample(row["design"]), y, by, scores)
        assert test.statistic == pytest.approx(float(row["estimate"]), rel=4e-3)


def test_raked_weights_are_not_taken_as_given(r: Reference) -> None:
    """R: svyranktest(api00~g, rake(dclus1, list(~stype, ~sch.wide), ...))."""
    sample = numbered(r.sample("clus1_rake"), "clus1_rake")
    wilcoxon = ranked(sample, "api00", "comp_imp", order="place")
    median = ranked(sample, "api00", "comp_imp", "median", order="place")
    several = ranked(sample, "api00", "stype", order="place")
    assert wilcoxon.statistic == pytest.approx(0.859293044196664, rel=1e-11)
    assert median.statistic == pytest.approx(0.595209768332242, rel=1e-11)
    assert several.statistic == pytest.approx(1.935819298572709, rel=1e-11)
    assert several.p_value == pytest.approx(0.407654685379392, rel=1e-11)


def test_replicates_take_the_scores_as_given(r: Reference) -> None:
    """R: svyranktest(api00~comp.imp, as.svrepdesign(dstrat))."""
    sample = numbered(r.sample("rstrat_jkn"), "rstrat_jkn")
    test = ranked(sample, "api00", "comp_imp", order="place")
    assert test.statistic == pytest.approx(1.8811886457657157, rel=1e-11)
    assert test.df == 196


# --- laws -----------------------------------------------------------------------------

CON, COUNT = duckdb.connect(), count()
Person = tuple[float, str, float]


def people(rows: list[Person], place: tuple[int, ...] = ()) -> Sample:
    """Respondents, each an answer y, a group g and a weight, at their places."""
    y, g, w = (np.array(values) for values in zip(*rows, strict=True))
    columns = {"y": y, "g": g.astype(object), "w": w}
    table = f"people{next(COUNT)}"
    CON.register(table, columns | {"place": np.array(place or range(len(rows)))})
    return Sample(CON, table, Design(), "w")


PEOPLE = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from("abc"), st.integers(1, 9)), max_size=20
)
SURE: list[tuple[int, str, int]] = [
    *((1, "a", 1), (3, "a", 2), (2, "b", 1), (4, "b", 3), (0, "c", 5), (4, "c", 2))
]


def rows_of(more: list[tuple[int, str, int]]) -> list[Person]:
    return [(float(y), g, float(w)) for y, g, w in SURE + more]


def test_ours_is_the_mean_of_r_over_all_orders_of_rows() -> None:
    rows: list[Person] = [(1, "a", 1), (1, "a", 5), (1, "b", 2), (0, "b", 3)]
    each = [
        mean_scores(people(rows, order), "y", "g", order="place").values
        for order in permutations(range(4))
    ]
    ours = mean_scores(people(rows), "y", "g").values
    assert np.ptp(each, axis=0).min() > 0.05
    assert ours == pytest.approx(np.mean(each, axis=0), rel=1e-12)


def test_a_mean_score_is_the_chance_to_answer_higher_than_somebody() -> None:
    found = mean_scores(people([(1, "a", 1), (2, "b", 1), (2, "b", 2)]), "y", "g")
    assert found.keys == (("a",), ("b",))
    assert found.values == pytest.approx([1 / 8, 1 / 4 + 3 / 8])


@settings(max_examples=20, deadline=None)
@given(PEOPLE, st.sampled_from(["wilcoxon", "van-der-waerden", "median"]))
def test_only_the_order_of_answers_counts(
    more: list[tuple[int, str, int]], scores: Scores
) -> None:
    sample = people(rows_of(more))
    test = ranked(sample, "y", "g", scores)
    again = ranked(sample, "exp(y) - 7", "g", scores)
    assert again == test or math.isnan(test.statistic)


@settings(max_examples=20, deadline=None)
@given(PEOPLE, st.floats(1e-3, 1e6))
def test_weights_scaled_and_groups_renamed_change_nothing(
    more: list[tuple[int, str, int]], scale: float
) -> None:
    rows = rows_of(more)
    names = {"a": "z", "b": "y", "c": "x"}
    test = ranked(people(rows), "y", "g")
    changed: list[Person] = [(y, names[g], w * scale) for y, g, w in rows]
    again = ranked(people(changed), "y", "g")
    assert again.statistic == pytest.approx(test.statistic, rel=1e-7, abs=1e-12)
    assert again.p_value == pytest.approx(test.p_value, rel=1e-7)


@settings(max_examples=20, deadline=None)
@given(PEOPLE)
def test_a_respondent_of_weight_two_ranks_as_two(
    more: list[tuple[int, str, int]],
) -> None:
    rows = rows_of(more)
    whole = mean_scores(people(rows), "y", "g")
    halves: list[Person] = [(y, g, w / 2) for y, g, w in rows for _ in range(2)]
    split = mean_scores(people(halves), "y", "g")
    assert split.values == pytest.approx(whole.values, rel=1e-9)


# --- what has no answer ---------------------------------------------------------------


def test_one_group_or_text_cannot_be_ranked(r: Reference) -> None:
    with pytest.raises(DataError, match="it takes two groups"):
        ranked(r.sample("dstrat"), "api00", "stype", where="stype = 'E'")
    with pytest.raises(DataError, match="stype is not a number"):
        ranked(r.sample("dstrat"), "stype", "comp_imp")
    with pytest.raises(DataError, match="nobody has a value of api00"):
        ranked(r.sample("dclus2"), "api00", "stype", where="api00 < 0")


def test_a_test_that_cannot_be_made_says_why() -> None:
    few = ranked(people([(1, "a", 1), (2, "b", 1)]), "y", "g")
    assert math.isnan(few.p_value)
    assert few.reason == "the design leaves 0 degrees of freedom for the test"
    same = ranked(people([(1, g, 1) for g in "aabb"]), "y", "g")
    assert same.reason == "the ranks do not vary under this design"
    several = ranked(people([(1, g, 1) for g in "aabbcc"]), "y", "g")
    assert "singular" in several.reason
