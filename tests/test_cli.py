"""The command line says what happened, where, and what to do."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from commands import stateof
from fake_server import fake_server, obedient
from small import DEFINITION, ROWS, built, write_survey

from benchmarks import main_job
from pipeline.load import load_survey

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
REPORT = """
id = "{id}"
survey = "{survey}"
wave = "2025"
title = "A report"
standfirst = "Of everyone."

[[section]]
id = "ai"
title = "AI"
figure = [{{ id = "{figure}", kind = "bars", question = "ai" }}]
claim = [{{ kind = "level", question = "ai", term = "yes" }}]
"""


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
        (["chart", "aii"], 2, "Did you mean ai?"),
        (["chart", "ai", "--format", "gif"], 2, "no format 'gif'"),
        (["chart", "ai", "--format", " ,"], 2, "which format?"),
        (["chart", "ai", "--survey", "smal"], 2, "Did you mean small?"),
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


def test_the_version_can_be_asked_for(tmp_path: Path) -> None:
    assert stateof(tmp_path, "--version").stdout == f"stateof {version('stateof')}\n"


def test_an_interrupt_is_one_even_if_it_comes_out_as_another_error() -> None:
    """DuckDB turns what a signal's handler raises within a query into RuntimeError."""
    code = (
        "import os, signal, pipeline.cli as cli\n"
        "def app():\n"
        "    try: os.kill(os.getpid(), signal.SIGINT); signal.pause()\n"
        "    except SystemExit: raise RuntimeError('Query interrupted') from None\n"
        "cli.app = app; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True)
    assert (done.returncode, done.stderr) == (130, b"")


def write_report(folder: Path, report: str, survey: str, figure: str) -> None:
    """A report of one figure."""
    (folder / "reports").mkdir(exist_ok=True)
    text = REPORT.format(id=report, survey=survey, figure=figure)
    (folder / "reports" / f"{report}.toml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def several(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two surveys with the same questions; only `small` is built."""
    folder = tmp_path_factory.mktemp("several") / "project"
    shutil.copytree(project, folder)
    other = folder / "data" / "other"
    shutil.copytree(folder / "data" / "small" / "raw", other / "raw")
    definition = DEFINITION.replace('id = "small"', 'id = "other"', 1)
    (other / "survey.toml").write_text(definition, encoding="utf-8")
    write_report(folder, "one", "small", "ai-use")
    write_report(folder, "two", "small", "ai-use")
    write_report(folder, "three", "small", "both")
    write_report(folder, "four", "other", "both")
    return folder


@pytest.fixture
def both(several: Path, tmp_path: Path) -> Path:
    """The same with both surveys built."""
    folder = tmp_path / "project"
    shutil.copytree(several, folder)
    home = folder / "data" / "other"
    built(load_survey(home / "survey.toml"), home)
    return folder


@pytest.mark.slow
def test_of_several_surveys_with_a_question_the_one_built_is_meant(
    several: Path, tmp_path: Path
) -> None:
    assert stateof(several, "show", "ai").returncode == 0
    for name in ("ai", "both"):
        done = stateof(several, "chart", name, "--out", str(tmp_path))
        assert (done.returncode, done.stdout) == (0, f"{tmp_path / name}.svg\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [["show", "ai"], ["chart", "ai"], ["chart", "both"]]
)
def test_if_several_are_built_it_asks_which(both: Path, command: list[str]) -> None:
    done = stateof(both, *command)
    assert done.returncode == 2
    assert f"{command[1]} is in several surveys" in done.stderr
    assert re.search("--survey (other or small|small or other)", done.stderr)
    assert stateof(both, *command, "--survey", "other").returncode == 0


@pytest.mark.slow
def test_a_figure_of_several_reports_is_named_with_its_report(
    several: Path, tmp_path: Path
) -> None:
    done = stateof(several, "chart", "ai-use")
    assert done.returncode == 2
    assert "Say which: one/ai-use or two/ai-use." in done.stderr
    listed = stateof(several, "chart", "--list").stdout.splitlines()
    assert listed == [
        "four · other 2025 · not built: stateof run other",
        "  four/both   AI?",
        "one · small 2025",
        "  one/ai-use  AI?",
        "three · small 2025",
        "  three/both  AI?",
        "two · small 2025",
        "  two/ai-use  AI?",
    ]
    done = stateof(several, "chart", "two/ai-use", "--out", str(tmp_path))
    assert done.stdout == f"{tmp_path}/ai-use.svg\n"


def test_lists_can_be_cut_down_to_words_and_read_by_programs(several: Path) -> None:
    done = stateof(several, "chart", "--list", "TWO", "ai")
    assert done.stdout == "two · small 2025\n  two/ai-use  AI?\n"
    found = json.loads(stateof(several, "chart", "--list", "--json").stdout)
    assert [(f["id"], f["survey"], f["built"]) for f in found] == [
        ("four/both", "other", False),
        ("one/ai-use", "small", True),
        ("three/both", "small", True),
        ("two/ai-use", "small", True),
    ]
    done = stateof(several, "chart", "--list", "nothing like it")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no figure has the words" in done.stderr
    found = json.loads(stateof(several, "report", "--list", "--json").stdout)
    assert {f["id"]: f["remedy"] for f in found} == {
        "four": "stateof run other",
        **dict.fromkeys(("one", "two", "three"), "stateof run small"),
    }
    assert stateof(several, "report", "--list", "four").stdout.splitlines()[1:] == [
        "four    other 2025  not published: stateof run other"
    ]


def test_a_wide_table_is_set_in_parts_on_a_terminal_and_whole_in_a_pipe(
    project: Path,
) -> None:
    """Both have the same cells."""
    whole = stateof(project, "show", "depend", "--by", "role").stdout
    parts = stateof(project, "show", "depend", "--by", "role", columns=40).stdout
    assert max(map(len, whole.splitlines()[2:5])) > 40
    tables = [block.splitlines() for block in parts.split("\n\n")[1:-1]]
    assert len(tables) > 1
    assert all(len(line) <= 40 for table in tables for line in table)
    lines = whole.split("\n\n")[1].splitlines()
    for row, label in enumerate(("shares in %", "Developer", "Ops")):
        found = [t[row].removeprefix(label).split()[:-1] for t in tables]
        cells = lines[row].removeprefix(label).split()[:-1]
        assert [cell for part in found for cell in part] == cells
    assert "Columns continue below" in parts
    assert "Columns continue below" not in whole


def test_no_name_is_suggested_twice(several: Path) -> None:
    done = stateof(several, "chart", "ai-us")
    assert "Did you mean ai-use?" in done.stderr


@pytest.mark.parametrize("option", [["--by", "role"], ["--term", "no"]])
def test_by_and_term_go_with_a_question(several: Path, option: list[str]) -> None:
    done = stateof(several, "chart", "one/ai-use", *option)
    assert done.returncode == 2
    assert "go with a question's id" in done.stderr
    assert "stateof chart ai …" in done.stderr


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_to_is_named(project: Path) -> None:
    done = stateof(project, "chart", "ai", "--out", "/proc/nope")
    assert (done.returncode, done.stdout) == (1, "")
    first, *_ = done.stderr.splitlines()
    assert first.startswith("stateof: /proc/nope: cannot be written: ")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A project with one survey and one report, and nothing built."""
    write_survey(tmp_path)
    write_report(tmp_path, "one", "small", "ai")
    return tmp_path


@pytest.mark.slow
def test_rows_and_cells_not_used_are_counted_on_the_terminal(raw: Path) -> None:
    said = (
        "ingest: rows dropped: 2 (1 test response, 1 duplicate respondent id); cells"
        " not used: 2 (1 not on the scale, 1 answered although not asked); listed in"
        " data/small/build/ingest.json"
    )
    for command in (["stage", "ingest"], ["run", "--no-draft"]):
        done = stateof(raw, *command, *(["small"] if "stage" in command else []))
        assert done.returncode == 0
        assert said in done.stderr.splitlines()


def test_nothing_is_said_of_nothing_left_out(raw: Path) -> None:
    rows = "\n".join(ROWS.splitlines()[:4]) + "\n"
    (raw / "data" / "small" / "raw" / "2025.csv").write_text(rows, encoding="utf-8")
    done = stateof(raw, "stage", "ingest", "small")
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["ingest"]


@pytest.mark.parametrize("command", [["run"], ["stage", "draft"], ["watch"]])
def test_a_server_that_was_named_must_be_there_before_anything_is_done(
    raw: Path, command: list[str]
) -> None:
    done = stateof(raw, *command, "--endpoint", "http://127.0.0.1:9/v1")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "stateof: http://127.0.0.1:9/v1: the model server cannot be reached"
        " (ConnectionRefusedError)\n"
        "  Start it, or take --no-draft. Nothing was changed.\n"
    )
    assert not (raw / "data" / "small" / "build").exists()


@pytest.mark.slow
def test_a_server_that_fails_later_is_told_and_templates_take_its_place(
    raw: Path,
) -> None:
    with fake_server(lambda body: (500, "out of order")) as at:
        done = stateof(raw, "run", "--endpoint", at.url)
    assert done.returncode == 0
    assert done.stdout == "reports/2025/one/index.html\n"
    assert done.stderr.splitlines()[-1].startswith(
        "draft: the model drafted 0 of 1 sections; the most frequent reason (1):"
    )
    done = stateof(raw, "run", "--no-draft")
    assert "the model" not in done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_sections_that_the_model_drafted_are_counted(raw: Path) -> None:
    with fake_server(obedient) as at:
        done = stateof(raw, "run", "--endpoint", at.url)
    assert done.stderr.splitlines()[-1] == "draft: the model drafted 1 of 1 sections"


def commands() -> list[list[str]]:
    """What the README and the benchmark have people run, but for serving a model.

    That section has a test of its own (`test_serving_readme.py`).
    """
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^stateof (.*?)\s*(?:#.*)?$", readme, re.MULTILINE)
    surveys = [line for line in shown if line.split()[0] not in ("model", "serve")]
    assert len(surveys) > 2
    listed = [*map(shlex.split, surveys), *(job for job, _ in main_job.JOBS.values())]
    return [c for i, c in enumerate(listed) if c not in listed[:i]]


@pytest.mark.slow
def test_what_readme_and_benchmark_say_to_run_can_be_run(tmp_path: Path) -> None:
    """On a fresh checkout, in their order; the model is tested on its own."""
    ours = tmp_path / "data" / "state-of-app-dev"
    for path in ROOT.glob("data/*/survey.toml"):
        (tmp_path / "data" / path.parent.name).mkdir(parents=True)
        shutil.copy(path, tmp_path / "data" / path.parent.name)
    shutil.copytree(ROOT / "data" / "state-of-app-dev" / "raw", ours / "raw")
    (tmp_path / "reports").mkdir()
    for path in ROOT.glob("reports/*.toml"):
        shutil.copy(path, tmp_path / "reports")
    for command in commands():
        quick = ["--no-draft"] if command[0] == "run" else []
        done = stateof(tmp_path, *dict.fromkeys([*command, *quick]))
        assert done.returncode == 0, done.stderr
        assert done.stdout
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    (code,) = [block for block in blocks if "open_survey" in block]
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, check=True)


def test_the_benchmark_shows_why_a_command_failed(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main_job, "ROOT", raw)
    with pytest.raises(SystemExit) as caught:
        main_job.timed(["show", "aii"], ())
    said = str(caught.value)
    assert said.startswith(
        "stateof show aii ended with status 2:\nstateof: there is no"
    )


def test_a_charts_kind_can_be_overruled(project: Path, tmp_path: Path) -> None:
    to = ("--format", "json", "--out", str(tmp_path))
    done = stateof(project, "chart", "ai", "--by", "role", "--kind", "stacked", *to)
    assert done.returncode == 0, done.stderr
    assert json.loads(Path(done.stdout.strip()).read_text())["kind"] == "stacked"
    done = stateof(project, "chart", "ai", "--kind", "stocked", *to)
    assert done.returncode == 2
    assert "stacked" in done.stderr


def test_kinds_that_fit_are_listed_with_why_others_do_not(project: Path) -> None:
    done = stateof(project, "chart", "ai", "--by", "role", "--kind", "list")
    assert done.returncode == 0, done.stderr
    said = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert said["stacked"] == "fits"
    assert said["combinations"].startswith("no: ai takes one answer")
    done = stateof(project, "chart", "ai", "--kind", "combinations")
    assert done.returncode == 1
    assert "What fits: bars, " in done.stderr


def test_all_charts_are_written_in_a_folder_for_each_report(
    project: Path, tmp_path: Path
) -> None:
    (project / "reports").mkdir(exist_ok=True)
    path = project / "reports" / "every.toml"
    path.write_text(REPORT.format(id="every", survey="small", figure="ai-chart"))
    try:
        to = ("--format", "svg,csv", "--out", str(tmp_path))
        done = stateof(project, "chart", "--all", *to)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "every" / "ai-chart.svg").is_file()
        assert len(done.stdout.splitlines()) == len(list(tmp_path.rglob("*.*")))
    finally:
        path.unlink()


def test_a_chart_can_be_dark_and_of_another_width(
    project: Path, tmp_path: Path
) -> None:
    to = ("--format", "svg", "--out", str(tmp_path))
    done = stateof(project, "chart", "ai", "--dark", "--width", "500", *to)
    assert done.returncode == 0, done.stderr
    text = Path(done.stdout.strip()).read_text()
    assert 'width="548"' in text  # with a margin of 24 at both sides
    assert "#14171b" in text
    done = stateof(project, "chart", "ai", "--width", "50", *to)
    assert done.returncode == 2
    assert "300 to 2000" in done.stderr
