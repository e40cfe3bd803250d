"""Tails of weighted sums of chi-squares, against distributions known in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from pipeline.errors import DataError
from pipeline.estimates.quadratic import imhof, saddlepoint, satterthwaite

Tail = Callable[..., float]
TAILS: tuple[Tail, ...] = (imhof, saddlepoint, satterthwaite)

weights = st.lists(st.floats(0.01, 10), min_size=1, max_size=8).map(np.array)
positive = st.floats(1e-6, 300)
ddfs = st.one_of(st.just(math.inf), st.floats(1, 1e9))


@settings(deadline=None)
@given(st.integers(1, 30), positive, st.floats(0.1, 1e6))
def test_equal_weights_give_the_chi_square_tail(k: int, x: float, unit: float) -> None:
    equal = np.full(k, unit)
    wanted = special.chdtrc(k, x)
    assert imhof(x * unit, equal) == pytest.approx(wanted, rel=1e-10, abs=0)
    assert satterthwaite(x * unit, equal) == pytest.approx(wanted, rel=1e-10, abs=0)


@settings(deadline=None)
@given(st.integers(1, 30), st.floats(1e-6, 1e4), st.floats(1, 1e9))
def test_equal_weights_and_a_denominator_give_the_f_tail(
    k: int, x: float, ddf: float
) -> None:
    wanted = special.fdtrc(k, ddf, x)
    exact, moments = (t(x * k, np.ones(k), ddf) for t in (imhof, satterthwaite))
    assert exact == pytest.approx(moments, rel=1e-10, abs=1e-290)
    assert exact == pytest.approx(wanted, rel=1e-6, abs=1e-290)


@pytest.mark.parametrize("x", [0.1, 1, 5, 11.6, 30, 100, 300])
def test_pairs_of_weights_give_a_sum_of_exponentials(x: float) -> None:
    """λ_i χ²_2 are exponential, and their sum is hypoexponential."""
    pairs = [3, 1.7, 0.9, 0.2]
    wanted = sum(
        math.exp(-x / 2 / a) * math.prod(a / (a - b) for b in pairs if b != a)
        for a in pairs
    )
    assert imhof(x, np.repeat(pairs, 2)) == pytest.approx(wanted, rel=1e-12, abs=0)
    saddle = saddlepoint(x, np.repeat(pairs, 2))
    assert saddle == pytest.approx(wanted, rel=0.06, abs=0)


@pytest.mark.parametrize("small", [1e-2, 1e-4, 1e-6])
def test_weights_of_very_different_size_are_no_harder(small: float) -> None:
    """P(χ²_2 + small χ²_2 > x), with x between the two."""
    x = math.sqrt(small)
    wanted = (math.exp(-x / 2) - small * math.exp(-x / 2 / small)) / (1 - small)
    ours = imhof(x, np.array([1, 1, small, small]))
    assert ours == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("x", [0.3, 2, 9, 25])
def test_it_is_the_integral_imhof_wrote_down(x: float) -> None:
    a = np.array([2.5, 1.0, 0.4, 0.3, 0.2])

    def integrand(u: float) -> float:
        angle = np.arctan(a * u).sum() / 2 - x * u / 2
        return float(np.sin(angle) / (u * np.prod(1 + (a * u) ** 2) ** 0.25))

    value = integrate.quad(integrand, 0, 400, limit=2000)[0]
    assert imhof(x, a) == pytest.approx(0.5 + value / math.pi, abs=1e-6)


@pytest.mark.parametrize("ddf", [2.0, 7.4, 60.0])
def test_a_denominator_averages_over_its_distribution(ddf: float) -> None:
    a = np.array([2.0, 1.0, 0.5])
    norm = special.gammaln(ddf / 2) + ddf / 2 * math.log(2)

    def integrand(y: float) -> float:
        density = math.exp((ddf / 2 - 1) * math.log(y) - y / 2 - norm)
        return imhof(9 * y / ddf, a) * density

    value = integrate.quad(integrand, 0, ddf + 60 * math.sqrt(ddf), limit=200)[0]
    assert imhof(9, a, ddf) == pytest.approx(value, rel=1e-7)


@settings(deadline=None)
@given(weights, positive, ddfs)
def test_the_saddlepoint_is_close_to_the_exact_tail(
    a: np.ndarray, x: float, ddf: float
) -> None:
    x *= a.sum() / len(a)
    exact, close = imhof(x, a, ddf), saddlepoint(x, a, ddf)
    assert close == pytest.approx(exact, rel=0.2, abs=0.03)
    assert close == pytest.approx(exact, rel=0.5, abs=1e-300)


@settings(deadline=None)
@given(weights, positive, ddfs)
def test_order_unit_and_zero_weights_change_nothing(
    a: np.ndarray, x: float, ddf: float
) -> None:
    other = np.append(a[::-1], 0) * 7
    for tail in TAILS:
        wanted = pytest.approx(tail(x, a, ddf), rel=1e-9, abs=1e-300)
        assert tail(7 * x, other, ddf) == wanted


@settings(deadline=None)
@given(weights, positive, positive, ddfs)
def test_a_tail_is_a_probability_and_falls(
    a: np.ndarray, x: float, y: float, ddf: float
) -> None:
    for tail in TAILS:
        near, far = tail(min(x, y), a, ddf), tail(max(x, y), a, ddf)
        assert 0 <= far <= near * (1 + 1e-9) + 1e-5 * (tail is saddlepoint) <= 1.1


@pytest.mark.parametrize("ddf", [math.inf, 12.5])
def test_the_saddlepoint_crosses_the_mean_without_a_jump(ddf: float) -> None:
    a = np.array([2.0, 1.0, 0.5])
    around = [saddlepoint(3.5 + step, a, ddf) for step in np.linspace(-1e-4, 1e-4, 21)]
    assert np.abs(np.diff(around)).max() < 2e-5
    assert around[10] == pytest.approx(imhof(3.5, a, ddf), abs=0.02)


@pytest.mark.parametrize("tail", TAILS)
def test_nothing_is_certain_and_infinity_is_never_exceeded(tail: Tail) -> None:
    a = np.array([2.0, 1.0])
    assert tail(0, a) == tail(-1, a, 5) == 1
    assert tail(math.inf, a) == tail(1e300, a) == tail(1e300, a, 1e18) == 0
    assert 0 < tail(1e20, a, 1.5) < 1e-12


@pytest.mark.parametrize("tail", TAILS)
def test_what_has_no_distribution_has_no_tail(tail: Tail) -> None:
    for x, a, ddf in [
        (1, [0, 0], 5),
        (1, [], 5),
        (math.nan, [1], 5),
        (1, [math.nan], 5),
        (1, [1], 0),
        (1, [1], math.nan),
    ]:
        assert math.isnan(tail(x, np.array(a, float), ddf))


def test_a_negative_weight_is_an_error_not_a_number() -> None:
    with pytest.raises(DataError, match="negative weight -1"):
        imhof(1, np.array([2.0, -1.0]))
