"""The command line says what happened, where, and what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from small import built, write_survey

ROOT = Path(__file__).parent.parent


def stateof(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one built survey."""
    folder = tmp_path_factory.mktemp("project")
    built(*write_survey(folder))
    return folder


def test_show_prints_a_table_with_bases(project: Path) -> None:
    done = stateof(project, "show", "ai", "--by", "role")
    assert done.returncode == 0
    head, *lines, _, note = done.stdout.splitlines()[2:]
    assert head.split() == ["%", "Yes", "No", "n"]
    assert [line.split() for line in lines] == [
        ["Developer", "66.7*", "33.3*", "3"],
        ["Ops", "50.0*", "50.0*", "2"],
    ]
    assert note.startswith("* too imprecise")


def test_json_gives_every_cell_with_count_base_error_and_interval(
    project: Path,
) -> None:
    cells = json.loads(stateof(project, "show", "ai", "--json").stdout)
    yes = next(c for c in cells if c["term"] == "yes")
    assert (yes["count"], yes["n"], yes["estimate"]) == (3, 5, 0.6)
    assert yes["se"] > 0
    assert yes["low"] < 0.6 < yes["high"]


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["show", "aii"], 2, "Did you mean ai?"),
        (["show", "ai", "--by", "rol"], 2, "Did you mean role?"),
        (["show", "ai", "--wave", "2026"], 2, "no wave '2026'"),
        (["run", "smal"], 2, "Did you mean small?"),
        (["stage", "estimat"], 2, "Did you mean estimate?"),
        (["chart"], 2, "stateof chart --list"),
        (["sho"], 2, "Did you mean"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(
    project: Path, arguments: list[str], status: int, says: str
) -> None:
    done = stateof(project, *arguments)
    assert done.returncode == status
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_project_it_says_where_to_be(tmp_path: Path) -> None:
    done = stateof(tmp_path, "show", "ai")
    assert done.returncode == 3
    assert "survey.toml" in done.stderr


def test_missing_raw_files_are_named_with_where_to_get_them(tmp_path: Path) -> None:
    _, home = write_survey(tmp_path)
    (home / "raw" / "2025.csv").unlink()
    done = stateof(tmp_path, "stage", "ingest", "small")
    assert done.returncode == 3
    assert "2025.csv" in done.stderr
    assert "the platform" in done.stderr
