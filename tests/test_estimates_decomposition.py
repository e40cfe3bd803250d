"""A change between waves is composition and rate, and nothing else."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from pipeline.design import Design
from pipeline.errors import DataError
from pipeline.estimates.decomposition import decompose
from pipeline.estimates.linear import mean
from pipeline.estimates.sample import Sample


def sample(rows: dict[str, object]) -> Sample:
    """Respondents with a domain `d`, a value `y` and a weight `w`."""
    con = duckdb.connect()
    con.register("given", rows)
    con.execute("CREATE TABLE t AS SELECT * FROM given")
    return Sample(con, "t", Design(), "w")


def people(seed: int, shares: list[float], rates: list[float], n: int = 400) -> Sample:
    """`n` respondents, in domains by `shares`, answering 1 at the domains' `rates`."""
    rng = np.random.default_rng(seed)
    d = rng.choice(len(shares), n, p=shares)
    y = (rng.random(n) < np.array(rates)[d]).astype(float)
    return sample({"d": d, "y": y, "w": rng.lognormal(0, 0.3, n)})


def test_the_parts_add_up_to_the_change() -> None:
    before, after = people(1, [0.5, 0.5], [0.2, 0.6]), people(2, [0.3, 0.7], [0.3, 0.7])
    split = decompose(before, after, "y", "d")
    change = mean(after, ["y"]).values[0] - mean(before, ["y"]).values[0]
    assert split.change == pytest.approx(change)
    assert split.composition + split.rate == pytest.approx(change)


def test_other_people_answering_alike_is_all_composition() -> None:
    one = {"d": [0] * 8 + [1] * 2, "y": [1, 0] * 4 + [1, 1], "w": [1.0] * 10}
    two = {"d": [0] * 4 + [1] * 6, "y": [1, 0] * 2 + [1] * 6, "w": [1.0] * 10}
    split = decompose(*(sample({k: np.array(v) for k, v in r.items()})
                        for r in (one, two)), "y", "d")  # fmt: skip
    assert split.rate == pytest.approx(0)
    assert split.composition == pytest.approx(0.8 - 0.6)


@pytest.mark.slow
def test_the_errors_are_those_of_repeated_surveys() -> None:
    splits = []
    for seed in range(60):
        before = people(seed, [0.5, 0.5], [0.2, 0.6])
        after = people(1000 + seed, [0.3, 0.7], [0.3, 0.7])
        splits.append(decompose(before, after, "y", "d"))
    for part in ("composition", "rate"):
        spread = np.std([getattr(s, part) for s in splits], ddof=1)
        stated = np.mean([getattr(s, f"{part}_se") for s in splits])
        assert stated == pytest.approx(spread, rel=0.3)


def test_a_domain_that_one_wave_lacks_is_named() -> None:
    with pytest.raises(DataError, match="2"):
        decompose(
            people(1, [0.5, 0.5], [0.2, 0.6]),
            people(2, [0.3, 0.3, 0.4], [0.3, 0.7, 0.1]),
            "y",
            "d",
        )
