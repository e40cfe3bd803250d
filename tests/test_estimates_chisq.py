"""Tests of independence give R's numbers on every reference design, and never crash."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.errors import DataError
from pipeline.estimates import chisq
from pipeline.estimates.chisq import Crosstab, independence
from pipeline.estimates.quadratic import imhof, saddlepoint

Row = dict[str, str]
Array = NDArray[Any]

METHODS: tuple[chisq.Method, ...] = get_args(chisq.Method)
# What R calls them. Its `lincom` is a saddlepoint where CompQuadForm is not installed.
OURS: dict[str, chisq.Method] = {
    "rao-scott-1st-order chisq": "first-order",
    "rao-scott-2nd-order F": "second-order",
    "rao-scott-2nd-order F, rebuilt": "second-order",
    "wald": "wald",
    "adjusted wald": "adjusted-wald",
    "saddlepoint approximation": "saddlepoint",
    "linear combination of chisq; CompQuadForm absent, R falls back to saddlepoint": (
        "saddlepoint"
    ),
    "exact linear combination; fractional ddf": "exact",
    "exact linear combination; ddf truncated, as R's lincom with CompQuadForm": "exact",
}


# --- designs, by the textbook, from respondents' rows ---------------------------------


@cache
def rows_of(path: Path) -> list[Row]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def column(rows: list[Row], name: str) -> Array:
    return np.array([row[name] for row in rows])


def cells_of(rows: list[Row], a: str, b: str) -> tuple[Array, tuple[int, int]]:
    """Rows × cells, 1 where the row is in the cell; nothing if an answer is missing."""
    answers = [column(rows, a), column(rows, b)]
    known = np.all([(x != "NA") & (x != "") for x in answers], axis=0)
    codes = [np.unique(x[known], return_inverse=True) for x in answers]
    shape = (len(codes[0][0]), len(codes[1][0]))
    cells = np.zeros((len(rows), shape[0] * shape[1]))
    cells[np.flatnonzero(known), codes[0][1] * shape[1] + codes[1][1]] = 1
    return cells, shape


def sampled(z: Array, strata: Array, units: Array, sizes: Array | None) -> Array:
    """Σ_h (1 - f_h) n_h/(n_h - 1) Σ (z_hi - z̄_h)(z_hi - z̄_h)', z summed by unit."""
    found = np.zeros((z.shape[1],) * 2)
    for stratum in np.unique(strata):
        inside = strata == stratum
        names, where = np.unique(units[inside], return_inverse=True)
        sums = np.zeros((len(names), z.shape[1]))
        np.add.at(sums, where, z[inside])
        n = len(names)
        f = 0.0 if sizes is None else n / sizes[inside][0]
        if n > 1:
            sums -= sums.mean(axis=0)
            found += (1 - f) * n / (n - 1) * sums.T @ sums
    return found


def taylor(design: Row, rows: list[Row], z: Array) -> Array:
    every = np.arange(len(rows)).astype(str)
    stages = [every if i == "1" else column(rows, i) for i in design["ids"].split("+")]
    sizes = [column(rows, i).astype(float) for i in design["fpc"].split("+") if i]
    strata = column(rows, design["strata"]) if design["strata"] else np.zeros(len(rows))
    found = sampled(z, strata, stages[0], sizes[0] if sizes else None)
    if len(sizes) == 2:
        f = len(np.unique(stages[0])) / sizes[0][0]
        found += f * sampled(z, stages[0], stages[1], sizes[1])
    return found


def replicated(design: Row, full: Array, replicates: Array) -> Array:
    """scale Σ_r rscales_r (θ_r - θ̄)(θ_r - θ̄)' of the replicates' estimates in rows."""
    rscales = np.array(design["rscales"].split(), float)
    centre = full if design["mse"] == "TRUE" else replicates.mean(axis=0)
    away = replicates - centre
    found: Array = float(design["scale"]) * (away.T * rscales) @ away
    return found


