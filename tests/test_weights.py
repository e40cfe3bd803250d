"""Raking reaches its targets and says when it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import DataError
from pipeline.weights import rake


@given(
    st.lists(st.integers(1, 500), min_size=6, max_size=6),
    st.floats(0.1, 0.9),
    st.floats(0.1, 0.8),
)
def test_every_margin_is_met(counts: list[int], first: float, second: float) -> None:
    members = [[0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2]]
    rest = (1 - second) / 2
    shares = [{0: first, 1: 1 - first}, {0: second, 1: rest, 2: rest}]
    weighted = np.array(counts, float)
    factors, _ = rake(weighted, members, shares)
    weighted = weighted * factors
    for member, wanted in zip(members, shares, strict=True):
        for code, share in wanted.items():
            got = weighted[np.array(member) == code].sum() / weighted.sum()
            assert got == pytest.approx(share, abs=1e-8)


def test_those_of_unknown_domain_do_not_stop_it() -> None:
    counts = np.array([50.0, 30.0, 20.0])
    factors, _ = rake(counts, [[0, 1, -1]], [{0: 0.5, 1: 0.5}])
    weighted = counts * factors
    assert weighted[0] == pytest.approx(weighted[1])
    assert weighted[2] == 20


def test_a_target_without_respondents_is_an_error() -> None:
    with pytest.raises(DataError, match="no respondents"):
        rake(np.array([5.0]), [[0]], [{0: 0.5, 1: 0.5}])
