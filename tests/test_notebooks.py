"""Every notebook runs as it stands, and shows what it says it shows."""

from __future__ import annotations

import ast
import re
import shutil
import tempfile
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from published import DATA, Built

from pipeline import open_survey
from pipeline.trends import trend

ROOT = Path(__file__).parent.parent
OURS: dict[str, str | None] = {"state-of-app-dev": None}
NOTEBOOKS: dict[str, dict[str, str | None]] = {
    "adoption": OURS,
    "dependence": OURS,
    "ownership": OURS,
    "trend": OURS,
    "statistics": OURS,
    "real_surveys": {"api-schools": "reference/data", "cncf": "data/cncf"},
    "your_own_survey": {},
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
    """The last value of each cell, as a notebook shows it; None for a statement."""
    space: dict[str, Any] = {}
    found = []
    for cell in filter(str.strip, cells(name)):
        tree = ast.parse(cell)
        last = tree.body[-1]
        if isinstance(last, ast.Expr):
            tree.body.pop()
        exec(compile(tree, name, "exec"), space)
        if isinstance(last, ast.Expr):
            found.append(eval(compile(ast.Expression(last.value), name, "eval"), space))
    return found


def test_all_notebooks_are_run() -> None:
    assert {p.stem for p in (ROOT / "notebooks").glob("*.py")} == set(NOTEBOOKS)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the survey whose responses are part of this one, built once."""
    folder = tmp_path_factory.mktemp("project")
    build(folder, "state-of-app-dev", DATA / "state-of-app-dev" / "raw")
    return folder


def build(folder: Path, survey: str, raw: Path) -> None:
    home = folder / "data" / survey
    home.mkdir(parents=True)
    shutil.copy(DATA / survey / "survey.toml", home)
    made = Built(survey, raw, home / "build")
    trend(made.survey, made.build, lambda _: None)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(
    name: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every value that it shows, it shows as a table or a drawing, with no network."""
    folder = tmp_path
    if NOTEBOOKS[name] is OURS:
        folder = request.getfixturevalue("shipped")
    else:
        for survey, raw in NOTEBOOKS[name].items():
            build(tmp_path, survey, request.getfixturevalue("shared") / str(raw))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(tempfile, "mkdtemp", lambda: str(tmp_path))
    results = [result for result in shown(name) if result is not None]
    assert results
    for result in results:
        rich = getattr(result, "_repr_mimebundle_", dict)()
        drawn = rich.get("image/svg+xml") or result._repr_html_()
        assert "<table" in drawn or "<svg" in drawn
        assert "https://" not in drawn.replace("https://vega", "")


def test_a_table_says_in_a_terminal_what_it_says_in_a_notebook(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every cell, heading and note of the HTML is in the text."""
    survey = open_survey("state-of-app-dev", shipped)
    for table in (
        survey.share("ai_use", by="size_group"),
        survey.crosstab("ai_use", by="size_group"),
        survey.weights(),
    ):
        rich = table._repr_mimebundle_()
        assert rich["text/html"] == table._repr_html_()
        said = re.sub(r"\s+", " ", rich["text/plain"])
        for cell in re.findall(r"<t[dh][^>]*>([^<]+)</t[dh]>", rich["text/html"]):
            assert re.sub(r"\s+", " ", unescape(cell)) in said
        for note in re.findall(r"<small>([^<]+)</small>", rich["text/html"]):
            assert unescape(note) in said


def test_a_chart_that_was_changed_shows_the_change(shipped: Path) -> None:
    chart = open_survey("state-of-app-dev", shipped).chart("ai_use")
    before = chart._repr_mimebundle_()["image/svg+xml"]
    after = chart.properties(background="#123456")._repr_mimebundle_()["image/svg+xml"]
    assert "#123456" not in before
    assert "#123456" in after


def test_a_survey_shows_what_it_can_be_asked_for(shipped: Path) -> None:
    survey = open_survey("state-of-app-dev", shipped)
    shown = survey._repr_html_()
    for question in survey.survey.questions:
        assert f"<td>{question.id}</td>" in shown
    for dimension in survey.survey.dimensions:
        assert f"<code>{dimension.id}</code>" in shown
