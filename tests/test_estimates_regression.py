"""Regressions give R's numbers on every reference design, and refuse what has none."""

from __future__ import annotations

import re
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Reference, differences

from pipeline.design import Design, Replicates
from pipeline.errors import DataError, NotFound
from pipeline.estimates import linear
from pipeline.estimates.newton import Family
from pipeline.estimates.regression import Model, adjusted, fit, wald_test
from pipeline.estimates.sample import Sample
from pipeline.estimates.terms import Category, Number, Term

pytestmark = pytest.mark.slow

# R stops when the deviance changes by less than this part of it.
AS_R = 1e-8
SCHOOLS = (Number("ell"), Number("meals"), Number("mobility"))
HEALTH = (Category("race", "factor(race)"), Category("agecat"), Number("RIAGENDR"))
WAVES = (Number("wave - 2023", "I(wave - 2023)"),)
WIDE = "CAST(sch_wide = 'Yes' AS INT)"
SQL = {"sch.wide": WIDE, "ai": "CAST(uses_ai = 'Yes' AS INT)"}


@pytest.fixture(scope="module")
def r(shared: Path) -> Reference:
    """R's results."""
    return Reference(shared / "reference")


@cache
def model_of(r: Reference, design: str, call: str) -> Model:
    """The model of an R call such as svyglm(ai~I(wave-2023), ddev, family=...)."""
    found = re.search(r"svyglm\((\S+?)~(\S+), ", call)
    assert found
    outcome, right = found.groups()
    terms: tuple[Term, ...] = SCHOOLS
    if "race" in right or "wave" in right:
        terms = HEALTH if "race" in right else WAVES
    family: Family = "logistic" if "quasibinomial" in call else "linear"
    sample = r.sample(design)
    return fit(sample, SQL.get(outcome, outcome), terms, family, epsilon=AS_R)


def test_r_finds_the_same_coefficients(r: Reference) -> None:
    found = []
    for row in r.rows("svyglm"):
        model = model_of(r, row["design"], row["call"])
        at = model.names.index(row["term"])
        low, high = model.interval()
        ours = {"estimate": model.coefficients, "se": model.se}
        ours |= {"ci_low": low, "ci_high": high}
        each = {name: float(values[at]) for name, values in ours.items()}
        found += differences(row, each | {"df": model.df})
        found += differences(row, {"p_value": float(model.p_value[at])}, 1e-6)
    assert not found, "\n".join(found)


def test_r_finds_the_same_of_terms_together(r: Reference) -> None:
    found = []
    for row in r.rows("regTermTest"):
        test = wald_test(
            model_of(r, row["design"], row["call"]), row["term"].split("+")
        )
        ours = {"estimate": test.statistic, "df": test.df, "df2": test.df2}
        found += differences(row, ours)
        found += differences(row, {"p_value": test.p_value}, 1e-6)
    assert not found, "\n".join(found)


def test_r_stops_before_the_end_and_we_do_not(r: Reference) -> None:
    """R, control=glm.control(epsilon=1e-15): the same design, all digits."""
    model = fit(r.sample("dclus2"), WIDE, SCHOOLS, "logistic")
    b = [0.8211830660482815, -0.05462042049881678, 0.02873455521838721]
    se = [0.7556227453085165, 0.02220240284437415, 0.01799138316309179]
    assert model.coefficients[:3] == pytest.approx(b, rel=1e-12)
    assert model.se[:3] == pytest.approx(se, rel=1e-8)
    early = fit(r.sample("dclus2"), WIDE, SCHOOLS, "logistic", epsilon=AS_R)
    assert early.coefficients == pytest.approx(model.coefficients, rel=1e-7)
    assert early.se != pytest.approx(model.se, rel=1e-6)


