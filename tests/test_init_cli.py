"""From a file to the first table by role, as a new user would: no project, no edit."""

from __future__ import annotations

import json
from pathlib import Path

import exports
import pytest
from commands import stateof

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A spreadsheet-like table of 120 respondents, downloaded into an empty folder."""
    roles, answers = ["Developer", "Designer"], ["Yes", "No", "Unsure"]
    rows = [["Job title", "Do you use AI?", "Your e-mail"]]
    rows += [[roles[n % 2], answers[n % 3], f"p{n}@example.org"] for n in range(120)]
    return exports.put(tmp_path, "Tools 2025.csv", exports.rows_text(rows))


@pytest.mark.slow
def test_the_commands_that_init_proposes_lead_to_a_table_by_role(export: Path) -> None:
    folder = export.parent
    done = stateof(folder, "init", export.name)
    assert done.returncode == 0, done.stderr
    assert "Your e-mail: not read, so never in the warehouse" in done.stdout
    proposed = [line.split() for line in done.stderr.splitlines() if "stateof " in line]
    assert [words[1] for words in proposed] == ["check", "run", "show"]
    for words in proposed:
        done = stateof(folder, *words[1:])
        assert done.returncode == 0, done.stderr
    table = {tuple(line.split()) for line in done.stdout.splitlines()}
    assert ("Developer", "33.3", "33.3", "33.3", "60") in table
    (page,) = (folder / "reports").glob("*/*/index.html")
    assert "Topline results" in page.read_text(encoding="utf-8")
    ours = Path(__file__).parent.parent / "reports" / "topline.toml"
    assert (folder / "reports" / "topline.toml").read_bytes() == ours.read_bytes()


def test_check_names_what_does_not_fit_and_fails(export: Path) -> None:
    folder = export.parent
    stateof(folder, "init", export.name)
    definition = folder / "data" / "tools" / "survey.toml"
    text = definition.read_text(encoding="utf-8").replace("Unsure", "Not sure")
    definition.write_text(text.replace('"unsure"', '"not_sure"'), encoding="utf-8")
    done = stateof(folder, "check", "tools")
    assert done.returncode == 1
    assert "'Unsure' (40 cells): no such option" in done.stdout
    assert "1 thing does not fit" in done.stdout
    assert "Nothing was written" in done.stderr


def test_json_has_the_guesses_with_their_evidence(export: Path) -> None:
    done = stateof(export.parent, "init", export.name, "--json")
    guesses = {guess["id"]: guess for guess in json.loads(done.stdout)["guesses"]}
    assert guesses["ai"]["sure"] == "sure"
    assert "3 different texts in 120 answers" in guesses["ai"]["evidence"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["init", "nothing.csv"], 3, "there is no such file"),
        (["init", "Tools 2025.csv", "--format", "qualtric"], 2, "Did you mean"),
        (["init", "Tools 2025.csv", "--repair", "date"], 2, "Did you mean dates?"),
        (["init", "Tools 2025.csv", "--encoding", "utf8x"], 1, "no encoding 'utf8x'"),
    ],
)
def test_a_mistake_on_the_command_line_is_explained(
    export: Path, arguments: list[str], status: int, said: str
) -> None:
    done = stateof(export.parent, *arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert not (export.parent / "data").exists()


def test_a_second_wave_is_drafted_as_a_crosswalk(export: Path) -> None:
    folder = export.parent
    stateof(folder, "init", export.name, "--wave", "2025")
    later = exports.put(folder, "Tools 2026.csv", export.read_bytes())
    done = stateof(folder, "init", later.name, "--wave", "2026")
    assert done.returncode == 0, done.stderr
    assert "2 questions found again (2 yes)" in done.stdout
    assert (folder / "data" / "tools" / "crosswalk-2026.toml").is_file()
    assert stateof(folder, "check", "tools").returncode == 0
