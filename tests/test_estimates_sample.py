"""Samples at their edges, and what no choice of units or order may change."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.design import Design, Replicates
from pipeline.errors import DataError
from pipeline.estimates.linear import mean, share, total
from pipeline.estimates.sample import Sample

WEIGHTS = st.lists(st.floats(0.1, 9), min_size=6, max_size=30)
CLUSTERED = Design(strata="h", clusters=("c",), fpc=("f",))


def sample(rows: dict[str, object], design: Design, weight: str = "w") -> Sample:
    """Respondents from arrays, in a table."""
    con = duckdb.connect()
    con.register("given", rows)
    con.execute("CREATE TABLE t AS SELECT * FROM given")
    return Sample(con, "t", design, weight)


def people(weights: list[float], seed: int = 0) -> dict[str, np.ndarray]:
    """Respondents with strata, clusters, an answer and a number."""
    rng = np.random.default_rng(seed)
    n = len(weights)
    return {
        "h": np.arange(n) % 2,
        "c": np.arange(n) % 6,
        "f": np.full(n, 50),
        "w": np.array(weights),
        "a": rng.integers(0, 3, n),
        "y": rng.normal(size=n),
    }


@settings(max_examples=25, deadline=None)
@given(WEIGHTS, st.floats(0.01, 100))
def test_weights_in_other_units_change_no_share_and_no_error(
    weights: list[float], factor: float
) -> None:
    rows = people(weights)
    one = share(sample(rows, CLUSTERED), "a", ["h"])
    rows["w"] = rows["w"] * factor
    two = share(sample(rows, CLUSTERED), "a", ["h"])
    assert two.values == pytest.approx(one.values)
    assert two.se == pytest.approx(one.se, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(WEIGHTS)
def test_the_order_of_respondents_changes_nothing(weights: list[float]) -> None:
    rows = people(weights)
    one = mean(sample(rows, CLUSTERED), ["y"], ["a"])
    turned = {name: column[::-1].copy() for name, column in rows.items()}
    two = mean(sample(turned, CLUSTERED), ["y"], ["a"])
    assert two.keys == one.keys
    assert two.values == pytest.approx(one.values)
    assert two.cov == pytest.approx(one.cov, abs=1e-12)


def test_a_domain_that_nobody_is_in_gives_no_row() -> None:
    found = share(sample(people([1.0] * 12), CLUSTERED), "a", where="y > 1e9")
    assert found.keys == ()
    assert sample(people([1.0] * 12), CLUSTERED).df("y > 1e9") == 0


def test_a_total_needs_no_column_to_count_people() -> None:
    found = total(sample(people([2.0] * 12), Design()), ["1"])
    assert found.values.tolist() == [24]
    assert sample(people([2.0] * 12), Design()).patterns([]).n.tolist() == [12]


def test_what_everyone_says_has_no_error() -> None:
    rows = people([1.0, 2.0, 0.5] * 4)
    rows["a"] = np.ones(12)
    found = share(sample(rows, CLUSTERED), "a")
    assert found.values.tolist() == [1]
    assert found.se.tolist() == [0]


def test_a_population_smaller_than_its_sample_is_refused() -> None:
    rows = people([1.0] * 12)
    rows["f"] = np.full(12, 2)
    with pytest.raises(DataError, match="smaller than the sample"):
        mean(sample(rows, CLUSTERED), ["y"])


def test_replicate_columns_that_are_not_there_are_named() -> None:
    replicates = Replicates(columns="rep*", kind="JK1", scale=1.0)
    with pytest.raises(DataError, match="no column begins with 'rep'"):
        mean(sample(people([1.0] * 6), Design(replicates=replicates)), ["y"])


@pytest.mark.parametrize(
    "design",
    [
        Design(strata="h", fpc=("f",)),
        CLUSTERED,
        Design(strata="h", clusters=("c", "d"), fpc=("f", "g")),
    ],
    ids=["respondents", "clusters", "second stage"],
)
def test_a_population_has_one_size(design: Design) -> None:
    """As R's `svydesign`, which stops: "fpc varies within strata"."""
    rows = people([1.0] * 24) | {"d": np.arange(24) // 6 % 2, "g": np.full(24, 9)}
    share(sample(rows, design), "a")
    column = design.fpc[-1]
    rows[column] = np.where(np.arange(24) == 6, 51, rows[column])
    with pytest.raises(DataError, match=r"varies within a stratum.* '0'"):
        share(sample(rows, design), "a")


@pytest.mark.filterwarnings("error")
def test_where_every_stratum_has_one_unit_no_error_is_known() -> None:
    rows = people([1.0] * 12) | {"c": np.arange(12) % 2}
    alone = Design(strata="h", clusters=("c",), single_psu="average")
    found = share(sample(rows, alone), "a")
    assert found.df == 0
    assert np.isnan(found.se).all()
