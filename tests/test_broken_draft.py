"""A survey that is still being drafted stops no other one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from commands import stateof
from small import built, write_survey

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built survey, and a definition with a misspelt key beside it."""
    root = tmp_path_factory.mktemp("project")
    survey, home = write_survey(root)
    built(survey, home)
    shutil.copytree(home, root / "data" / "draft")
    draft = root / "data" / "draft" / "survey.toml"
    text = draft.read_text().replace('id = "small"', 'id = "draft"', 1)
    draft.write_text(text.replace("title", "titel", 1))
    return root


@pytest.mark.parametrize(
    "command", [("show", "ai"), ("chart", "--list"), ("report", "--list")]
)
def test_others_are_shown(project: Path, command: tuple[str, ...]) -> None:
    done = stateof(project, *command)
    assert done.returncode == 0, done.stderr
    assert "draft is left out" in done.stderr
    assert "titel" in done.stderr


def test_it_is_an_error_where_it_is_meant(project: Path) -> None:
    done = stateof(project, "run", "draft")
    assert done.returncode == 1
    assert "titel" in done.stderr


def test_a_wave_that_was_not_run_is_said_to_be_missing(project: Path) -> None:
    definition = project / "data" / "small" / "survey.toml"
    text = definition.read_text()
    wave = text[text.index("[[wave]]") : text.index("[[question]]")]
    later = wave.replace("2025", "2026")
    columns = text.replace('columns = { 2025 = "ai" }', 'columns.2026 = "ai"', 1)
    definition.write_text(columns.replace(wave, wave + later, 1))
    shown = [
        stateof(project, "show", "ai", "--survey", "small", *more)
        for more in ([], ["--json"])
    ]
    definition.write_text(text)
    for done in shown:
        assert done.returncode == 3
        assert "Run: stateof run small" in done.stderr


@pytest.mark.parametrize("name", ["../evil", "So 25!", "a/b"])
def test_a_survey_is_named_as_a_folder_may_be(project: Path, name: str) -> None:
    export = project / "data" / "small" / "raw" / "2025.csv"
    done = stateof(project, "init", str(export), "--id", name)
    assert done.returncode == 2
    assert "a-z, 0-9 and -" in done.stderr
    assert not (project / "evil").exists()


def test_a_table_says_what_its_figures_are_in(project: Path) -> None:
    heads = {
        name: stateof(project, "show", name, "--by", "role").stdout.splitlines()[2]
        for name in ("ai", "depend")
    }
    assert heads["ai"].startswith("% ")
    assert heads["depend"].startswith("shares in %")
