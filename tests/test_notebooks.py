"""Every notebook runs as it stands, and shows what it says it shows."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from published import DATA, Built

from pipeline.project import Project
from pipeline.trends import trend

ROOT = Path(__file__).parent.parent
NOTEBOOKS = {
    "adoption": {"state-of-app-dev": None},
    "statistics": {"api-schools": "reference/data", "cncf": "data/cncf"},
}

pytestmark = pytest.mark.slow


def cells(name: str) -> list[str]:
    """The code cells of a notebook in percent format."""
    text = (ROOT / "notebooks" / f"{name}.py").read_text(encoding="utf-8")
    parts = text.split("# %%")[1:]
    return [
        p.split("\n", 1)[1] for p in parts if not p.strip().startswith("[markdown]")
    ]


def shown(name: str) -> list[Any]:
    """The last value of each cell, as a notebook shows it."""
    space: dict[str, Any] = {}
    found = []
    for cell in filter(str.strip, cells(name)):
        *before, last = cell.strip().splitlines()
        exec("\n".join(before), space)
        if last.startswith(("from ", "import ")) or " = " in last.split("(")[0]:
            exec(last, space)
        else:
            found.append(eval(last, space))
    return found


def test_all_notebooks_are_run() -> None:
    assert {p.stem for p in (ROOT / "notebooks").glob("*.py")} == set(NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(
    name: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for survey, raw in NOTEBOOKS[name].items():
        home = tmp_path / "data" / survey
        home.mkdir(parents=True)
        shutil.copy(DATA / survey / "survey.toml", home)
        folder = (
            request.getfixturevalue("shared") / raw if raw else DATA / survey / "raw"
        )
        made = Built(survey, folder, home / "build")
        trend(made.survey, made.build, lambda _: None)
    monkeypatch.chdir(tmp_path)
    assert Project.find().root == tmp_path
    results = shown(name)
    assert results
    for result in results:
        assert len(result._repr_html_()) > 100 if hasattr(result, "columns") else result
