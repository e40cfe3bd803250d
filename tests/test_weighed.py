"""Replicate weights of a built survey are those that R makes of the same design."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from small import built, of_r, write_schools

from pipeline import open_survey
from pipeline.analysis import Analysis
from pipeline.errors import DataError, NotFound

CLUSTERED = 'weight = "pw"\ndesign = { clusters = ["dnum"], fpc = ["fpc"] }'
STRATIFIED = 'weight = "pw"\ndesign = { strata = "stype", fpc = ["fpc"] }'
WIDE = """
[[dimension]]
id = "wide"
label = "Target met"
question = "wide"
"""


def schools(folder: Path, shared: Path, name: str, wave: str, more: str) -> Analysis:
    """A sample of R's schools, built."""
    built(*write_schools(folder, wave, of_r(shared, f"data/{name}.csv"), more))
    return open_survey("small", folder)


def targets(shared: Path) -> str:
    """The margins of all 6,194 schools, as the definition has them."""
    found = WIDE
    for dimension, column, file in (
        ("stype", "stype", "stype"),
        ("wide", "sch.wide", "schwide"),
    ):
        sizes = {
            row[column].lower(): float(row["Freq"])
            for row in of_r(shared, f"data/pop_{file}.csv")
        }
        total = sum(sizes.values())
        shares = ", ".join(f"{code} = {n / total!r}" for code, n in sizes.items())
        found += f'\n[[target]]\nwave = "2025"\ndimension = "{dimension}"\n'
        found += f'shares = {{ {shares} }}\nsource = "all"\n'
    return found


def theirs(shared: Path, name: str) -> NDArray[np.float64]:
    """R's weight and replicate weights, adding up to the respondents of the sample."""
    rows = np.array([[*row.values()] for row in of_r(shared, f"repweights/{name}.csv")])
    weights = rows.astype(float)
    return weights * (len(weights) / weights[:, 0].sum())


@pytest.mark.parametrize(
    ("name", "sample", "wave", "kind"),
    [
        ("rclus1_jk1", "apiclus1", CLUSTERED, "JK1"),
        ("rstrat_jkn", "apistrat", STRATIFIED, "JKn"),
    ],
)
def test_a_jackknife_is_rs(
    tmp_path: Path, shared: Path, name: str, sample: str, wave: str, kind: str
) -> None:
    found = schools(tmp_path, shared, sample, wave, "").replicate_weights()
    ours = found.drop(columns="respondent").to_numpy()
    np.testing.assert_allclose(ours, theirs(shared, name), rtol=1e-6)
    (design,) = [d for d in of_r(shared, "designs.csv") if d["design"] == name]
    assert found.attrs["type"] == kind
    assert found.attrs["scale"] == pytest.approx(float(design["scale"]))
    rscales = np.array(design["rscales"].split(), dtype=float)
    assert found.attrs["rscales"] == pytest.approx(
        np.broadcast_to(rscales, len(found.attrs["rscales"]))
    )


def test_a_jackknife_of_raked_weights_rakes_each_again_as_r(
    tmp_path: Path, shared: Path
) -> None:
    survey = schools(tmp_path, shared, "apiclus1", CLUSTERED, targets(shared))
    found = survey.replicate_weights().drop(columns="respondent").to_numpy()
    np.testing.assert_allclose(found, theirs(shared, "rclus1_jk1_rake"), rtol=2e-6)


def test_replicates_read_back_give_the_error_of_the_jackknife(
    tmp_path: Path, shared: Path
) -> None:
    """The frame has all that a definition's design asks for."""
    made = schools(
        tmp_path / "a", shared, "apiclus1", CLUSTERED, ""
    ).replicate_weights()
    people = of_r(shared, "data/apiclus1.csv")
    texts = made.drop(columns="respondent").astype(str).to_dict("records")
    rows = [a | b for a, b in zip(people, texts, strict=True)]
    wave = (
        'weight = "weight"\ndesign = { replicates = { columns = ['
        + ", ".join(f'"r{i + 1}"' for i in range(15))
        + f'], kind = "JK1", scale = {made.attrs["scale"]!r}, df = 14 }} }}'
    )
    built(*write_schools(tmp_path / "b", wave, rows))
    (found,) = open_survey("small", tmp_path / "b").mean("api00").to_dict("records")
    (row,) = [
        row
        for row in of_r(shared, "reference.csv")
        if (row["design"], row["statistic"], row["term"], row["domain"])
        == ("rclus1_jk1", "svymean", "api00", "")
    ]
    assert found["se"] == pytest.approx(float(row["se"]), rel=1e-5)


def test_a_bootstrap_has_as_many_replicates_as_asked_for(
    tmp_path: Path, shared: Path
) -> None:
    survey = schools(tmp_path, shared, "apistrat", STRATIFIED, targets(shared))
    found = survey.replicate_weights("bootstrap", count=30, seed=4)
    assert found.shape == (200, 32)
    assert found.attrs["type"] == "bootstrap"
    again = survey.replicate_weights("bootstrap", count=30, seed=4)
    assert found.equals(again)
    replicates = found.drop(columns=["respondent", "weight"])
    assert replicates.sum().to_numpy() == pytest.approx([200] * 30)


def test_what_gives_no_replicates_is_refused(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey = schools(tmp_path, shared, "apistrat", STRATIFIED, "")
    with pytest.raises(NotFound, match="no way to make replicates 'jackknive'"):
        survey.replicate_weights("jackknive")
    monkeypatch.setattr("pipeline.weighed.MOST", 100)
    with pytest.raises(DataError, match="each of 200 primary units") as caught:
        survey.replicate_weights()
    assert "bootstrap" in str(caught.value)
