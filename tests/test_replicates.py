"""Replicates are those of R's `as.svrepdesign`, and their variance is right."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_weights_reference import Sample, numbers, table

from pipeline.errors import DataError
from pipeline.replicates import Factors, bootstrap, jackknife
from pipeline.weights import rake

Floats = NDArray[np.float64]


def variance(made: Factors, estimates: Floats) -> float:
    centre = estimates[made.rscales > 0].mean()
    return float(made.scale * (made.rscales * (estimates - centre) ** 2).sum())


def clusters(folder: Path, *, fpc: bool) -> tuple[Factors, Floats]:
    sample = Sample(folder, "apiclus1")
    sizes = numbers(sample.data["fpc"]) if fpc else None
    return jackknife(sample.data["dnum"], fpc=sizes), sample.pw


def strata(folder: Path, *, fpc: bool) -> tuple[Factors, Floats]:
    sample = Sample(folder, "apistrat")
    sizes = numbers(sample.data["fpc"]) if fpc else None
    return jackknife(np.arange(200), sample.data["stype"], sizes), sample.pw


def nhanes(folder: Path) -> tuple[Factors, Floats]:
    data = table(folder / "data" / "nhanes.csv")
    return jackknife(data["SDMVPSU"], data["SDMVSTRA"]), numbers(data["WTMEC2YR"])


MADE: dict[str, Callable[[Path], tuple[Factors, Floats]]] = {
    "rclus1_jk1": lambda f: clusters(f, fpc=True),
    "rclus1_jk1_nofpc": lambda f: clusters(f, fpc=False),
    "rstrat_jkn": lambda f: strata(f, fpc=True),
    "rstrat_jkn_mse": lambda f: strata(f, fpc=True),
    "rstrat_jkn_nofpc": lambda f: strata(f, fpc=False),
    "rnhanes_jkn": nhanes,
}


def replicates_of_r(folder: Path, design: str) -> tuple[Floats, float, Floats]:
    """Replicate weights, scale and rscales."""
    path = folder / "repweights" / f"{design}.csv"
    text = path.read_text(encoding="utf-8").splitlines()
    weights = np.array([line.split(",")[1:] for line in text[1:]], float)
    designs = csv.DictReader((folder / "designs.csv").read_text().splitlines())
    row = next(r for r in designs if r["design"] == design)
    return weights, float(row["scale"]), np.array(row["rscales"].split(), float)


@pytest.mark.parametrize("design", MADE)
def test_jackknife_weights_are_those_of_r(shared: Path, design: str) -> None:
    made, base = MADE[design](shared / "reference")
    weights, scale, rscales = replicates_of_r(shared / "reference", design)
    np.testing.assert_allclose(made.weights(base), weights, rtol=1e-12)
    assert made.scale == pytest.approx(scale, rel=1e-12)
    assert made.rscales == pytest.approx(
        np.broadcast_to(rscales, made.rscales.shape), rel=1e-12
    )


def test_replicates_raked_again_are_those_of_r(shared: Path) -> None:
    """R stops when the full sample settles: replicates are within 1e-8 then."""
    sample = Sample(shared / "reference", "apiclus1")

    def again(weights: Floats) -> Floats:
        raked = weights * rake(weights, sample.margins()).factors
        return raked * (6194 / raked.sum())

    made, base = clusters(shared / "reference", fpc=True)
    weights, scale, _ = replicates_of_r(shared / "reference", "rclus1_jk1_rake")
    np.testing.assert_allclose(made.weights(base, again), weights, rtol=1e-8)
    assert made.scale == pytest.approx(scale)


def taylor_of_total(y: Floats, strata: Any, fpc: Any) -> float:
    """Σ_h (1 - n_h/N_h) n_h s_h², the variance of Σ y with every row a unit."""
    found = 0.0
    for name in np.unique(strata):
        rows = strata == name
        n = rows.sum()
        found += (1 - n / fpc[rows][0]) * n * y[rows].var(ddof=1)
    return float(found)


STRATA = np.repeat(["a", "b", "c"], [8, 15, 30])
FPC = np.repeat([20.0, 1000.0, 60.0], [8, 15, 30])
Y = np.random.default_rng(3).gamma(2, 10, len(STRATA))


def test_the_jackknife_variance_of_a_total_is_taylors() -> None:
    made = jackknife(np.arange(len(Y)), STRATA, FPC)
    totals = Y @ made.weights(np.ones(len(Y)))
    # Each stratum's replicates have the full total as their mean.
    assert variance(made, totals) == pytest.approx(taylor_of_total(Y, STRATA, FPC))


@pytest.mark.parametrize("fpc", [None, FPC])
def test_the_bootstrap_variance_of_a_total_is_taylors_but_for_chance(fpc: Any) -> None:
    made = bootstrap(np.arange(len(Y)), STRATA, fpc, replicates=4000, seed=1)
    totals = Y @ made.weights(np.ones(len(Y)))
    limit = np.full(len(Y), np.inf) if fpc is None else fpc
    expected = taylor_of_total(Y, STRATA, limit)
    # A variance from R normal replicates has the relative error √(2/R).
    assert variance(made, totals) == pytest.approx(expected, rel=4 * (2 / 4000) ** 0.5)
    assert totals.mean() == pytest.approx(Y.sum(), abs=5 * (expected / 4000) ** 0.5)


def test_the_bootstrap_error_of_a_mean_is_near_rs_taylor(shared: Path) -> None:
    folder = shared / "reference"
    sample = Sample(folder, "apistrat")
    made = bootstrap(np.arange(200), sample.data["stype"], replicates=2000, seed=2)
    weights = made.weights(sample.pw)
    means = numbers(sample.data["api00"]) @ weights / weights.sum(axis=0)
    text = (folder / "reference.csv").read_text(encoding="utf-8").splitlines()
    row = next(
        r
        for r in csv.DictReader(text)
        if (r["design"], r["statistic"], r["term"])
        == ("dstrat_nofpc", "svymean", "api00")
        and not r["domain"]
    )
    assert variance(made, means) ** 0.5 == pytest.approx(float(row["se"]), rel=0.08)


def test_the_same_seed_makes_the_same_replicates() -> None:
    first, same, other = (
        bootstrap(np.arange(53), STRATA, replicates=20, seed=s).factors
        for s in (1, 1, 2)
    )
    assert (first == same).all()
    assert (first != other).any()


def test_bootstrap_weights_are_never_negative() -> None:
    assert bootstrap(np.arange(53), STRATA, FPC, replicates=50).factors.min() >= 0


def test_numbers_of_units_count_within_their_stratum() -> None:
    made = jackknife([1, 1, 2, 1, 2, 2], [*"aaabbb"])
    assert made.psu.tolist() == [0, 0, 1, 2, 3, 3]
    assert made.factors.shape == (4, 4)


def test_a_stratum_taken_whole_has_no_replicates() -> None:
    made = jackknife([1, 2, 3, 4, 5], [*"aabbb"], [2, 2, 9, 9, 9])
    assert made.factors.shape == (5, 3)
    assert (made.factors[:2] == 1).all()


def test_fpc_may_be_the_fraction_sampled() -> None:
    sizes = jackknife(range(5), fpc=[20] * 5)
    assert jackknife(range(5), fpc=[0.25] * 5).scale == pytest.approx(sizes.scale)


LONELY = ([1, 2, 3, 4, 5], [*"aabbc"])


@pytest.mark.parametrize(
    ("policy", "shape", "scale"),
    [
        ("certainty", (5, 4), 1),
        ("remove", (5, 4), 1),
        ("average", (5, 4), 5 / 4),
        ("adjust", (5, 5), 1),
    ],
)
def test_a_stratum_of_one_unit_adds_what_is_asked_for(
    policy: Any, shape: tuple[int, int], scale: float
) -> None:
    made = jackknife(*LONELY, single_psu=policy)
    assert made.factors.shape == shape
    assert made.scale == scale
    if policy == "adjust":
        assert made.factors[:, 4].tolist() == [1.5, 1.5, 1.5, 1.5, 0]
        assert made.rscales[4] == pytest.approx(2 / 3)


def test_a_stratum_of_one_unit_is_an_error_unless_told_otherwise() -> None:
    with pytest.raises(DataError, match="stratum 'c' has only one primary unit"):
        jackknife(*LONELY)
    with pytest.raises(DataError, match="stratum 'c' has only one primary unit"):
        bootstrap(*LONELY)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([1, 2, 3], None, [2, 2, 2]), "3 primary units, of 2 in the population"),
        (([1, 2, 3], None, [9, 9, 8]), "needs one fpc"),
        (([1, None, 3],), "row 2 is in none"),
        (([1, 2], ["a", "a"], [2, 2]), "no primary units to leave out"),
    ],
)
def test_designs_that_cannot_be_are_refused(arguments: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        jackknife(*arguments)


def test_a_replicate_that_cannot_be_raked_is_named() -> None:
    def again(weights: Floats) -> Floats:
        if weights[0] == 0:
            raise DataError("'x' has no respondents")
        return weights

    with pytest.raises(DataError, match="replicate 1 of 3: 'x' has no"):
        jackknife([1, 2, 3]).weights(np.ones(3), again)