def weights_of(folder: Path, design: Row, rows: list[Row]) -> Array:
    if design["weights"]:
        return column(rows, design["weights"]).astype(float)
    implied = rows_of(folder / "weights" / f"{design['design']}_weights.csv")
    return column(implied, "weight").astype(float)


@cache
def crosstab(folder: Path, name: str, a: str, b: str) -> Crosstab:
    design = {row["design"]: row for row in rows_of(folder / "designs.csv")}[name]
    rows = rows_of(folder / "data" / f"{design['data']}.csv")
    cells, shape = cells_of(rows, a, b)
    facts: dict[str, Any] = {"n": len(rows), "df": float(design["degf"])}
    if not design["rep_file"]:
        z = cells * weights_of(folder, design, rows)[:, None]
        covariance = taylor(design, rows, z)
        return Crosstab(
            totals=z.sum(axis=0).reshape(shape), covariance=covariance, **facts
        )
    weights = np.loadtxt(folder / design["rep_file"], delimiter=",", skiprows=1)
    totals = weights.T @ cells
    shares = totals / totals.sum(axis=1, keepdims=True)
    return Crosstab(
        totals=totals[0].reshape(shape),
        covariance=replicated(design, totals[0], totals[1:]),
        share_covariance=replicated(design, shares[0], shares[1:]),
        **facts,
    )


# --- R's numbers ----------------------------------------------------------------------


STATISTICS = {
    "svychisq",
    "rao_scott_eigen",
    "rao_scott_X2",
    "rao_scott_F",
    "rao_scott_lincom",
}


def reference(shared: Path, *methods: str) -> Iterator[tuple[Row, Crosstab]]:
    """R's rows by `methods` of ours (or all) and the table of each."""
    folder = shared / "reference"
    for row in rows_of(folder / "reference.csv"):
        if row["statistic"] in STATISTICS and (
            not methods or OURS.get(row["method"]) in methods
        ):
            a, b = row["term"].split(":")[0].strip("~").split(" + ")
            yield row, crosstab(folder, row["design"], a, b)


def statistics(row: Row, table: Crosstab) -> dict[str, float]:
    """Ours, under the names of R's columns."""
    if row["statistic"] == "rao_scott_eigen":
        nth = int(row["term"].split(":")[1])
        return {
            "estimate": chisq.design_effects(table)[nth - 1],
            "n": table.n,
        }
    if row["statistic"] == "rao_scott_X2":
        k = len(chisq.design_effects(table))
        return {"estimate": chisq.pearson(table), "df": k, "n": table.n}
    test = independence(table, OURS[row["method"]])
    truncated = "truncated" in row["method"]
    return {
        "estimate": test.statistic,
        "df": test.df,
        "df2": float(row["df2"]) if truncated else test.df2,
    }


def r_saddlepoints(row: Row, table: Crosstab) -> set[float]:
    """R's value; where d ν is whole up to rounding R may take it one lower."""
    x2, effects = chisq.pearson(table), chisq.design_effects(table)
    if row["design"].startswith("r"):  # replicate weights
        return {saddlepoint(x2, effects)}
    ddf = independence(table, "second-order").df2
    whole = {math.floor(ddf + 1e-9), math.floor(ddf - 1e-9)}
    # It takes that many χ² for the denominator, but divides each by d ν.
    return {saddlepoint(x2 * f / ddf, effects, f) for f in whole}


def test_statistics_and_design_effects_are_those_of_r(shared: Path) -> None:
    for row, table in reference(shared):
        for name, ours in statistics(row, table).items():
            if row[name]:
                assert ours == pytest.approx(float(row[name]), rel=1e-9), row


def test_p_values_of_rao_scott_and_wald_tests_are_those_of_r(shared: Path) -> None:
    easy = ("first-order", "second-order", "wald", "adjusted-wald")
    for row, table in reference(shared, *easy):
        ours = independence(table, OURS[row["method"]]).p_value
        assert ours == pytest.approx(float(row["p_value"]), rel=1e-9, abs=0), row


