"""One grammar: what every command has, found by walking through all of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import stateof
from small import built, write_survey
from test_cli import write_report
from typer.main import get_command

from pipeline.cli import app

# What prints no data: files are written, or a talk is held.
NO_JSON = {
    *("run", "stage", "watch", "open", "simulate", "prove", "serve"),
    *("patterns propose", "model pull", "model push", "model package", "model tag"),
    *("model rm", "model run", "model unload", "model logs", "model doctor"),
    "model inspect",  # is JSON
}


def walked(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command with its name."""
    for name, each in getattr(command, "commands", {}).items():
        if hasattr(each, "commands"):
            yield from walked(each, (*path, name))
        else:
            yield " ".join((*path, name)), each


COMMANDS = dict(walked(get_command(app)))


def options(command: Any) -> set[str]:
    return {option for p in command.params for option in (*p.opts, *p.secondary_opts)}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_help_with_an_example_that_can_be_parsed(name: str) -> None:
    """The example names this command, and takes only options that it has."""
    command = COMMANDS[name]
    first, *_ = command.help.splitlines()
    assert first.endswith(".")
    (example,) = [
        line.partition("Example: stateof ")[2]
        for line in command.help.splitlines()
        if "Example: stateof " in line
    ]
    words = shlex.split(example.partition(" > ")[0])
    depth = len(name.split())
    assert " ".join(words[:depth]) == name
    command.make_context(name, words[depth:])  # raises for what it cannot parse


def test_no_line_of_the_list_of_commands_is_cut_short() -> None:
    from typer.testing import CliRunner

    for words in ([], ["model"]):
        shown = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"})
        assert "..." not in shown.output.partition("Commands:")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_what_prints_data_prints_json(name: str) -> None:
    assert ("--json" in options(COMMANDS[name])) == (name not in NO_JSON)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_says_what_it_is(name: str) -> None:
    assert [p.name for p in COMMANDS[name].params if not p.help] == []


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    built(*write_survey(folder))
    write_report(folder, "one", "small", "ai-use")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("run smal", "Did you mean small?"),
        ("watch smal", "Did you mean small?"),
        ("check smal", "Did you mean small?"),
        ("audit smal", "Did you mean small?"),
        ("codebook smal", "Did you mean small?"),
        ("codebook small --wave 2052", "Did you mean 2025?"),
        ("stage fin", "Did you mean find?"),
        ("show depnd", "Did you mean depend?"),
        ("show ai --by rol", "Did you mean role?"),
        ("show ai --wave 2052", "Did you mean 2025?"),
        ("show ai --survey smal", "Did you mean small?"),
        ("chart ai-us", "Did you mean ai-use"),
        ("chart ai --term yess", "Did you mean yes?"),
        ("chart ai --by rol", "Did you mean role?"),
        ("chart ai --kind stakked", "Did you mean stacked?"),
        ("chart ai --format pgn", "Did you mean png?"),
        ("report onne", "Did you mean one?"),
        ("report one --format xlxs", "Did you mean xlsx"),
        ("open onne", "Did you mean one?"),
        ("shwo ai", "Did you mean 'show'"),
        ("show ai --jsn", "Possible options: --json"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_right_one_and_status_2(
    project: Path, arguments: str, says: str
) -> None:
    done = stateof(project, *arguments.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_open_names_the_page_and_gives_it_to_the_browser(
    project: Path, tmp_path: Path
) -> None:
    """A browser of the test's own notes what it is asked to open."""
    noted = tmp_path / "noted"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{noted}"\n')
    browser.chmod(0o755)
    mine = {"BROWSER": f"{browser} %s"}
    done = stateof(project, "open", **mine)
    assert (done.returncode, done.stdout) == (3, "")
    assert "stateof run small" in done.stderr
    done = stateof(project, "open", "one", **mine)
    assert done.returncode == 3
    assert "reports/2025/one/index.html: the report one is not published" in done.stderr

    page = project / "reports" / "2025" / "one" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<!doctype html>")
    done = stateof(project, "open", **mine)  # the only one
    assert (done.returncode, done.stdout) == (0, "reports/2025/one/index.html\n")
    assert noted.read_text().strip() == page.as_uri()
    done = stateof(project, "open", "one", "--format", "pdf", **mine)
    assert done.returncode == 3
    assert "report.pdf" in done.stderr


@pytest.mark.slow
def test_a_machine_without_a_browser_is_told_where_the_page_is(project: Path) -> None:
    page = project / "reports" / "2025" / "one" / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("<!doctype html>")
    done = stateof(project, "open", "one", BROWSER="/nowhere/browser %s")
    assert (done.returncode, done.stdout) == (3, "reports/2025/one/index.html\n")
    assert f"{page}: no browser could be started" in done.stderr


@pytest.mark.slow
def test_progress_is_a_line_a_stage_in_a_pipe_and_has_no_escapes(
    project: Path, tmp_path: Path
) -> None:
    write_survey(tmp_path)
    done = stateof(tmp_path, "stage", "ingest", "small")
    assert "\033" not in done.stderr
    assert done.stderr.splitlines()[0].startswith("ingest")
