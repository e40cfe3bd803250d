"""Quantiles and their intervals: R's numbers on every design, laws, and edges."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from reference import Reference, differences

from pipeline.design import Design
from pipeline.errors import DataError
from pipeline.estimates import qrules
from pipeline.estimates.intervals import critical
from pipeline.estimates.qrules import Rule, quantile
from pipeline.estimates.quantiles import Interval, Quantiles, quantiles
from pipeline.estimates.sample import Sample

Array = NDArray[np.float64]

RULES: tuple[Rule, ...] = qrules.Rule.__args__  # type: ignore[attr-defined]
INTERVALS: tuple[Interval, ...] = Interval.__args__  # type: ignore[attr-defined]
STEPS: tuple[Rule, ...] = ("math", "school", "hf1", "hf2", "hf3")
OURS: dict[str, Interval] = {"xlogit": "logit", "asin": "arcsine"}
# What NumPy calls the rules (its type 3 is another, and so is not here).
NUMPY: dict[Rule, Any] = {
    "math": "inverted_cdf",
    "hf1": "inverted_cdf",
    "school": "averaged_inverted_cdf",
    "hf2": "averaged_inverted_cdf",
    "hf4": "interpolated_inverted_cdf",
    "hf5": "hazen",
    "hf6": "weibull",
    "hf7": "linear",
    "hf8": "median_unbiased",
    "hf9": "normal_unbiased",
}

numbers = st.lists(st.integers(-5, 20), min_size=1, max_size=40)
# Sixty-fourths, so that k/n = p is as exact in floating point as on paper.
chances = st.integers(0, 64).map(lambda k: k / 64)


@pytest.fixture(scope="module")
def r(shared: Path) -> Reference:
    """R's results."""
    return Reference(shared / "reference")


def sample_of(rows: list[tuple[Any, ...]], columns: str, **design: Any) -> Sample:
    """A sample of these rows, each of weight 1."""
    con = duckdb.connect()
    con.execute(f"CREATE TABLE people ({columns})")
    marks = ", ".join("?" for _ in rows[0])
    con.executemany(f"INSERT INTO people VALUES ({marks})", rows)
    return Sample(con, "people", Design(**design), "1")


def table(found: Quantiles) -> Array:
    """A row for each quantile: value, bounds, standard error, respondents."""
    return np.column_stack([found.values, found.low, found.high, found.se, found.n])


# --- R --------------------------------------------------------------------------------


@pytest.mark.slow
def test_r_finds_the_same_quantiles_and_intervals(r: Reference) -> None:
    """All 344: every rule, every kind of interval, replicates, missing values."""
    wanted = defaultdict(list)
    for row in r.rows("svyquantile"):
        y, p = row["term"].split(":q")
        method, rule = (part.split("=")[1] for part in row["method"].split("; "))
        wanted[row["design"], y, method, rule].append((float(p), row))
    found, count = [], 0
    for (design, y, method, rule), rows in wanted.items():
        probs = [p for p, _ in rows]
        interval: Any = OURS.get(method, method)
        ours = quantiles(r.sample(design), y, probs, interval=interval, rule=rule)
        for (_, row), mine in zip(rows, table(ours).tolist(), strict=True):
            columns = ("estimate", "ci_low", "ci_high", "se")
            found += differences(row, dict(zip(columns, mine[:4], strict=True)))
            count += 1
    assert not found, "\n".join(found)
    assert count == 344


def test_r_finds_the_same_by_domain_on_a_scale_of_0_to_10(r: Reference) -> None:
    """R: svyquantile(~nps, subset(ddev, wave == ...), p, df = degf(ddev))."""
    sample = r.sample("ddev")
    found = quantiles(sample, "nps", [0.25, 0.5, 0.75], ["wave"], interval="logit")
    assert found.keys[:4] == ((2023, 0.25), (2023, 0.5), (2023, 0.75), (2024, 0.25))
    assert found.values.tolist() == [5, 7, 9, 6, 7, 9, 6, 7, 9]
    assert found.low.tolist() == [5, 7, 9, 6, 7, 9, 6, 7, 9]
    assert found.high.tolist() == [6, 8, 10, 7, 8, 10, 7, 8, 10]
    assert found.se == pytest.approx(np.full(9, 0.25503212816297466))
    score = quantiles(sample, "nps", [0.25, 0.5, 0.75], ["wave"], interval="score")
    assert score.low.tolist() == [6, 6, 8, 6, 7, 9, 5, 7, 8]
    assert score.high.tolist() == [6, 7, 8, 6, 7, 9, 6, 7, 8]


