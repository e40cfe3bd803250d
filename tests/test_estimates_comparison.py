"""Comparisons give R's numbers, count overlap, and are at their level."""

from __future__ import annotations

import math
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Reference, Row, differences

from benchmarks.column_letters import (
    TRIALS,
    Setting,
    closed_form,
    false_positives,
)
from pipeline.design import Design
from pipeline.errors import DataError, NotFound
from pipeline.estimates.comparison import (
    Banner,
    Comparison,
    against,
    banner,
    compare,
    compare_strictly,
    equivalent,
    pairs_of,
    pooled_z,
)
from pipeline.estimates.linear import Estimates, mean, ratio, share
from pipeline.estimates.multiplicity import adjust
from pipeline.estimates.sample import Sample

T2B = {"t2b": "CAST(satisfaction >= 4 AS INT)"}
AI = "CAST(uses_ai = 'Yes' AS INT)"


@pytest.fixture(scope="module")
def r(shared: Path) -> Reference:
    """R's results."""
    return Reference(shared / "reference")


# --- R's numbers ----------------------------------------------------------------------


def against_r(row: Row, ours: dict[str, float]) -> list[str]:
    """Differences at 1e-9, of p-values relative however small they are."""
    found = differences(row, ours)
    p = float(row["p_value"] or "nan")
    if p == p and ours["p_value"] != pytest.approx(p, rel=1e-9, abs=0):
        found.append(f"{row['id']} p: R {p!r}, ours {ours['p_value']!r}")
    return found


@cache
def by_role(r: Reference, design: str) -> Banner:
    """Satisfied, by role."""
    sample = r.sample(design)
    rows = r.con.execute(f"SELECT DISTINCT role FROM {sample.table} ORDER BY role")
    columns = {role: f"role = '{role}'" for (role,) in rows.fetchall()}
    return banner(sample, T2B, columns)


@cache
def column_tests(r: Reference, design: str, base: str) -> tuple[list[str], Any]:
    """Names of the 28 pairs; their test by t, or z and p by the pooled formula."""
    cells = by_role(r, design)
    found, pairs = cells.found, pairs_of(cells.found)
    names = [f"t2b: {a[0]} vs {b[0]}" for a, b in pairs]
    if base == "t":
        return names, compare(found, pairs, "none")
    at = np.array([[found.at(*a), found.at(*b)] for a, b in pairs]).T
    bases = {"unweighted": found.n, "weighted": found.n_weighted}
    size = bases.get(base, cells.effective)
    return names, pooled_z(*found.values[at], *size[at])


def column_test(r: Reference, row: Row) -> dict[str, float]:
    _, test, method = row["method"].split("; ")
    base = test.removeprefix("pooled z, ").split()[0].rstrip(",")
    names, found = column_tests(r, row["design"], base)
    i = names.index(row["term"])
    how: Any = method.removeprefix("adjust=")
    if not isinstance(found, Comparison):
        z, p = found
        return {"estimate": z[i], "p_value": adjust(p, how)[i]}
    return {
        "estimate": found.t[i],
        "se": found.se[i],
        "df": found.df[i],
        "p_value": adjust(found.p, how)[i],
    }


def test_r_tests_columns_the_same_by_every_base_and_adjustment(r: Reference) -> None:
    rows = r.rows("column_test")
    wrong = [d for row in rows for d in against_r(row, column_test(r, row))]
    assert not wrong, "\n".join(wrong)
    assert len(rows) == 341


def one_of(found: Comparison) -> dict[str, float]:
    (low,), (high,) = found.interval()
    return {
        "estimate": found.values[0],
        "se": found.se[0],
        "ci_low": low,
        "ci_high": high,
        "df": found.df[0],
        "p_value": found.p[0],
    }


def test_r_finds_the_same_changes_between_waves(r: Reference) -> None:
    wrong, rows = [], r.rows("wave_change")
    for row in rows:
        later, earlier = (int(y) for y in row["term"].removeprefix("ai ").split(" - "))
        found = mean(r.sample(row["design"]), [AI], ["wave"])
        ours = one_of(compare(found, [((later, AI), (earlier, AI))]))
        wrong += against_r(row, ours)
    assert not wrong, "\n".join(wrong)
    assert len(rows) == 5


def test_r_contrasts_domains_the_same_in_every_design(r: Reference) -> None:
    wrong, rows = [], r.rows("svycontrast")
    for row in rows:
        sample = r.sample(row["design"])
        if row["term"] == "api00/api99":
            found = ratio(sample, "api00", "api99")
            (low,), (high,) = found.interval()
            ours = {"estimate": found.values[0], "se": found.se[0], "df": found.df}
            ours |= {"ci_low": low, "ci_high": high}
        else:
            means = mean(sample, ["api00"], ["stype"])
            ours = one_of(compare(means, [(("E", "api00"), ("H", "api00"))]))
        wrong += against_r(row, ours)
    assert not wrong, "\n".join(wrong)
    assert len(rows) == 18


