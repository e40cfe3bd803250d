"""`stateof audit` finds what can be worked out, and fails if anything can."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from two_waves import two_waves

from pipeline.warehouse import connect, parquet, write_parquet

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
# Of 500 all are in one of four roles: two are shown, and two of 4 and 4 hidden.
LEAK = """
UPDATE e SET flag = '', n = 4, count = CASE term WHEN 'yes' THEN 1 ELSE 3 END
WHERE wave = '2025' AND question = 'ai' AND "by" = 'role' AND domain = 'qa'
"""


def audit(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "audit", *more],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one built survey."""
    made = tmp_path_factory.mktemp("project")
    two_waves(made)
    return made


def test_a_build_that_hides_well_passes(folder: Path) -> None:
    done = audit(folder)
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    assert first.endswith("counts of answers.")
    assert last == "None can be worked out."


def test_what_can_be_worked_out_is_named_with_what_it_is(
    folder: Path, tmp_path: Path
) -> None:
    """One small role is published by mistake, and tells the other."""
    built = folder / "data" / "small" / "build" / "estimates.parquet"
    kept = built.read_bytes()
    con = connect()
    con.execute(f"CREATE TABLE e AS SELECT * FROM {parquet(built)}")
    con.execute(LEAK)
    try:
        write_parquet(con, "SELECT * FROM e", built)
        done, as_json = audit(folder), audit(folder, "small", "--json")
    finally:
        built.write_bytes(kept)
    assert done.returncode == as_json.returncode == 1
    assert "2025 ai by role: lead: n is 4\n" in done.stdout
    assert "hidden figures can be worked out" in done.stderr
    assert "raise min_base" in done.stderr
    found = json.loads(as_json.stdout)
    leaks = [b for b in found["bases"] if not b["safe"]]
    assert {(b["domain"], b["low"], b["high"]) for b in leaks} >= {("lead", 4, 4)}
    told = {b["term"]: b["low"] for b in found["answers"] if b["wave"] == "2025"}
    people = connect().execute(
        "SELECT count(*) FILTER (a.value = 1), count(*) FILTER (a.value = 2)"
        f" FROM {parquet(built.with_name('answers.parquet'))} AS a"
        f" JOIN {parquet(built.with_name('respondents.parquet'))} AS p"
        " USING (wave, respondent)"
        " WHERE wave = '2025' AND item = 'ai' AND role IN ('lead', 'qa')"
    )
    yes, no = people.fetchall()[0]
    assert told == {"yes": yes - 1, "no": no - 3}


def test_a_survey_that_was_not_built_says_so(tmp_path: Path) -> None:
    home = tmp_path / "data" / "small"
    home.mkdir(parents=True)
    definition = "data/small/survey.toml"
    two_waves(tmp_path / "made")
    (tmp_path / definition).write_bytes((tmp_path / "made" / definition).read_bytes())
    done = audit(tmp_path, "small")
    assert done.returncode == 3
    assert "Run: stateof run small" in done.stderr