def test_p_values_of_the_exact_combination_are_the_references(shared: Path) -> None:
    """Its quadrature has an absolute error of about 2e-16; ours is relative."""
    for row, table in reference(shared, "exact"):
        ours = independence(table, "exact").p_value
        if "truncated" in row["method"]:
            x2, effects = chisq.pearson(table), chisq.design_effects(table)
            ours = imhof(x2, effects, float(row["df2"]))
        assert ours == pytest.approx(float(row["p_value"]), rel=1e-6, abs=3e-16), row


def test_the_saddlepoint_of_r_is_ours_with_its_rounded_df(shared: Path) -> None:
    for row, table in reference(shared, "saddlepoint"):
        wanted = float(row["p_value"])
        found = r_saddlepoints(row, table)
        assert any(p == pytest.approx(wanted, rel=1e-6, abs=0) for p in found), row


# --- laws -----------------------------------------------------------------------------


def drawn(seed: int, shape: tuple[int, int] = (3, 4), equal: bool = False) -> Crosstab:
    """200 people with weights, 20 to a stratum, each cell with some."""
    random = np.random.default_rng(seed)
    size = math.prod(shape)
    codes = np.concatenate([np.arange(size), random.integers(0, size, 200 - size)])
    weights = np.ones(200) if equal else random.lognormal(0, 0.5, 200)
    z = np.eye(size)[codes] * weights[:, None]
    strata = np.zeros(200) if equal else np.arange(200) % 10
    covariance = sampled(z, strata, np.arange(200), None)
    totals = z.sum(axis=0).reshape(shape)
    return Crosstab(totals=totals, covariance=covariance, n=200, df=190)


def arranged(table: Crosstab, cells: Array) -> Crosstab:
    """The table of these cells, given by their number, -1 for an empty one."""
    outside = np.append(table.totals.ravel(), 0)
    covariance = np.pad(table.covariance, ((0, 1), (0, 1)))
    return msgspec.structs.replace(
        table,
        totals=outside[cells],
        covariance=covariance[np.ix_(cells.ravel(), cells.ravel())],
    )


def assert_same(one: Crosstab, other: Crosstab, *methods: chisq.Method) -> None:
    for method in methods or METHODS:
        a, b = independence(one, method), independence(other, method)
        assert a.statistic == pytest.approx(b.statistic, rel=1e-8), method
        assert a.p_value == pytest.approx(b.p_value, rel=1e-7), method
        assert (a.df, a.df2) == pytest.approx((b.df, b.df2)), method
        assert a.reason == b.reason


seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=20, deadline=None)


@few
@given(seeds, st.permutations(range(3)), st.permutations(range(4)), st.booleans())
def test_relabelled_categories_change_nothing(
    seed: int, rows: list[int], columns: list[int], turned: bool
) -> None:
    table = drawn(seed)
    cells = np.arange(12).reshape(3, 4)[np.ix_(rows, columns)]
    assert_same(table, arranged(table, cells.T if turned else cells))


@few
@given(seeds, st.floats(1e-3, 1e6))
def test_weights_scaled_change_nothing(seed: int, by: float) -> None:
    table = drawn(seed)
    scaled = msgspec.structs.replace(
        table, totals=table.totals * by, covariance=table.covariance * by**2
    )
    assert_same(table, scaled)


@few
@given(seeds)
def test_a_category_nobody_chose_changes_nothing(seed: int) -> None:
    table = drawn(seed)
    cells = np.pad(np.arange(12).reshape(3, 4), ((0, 1), (1, 0)), constant_values=-1)
    assert_same(table, arranged(table, cells))


@few
@given(seeds)
def test_shares_with_their_covariance_give_the_same_rao_scott_tests(seed: int) -> None:
    table = drawn(seed)
    p = table.totals / table.totals.sum()
    slopes = (np.eye(12) - p.reshape(-1, 1)) / table.totals.sum()
    of_shares = slopes @ table.covariance @ slopes.T
    shares = msgspec.structs.replace(table, totals=p, covariance=of_shares)
    both = msgspec.structs.replace(table, share_covariance=of_shares)
    assert_same(table, shares, "first-order", "second-order", "exact", "saddlepoint")
    assert_same(table, both)


