"""A stated design: from the export's columns to the variances of the estimates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from small import built, of_r, write_schools

from pipeline.errors import DataError, DefinitionError


def estimated(tmp: Path, rows: list[dict[str, str]], wave: str) -> list[dict[str, Any]]:
    """All estimates of these rows, the wave having these further keys."""
    build = built(*write_schools(tmp, wave, rows))
    found = duckdb.connect().execute(
        f"SELECT * FROM read_parquet('{build}/estimates.parquet')"
    )
    names = [c[0] for c in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


DESIGNS = {
    "dstrat": (
        "apistrat",
        'weight = "pw"\ndesign = { strata = "stype", fpc = ["fpc"] }',
    ),
    "dclus1": (
        "apiclus1",
        'weight = "pw"\ndesign = { clusters = ["dnum"], fpc = ["fpc"] }',
    ),
    "dclus2": (
        "apiclus2",
        'weight = "pw"\n'
        'design = { clusters = ["dnum", "snum"], fpc = ["fpc1", "fpc2"] }',
    ),
}


@pytest.mark.parametrize("design", DESIGNS)
def test_a_stated_design_gives_the_errors_that_r_gives(
    tmp_path: Path, shared: Path, design: str
) -> None:
    name, wave = DESIGNS[design]
    ours = estimated(tmp_path, of_r(shared, f"data/{name}.csv"), wave)
    compared = 0
    for row in of_r(shared, "reference.csv"):
        if row["design"] != design or row["method"].startswith("replicate"):
            continue
        found = match(ours, row)
        if found is None or not row["se"]:
            continue
        # Weights are kept to six decimals of a mean of 1.
        assert found["estimate"] == pytest.approx(float(row["estimate"]), rel=1e-6)
        assert found["se"] == pytest.approx(float(row["se"]), rel=1e-5, abs=1e-9)
        compared += 1
    assert compared >= 6


def match(ours: list[dict[str, Any]], row: dict[str, str]) -> dict[str, Any] | None:
    """Our estimate of what a row of R's is of."""
    wanted = {
        ("svymean", "api00"): ("api00", "mean", "", ""),
        ("svymean_prop", "sch.wideYes"): ("wide", "share", "yes", ""),
        ("svymean_prop", "sch.wideNo"): ("wide", "share", "no", ""),
        ("svyby_mean", "api00"): ("api00", "mean", "", "stype"),
        ("svyby_prop", "sch.wideYes"): ("wide", "share", "yes", "stype"),
        ("svyby_prop", "sch.wideNo"): ("wide", "share", "no", "stype"),
    }.get((row["statistic"], row["term"]))
    if wanted is None or (wanted[3] and "|" in row["domain"]):
        return None
    domain = row["domain"].lower()
    for found in ours:
        key = tuple(found[k] for k in ("question", "statistic", "term", "by"))
        if key == wanted and found["domain"] == domain:
            return found
    return None


def test_replicate_weights_of_the_export_give_the_errors_that_r_gives(
    tmp_path: Path, shared: Path
) -> None:
    people = of_r(shared, "data/apiclus1.csv")
    replicates = of_r(shared, "repweights/rclus1_jk1.csv")
    rows = [a | b for a, b in zip(people, replicates, strict=True)]
    wave = (
        'weight = "pweight"\ndesign = { replicates = { columns = "r0*", kind = "JK1",'
        " scale = 0.91483927785116681, df = 14 } }"
    )
    ours = estimated(tmp_path, rows, wave)
    compared = 0
    for row in of_r(shared, "reference.csv"):
        found = match(ours, row) if row["design"] == "rclus1_jk1" else None
        if found is not None:
            assert found["se"] == pytest.approx(float(row["se"]), rel=1e-5)
            assert found["df"] == 14
            compared += 1
    assert compared >= 3


def test_a_respondent_without_a_stratum_is_named(tmp_path: Path, shared: Path) -> None:
    rows = of_r(shared, "data/apistrat.csv")
    rows[4]["stype"] = ""
    wave = 'weight = "pw"\ndesign = { strata = "stype", fpc = ["fpc"] }'
    with pytest.raises(DataError, match=r"row 6, column 'stype'") as error:
        estimated(tmp_path, rows, wave)
    assert "missing" in str(error.value)


def test_a_stratum_with_one_unit_is_refused_with_what_to_do(
    tmp_path: Path, shared: Path
) -> None:
    rows = of_r(shared, "data/apistrat_lonely.csv")
    wave = 'weight = "pw"\ndesign = { strata = "stype" }'
    with pytest.raises(DataError, match="single sampling unit") as error:
        estimated(tmp_path, rows, wave)
    assert "single_psu" in str(error.value)


@pytest.mark.parametrize(
    ("wave", "key", "says"),
    [
        ('design = { strata = "s", fpc = ["f", "g"] }', "design.fpc", "2 stages"),
        (
            'weight = "pw"\ndesign = { strata = "s", replicates ='
            ' { columns = "r*", kind = "JK1", scale = 1 } }',
            "design.replicates",
            "in place of strata",
        ),
        (
            'design = { replicates = { columns = "r*", kind = "JK1", scale = 1 } }',
            "design.replicates",
            "need the wave's weight",
        ),
        (
            'weight = "pw"\ndesign = { replicates ='
            ' { columns = "r*", kind = "JK1", scale = 0 } }',
            "design.replicates.scale",
            "above zero",
        ),
    ],
)
def test_a_design_that_contradicts_itself_is_refused(
    tmp_path: Path, wave: str, key: str, says: str
) -> None:
    with pytest.raises(DefinitionError, match=says) as error:
        write_schools(tmp_path, wave, [])
    assert key in str(error.value)
