"""Intervals against R's survey, its own finer grid, textbook values, and laws."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit, ndtri

from pipeline.estimates.intervals import (
    Method,
    adjusted_n,
    critical,
    mean_interval,
    share_effective_n,
    share_interval,
)

Row = dict[str, Any]
METHODS = get_args(Method)
# The same in R's words, and how far R is from the formula: its logistic regression
# stops iterating at 1e-9, and its likelihood is read off a spline through ten points.
IN_R: dict[str, tuple[Method, float]] = {
    "wilson": ("wilson", 1e-9),
    "xlogit": ("logit", 1e-9),
    "beta": ("beta", 1e-9),
    "asin": ("arcsine", 1e-9),
    "mean": ("mean", 1e-9),
    "logit": ("logit", 1e-8),
    "likelihood": ("likelihood", 5e-3),
}
IN_SHARE = {
    "~I(ell == 0)": lambda row: float(row["ell"] == "0"),
    '~I(stype == "H")': lambda row: float(row["stype"] == "H"),
    "~HI_CHOL": lambda row: float(row["HI_CHOL"].replace("NA", "nan") or "nan"),
}


@cache
def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.fixture(scope="module")
def reference(shared: Path) -> list[Row]:
    """R's intervals for shares: bounds of survey 4.5, and what they are made from."""
    folder = shared / "reference"
    newer = {
        (row["id"], row["column"]): row["survey_4.5"]
        for row in table(folder / "differs_from_4.5.csv")
    }
    designs = {row["design"]: row for row in table(folder / "designs.csv")}
    rows: list[Row] = []
    for row in table(folder / "reference.csv"):
        if row["statistic"] != "svyciprop":
            continue
        bounds = {c: newer.get((row["id"], c), row[c]) for c in ("ci_low", "ci_high")}
        data = table(folder / f"data/{row['dataset']}.csv")
        found = {**row, **bounds, "n": len(data)}
        for name in ("estimate", "se", "df", "ci_low", "ci_high"):
            found[name] = float(found[name])
        found["se_logit"] = None
        if designs[row["design"]]["rep_file"] and row["method"] in IN_R:
            found["se_logit"] = se_logit(folder, designs[row["design"]], row, data)
        rows.append(found)
    return rows


def se_logit(
    folder: Path, design: dict[str, str], row: Row, data: list[dict[str, str]]
) -> float | None:
    """The standard error of the log odds over replicates; R's xlogit does without."""
    if row["method"] not in ("logit", "likelihood"):
        return None
    weights = np.loadtxt(folder / design["rep_file"], delimiter=",", skiprows=1)
    y = np.array([IN_SHARE[row["term"]](case) for case in data])
    w = weights[~np.isnan(y)]
    with np.errstate(divide="ignore"):
        odds = logit(y[~np.isnan(y)] @ w / w.sum(axis=0))
    full, replicates = odds[0], odds[1:]
    if np.isinf(replicates).any():
        return np.inf
    centre = full if design["mse"] == "TRUE" else replicates.mean()
    rscales = np.array(design["rscales"].split(), float)
    squares = rscales * (replicates - centre) ** 2
    return float(np.sqrt(float(design["scale"]) * squares.sum()))


def ours(row: Row) -> tuple[float, float]:
    method, _ = IN_R[row["method"]]
    low, high = share_interval(
        method,
        row["estimate"],
        row["se"],
        row["n"],
        row["df"],
        se_logit=row["se_logit"],
    )
    return float(low), float(high)


def low_angle(row: Row) -> float:
    """Where arcsin √p ± t/(2 √n_eff) begins."""
    n_eff = share_effective_n(row["estimate"], row["se"], row["n"])
    half = critical(row["df"], 0.95) / (2 * np.sqrt(n_eff))
    return float(np.arcsin(np.sqrt(row["estimate"])) - half)


def folded(row: Row) -> bool:
    """Whether R's arcsine passes 0° and comes back."""
    return row["method"] == "asin" and low_angle(row) < 0


