"""Raking, trimming and diagnostics keep their promises and say when they cannot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import DataError
from pipeline.weights import (
    Margin,
    balance,
    check_weights,
    margin,
    post_stratify,
    rake,
    spread,
    trim,
)

# Other work on the same machine is no reason to fail.
unhurried = settings(deadline=None)
SIZES = st.lists(st.integers(1, 500), min_size=6, max_size=6)


def two_by_three(first: float, second: float) -> list[Margin]:
    rest = (1 - second) / 2
    return [
        margin("sex", ["f", "f", "f", "m", "m", "m"], {"f": first, "m": 1 - first}),
        margin("age", [*"123123"], {"1": second, "2": rest, "3": rest}),
    ]


@unhurried
@given(SIZES, st.floats(0.1, 0.9), st.floats(0.1, 0.8))
def test_every_margin_is_met(counts: list[int], first: float, second: float) -> None:
    margins, weights = two_by_three(first, second), np.array(counts, float)
    fit = rake(weights, margins)
    for each in margins:
        assert each.now(weights * fit.factors) == pytest.approx(each.shares, abs=1e-8)
    assert fit.error < 1e-8


@unhurried
@given(SIZES, st.floats(1e-3, 1e3))
def test_the_scale_of_weights_changes_nothing(counts: list[int], scale: float) -> None:
    margins, weights = two_by_three(0.4, 0.2), np.array(counts, float)
    once, again = rake(weights, margins), rake(scale * weights, margins)
    assert again.factors == pytest.approx(once.factors, rel=1e-9)


@pytest.mark.slow
@unhurried
@given(SIZES)
def test_raked_respondents_weigh_what_their_cells_do(counts: list[int]) -> None:
    margins, weights = two_by_three(0.4, 0.2), np.array(counts, float)
    cells = rake(weights, margins).factors
    rows = np.repeat(np.arange(6), counts)
    each = [Margin(m.dimension, m.domains, m.member[rows], m.shares) for m in margins]
    people = rake(np.ones(len(rows)), each).factors
    assert people == pytest.approx(cells[rows], rel=1e-9)


def test_targets_may_be_shares_percentages_or_people() -> None:
    values = ["a", "b", "b"]
    shares = margin("d", values, {"a": 0.25, "b": 0.75}).shares
    assert margin("d", values, {"a": 25, "b": 75}).shares == pytest.approx(shares)
    assert margin("d", values, {"a": 1071, "b": 3213}).shares == pytest.approx(shares)


def test_shares_rounded_in_a_publication_are_met_in_proportion() -> None:
    """33.3 % three times is no reason not to settle."""
    fit = rake(
        np.array([1.0, 2, 3]), [margin("d", [*"abc"], dict.fromkeys("abc", 0.333))]
    )
    assert fit.factors == pytest.approx([2, 1, 2 / 3])


def test_those_of_unknown_domain_keep_their_weight() -> None:
    counts = np.array([50.0, 30.0, 20.0])
    fit = rake(counts, [margin("d", ["a", "b", ""], {"a": 1, "b": 1})])
    assert counts * fit.factors == pytest.approx([40, 40, 20])


def test_a_target_without_respondents_is_named() -> None:
    only_a = margin("size", ["a"], {"a": 0.5, "b": 0.5})
    with pytest.raises(DataError, match=r"size 'b' has no respondents .* 50\.0%"):
        rake(np.array([5.0]), [only_a])
    with pytest.raises(DataError, match="'b' has no respondents"):
        post_stratify(np.array([5.0]), only_a)


def test_partly_post_stratified_the_others_keep_their_proportions() -> None:
    margin_of_four = margin("d", [*"aab"], {"a": 0.4, "b": 0.2, "c": 0.4})
    fit = post_stratify(np.ones(3), margin_of_four, partial=True)
    assert fit.factors == pytest.approx([1, 1, 1])


def test_targets_that_contradict_each_other_are_named() -> None:
    same = [margin("x", [*"ab"], {"a": 0.5, "b": 0.5})]
    same.append(margin("y", [*"ab"], {"a": 0.9, "b": 0.1}))
    with pytest.raises(
        DataError, match=r"did not settle .* x '\w' is at .* instead of"
    ):
        rake(np.ones(2), same)


@pytest.mark.parametrize("targets", [{"a": 0.0}, {"a": -1.0}, {"a": float("nan")}, {}])
def test_targets_are_numbers_above_zero(targets: dict[str, float]) -> None:
    with pytest.raises(DataError, match="above zero"):
        margin("d", [], targets)


def test_a_value_without_a_target_is_named_with_what_was_meant() -> None:
    with pytest.raises(DataError, match=r"no target for 'softwear'\n  Did you mean"):
        margin("d", ["softwear"], {"software": 1})


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ([1.0, np.nan], "row 2 is missing"),
        ([0.0, 1.0], "row 1 is not above zero"),
        ([1.0, -3.0], r"row 2 is not above zero \(-3\)"),
        ([1.0, 1e-7], r"row 1 weighs 1e\+07 times as much as row 2"),
    ],
)
def test_weights_that_cannot_be_are_named(weights: list[float], says: str) -> None:
    with pytest.raises(DataError, match=says):
        check_weights(np.array(weights))


@pytest.mark.parametrize("weights", [[1.0, np.inf], [1.0, -1.0], [0.0, 0.0]])
def test_cells_of_impossible_weight_are_refused(weights: list[float]) -> None:
    with pytest.raises(DataError, match="weight"):
        rake(np.array(weights), [margin("d", [*"ab"], {"a": 1, "b": 1})])


WEIGHTS = st.lists(st.floats(0.05, 20), min_size=2, max_size=40).map(np.array)


@unhurried
@given(WEIGHTS, st.floats(0.3, 0.9), st.floats(1.1, 3))
def test_strictly_trimmed_weights_are_all_within_limits(
    weights: Any, low: float, high: float
) -> None:
    mean = weights.mean()
    cut = trim(weights, low * mean, high * mean, strict=True)
    assert cut.min() >= low * mean * (1 - 1e-12)
    assert cut.max() <= high * mean * (1 + 1e-12)
    assert cut.sum() == pytest.approx(weights.sum())


@unhurried
@given(WEIGHTS, st.lists(st.integers(1, 5), min_size=40, max_size=40))
def test_trimming_cells_is_trimming_their_respondents(
    weights: Any, many: list[int]
) -> None:
    counts = many[: len(weights)]
    people, mean = (
        np.repeat(weights, counts),
        float(np.average(weights, weights=counts)),
    )
    limits = (0.5 * mean, 2 * mean)
    cells = trim(weights, *limits, strict=True, counts=np.array(counts, float))
    assert np.repeat(cells, counts) == pytest.approx(trim(people, *limits, strict=True))


def test_what_is_cut_can_come_back_to_those_it_was_cut_from() -> None:
    cut = trim(np.array([1.0, 1, 7]), 2, 4.0, strict=True)
    assert cut == pytest.approx([2.5, 2.5, 4])


def test_limits_that_cannot_hold_are_refused() -> None:
    with pytest.raises(DataError, match="their mean is 1"):
        trim(np.ones(3), upper=0.9, strict=True)
    with pytest.raises(DataError, match=r"no weight is from 0 to 0\.9"):
        trim(np.ones(3), upper=0.9)


def test_equal_weights_cost_nothing() -> None:
    found = spread(np.full(10, 3.0))
    assert (found.design_effect, found.effective_n, found.total) == (1, 10, 30)


@unhurried
@given(WEIGHTS, st.floats(1e-3, 1e3))
def test_the_design_effect_does_not_depend_on_scale(weights: Any, scale: float) -> None:
    once, scaled = spread(weights), spread(scale * weights)
    assert scaled.design_effect == pytest.approx(once.design_effect)
    assert 1 - 1e-12 <= once.design_effect <= len(weights)


def test_quantiles_count_respondents() -> None:
    found = spread(np.array([1.0, 2.0, 9.0]), np.array([50.0, 45, 5]))
    assert found.quantiles["50%"] == 1
    assert found.quantiles["95%"] == 2
    assert found.quantiles["99%"] == 9
    assert found.n == 100


def test_the_balance_says_how_far_each_domain_was_and_is() -> None:
    of = margin("d", [*"ab"], {"a": 0.2, "b": 0.8})
    before = np.array([50.0, 50.0])
    a, _ = balance([of], before, before * rake(before, [of]).factors)
    assert (a.domain, a.before, a.target, a.after) == ("a", 0.5, 0.2, 0.2)
    assert a.asmd_before == pytest.approx(0.3 / 0.4)
    assert a.asmd_after == 0