@pytest.mark.parametrize("design", ["dclus1", "dstrat", "rclus1_jk1"])
def test_a_banner_is_the_same_domains_in_any_design(r: Reference, design: str) -> None:
    sample = r.sample(design)
    columns = {t: f"stype = '{t}'" for t in "EHM"}
    one, two = (
        banner(sample, {"api00": "api00"}, columns),
        mean(sample, ["api00"], ["stype"]),
    )
    assert one.found.keys == two.keys
    for name in ("values", "cov", "n", "n_weighted", "df", "deff"):
        assert getattr(one.found, name) == pytest.approx(getattr(two, name))


# --- samples of our own ---------------------------------------------------------------


def sample_of(**columns: Any) -> Sample:
    """Respondents with these columns, `w` their weights."""
    con = duckdb.connect()
    names = ", ".join(f"UNNEST(${c}) AS {c}" for c in columns)
    given = {c: list(v) for c, v in columns.items()}
    con.execute(f"CREATE TABLE t AS SELECT {names}", given)
    return Sample(con, "t", Design(), "w")


def overlapping(seed: int, n: int = 120) -> tuple[Sample, dict[str, Any]]:
    """A select-all banner: who uses a, b, both or neither, and an answer."""
    rng = np.random.default_rng(seed)
    data = {
        "a": (rng.random(n) < 0.6).astype(int),
        "b": (rng.random(n) < 0.4).astype(int),
        "y": (rng.random(n) < 0.5).astype(int),
        "w": rng.gamma(2, 0.5, n) + 0.1,
    }
    return sample_of(**{k: v.tolist() for k, v in data.items()}), data


A_AND_B = {"A": "a = 1", "B": "b = 1"}
ROW = {"y": "y"}
PAIR = [(("A", "y"), ("B", "y"))]


def influence(data: dict[str, Any], inside: Any) -> tuple[float, Any]:
    """The weighted share of those inside, and what each adds to its error."""
    w = data["w"] * inside
    p = (w * data["y"]).sum() / w.sum()
    return p, w * (data["y"] - p) / w.sum()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_those_in_both_columns_count_in_the_standard_error(seed: int) -> None:
    sample, data = overlapping(seed)
    (p_a, z_a), (p_b, z_b) = influence(data, data["a"]), influence(data, data["b"])
    found = compare(banner(sample, ROW, A_AND_B).found, PAIR)
    n, z = len(z_a), z_a - z_b
    assert found.values[0] == pytest.approx(p_a - p_b, abs=1e-12)
    assert found.se[0] == pytest.approx(math.sqrt(n / (n - 1) * (z @ z)))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_everyone_is_the_column_and_its_rest(seed: int) -> None:
    sample, data = overlapping(seed)
    cells, pairs = against(sample, ROW, A_AND_B, "rest")
    rest = compare(cells.found, pairs)
    cells, pairs = against(sample, ROW, A_AND_B, "everyone")
    everyone = compare(cells.found, pairs)
    part = np.array([(data["w"] * data[c]).sum() for c in "ab"]) / data["w"].sum()
    # p_d - p = (1 - f)(p_d - p_rest), f the weighted part of all who are in d.
    assert everyone.values == pytest.approx((1 - part) * rest.values, abs=1e-12)
    z = influence(data, data["a"])[1] - influence(data, np.ones(len(data["a"])))[1]
    n = len(z)
    assert everyone.se[0] == pytest.approx(math.sqrt(n / (n - 1) * (z @ z)))


def test_who_is_not_known_to_be_in_a_column_is_not_in_the_rest() -> None:
    sample = sample_of(a=[1, 1, 0, 0, None], y=[1, 0, 1, 1, 0], w=[1.0] * 5)
    cells, _ = against(sample, ROW, {"A": "a = 1"}, "rest")
    assert dict(zip(cells.found.keys, cells.found.n, strict=True)) == {
        ("A", "y"): 2,
        ("not A", "y"): 2,
    }
    cells, _ = against(sample, ROW, {"A": "a = 1"}, "everyone")
    assert cells.found.n.tolist() == [2, 5]


def test_each_option_of_a_select_all_question_has_its_own_base() -> None:
    sample = sample_of(
        a=[1, 1, 1, 0], x=[1, None, 0, 1], y=[1, 1, 0, None], w=[1.0] * 4
    )
    found = banner(sample, {"x": "x", "y": "y"}, {"A": "a = 1"}).found
    assert found.n.tolist() == [2, 3]
    assert found.values == pytest.approx([1 / 2, 2 / 3])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_the_closed_formula_is_the_standard_error_of_a_share(seed: int) -> None:
    sample, data = overlapping(seed)
    p, v = closed_form(data["w"][None], data["y"][None].astype(float))
    found, n = share(sample, "y"), len(data["y"])
    assert found.values[-1] == pytest.approx(p[0])
    assert found.se[-1] == pytest.approx(math.sqrt(n / (n - 1) * v[0]))