def test_a_subset_of_a_raked_sample_keeps_what_it_was_raked_to(r: Reference) -> None:
    """R: svyglm(api00~ell+meals+mobility, subset(rake(dclus1, ...), ell>10))."""
    model = fit(r.sample("clus1_rake"), "api00", SCHOOLS, where="ell > 10")
    b = [802.0965897869803, 0.0890019198021571, -3.2375188906976, -0.3510035006667]
    se = [31.992871946666391, 0.418280419223, 0.291856374718, 0.367062862826]
    assert model.coefficients == pytest.approx(b, rel=1e-9)
    assert model.se == pytest.approx(se, rel=1e-8)
    assert model.df == 9


def test_a_subset_has_the_degrees_of_freedom_of_its_own_units(r: Reference) -> None:
    """R: svyglm(I(comp.imp=="Yes")~..., subset(dclus1, ell>10), quasibinomial())."""
    outcome = "comp_imp = 'Yes'"
    sample = r.sample("dclus1")
    model = fit(sample, outcome, SCHOOLS, "logistic", "ell > 10", AS_R)
    b = [0.0946263295845806, 0.0609177357974816, -0.0168346146264849]
    se = [0.668753659450074, 0.016988850520842, 0.005302655998787]
    assert model.coefficients[:3] == pytest.approx(b, rel=1e-9)
    assert model.se[:3] == pytest.approx(se, rel=1e-9)
    assert model.df == 9


# --- adjusted means -------------------------------------------------------------------

PREDICTED: dict[Family, tuple[str, dict[str, float]]] = {
    "linear": (
        "api00",
        {"E": 687.8620928559869, "H": 559.5678106383701, "M": 627.4026750744806},
    ),
    "logistic": (
        WIDE,
        {"E": 0.9137737483577276, "H": 0.4758281652449187, "M": 0.6885750091261574},
    ),
}


@pytest.mark.parametrize("family", PREDICTED)
def test_adjusted_means_are_those_r_predicts(r: Reference, family: Family) -> None:
    """R: svypredmeans(svyglm(y~ell+meals, dstrat), ~stype)."""
    outcome, means = PREDICTED[family]
    terms = (Number("ell"), Number("meals"), Category("stype"))
    found = adjusted(fit(r.sample("dstrat"), outcome, terms, family), "stype")
    assert found.keys == tuple((level,) for level in means)
    assert found.values == pytest.approx(list(means.values()), rel=1e-11)
    assert found.n.tolist() == [100, 50, 50]


@pytest.mark.parametrize("family", PREDICTED)
def test_leaving_out_respondents_in_turn_finds_the_same_error_of_an_adjusted_mean(
    r: Reference, family: Family
) -> None:
    terms = (Number("ell"), Number("meals"), Category("stype"))
    taylor, jackknife = (
        adjusted(fit(r.sample(d), PREDICTED[family][0], terms, family), "stype")
        for d in ("dstrat_nofpc", "rstrat_jkn_nofpc")
    )
    assert jackknife.values == pytest.approx(taylor.values, rel=1e-9)
    assert jackknife.se == pytest.approx(taylor.se, rel=0.06)


@pytest.mark.parametrize("design", ["dclus2", "dstrat", "clus1_rake", "rstrat_jkn"])
@pytest.mark.parametrize("family", PREDICTED)
def test_with_nothing_to_adjust_for_adjusted_means_are_the_means(
    r: Reference, design: str, family: Family
) -> None:
    sample, outcome = r.sample(design), "CAST(comp_imp = 'Yes' AS INT)"
    found = adjusted(fit(sample, outcome, [Category("stype")], family), "stype")
    plain = linear.mean(sample, [outcome], ["stype"])
    assert found.values == pytest.approx(plain.values, rel=1e-10)
    assert found.cov == pytest.approx(plain.cov, rel=1e-7, abs=1e-12)


# --- laws -----------------------------------------------------------------------------


CON, COUNT = duckdb.connect(), count()
WEIGHTS_ONLY = Design()