@few
@given(seeds)
def test_a_simple_random_sample_has_design_effects_of_one(seed: int) -> None:
    table = drawn(seed, equal=True)
    assert chisq.design_effects(table) == pytest.approx(np.full(6, 200 / 199))
    exact, second = independence(table, "exact"), independence(table, "second-order")
    assert exact.p_value == pytest.approx(second.p_value)


@few
@given(seeds)
def test_in_a_two_by_two_table_the_exact_test_is_the_second_order_one(
    seed: int,
) -> None:
    table = drawn(seed, shape=(2, 2))
    exact, second = independence(table, "exact"), independence(table, "second-order")
    assert exact.p_value == pytest.approx(second.p_value, rel=1e-10)
    assert independence(table, "wald") == msgspec.structs.replace(
        independence(table, "adjusted-wald"), method="wald"
    )


# --- what cannot be tested ------------------------------------------------------------


@settings(deadline=None)
@given(
    st.tuples(st.integers(0, 3), st.integers(0, 3)),
    st.integers(0, 9),
    st.integers(-1, 5),
    seeds,
)
def test_every_table_has_a_p_value_or_a_reason(
    shape: tuple[int, int], rank: int, df: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    totals = random.integers(0, 3, shape) * random.choice([1.0, 1 / 3])
    factors = random.normal(size=(totals.size, rank)) * np.sqrt(totals).reshape(-1, 1)
    table = Crosstab(totals=totals, covariance=factors @ factors.T, n=9, df=df)
    for method in METHODS:
        test = independence(table, method)
        assert test.method == method
        assert math.isnan(test.p_value) == bool(test.reason)
        assert test.reason or 0 <= test.p_value <= 1


def replaced(**changes: Any) -> Crosstab:
    return msgspec.structs.replace(drawn(1), **changes)


@pytest.mark.parametrize(
    ("table", "method", "reason"),
    [
        (arranged(drawn(1), np.array([[0, 1]])), "second-order", "two rows"),
        (arranged(drawn(1), np.array([[0], [1]])), "first-order", "two columns"),
        (arranged(drawn(1), np.array([[0, 1], [-1, -1]])), "wald", "two rows"),
        (replaced(totals=np.zeros((3, 4))), "exact", "two rows"),
        (replaced(covariance=np.zeros((12, 12))), "second-order", "do not vary"),
        (replaced(covariance=np.zeros((12, 12))), "wald", "singular"),
        (replaced(df=0), "second-order", "0 degrees of freedom"),
        (replaced(df=5), "adjusted-wald", "0 degrees of freedom"),
        (
            arranged(drawn(1), np.array([[-1, -1, 1], [-1, -1, 2], [3, 4, 5]])),
            "saddlepoint",
            "too many cells are empty",
        ),
    ],
)
def test_what_cannot_be_tested_says_why(
    table: Crosstab, method: chisq.Method, reason: str
) -> None:
    test = independence(table, method)
    assert reason in test.reason
    numbers = (test.statistic, test.df, test.df2, test.p_value)
    assert all(math.isnan(x) for x in numbers)


def test_an_empty_cell_is_no_obstacle() -> None:
    table = arranged(drawn(1), np.array([[0, 1, -1], [3, 4, 5]]))
    assert all(0 < independence(table, method).p_value < 1 for method in METHODS)


@pytest.mark.parametrize(
    "changes",
    [
        {"covariance": np.zeros((3, 3))},
        {"share_covariance": np.zeros((3, 3))},
        {"totals": np.zeros(12)},
        {"totals": np.full((3, 4), math.nan)},
        {"totals": np.full((3, 4), -1.0)},
        {"n": 0},
    ],
)
def test_a_table_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="test of independence: "):
        replaced(**changes)


def test_design_effects_of_a_table_without_any_are_an_error() -> None:
    with pytest.raises(DataError, match="do not vary"):
        chisq.design_effects(replaced(covariance=np.zeros((12, 12))))
