"""What differs, tested as `compare` in a notebook tests it."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest
from small import DEFINITION, built, quiet, write_survey

from pipeline.estimates.linear import contrast, share
from pipeline.estimates.scheme import column_of, sample_of
from pipeline.findings import find
from pipeline.trends import trend
from pipeline.warehouse import open_warehouse

DESIGN = 'design = { clusters = ["town"] }\nmissing ='
TARGET = """
[[target]]
wave = "2025"
dimension = "role"
shares = { dev = 0.4, ops = 0.6 }
source = "a register"
"""


def rows() -> str:
    """Forty towns, where people answer alike, so that groups covary."""
    rng = np.random.default_rng(5)
    lines = ["id,status,role,ai,tools,depend,town"]
    for town in range(40):
        friendly = town % 2
        for _ in range(10):
            role = "Developer" if rng.random() < 0.6 else "Ops"
            liking = 0.1 + 0.6 * friendly + 0.2 * (role == "Developer")
            ai = int(rng.random() < liking)
            lines.append(f"{len(lines)},Complete,{role},{ai},,,{town}")
    return "\n".join(lines) + "\n"


def test_a_gap_has_the_error_of_the_difference(tmp_path: Path) -> None:
    text = DEFINITION.replace("missing =", DESIGN, 1) + TARGET
    survey, home = write_survey(tmp_path, definition=text, rows=rows())
    build = built(survey, home)
    trend(survey, build, quiet)
    find(survey, build, quiet)
    [gap] = [
        f
        for f in json.loads((build / "findings.json").read_text())
        if (f["question"], f["term"]) == ("ai", "yes")
    ]

    con = open_warehouse(build)
    sample = sample_of(con, survey, survey.waves[0], ["ai"])
    shares = share(sample, column_of("ai"), ["role"])
    signs = {("dev", 1.0): 1.0, ("ops", 1.0): -1.0}
    apart = contrast(shares, {"gap": [signs.get(key, 0.0) for key in shares.keys]})
    alone = np.sqrt(sum(shares.se[shares.at(*key)] ** 2 for key in signs))
    # Towns make developers and ops covary.
    assert apart.se[0] < 0.8 * alone
    assert gap["difference"] == pytest.approx(apart.values[0])
    [(error,)] = duckdb.sql(
        f"""SELECT sqrt(sum(se * se) - 2 * any_value(covariance))
        FROM '{build}/estimates.parquet', '{build}/covariances.parquet' AS c
        WHERE item = 'ai' AND c.term = 'yes' AND c.question = 'ai'
        AND estimates.term = 'yes' AND estimates."by" = 'role'"""
    ).fetchall()
    assert error == pytest.approx(apart.se[0], rel=1e-9)


def test_domains_that_tie_are_one_finding(tmp_path: Path) -> None:
    """Two groups at the top with equal shares, and one below."""
    third = 'options = [{ code = "qa", label = "QA" }, { code = "dev",'
    text = DEFINITION.replace('options = [{ code = "dev",', third, 1)
    people = [("Developer", 9), ("QA", 9), ("Ops", 1)]
    lines = [
        f"{role}{i},Complete,{role},{int(i < yes)},,"
        for role, yes in people
        for i in range(10)
    ]
    raw = "id,status,role,ai,tools,depend\n" + "\n".join(lines) + "\n"
    build = built(*(made := write_survey(tmp_path, definition=text, rows=raw)))
    trend(made[0], build, quiet)
    find(made[0], build, quiet)
    found = json.loads((build / "findings.json").read_text())
    assert [(f["term"], f["difference"]) for f in found] == [
        ("no", pytest.approx(0.8)),
        ("yes", pytest.approx(0.8)),
    ]


def test_nobody_of_thirty_is_no_certainty(tmp_path: Path) -> None:
    """At 0 % the standard error is 0, which does not make a small group sure.

    A share of 7 % of 400 leaves nobody of 30 with a chance of .93^30, about one in
    nine: no difference, though the plain t statistic is above 5.
    """
    lines = [f"a{i},Complete,Developer,{int(i < 28)},," for i in range(400)]
    lines += [f"b{i},Complete,Ops,0,," for i in range(30)]
    raw = "id,status,role,ai,tools,depend\n" + "\n".join(lines) + "\n"
    survey, home = write_survey(tmp_path, rows=raw)
    build = built(survey, home)
    trend(survey, build, quiet)
    find(survey, build, quiet)
    assert json.loads((build / "findings.json").read_text()) == []
