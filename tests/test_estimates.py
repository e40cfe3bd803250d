"""Estimates against hand calculation, published R figures, and laws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small import DEFINITION, built, of_r, write_schools, write_survey

from pipeline.estimates.formulas import quantile, ranks


def rows(build: Path, **where: str) -> list[dict[str, Any]]:
    """Estimate rows with these keys."""
    keys = " AND ".join(f'"{key}" = ?' for key in where)
    source = f"read_parquet('{build / 'estimates.parquet'}')"
    found = duckdb.connect().execute(
        f"SELECT * FROM {source} WHERE {keys}", [*where.values()]
    )
    names = [c[0] for c in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_a_share_has_its_base_count_and_interval(tmp_path: Path) -> None:
    build = built(*write_survey(tmp_path))
    (yes,) = rows(build, question="ai", term="yes", by="", statistic="share")
    assert (yes["estimate"], yes["count"], yes["n"]) == (0.6, 3, 5)
    assert yes["low"] < 0.6 < yes["high"]


def test_select_all_is_counted_on_those_who_saw_it(tmp_path: Path) -> None:
    build = built(*write_survey(tmp_path))
    (b,) = rows(build, item="tools.b", by="")
    assert (b["estimate"], b["count"], b["n"], b["rank"]) == (0.5, 1, 2, 2)


def test_small_bases_are_hidden_in_the_data_file(tmp_path: Path) -> None:
    definition = DEFINITION.replace("min_base = 1", "min_base = 3")
    build = built(*write_survey(tmp_path, definition=definition))
    found = rows(build, question="tools")
    assert found
    assert {row["flag"] for row in found} == {"suppressed"}
    hidden = ("estimate", "se", "low", "high", "n", "count", "rank", "n_eff")
    assert {row[name] for row in found for name in hidden} == {None}


def test_weighted_means_and_shares_agree_with_r_survey(
    tmp_path: Path, shared: Path
) -> None:
    """R: svydesign(ids = ~1, weights = ~pw), svymean; weights are held to 1e-6."""
    people = of_r(shared, "data/apistrat.csv")
    build = built(*write_schools(tmp_path, 'weight = "pw"', people))
    for row in reference(shared, "dwonly", "api00", "svymean"):
        (ours,) = rows(build, question="api00", statistic="mean", by="")
        assert ours["estimate"] == pytest.approx(float(row["estimate"]), rel=1e-7)
        assert ours["se"] == pytest.approx(float(row["se"]), rel=1e-6)


def reference(shared: Path, design: str, term: str, statistic: str) -> list[Any]:
    """R's rows; there must be some."""
    found = [
        row
        for row in of_r(shared, "reference.csv")
        if row["design"] == design and row["term"] == term
        and row["statistic"] == statistic and not row["domain"]
    ]  # fmt: skip
    assert found
    return found


@given(st.lists(st.integers(0, 10), min_size=1, max_size=50))
def test_the_median_is_a_value_with_half_below(values: list[int]) -> None:
    counts = np.bincount(values, minlength=11).astype(float)[None, :]
    median = quantile(np.arange(11.0), counts, np.array(0.5))[0]
    assert np.mean([v <= median for v in values]) >= 0.5
    assert np.mean([v < median for v in values]) <= 0.5


def test_ties_share_the_best_rank() -> None:
    assert ranks(np.array([[0.2, 0.5, 0.2, 0.1]])).tolist() == [[2, 1, 2, 4]]