# --- laws -----------------------------------------------------------------------------


def both_tests(cells: Banner, pairs: list[Any]) -> tuple[Comparison, Comparison]:
    return compare(cells.found, pairs, "none"), compare_strictly(cells, pairs, "none")


@given(st.integers(0, 2**32 - 1), st.integers(3, 40))
@settings(max_examples=30, deadline=None)
def test_the_strict_test_is_never_the_easier_one(seed: int, n: int) -> None:
    sample, _ = overlapping(seed, n)
    design, strict = both_tests(banner(sample, ROW, A_AND_B), PAIR)
    known = ~np.isnan(design.p) & ~np.isnan(strict.p)
    assert (strict.p >= design.p - 1e-12)[known].all()


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
@settings(max_examples=15, deadline=None)
def test_order_and_scale_of_weights_change_nothing(seed: int, scale: float) -> None:
    sample, data = overlapping(seed)
    scaled = dict(data, w=data["w"] * scale)
    again = sample_of(**{k: v.tolist() for k, v in scaled.items()})
    for one, two in zip(
        both_tests(banner(sample, ROW, A_AND_B), PAIR),
        both_tests(banner(again, ROW, A_AND_B), [PAIR[0][::-1]]),
        strict=True,
    ):
        assert two.values == pytest.approx(-one.values, abs=1e-12)
        assert two.se == pytest.approx(one.se)
        assert two.p == pytest.approx(one.p)


def test_the_strict_test_agrees_with_r_in_large_columns(r: Reference) -> None:
    cells = by_role(r, "ddev")
    design, strict = both_tests(cells, pairs_of(cells.found))
    assert strict.se == pytest.approx(design.se)
    assert (strict.p - design.p).max() < 0.006


def test_a_column_has_no_test_against_itself() -> None:
    sample, _ = overlapping(1)
    cells = banner(sample, ROW, {"A": "a = 1", "B": "a > 0"})
    for found in both_tests(cells, PAIR):
        assert np.isnan(found.p).all()
        assert found.family.tests == 0


def test_all_of_four_against_none_of_four_is_no_certainty() -> None:
    """0 of 4 against 4 of 4: R has a standard error of 0, and so certainty."""
    sample = sample_of(a=[1] * 4 + [0] * 4, y=[0] * 4 + [1] * 4, w=[1.0] * 8)
    cells = banner(sample, ROW, {"A": "a = 1", "B": "a = 0"})
    design, strict = both_tests(cells, PAIR)
    assert np.isnan(design.p[0])
    assert 0.01 < strict.p[0] < 0.2  # Fisher's exact test: .029


def test_a_column_with_nobody_has_no_test() -> None:
    sample, _ = overlapping(2)
    cells = banner(sample, ROW, {"A": "a = 1", "B": "a = 7"})
    for found in both_tests(cells, PAIR):
        assert np.isnan([found.values[0], found.se[0], found.p[0]]).all()


def test_a_mean_is_not_taken_for_a_share() -> None:
    sample = sample_of(
        a=[1, 1, 1, 0, 0, 0], y=[5, 7, 8, 1, 2, 4], w=[1.0, 2, 1, 1, 1, 1]
    )
    cells = banner(sample, ROW, {"A": "a = 1", "B": "a = 0"})
    design, strict = both_tests(cells, PAIR)
    assert not cells.shares.any()
    assert strict.se == pytest.approx(design.se)
    assert strict.df[0] < design.df[0]


def test_no_pairs_are_a_family_of_none() -> None:
    sample, _ = overlapping(3)
    for found in both_tests(banner(sample, ROW, A_AND_B), []):
        assert (found.p.shape, found.family.tests) == ((0,), 0)


def test_a_pair_that_does_not_exist_names_the_nearest() -> None:
    sample, _ = overlapping(4)
    with pytest.raises(NotFound, match=r"\('A', 'y'\)"):
        compare(banner(sample, ROW, A_AND_B).found, [(("A", "x"), ("B", "y"))])


def test_the_family_is_stated() -> None:
    sample, _ = overlapping(5)
    found = banner(sample, {"y": "y", "no": "1 - y"}, {**A_AND_B, "C": "a = 9"}).found
    family = compare(found, pairs_of(found), "BH", "a table").family
    # Column C is empty: two pairs of A and B are what was tested.
    assert (family.of, family.tests, family.method) == ("a table", 2, "BH")