def people(
    weights: Any = None, design: Design = WEIGHTS_ONLY, **columns: Any
) -> Sample:
    """Respondents from columns of values; without weights each counts once."""
    given = {k: np.asarray(v) for k, v in columns.items()}
    if weights is not None:
        given["w"] = np.asarray(weights, dtype=float)
    texts = {
        k: v.astype(object) if v.dtype.kind == "U" else v for k, v in given.items()
    }
    table = f"people{next(COUNT)}"
    CON.register(table, texts)
    return Sample(CON, table, design, "w" if weights is not None else "")


ANSWERS = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.integers(0, 1),
        st.integers(0, 5),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=30,
)
# Both answers in both groups, so that log odds are finite.
SURE = [("a", 0, 1, 1), ("a", 1, 2, 2), ("b", 0, 3, 3), ("b", 1, 0, 1)]


def columns_of(answers: list[tuple[str, int, int, int]]) -> dict[str, Any]:
    role, ai, size, w = zip(*SURE, *answers, strict=True)
    return {"role": role, "ai": ai, "size": size, "weights": np.array(w)}


@settings(max_examples=20, deadline=None)
@given(ANSWERS)
def test_log_odds_with_one_dummy_are_those_of_the_shares(
    answers: list[tuple[str, int, int, int]],
) -> None:
    sample = people(**columns_of(answers))
    model = fit(sample, "ai", [Category("role")], "logistic")
    shares = linear.mean(sample, ["ai"], ["role"])
    odds = np.log(shares.values / (1 - shares.values))
    slopes = np.array([-1, 1]) / (shares.values * (1 - shares.values))
    assert model.coefficients == pytest.approx([odds[0], odds[1] - odds[0]], abs=1e-9)
    assert model.se[1] ** 2 == pytest.approx(slopes @ shares.cov @ slopes)


