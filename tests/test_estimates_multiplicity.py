"""P-values are adjusted as R's `p.adjust` does, and obey its laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.estimates.multiplicity import (
    Method,
    adjust,
    benjamini_hochberg,
    counted,
    holm,
)

METHODS: tuple[Method, ...] = ("none", "holm", "BH")
NAN = float("nan")
P = st.lists(st.floats(0, 1) | st.just(NAN), max_size=30)


def test_r_adjusts_the_same() -> None:
    # R 4: p.adjust(c(.01, .02, .03, .04, NA, .5, .01), m)
    p = [0.01, 0.02, 0.03, 0.04, NAN, 0.5, 0.01]
    by_holm = [0.06, 0.08, 0.09, 0.09, NAN, 0.5, 0.06]
    by_bh = [0.03, 0.04, 0.045, 0.048, NAN, 0.5, 0.03]
    assert holm(p) == pytest.approx(by_holm, nan_ok=True)
    assert benjamini_hochberg(p) == pytest.approx(by_bh, nan_ok=True)


@pytest.mark.parametrize("method", METHODS)
def test_a_family_may_be_empty_or_without_a_test(method: Method) -> None:
    assert adjust([], method).shape == (0,)
    assert np.isnan(adjust([NAN, NAN], method)).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_table_keeps_its_shape_and_is_one_family(method: Method) -> None:
    p = np.array([[0.01, 0.2], [NAN, 0.03]])
    found = adjust(p, method)
    assert found.shape == p.shape
    assert found.ravel() == pytest.approx(adjust(p.ravel(), method), nan_ok=True)


@given(P)
def test_what_was_no_test_does_not_count(p: list[float]) -> None:
    tested = [x for x in p if x == x]
    assert counted(p) == len(tested)
    for method in METHODS:
        found = adjust(p, method)
        assert np.isnan(found).tolist() == [x != x for x in p]
        assert found[~np.isnan(found)].tolist() == adjust(tested, method).tolist()


@given(P)
def test_adjusting_keeps_the_order_and_never_helps(p: list[float]) -> None:
    tested = np.sort([x for x in p if x == x])
    by_holm, by_bh = holm(tested), benjamini_hochberg(tested)
    slack = 1e-12  # m p / i may round below p
    for found in (by_holm, by_bh):
        assert (np.diff(found) >= 0).all()
        assert (found >= tested - slack).all()
        assert (found <= 1).all()
    # Holding every test is harder than holding the rate of false ones.
    assert (by_holm >= by_bh - slack).all()


@given(P, st.randoms(use_true_random=False))
def test_the_order_of_tests_does_not_matter(p: list[float], random: object) -> None:
    order = list(range(len(p)))
    random.shuffle(order)  # type: ignore[attr-defined]
    for method in METHODS:
        shuffled = adjust(np.array(p)[order] if p else p, method)
        assert shuffled == pytest.approx(adjust(p, method)[order], nan_ok=True)


def test_the_argument_is_not_changed() -> None:
    p = np.array([0.5, 0.01])
    for method in METHODS:
        adjust(p, method)[:] = 9
    assert p.tolist() == [0.5, 0.01]
