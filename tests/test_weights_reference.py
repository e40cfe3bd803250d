"""Weights are those that R's `survey` makes, row by row."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.weights import (
    Margin,
    calibrate,
    margin,
    post_stratify,
    rake,
    spread,
    trim,
)

Floats = NDArray[np.float64]
Data = dict[str, list[str]]


def table(path: Path) -> Data:
    """A CSV file by column."""
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    return {name: [row[name] for row in rows] for name in rows[0]}


def numbers(column: list[str]) -> Floats:
    return np.array(column, dtype=float)


class Sample:
    """A data set of the reference with the population's margins."""

    def __init__(self, folder: Path, name: str) -> None:
        self.data = table(folder / "data" / f"{name}.csv")
        self.pw = numbers(self.data["pw"]) if "pw" in self.data else np.ones(0)
        self.population = {
            column: table(folder / "data" / f"pop_{file}.csv")
            for column, file in (("stype", "stype"), ("sch.wide", "schwide"))
        }

    def margin(self, column: str, **extra: float) -> Margin:
        found = self.population[column]
        sizes = dict(zip(found[column], map(float, found["Freq"]), strict=True))
        return margin(column, self.data[column], sizes | extra)

    def margins(self) -> list[Margin]:
        return [self.margin("stype"), self.margin("sch.wide")]

    def raked(self) -> Floats:
        return self.scaled(rake(self.pw, self.margins()).factors)

    def scaled(self, factors: Floats) -> Floats:
        """The weights that add up to the 6,194 schools."""
        weights = self.pw * factors
        return weights * (6194 / weights.sum())

    def calibrated(self, columns: str, totals: list[float], **options: Any) -> Floats:
        stype, api99 = np.array(self.data["stype"]), numbers(self.data["api99"])
        all_columns = {
            "1": np.ones(len(stype)),
            "H": (stype == "H").astype(float),
            "M": (stype == "M").astype(float),
            "9": api99,
        }
        x = np.column_stack([all_columns[c] for c in columns])
        return self.pw * calibrate(x, self.pw, np.array(totals), **options).factors


def implied(folder: Path, data: str, *stages: tuple[str, str]) -> Floats:
    """Weights by the fpc: units in the population over units drawn, stage by stage."""
    columns = table(folder / "data" / f"{data}.csv")
    weights = np.ones(len(columns["fpc" if "fpc" in columns else "fpc1"]))
    parents = [""] * len(weights)
    for unit, fpc in stages:
        labels = [f"{p}/{u}" for p, u in zip(parents, columns[unit], strict=True)]
        drawn = {p: set[str]() for p in parents}
        for parent, label in zip(parents, labels, strict=True):
            drawn[parent].add(label)
        sizes = np.array([len(drawn[p]) for p in parents])
        weights = weights * numbers(columns[fpc]) / sizes
        parents = labels
    return weights


FULL = [6194.0, 755.0, 1018.0, 3914069.0]
MADE: dict[str, Callable[[Path], Floats]] = {
    "dsrs_weights": lambda f: Sample(f, "apisrs").pw,
    "dsrs_wr_weights": lambda f: Sample(f, "apisrs").pw,
    "dstrat_weights": lambda f: Sample(f, "apistrat").pw,
    "dstrat_nofpc_weights": lambda f: Sample(f, "apistrat").pw,
    "dwonly_weights": lambda f: Sample(f, "apistrat").pw,
    "dclus1_weights": lambda f: Sample(f, "apiclus1").pw,
    "dclus1_nofpc_weights": lambda f: Sample(f, "apiclus1").pw,
    "dclus1_p_weights": lambda f: implied(f, "apiclus1", ("dnum", "fpc")),
    "dclus2_weights": lambda f: implied(
        f, "apiclus2", ("dnum", "fpc1"), ("snum", "fpc2")
    ),
    "dclus2wr_weights": lambda f: Sample(f, "apiclus2").pw,
    "clus1_ps": lambda f: post(Sample(f, "apiclus1")),
    "clus1_ps_partial": lambda f: post(Sample(f, "apiclus1"), X=100.0),
    "clus1_rake": lambda f: Sample(f, "apiclus1").raked(),
    "clus1_greg": lambda f: Sample(f, "apiclus1").calibrated("1HM", FULL[:3]),
    "clus1_greg_api99": lambda f: Sample(f, "apiclus1").calibrated("1HM9", FULL),
    "clus1_calrake_api99": lambda f: Sample(f, "apiclus1").calibrated(
        "1HM9", FULL, method="raking"
    ),
    "clus1_callogit_api99": lambda f: Sample(f, "apiclus1").calibrated(
        "1HM9", FULL, method="logit", bounds=(0.5, 2)
    ),
    "clus1_callin_bounds": lambda f: Sample(f, "apiclus1").calibrated(
        "1HM9", FULL, bounds=(0.6, 1.6)
    ),
    "clus1_greg_agg": lambda f: by_cluster(Sample(f, "apiclus1")),
    "strat_rake": lambda f: Sample(f, "apistrat").raked(),
    "wonly_rake": lambda f: Sample(f, "apistrat").raked(),
    "wonly_rake_trim": lambda f: trim(Sample(f, "apistrat").raked(), 18, 42),
    "strat_trim": lambda f: trim(Sample(f, "apistrat").pw, 16, 40),
    "strat_trim_strict": lambda f: trim(Sample(f, "apistrat").pw, 16, 40, strict=True),
}


def post(sample: Sample, **extra: float) -> Floats:
    """Post-stratified by type of school; the sample has none of `extra` types."""
    fit = post_stratify(sample.pw, sample.margin("stype", **extra), partial=bool(extra))
    return sample.scaled(fit.factors)


def by_cluster(sample: Sample) -> Floats:
    clusters = sample.data["dnum"]
    return sample.calibrated("19", [FULL[0], FULL[3]], clusters=clusters)


def test_every_weight_file_of_the_reference_is_made_here(shared: Path) -> None:
    files = (shared / "reference" / "weights").glob("*.csv")
    assert {p.stem for p in files} == set(MADE)


@pytest.mark.parametrize("design", MADE)
def test_weights_are_those_of_r(shared: Path, design: str) -> None:
    folder = shared / "reference"
    expected = numbers(table(folder / "weights" / f"{design}.csv")["weight"])
    assert np.abs(MADE[design](folder) / expected - 1).max() < 1e-9


def test_every_summary_of_weights_is_that_of_r(shared: Path) -> None:
    folder = shared / "reference"
    text = (folder / "reference.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    rows = [r for r in rows if r["statistic"] == "weight_summary"]
    made = {k.removesuffix("_weights"): make(folder) for k, make in MADE.items()}
    survey = table(folder / "data" / "devsurvey.csv")
    waves, weights = np.array(survey["wave"]), numbers(survey["weight"])
    for row in rows:
        term, _, wave = row["term"].partition(":")
        of = weights[waves == wave] if wave else made[row["design"]]
        assert summary(of)[term] == pytest.approx(float(row["estimate"]), rel=1e-9)
    assert len(rows) > 100


def summary(weights: Floats) -> dict[str, float]:
    found = spread(weights)
    return {
        "sum": found.total,
        "min": found.smallest,
        "max": found.largest,
        "mean": found.mean,
        "kish_deff": found.design_effect,
        "kish_neff": found.effective_n,
    }