@settings(max_examples=20, deadline=None)
@given(ANSWERS, st.sampled_from(["linear", "logistic"]), st.floats(1e-3, 1e6))
def test_weights_scaled_change_nothing(
    answers: list[tuple[str, int, int, int]], family: Family, scale: float
) -> None:
    columns = columns_of(answers)
    terms = (Category("role"), Number("size"))
    model = fit(people(**columns), "ai", terms, family)
    columns["weights"] = columns["weights"] * scale
    again = fit(people(**columns), "ai", terms, family)
    assert again.coefficients == pytest.approx(model.coefficients, abs=1e-8)
    assert again.covariance == pytest.approx(model.covariance, rel=1e-6, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(ANSWERS, st.sampled_from(["linear", "logistic"]))
def test_relabelled_categories_only_relabel(
    answers: list[tuple[str, int, int, int]], family: Family
) -> None:
    columns = columns_of(answers)
    terms = (Category("role"), Number("size"))
    model = fit(people(**columns), "ai", terms, family)
    columns["role"] = ["z" if x == "a" else "y" for x in columns["role"]]
    again = fit(people(**columns), "ai", terms, family)
    step, other = model.at("role", "b"), again.at("role", "z")
    assert again.coefficients[other] == pytest.approx(
        -model.coefficients[step], abs=1e-8
    )
    assert again.se[other] == pytest.approx(model.se[step], rel=1e-6)
    assert adjusted(again, "role").values[::-1] == pytest.approx(
        adjusted(model, "role").values
    )


def test_the_first_level_given_is_the_reference() -> None:
    sample = people(**columns_of([]))
    levels = ("b", "nobody", "a")
    model = fit(sample, "size", [Category("role", "Role", levels)])
    assert model.keys == (("(Intercept)", None), ("Role", "a"))
    assert model.names == ("(Intercept)", "Rolea")


def test_a_wave_of_2025_costs_no_digits() -> None:
    wave = np.array([2023, 2023, 2024, 2024, 2025, 2025])
    y = np.array([1.0, 2, 2, 4, 3, 5])
    far = fit(people(wave=wave, y=y), "y", [Number("wave")])
    near = fit(people(wave=wave, y=y), "y", [Number("wave - 2024")])
    assert far.coefficients[1] == pytest.approx(near.coefficients[1], rel=1e-11)
    assert far.se[1] == pytest.approx(near.se[1], rel=1e-11)


# --- what has no answer ---------------------------------------------------------------

LEVELS = [*"aabbcc"]
REFUSED: dict[str, tuple[dict[str, Any], Term, Family]] = {
    "'sizes' follows from the terms before it": (
        {"y": [0, 1, 0, 1, 0, 1], "x": [3] * 6},
        Number("x", "sizes"),
        "linear",
    ),
    "role b: everybody has the outcome 1, so that log odds are infinite": (
        {"y": [0, 1, 1, 1, 0, 1], "x": LEVELS},
        Category("x", "role"),
        "logistic",
    ),
    "everybody has the outcome 0, so that": (
        {"y": [0] * 6, "x": [1, 2, 3, 4, 5, 6]},
        Number("x"),
        "logistic",
    ),
    "the terms tell outcomes apart so well": (
        {"y": [0, 0, 0, 1, 1, 1], "x": [1, 2, 3, 4, 5, 6]},
        Number("x"),
        "logistic",
    ),
    "a logistic outcome is not from 0 to 1": (
        {"y": [1, 2, 1, 2, 1, 2], "x": LEVELS},
        Category("x"),
        "logistic",
    ),
    "everybody has the same role: a": (
        {"y": [0, 1, 0, 1, 0, 1], "x": ["a"] * 6},
        Category("x", "role"),
        "linear",
    ),
    "x has a level that is not listed: c": (
        {"y": [0, 1, 0, 1, 0, 1], "x": LEVELS},
        Category("x", levels=("a", "b")),
        "linear",
    ),
    "x is not a number": (
        {"y": [0, 1, 0, 1, 0, 1], "x": LEVELS},
        Number("x"),
        "linear",
    ),
    "x is not always a finite number": (
        {"y": [0, 1, 0, 1, 0, 1], "x": [1, 2, 3, 4, 5, np.inf]},
        Number("x"),
        "linear",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_model_without_a_solution_says_what_is_to_blame(what: str) -> None:
    columns, term, family = REFUSED[what]
    with pytest.raises(DataError, match=re.escape(what)):
        fit(people(**columns), "y", [term], family)


def test_a_model_of_nobody_is_refused() -> None:
    sample = people(y=[0, 1], x=[1, 2])
    with pytest.raises(DataError, match="nobody has a value"):
        fit(sample, "y", [Number("x")], where="x > 5")


def test_a_replicate_without_a_solution_is_named() -> None:
    replicates = Replicates(columns=("r1", "r2"), kind="other", scale=1)
    columns = {"y": [0, 1, 0, 1], "x": [1, 1, 2, 2], "weights": [1] * 4}
    more = {"r1": [2.0, 0, 1, 1], "r2": [1.0, 1, 0, 0]}
    sample = people(design=Design(replicates=replicates), **columns, **more)
    with pytest.raises(DataError, match="replicate 2"):
        fit(sample, "y", [Number("x")])


def test_terms_are_tested_and_adjusted_for_by_their_names() -> None:
    model = fit(people(**columns_of([])), "ai", [Category("role"), Number("size")])
    with pytest.raises(NotFound, match="Did you mean role"):
        wald_test(model, ["roles"])
    with pytest.raises(NotFound, match="There are: role"):
        adjusted(model, "size")


def test_too_few_units_for_a_test_are_the_reason_there_is_none() -> None:
    few = fit(people(y=[1.0, 2], x=[1, 2]), "y", [Number("x")])
    test = wald_test(few, ["x"])
    assert np.isnan([test.statistic, test.p_value, *few.p_value]).all()
    assert test.reason == "the design leaves 0 degrees of freedom for the test"
    exact = fit(people(y=[1.0, 2, 3, 4], x=[1, 2, 3, 4]), "y", [Number("x")])
    assert "singular" in wald_test(exact, ["x"]).reason
