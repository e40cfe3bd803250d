"""A run does again what has changed, and nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from small import DEFINITION, quiet, write_survey
from test_stages import REPORT, contents

from pipeline import stamps
from pipeline.errors import SurveyError
from pipeline.narrative.draft import ModelChoice
from pipeline.project import Project
from pipeline.stages import STAGES, Job, job, run

pytestmark = pytest.mark.slow

TARGET = """
[[target]]
wave = "2025"
dimension = "role"
shares = { dev = 0.5, ops = 0.5 }
source = "made up"
"""
ALL = list(STAGES)
ANSWER = "3,Complete,Developer,No"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    write_survey(root, definition=DEFINITION + TARGET)
    (root / "reports").mkdir()
    (root / "reports" / "all.toml").write_text(REPORT, encoding="utf-8")
    run(job(Project(root), "small", None, None), quiet, quiet)
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A copy of that project, as it was left."""
    shutil.copytree(made, tmp_path / "project", copy_function=shutil.copy2)
    return tmp_path / "project"


@pytest.fixture
def again(root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Run once more; the names of the stages that were done."""
    done: list[str] = []

    def noting(name: str) -> Callable[[Job, Callable[[str], None]], None]:
        stage = STAGES[name]

        def noted(work: Job, progress: Callable[[str], None]) -> None:
            done.append(name)
            stage(work, progress)

        return noted

    for name in ALL:
        monkeypatch.setitem(STAGES, name, noting(name))

    def once(model: ModelChoice | None = None) -> list[str]:
        done.clear()
        run(job(Project(root), "small", None, model), quiet, quiet)
        return list(done)

    return once


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_nothing_changed(root: Path, again: Callable[..., list[str]]) -> None:
    before = contents(root)
    assert again() == []
    os.utime(root / "data" / "small" / "raw" / "2025.csv")
    assert again() == []
    after = contents(root)
    stamp = "data/small/build/stages.json"  # the time of the export
    assert before.pop(stamp) != after.pop(stamp)
    assert after == before


CHANGES = {
    "the name of a dimension": (
        "data/small/survey.toml",
        'label = "Role"',
        'label = "Occupation"',
        ["draft", "publish"],
    ),
    "an answer's label, which is a spelling too": (
        "data/small/survey.toml",
        'label = "Yes", raw = ["1"]',
        'label = "Yes, often", raw = ["1", "Yes"]',
        ["ingest", "draft", "publish"],
    ),
    "a target": (
        "data/small/survey.toml",
        "dev = 0.5, ops = 0.5",
        "dev = 0.6, ops = 0.4",
        ["weigh", "estimate", "find", "draft", "publish"],
    ),
    "the smallest base": (
        "data/small/survey.toml",
        "min_base = 1",
        "min_base = 2",
        ["estimate", "find", "draft", "publish"],
    ),
    "a report's title": (
        "reports/all.toml",
        'title = "All"',
        'title = "Everyone"',
        ["draft", "publish"],
    ),
    "an answer": (
        "data/small/raw/2025.csv",
        "3,Complete,Developer,No",
        "3,,Ops,Yes",
        ALL,
    ),
    "a published page": (
        "reports/2025/all/index.html",
        "</body>",
        "<p>My own words.</p></body>",
        ["publish"],
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_follows_a_change(
    root: Path, again: Callable[..., list[str]], what: str
) -> None:
    path, old, new, stages = CHANGES[what]
    edit(root / path, old, new)
    assert again() == stages
    kept = contents(root)
    # The same as if everything had been made from nothing.
    shutil.rmtree(root / "data" / "small" / "build")
    shutil.rmtree(root / "reports" / "2025")
    assert again() == ALL
    assert {n: c for n, c in contents(root).items() if "warehouse" not in n} == {
        n: c for n, c in kept.items() if "warehouse" not in n
    }


def test_a_build_without_its_warehouse_is_estimated_again(
    root: Path, again: Callable[..., list[str]]
) -> None:
    (root / "data" / "small" / "build" / "warehouse.duckdb").unlink()
    assert again() == ["estimate"]
    assert (root / "data" / "small" / "build" / "warehouse.duckdb").is_file()


def test_another_program_makes_everything_again(
    again: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "_code", lambda: "another")
    assert again() == ALL


def test_a_run_that_failed_has_not_been(
    root: Path, again: Callable[..., list[str]]
) -> None:
    edit(
        root / "data" / "small" / "raw" / "2025.csv", "3,Complete,Developer,No", "3,X,"
    )
    with pytest.raises(SurveyError):
        again()
    edit(
        root / "data" / "small" / "raw" / "2025.csv", "3,X,", "3,Complete,Developer,No"
    )
    assert again() == []


def test_a_model_that_could_not_be_asked_is_asked_again(
    again: Callable[..., list[str]],
) -> None:
    nobody = ModelChoice(endpoint="http://127.0.0.1:9/v1", model="none")
    assert again(nobody) == ["draft", "publish"]
    assert again(nobody) == ["draft"]
