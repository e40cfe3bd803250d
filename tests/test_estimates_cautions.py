"""Flags of many shares at once are those of the presentation standard, one by one."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.estimates.cautions import FEWEST, NEAR, approximate_width, share_cautions
from pipeline.estimates.intervals import clopper_pearson
from pipeline.estimates.presentation import codes, present_shares


@pytest.mark.parametrize("df", [3.0, 40.0, 4499.0, np.inf])
@pytest.mark.parametrize("most", [40, 400, 40_000])
def test_every_share_has_the_flags_of_its_exact_interval(most: int, df: float) -> None:
    rng = np.random.default_rng(most)
    n = rng.integers(0, most, 3_000).astype(float)
    row = np.repeat(np.arange(len(n)), 5)
    p = rng.beta(0.4, 0.9, len(row))
    p[rng.random(len(row)) < 0.05] = 0
    p[rng.random(len(row)) < 0.02] = 1
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.sqrt(p * (1 - p) * rng.uniform(0.5, 3, len(row)) / n[row])
    se[rng.random(len(row)) < 0.01] = 0
    found = share_cautions(p, se, n, row, df)
    expected = codes(present_shares(p, se, n[row], df).flags)
    assert found.tolist() == expected.tolist()


def test_the_approximate_width_is_as_near_as_flags_need() -> None:
    rng = np.random.default_rng(0)
    n = np.exp(rng.uniform(np.log(4), np.log(1e6), 100_000))
    p = rng.beta(0.4, 0.4, len(n))
    fewer = n * np.minimum(p, 1 - p)
    p, n, fewer = (a[fewer >= FEWEST] for a in (p, n, fewer))
    low, high = clopper_pearson(p, n)
    off = np.abs(approximate_width(p, n) / (high - low) - 1)
    assert (off * fewer).max() < 0.9 * NEAR
