"""Whatever gives a figure out gives the one in estimates.parquet, or none."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from two_waves import two_waves

from pipeline.analysis import Analysis
from pipeline.charts.figure import export, spec_for
from pipeline.terminal import cells
from pipeline.warehouse import connect, parquet

KEYS = ("wave", "question", "statistic", "by", "domain", "term")
NUMBERS = ("estimate", "low", "high", "n")
ASKED = [(q, by) for q in ("ai", "tools", "depend") for by in ("", "role", "band")]


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """A survey with roles too small to be shown."""
    return two_waves(tmp_path_factory.mktemp("outputs"))


@pytest.fixture(scope="module")
def estimates(survey: Analysis) -> dict[tuple[str, ...], dict[str, Any]]:
    """All rows, by their keys."""
    found = connect().execute(
        f"SELECT * FROM {parquet(survey.build / 'estimates.parquet')}"
    )
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {tuple(row[k] for k in KEYS): row for row in rows}


def constant(name: str) -> float:
    """Called for NaN and Infinity, which are no JSON."""
    raise AssertionError(name)


@pytest.mark.parametrize(("question", "by"), ASKED)
def test_show_as_json_has_every_estimate_and_nothing_of_hidden_domains(
    survey: Analysis,
    estimates: dict[tuple[str, ...], dict[str, Any]],
    question: str,
    by: str,
) -> None:
    rows = json.loads(cells(survey, question, by, "2025"), parse_constant=constant)
    keys = [tuple(row[k] for k in KEYS) for row in rows]
    wanted = [k for k in estimates if k[:2] == ("2025", question) and k[3] == by]
    assert sorted(keys) == sorted(wanted)
    for key, row in zip(keys, rows, strict=True):
        for name in (*NUMBERS, "count", "se", "df", "n_eff", "deff", "rank", "flag"):
            assert row[name] == estimates[key][name], (key, name)
        if row["flag"]:
            given = (*NUMBERS, "count", "se", "n_eff", "n_weighted", "deff", "rank")
            assert {row[name] for name in given} == {None}
    hidden = {row["domain"] for row in rows if row["flag"]}
    assert hidden >= ({"qa", "lead"} if by == "role" and question == "ai" else set())


@pytest.mark.parametrize(("question", "by"), ASKED)
def test_the_csv_of_a_chart_has_the_estimates_to_six_digits(
    survey: Analysis,
    estimates: dict[tuple[str, ...], dict[str, Any]],
    tmp_path: Path,
    question: str,
    by: str,
) -> None:
    spec = spec_for(survey.survey, question, by=by)
    (path,) = export(survey.survey, survey.build, spec, tmp_path, ["csv"]).values()
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert rows
    for row in rows:
        found = estimates[tuple(row[k] for k in KEYS)]
        for name in NUMBERS:
            if found[name] is None:
                assert row[name] == ""
            else:
                assert float(row[name]) == pytest.approx(found[name], abs=5e-7)
        assert row["flag"] == found["flag"]