@pytest.mark.parametrize("in_r", IN_R)
def test_intervals_are_those_of_r(in_r: str, reference: list[Row]) -> None:
    rows = [row for row in reference if row["method"] == in_r]
    assert rows
    for row in rows:
        low, high = ours(row)
        # A replicate without a case has no log odds: we say [0, 1], R stops on the way.
        near = 1e-7 if row["se_logit"] == np.inf else 0
        expected = pytest.approx
        assert high == expected(row["ci_high"], rel=IN_R[in_r][1], abs=near), row
        if not folded(row):
            assert low == expected(row["ci_low"], rel=IN_R[in_r][1], abs=near), row


def test_where_the_arcsine_of_r_comes_back_ours_stops_at_zero(
    reference: list[Row],
) -> None:
    rows = [row for row in reference if folded(row)]
    assert rows
    for row in rows:
        reflected = np.sin(low_angle(row)) ** 2
        assert reflected == pytest.approx(row["ci_low"], rel=1e-9)
        assert ours(row)[0] == 0


def test_the_likelihood_is_what_r_finds_on_a_finer_grid() -> None:
    """R: glm.control(epsilon = 1e-15), and del = 1/300 for the profile.

    P(stype = H) and P(api00 > 850) in dclus1, P(ell = 0) in dsrs and dstrat.
    """
    p = np.array([14 / 183, 1 / 183, 0.06, 0.053038424714779549])
    se = [0.026810219050771, 0.0054393812225846, 0.016560970462575, 0.015893307562540]
    low = [0.031782838244400, 0.00020908317881502, 0.032705413029612, 0.027300763429042]
    high = [0.14728460014072, 0.026447499923806, 0.098348718431305, 0.090381904683601]
    found = share_interval(
        "likelihood", p, se, [183, 183, 200, 200], [14, 14, 199, 197]
    )
    assert found[0] == pytest.approx(low, rel=1e-7)
    assert found[1] == pytest.approx(high, rel=1e-7)


def test_intervals_of_means_and_totals_are_those_of_r(shared: Path) -> None:
    rows = [
        row
        for row in table(shared / "reference/reference.csv")
        if row["statistic"] in ("svymean", "svytotal") and row["ci_low"]
    ]
    assert rows
    names = ("estimate", "se", "df", "ci_low", "ci_high")
    estimate, se, df, low, high = np.array(
        [[float(r[c]) for c in names] for r in rows]
    ).T
    df[[row["method"].endswith("normal") for row in rows]] = np.inf
    found = mean_interval(estimate, se, df)
    assert found[0] == pytest.approx(low, rel=1e-9)
    assert found[1] == pytest.approx(high, rel=1e-9)


def test_no_one_out_of_n_is_what_the_textbooks_say() -> None:
    """Exact 1 - (α/2)^(1/n), Wilson z²/(n + z²), likelihood 1 - exp(-z²/2(n - 1))."""
    z2 = ndtri(0.975) ** 2
    exact = 1 - 0.025 ** (1 / 40)
    expected = {
        "wilson": z2 / (40 + z2),
        "logit": exact,
        "likelihood": 1 - np.exp(-z2 / (2 * 39)),
        "arcsine": exact,
        "beta": exact,
        "mean": exact,
    }
    for method in METHODS:
        low, high = share_interval(method, 0, 0, 40, np.inf)
        assert (low, high) == (0, pytest.approx(expected[method], rel=1e-12)), method


@pytest.mark.parametrize("method", METHODS)
def test_a_share_fixed_by_the_design_is_its_own_interval(method: Method) -> None:
    low, high = share_interval(method, 0.3, np.array([0, 1e-17]), 500, 499)
    assert [*low, *high] == [0.3] * 4


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "without",
    [
        {"df": 0},
        {"df": -1},
        {"df": np.nan},
        {"n": 1},
        {"n": np.nan},
        {"se": np.nan},
        {"p": np.nan},
        {"p": 1.1},
        {"p": 0, "se": np.nan},
    ],
)
def test_without_the_ingredients_there_is_no_interval(
    method: Method, without: dict[str, float]
) -> None:
    given = {"p": 0.3, "se": 0.02, "n": 500, "df": 499} | without
    assert np.isnan(share_interval(method, *given.values())).all()


