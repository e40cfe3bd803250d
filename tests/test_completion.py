"""A real bash completes ids of the project that one is in."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from registries import need
from small import DEFINITION, built, write_survey
from test_cli import ROOT, write_report

BIN = Path(sys.executable).parent
SCRIPT = """
source <(_STATEOF_COMPLETE=source_bash stateof)
COMP_WORDS=(stateof {words})
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_stateof_completion stateof
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    definition = DEFINITION + 'groups = []\n\n[[dimension]]\nid = "ai"\n'
    definition += 'label = "AI"\nquestion = "ai"\n'
    built(*write_survey(folder, definition=definition.replace("groups = []\n", "")))
    write_report(folder, "one", "small", "ai-use")
    return folder


def completed(folder: Path, *words: str) -> list[str]:
    """What bash offers for the last of these words."""
    need("bash")
    done = subprocess.run(
        ["bash", "-c", SCRIPT.format(words=shlex.join(words))],
        cwd=folder,
        env={
            "PATH": f"{BIN}:/usr/bin:/bin",
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["sho"], ["show"]),
        (["run", ""], ["small"]),
        (["stage", "p"], ["publish"]),
        (["show", "d"], ["depend"]),
        (["show", "ai", "--by", ""], ["ai", "role"]),
        (["show", "ai", "--wave", "2"], ["2025"]),
        (["chart", "ai"], ["ai", "ai-use"]),
        (["chart", "ai", "--term", ""], ["no", "refused", "yes"]),
        (["chart", "ai", "--kind", "s"], ["stacked"]),
        (["report", ""], ["one"]),
        (["open", "o"], ["one"]),
        (["show", "nothing-like-it"], []),
    ],
)
def test_ids_are_completed(project: Path, words: list[str], offered: list[str]) -> None:
    assert completed(project, *words) == offered


def test_outside_a_project_and_in_a_broken_one_nothing_is_offered(
    tmp_path: Path,
) -> None:
    assert completed(tmp_path, "show", "a") == []
    _, home = write_survey(tmp_path)
    (home / "survey.toml").write_text("id = 3", encoding="utf-8")
    assert completed(tmp_path, "show", "a") == []