# --- equivalence ----------------------------------------------------------------------


@given(
    st.floats(-0.2, 0.2), st.floats(1e-3, 0.1), st.integers(1, 500), st.floats(0.01, 1)
)
def test_equivalence_is_the_narrower_interval_within_the_margin(
    difference: float, se: float, df: int, margin: float
) -> None:
    nothing = np.zeros(2)
    cov = np.diag([se**2, 0])
    two = Estimates(
        (("a",), ("b",)),
        np.array([difference, 0]),
        cov,
        df,
        nothing,
        nothing,
        nothing,
    )
    compared = compare(two, [(("a",), ("b",))])
    (low,), (high,) = compared.interval(0.90)
    within = -margin < low and high < margin
    p = equivalent(compared, margin).p[0]
    assert (p < 0.05) == within or p == pytest.approx(0.05, abs=1e-6)


def test_a_wide_margin_holds_and_a_narrow_one_does_not(r: Reference) -> None:
    cells = by_role(r, "ddev")
    pair = [(("DevOps", "t2b"), ("Manager", "t2b"))]
    compared = compare(cells.found, pair)
    assert equivalent(compared, 0.15).p_adjusted[0] < 0.05
    assert equivalent(compared, 0.02).p_adjusted[0] > 0.05


@pytest.mark.parametrize("margin", [0.0, -0.1, math.nan, math.inf])
def test_equivalence_needs_a_margin(margin: float) -> None:
    sample, _ = overlapping(6)
    compared = compare(banner(sample, ROW, A_AND_B).found, PAIR)
    with pytest.raises(DataError, match="margin"):
        equivalent(compared, margin)


# --- other tools' tests ---------------------------------------------------------------


def test_two_columns_of_the_same_people_have_no_pooled_z() -> None:
    z, p = pooled_z([0.4, 0.5], [0.5, 0.5], 100, 100, 100)
    assert np.isinf(z[0])
    assert np.isnan(p[1])


def test_a_column_against_everyone_is_the_column_against_its_rest() -> None:
    """With everyone's share pooled, the overlap takes out what is in both."""
    n, rest, p, q = 120.0, 380.0, 0.4, 0.3
    both = (n * p + rest * q) / (n + rest)
    z, _ = pooled_z(p, q, n, rest)
    pooled = (n * p + (n + rest) * both) / (n + n + rest)
    scale = math.sqrt(both * (1 - both) / (pooled * (1 - pooled)))
    again, _ = pooled_z(p, both, n, n + rest, n)
    assert again == pytest.approx(z * scale)


def test_students_t_is_wider_than_normal_on_small_bases() -> None:
    assert (
        pooled_z(0.2, 0.6, 10, 12, student=True)[1] > pooled_z(0.2, 0.6, 10, 12)[1]
    ).all()


# --- false positives ------------------------------------------------------------------

DEFFS = (1.1, 1.4, 2.25)


@pytest.mark.slow
@pytest.mark.parametrize("deff", DEFFS)
@pytest.mark.parametrize("pull", [0.0, 0.7])
def test_columns_that_do_not_differ_are_called_different_at_the_stated_rate(
    deff: float, pull: float
) -> None:
    setting = Setting((500, 500), deff, pull, 0.3)
    rates = false_positives(np.random.default_rng(7), setting, TRIALS)
    noise = 3 * math.sqrt(0.05 * 0.95 / TRIALS)
    assert 0.045 - noise < rates["Taylor t"] < 0.06
    assert 0.045 - noise < rates["strict t"] < 0.06


@pytest.mark.slow
def test_small_uneven_columns_need_the_strict_test() -> None:
    setting = Setting((50, 400), 1.4, 0.0, 0.1)
    rates = false_positives(np.random.default_rng(8), setting, 5_000)
    assert rates["Taylor t"] > 0.08
    assert rates["strict t"] < 0.06


def test_light_weights_reject_within_monte_carlo_error_of_the_level() -> None:
    """A quick one: 2,000 trials of two columns of 300."""
    setting = Setting((300, 300), 1.1, 0.0, 0.4)
    rates = false_positives(np.random.default_rng(9), setting, 2_000)
    assert abs(rates["Taylor t"] - 0.05) < 3 * math.sqrt(0.05 * 0.95 / 2_000)


def test_the_pairs_are_all_pairs_of_columns_in_a_row() -> None:
    sample, _ = overlapping(10)
    columns = {**A_AND_B, "C": "a = 0"}
    found = banner(sample, {"y": "y", "no": "1 - y"}, columns).found
    wanted = {(a, b, row) for a, b in combinations(columns, 2) for row in ("y", "no")}
    assert {(a, b, row) for (a, row), (b, _) in pairs_of(found)} == wanted