def test_r_finds_the_same_spread_over_replicates_by_domain(r: Reference) -> None:
    """R: svyquantile(~api00, subset(rstrat_sdr, ...), 0.5, "quantile", df = 78)."""
    sample = r.sample("rstrat_sdr")
    found = quantiles(sample, "api00", [0.5], ["stype"], interval="quantile")
    assert found.keys == (("E", 0.5), ("H", 0.5), ("M", 0.5))
    assert found.values.tolist() == [671, 635, 648]
    assert found.se == pytest.approx(
        [22.822138374832477, 22.587607221660317, 16.278820596099695]
    )
    assert found.high == pytest.approx(
        [716.43538728755004, 679.96847162871222, 680.40864226745646]
    )


@pytest.mark.parametrize(
    ("interval", "low", "high"),
    [
        ("mean", 561, 714),
        ("beta", 555, 714),
        ("logit", 566, 711),
        ("arcsine", 561, 711),
        ("score", 561, 698),
    ],
)
def test_raked_weights_are_not_taken_as_given(
    r: Reference, interval: Interval, low: float, high: float
) -> None:
    """R: svyquantile(~api00, rake(dclus1, list(~stype, ~sch.wide), ...), 0.5)."""
    found = quantiles(r.sample("clus1_rake"), "api00", [0.5], interval=interval)
    assert (found.values[0], found.low[0], found.high[0]) == (652, low, high)


# --- laws -----------------------------------------------------------------------------


@pytest.mark.parametrize("rule", NUMPY)
@given(numbers, chances)
def test_equal_weights_give_the_ordinary_quantile(
    rule: Rule, values: list[int], p: float
) -> None:
    x = np.sort(np.array(values, dtype=float))
    ours = quantile(rule, x, np.ones(len(x)), np.array([p]))
    theirs = np.quantile(x, [p], method=NUMPY[rule])
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "shahvaish"])
@given(
    st.lists(st.tuples(st.integers(0, 10), st.integers(1, 9)), min_size=1, max_size=30),
    st.floats(0.01, 100),
    st.floats(0.001, 0.999),
)
def test_weights_scaled_change_nothing(
    rule: Rule, rows: list[tuple[int, int]], scale: float, p: float
) -> None:
    """Where p is reached exactly, rounding decides between two that are quantiles."""
    x, w = np.array(sorted(rows), dtype=float).T
    assume(np.abs(w.cumsum() / w.sum() - p).min() > 1e-9)
    at = np.array([p])
    assert quantile(rule, x, w * scale, at) == pytest.approx(quantile(rule, x, w, at))


@pytest.mark.parametrize("rule", STEPS)
@given(numbers, chances)
def test_a_respondent_counted_twice_is_a_weight_of_two(
    rule: Rule, values: list[int], p: float
) -> None:
    x = np.sort(np.array(values, dtype=float))
    twice = quantile(rule, x, np.full(len(x), 2.0), np.array([p]))
    apart = quantile(rule, np.repeat(x, 2), np.ones(2 * len(x)), np.array([p]))
    assert twice == apart


@pytest.mark.parametrize("rule", RULES)
@given(numbers, st.data())
def test_a_quantile_rises_with_p_and_stays_within_the_data(
    rule: Rule, values: list[int], data: st.DataObject
) -> None:
    x = np.sort(np.array(values, dtype=float))
    weights = st.lists(st.integers(1, 9), min_size=len(x), max_size=len(x))
    w = np.ones(len(x)) if rule == "shahvaish" else np.array(data.draw(weights), float)
    found = quantile(rule, x, w, np.arange(65) / 64)
    assert (np.diff(found) >= -1e-9).all()
    assert x[0] - 1e-9 <= found.min()
    assert found.max() <= x[-1] + 1e-9


@pytest.mark.parametrize("rule", RULES)
def test_those_without_weight_are_not_there(rule: Rule) -> None:
    x, w = np.array([0.0, 1, 2, 5, 9]), np.array([0, 1.0, 2, 1, 0])
    p = np.array([0, 0.2, 0.5, 0.9, 1])
    assert (quantile(rule, x, w, p) == quantile(rule, x[1:4], w[1:4], p)).all()


@pytest.mark.parametrize("interval", [i for i in INTERVALS if i != "quantile"])
def test_a_domain_is_the_same_by_its_name_as_by_a_condition(
    r: Reference, interval: Interval
) -> None:
    def found(*by_and_where: Any) -> Array:
        return table(
            quantiles(
                r.sample("dstrat"),
                "enroll",
                [0.25, 0.5],
                *by_and_where,
                interval=interval,
                rule="hf7",
            )
        )

    apart = [found((), f"stype = '{stype}'") for stype in "EHM"]
    assert found(["stype"]) == pytest.approx(np.vstack(apart), rel=1e-12)


def test_woodruff_takes_the_quantiles_at_the_ends_of_the_interval_of_the_share() -> (
    None
):
    """By hand: 101 people, median 50, and 51/101 ± t √(p(1-p)/100)."""
    sample = sample_of([(float(k),) for k in range(101)], "y DOUBLE")
    found = quantiles(sample, "y", [0.5])
    share, t = 51 / 101, critical(100, 0.95)
    half = t * math.sqrt(share * (1 - share) / 100)
    low, high = (math.ceil(101 * (share + d)) - 1 for d in (-half, half))
    assert (found.values[0], found.low[0], found.high[0]) == (50, low, high)
    assert found.se[0] == pytest.approx((high - low) / (2 * t))
    assert (found.df, found.n[0]) == (100, 101)