@pytest.mark.parametrize("method", ["logit", "likelihood"])
def test_log_odds_without_a_standard_error_have_no_interval(method: Method) -> None:
    low, high = share_interval(method, 0.3, 0.02, 500, 30, se_logit=[np.nan, np.inf])
    assert np.isnan([low[0], high[0]]).all()
    assert (low[1], high[1]) == pytest.approx((0, 1), abs=1e-15)
    assert not np.isnan(share_interval(method, 0, 0, 500, 30, se_logit=np.nan)).any()


@pytest.mark.parametrize("method", METHODS)
def test_a_share_of_one_may_lack_its_last_bit(method: Method) -> None:
    exact = share_interval(method, 1, 0, 40, 39)
    almost = share_interval(method, 1 - 1e-16, 1e-17, 40, 39)
    assert exact == almost
    assert exact[0] < 0.96


@pytest.mark.parametrize("method", METHODS)
def test_arrays_give_what_their_cells_give_one_by_one(method: Method) -> None:
    p, se = np.array([[0.0, 0.2], [0.7, 1.0]]), np.array([[0, 0.1], [0.02, 0]])
    df = np.array([5, np.inf])
    low, high = share_interval(method, p, se, 60, df)
    assert low.shape == high.shape == (2, 2)
    for at in np.ndindex(2, 2):
        alone = share_interval(method, p[at], se[at], 60, df[at[1]])
        assert (low[at], high[at]) == alone


def test_degrees_of_freedom_cost_respondents_and_never_add_any() -> None:
    assert adjusted_n(100, 200, 14, 0.95) < 100
    assert adjusted_n(100, 200, 199, 0.95) == 100
    assert adjusted_n(100, 200, np.inf, 0.95) == 100


@st.composite
def cells(draw: st.DrawFn) -> tuple[float, float, int, float]:
    """A share, its standard error, respondents, and degrees of freedom."""
    n = draw(st.integers(2, 5000))
    p = draw(st.sampled_from([0.0, 1.0]) | st.floats(1e-6, 1 - 1e-6))
    deff = draw(st.floats(0.3, 10))
    df = draw(st.just(float("inf")) | st.integers(1, n - 1).map(float))
    return p, float(np.sqrt(p * (1 - p) * deff / n)), n, df


LEVELS = st.floats(0.5, 0.999)


@pytest.mark.parametrize("method", METHODS)
@given(cell=cells(), level=LEVELS)
def test_an_interval_holds_its_share_and_stays_a_share(
    method: Method, cell: tuple[float, float, int, float], level: float
) -> None:
    """All but Wald's, whose overshooting is R's too and tells against it."""
    low, high = share_interval(method, *cell, level=level)
    assert low <= cell[0] <= high
    if method != "mean":
        assert low >= 0
        assert high <= 1


@pytest.mark.parametrize("method", METHODS)
@given(cell=cells(), levels=st.tuples(LEVELS, LEVELS).map(sorted))
def test_more_confidence_takes_a_wider_interval(
    method: Method, cell: tuple[float, float, int, float], levels: list[float]
) -> None:
    (low, high), (lower, higher) = (
        share_interval(method, *cell, level=level) for level in levels
    )
    assert lower <= low + 1e-12
    assert higher >= high - 1e-12


@pytest.mark.parametrize("method", METHODS)
@given(cell=cells())
def test_the_complement_has_the_mirrored_interval(
    method: Method, cell: tuple[float, float, int, float]
) -> None:
    low, high = share_interval(method, *cell)
    other_low, other_high = share_interval(method, 1 - cell[0], *cell[1:])
    assert (other_low, other_high) == pytest.approx((1 - high, 1 - low), abs=1e-9)
