"""Calibration meets every total with the nearest weights, or says what would do."""

from __future__ import annotations

import re
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import DataError
from pipeline.weights import calibrate, indicators, margin, rake
from pipeline.weights.distances import distance

Method = Literal["linear", "raking", "logit"]
METHODS: list[tuple[Method, tuple[float, float] | None]] = [
    ("linear", None),
    ("linear", (0.4, 2.5)),
    ("raking", None),
    ("raking", (0.4, 2.5)),
    ("logit", (0.4, 2.5)),
]
# Other work on the same machine is no reason to fail.
unhurried = settings(deadline=None, max_examples=40)
every_method = pytest.mark.parametrize(("method", "bounds"), METHODS)


def problem(seed: int) -> tuple[Any, Any, Any]:
    """x, d and totals that some factors from 0.5 to 2 meet."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 60))
    groups = rng.integers(0, 3, n)
    x = np.column_stack([np.ones(n), groups == 1, groups == 2, rng.normal(500, 90, n)])
    d = rng.gamma(2, 5, n)
    return x, d, (d * rng.uniform(0.5, 2, n)) @ x


@every_method
@unhurried
@given(seed=st.integers(0, 10**6))
def test_every_total_is_met_within_bounds(
    method: Method, bounds: tuple[float, float] | None, seed: int
) -> None:
    x, d, totals = problem(seed)
    fit = calibrate(x, d, totals, method=method, bounds=bounds)
    assert (d * fit.factors) @ x == pytest.approx(totals, rel=1e-8, abs=1e-7)
    low, high = bounds or (-np.inf if method == "linear" else 0, np.inf)
    assert fit.factors.min() >= low
    assert fit.factors.max() <= high


@every_method
@unhurried
@given(u=st.floats(-3, 3))
def test_each_distance_is_one_function_with_its_slope_and_integral(
    method: Method, bounds: tuple[float, float] | None, u: float
) -> None:
    form, at, step = distance(method, bounds), np.array([u]), 1e-6
    assert form.ratio(np.zeros(1)) == pytest.approx(1)
    assert form.slope(np.zeros(1)) == pytest.approx(1)
    rise = (form.integral(at + step) - form.integral(at - step)) / (2 * step)
    assert rise == pytest.approx(form.ratio(at), abs=1e-5)
    ends = form.ratio(at - step), form.ratio(at + step)
    slopes = form.slope(at - step), form.slope(at + step)
    assert min(slopes) - 1e-4 <= (ends[1] - ends[0]) / (2 * step) <= max(slopes) + 1e-4


@every_method
@unhurried
@given(seed=st.integers(0, 10**6))
def test_weights_that_meet_the_totals_stay(
    method: Method, bounds: tuple[float, float] | None, seed: int
) -> None:
    x, d, _ = problem(seed)
    fit = calibrate(x, d, d @ x, method=method, bounds=bounds)
    assert fit.factors == pytest.approx(np.ones(len(d)), abs=1e-9)


def test_calibration_by_raking_is_raking() -> None:
    counts = np.array([30.0, 5, 12, 8, 20, 3])
    margins = [
        margin("a", [*"xxxyyy"], {"x": 0.3, "y": 0.7}),
        margin("b", [*"123123"], {"1": 0.2, "2": 0.5, "3": 0.3}),
    ]
    x, totals, names = indicators(margins, counts)
    fit = calibrate(x, counts, totals, method="raking", names=names)
    assert fit.factors == pytest.approx(rake(counts, margins).factors, rel=1e-8)


def test_linear_weights_are_those_of_the_regression_estimator() -> None:
    """g = 1 + x' (Σ d x x')⁻¹ (t - Σ d x)."""
    x, d, totals = problem(7)
    inverse = np.linalg.inv((x * d[:, None]).T @ x)
    expected = 1 + x @ inverse @ (totals - d @ x)
    assert calibrate(x, d, totals).factors == pytest.approx(expected, rel=1e-9)


def test_totals_may_be_a_million_times_the_sample() -> None:
    x, d, totals = problem(3)
    fit = calibrate(x, d * 1e-6, totals, method="raking")
    near = calibrate(x, d, totals, method="raking")
    assert fit.factors == pytest.approx(1e6 * near.factors, rel=1e-6)


def test_cells_are_calibrated_as_their_respondents_are() -> None:
    x, d, totals = problem(11)
    rows = np.repeat(np.arange(len(d)), 3)
    people = calibrate(x[rows], d[rows] / 3, totals, method="logit", bounds=(0.3, 3))
    cells = calibrate(x, d, totals, method="logit", bounds=(0.3, 3))
    assert people.factors == pytest.approx(cells.factors[rows], rel=1e-8)


def test_factors_can_be_the_same_throughout_a_cluster() -> None:
    x, d, _ = problem(5)
    clusters = np.arange(len(d)) % 5
    totals = (d * (1 + 0.1 * (clusters - 2))) @ x[:, [0, 3]]
    fit = calibrate(x[:, [0, 3]], d, totals, clusters=clusters)
    assert (d * fit.factors) @ x[:, [0, 3]] == pytest.approx(totals)
    for cluster in range(5):
        assert np.ptp(fit.factors[clusters == cluster]) == 0


def test_those_of_unknown_domain_keep_their_share() -> None:
    counts = np.array([40.0, 40, 20])
    of = margin("d", ["a", "b", None], {"a": 0.25, "b": 0.75})
    x, totals, names = indicators([of], counts)
    for method in ("linear", "raking"):
        fit = calibrate(x, counts, totals, method=method, names=names)
        assert counts * fit.factors == pytest.approx([20, 60, 20])


def test_bounds_that_are_too_narrow_are_answered_with_some_that_do() -> None:
    counts = np.array([10.0, 90])
    of = margin("size", ["s", "l"], {"s": 0.4, "l": 0.6})
    x, totals, names = indicators([of], counts)
    for method in ("linear", "raking", "logit"):
        with pytest.raises(DataError, match="size 's' came to") as caught:
            calibrate(x, counts, totals, method=method, bounds=(0.5, 2), names=names)
        found = re.search(r"Bounds of (\S+) to (\S+) would do", str(caught.value))
        assert found
        bounds = (float(found[1]), float(found[2]))
        fit = calibrate(x, counts, totals, method=method, bounds=bounds)
        assert counts * fit.factors == pytest.approx([40, 60])


def test_totals_that_no_weights_meet_are_told_apart() -> None:
    x = np.column_stack([np.ones(2), np.ones(2)])
    with pytest.raises(DataError, match="contradict"):
        calibrate(x, np.ones(2), np.array([2.0, 3.0]), method="raking")


@pytest.mark.parametrize("bounds", [(0.5, 0.9), (1.1, 3), (2, 0.5)])
def test_bounds_are_around_one(bounds: tuple[float, float]) -> None:
    with pytest.raises(DataError, match="no room for the old weights"):
        distance("linear", bounds)


@pytest.mark.parametrize("bounds", [None, (0.5, np.inf)])
def test_logit_needs_two_bounds(bounds: tuple[float, float] | None) -> None:
    with pytest.raises(DataError, match="two bounds"):
        distance("logit", bounds)


def test_a_total_to_which_nobody_adds_is_named() -> None:
    x = np.array([[1.0, 0.0], [1.0, 0.0]])
    with pytest.raises(DataError, match="students should come to 5 and nobody"):
        calibrate(x, np.ones(2), np.array([2.0, 5.0]), names=["all", "students"])


def test_missing_values_are_refused() -> None:
    x = np.array([[1.0], [np.nan]])
    with pytest.raises(DataError, match="none missing"):
        calibrate(x, np.ones(2), np.array([2.0]))