def test_an_interval_is_wider_at_a_higher_level(r: Reference) -> None:
    at = [quantiles(r.sample("dsrs"), "api00", [0.5], level=v) for v in (0.8, 0.99)]
    assert at[1].low[0] < at[0].low[0] < at[0].high[0] < at[1].high[0]


# --- edges ----------------------------------------------------------------------------

NOBODY = np.array([[math.nan] * 4 + [0]])
TEAMS = [("a", 1.0), ("a", 2.0), ("a", 4.0), ("b", 3.0), ("c", None), ("d", 5.0)]
TEAMS += [("d", 5.0), ("d", 5.0)]


@pytest.mark.parametrize("rule", ["math", "hf3", "hf7", "shahvaish"])
@pytest.mark.parametrize("interval", [i for i in INTERVALS if i != "quantile"])
def test_a_domain_without_a_value_keeps_its_row(interval: Interval, rule: Rule) -> None:
    sample = sample_of(TEAMS, "team VARCHAR, y DOUBLE")
    found = quantiles(
        sample, "y", [0.0, 0.5, 1.0], ["team"], interval=interval, rule=rule
    )
    assert [key[0] for key in found.keys[::3]] == ["a", "b", "c", "d"]
    assert found.n[::3].tolist() == [3, 1, 0, 3]
    assert found.values[3:] == pytest.approx(
        [3] * 3 + [math.nan] * 3 + [5] * 3, nan_ok=True
    )
    assert np.isnan(table(found)[6:9, :4]).all()


def test_one_person_has_no_interval_and_agreement_one_without_width() -> None:
    found = quantiles(sample_of(TEAMS, "team VARCHAR, y DOUBLE"), "y", [0.5], ["team"])
    one, same = found.at("b", 0.5), found.at("d", 0.5)
    assert math.isnan(found.low[one])
    assert math.isnan(found.se[one])
    assert (found.low[same], found.high[same], found.se[same]) == (5, 5, 0)


@pytest.mark.parametrize("interval", [i for i in INTERVALS if i != "quantile"])
@pytest.mark.parametrize("clusters", [(), ("team",)])
def test_nobody_there_is_a_row_of_nan(
    interval: Interval, clusters: tuple[str, ...]
) -> None:
    sample = sample_of(TEAMS, "team VARCHAR, y DOUBLE", clusters=clusters)
    for y, where in (("y", "FALSE"), ("NULL", "TRUE")):
        found = quantiles(sample, y, [0.5], (), where, interval=interval)
        assert found.keys == ((0.5,),)
        assert table(found) == pytest.approx(NOBODY, nan_ok=True)
    none = quantiles(sample, "y", [0.5], ["team"], "FALSE", interval=interval)
    assert (none.keys, len(none.values), len(none.low)) == ((), 0, 0)


@pytest.mark.parametrize("interval", [i for i in INTERVALS if i != "quantile"])
def test_an_interval_that_leaves_the_data_has_no_end(interval: Interval) -> None:
    sample = sample_of([(float(k),) for k in range(20)], "y DOUBLE")
    found = quantiles(sample, "y", [0.01, 0.99], interval=interval)
    assert found.values.tolist() == [0, 19]
    if interval in ("mean", "score"):
        assert math.isnan(found.low[0])
        assert math.isnan(found.se[0])
    for low, value, high in zip(found.low, found.values, found.high, strict=True):
        assert math.isnan(low) or low <= value
        assert math.isnan(high) or high >= value


def test_without_replicate_weights_their_interval_is_refused() -> None:
    sample = sample_of(TEAMS, "team VARCHAR, y DOUBLE")
    with pytest.raises(DataError, match="replicate weights"):
        quantiles(sample, "y", [0.5], interval="quantile")


def test_a_median_at_50_is_refused() -> None:
    sample = sample_of(TEAMS, "team VARCHAR, y DOUBLE")
    with pytest.raises(DataError, match=r"0\.5, not at 50"):
        quantiles(sample, "y", [50])


def test_implied_weights_give_the_same_every_time(r: Reference) -> None:
    """Their table has no order of its own, which matters among equal values."""
    sample = r.sample("dclus2")
    r.con.execute(
        "CREATE OR REPLACE TABLE shuffled AS FROM t_dclus2 ORDER BY dname, cds"
    )
    shuffled = Sample(r.con, "shuffled", sample.design)
    one, other = (
        table(quantiles(s, "ell", [0.25, 0.5], rule="hf6")) for s in (sample, shuffled)
    )
    assert one == pytest.approx(other)
