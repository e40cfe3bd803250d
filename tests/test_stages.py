"""A run replaces the build and the reports when all is done, or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from small import DEFINITION, quiet, write_survey

from pipeline import aside, stages
from pipeline.errors import Missing, SurveyError
from pipeline.project import Project
from pipeline.stages import STAGES, Job, job, run, run_stage

pytestmark = pytest.mark.slow

REPORT = """
id = "all"
survey = "small"
wave = "2025"
title = "All"
standfirst = "Of everyone."

[[section]]
id = "ai"
title = "AI"
figure = [{ id = "ai", kind = "bars", question = "ai" }]
claim = [{ kind = "level", question = "ai", term = "yes" }]
"""
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one survey and one report, both made."""
    root = tmp_path_factory.mktemp("project")
    write_survey(root)
    (root / "reports").mkdir()
    (root / "reports" / "all.toml").write_text(REPORT, encoding="utf-8")
    run(job(Project(root), "small", None, None), quiet, quiet)
    return root


@pytest.fixture
def work(made: Path, tmp_path: Path) -> Job:
    """A copy of that project, to be made again."""
    root = tmp_path / "project"
    shutil.copytree(made, root)
    return job(Project(root), "small", None, None)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file at and under a folder, but for the answers as they came."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "raw" not in path.parts
    }


def broken(*_: object) -> None:
    """A stage that fails."""
    raise SurveyError("it broke")


def other_answers(work: Job) -> None:
    """Change the raw file, so that each stage writes something else."""
    path = work.raw / "2025.csv"
    path.write_text(path.read_text().replace("3,Complete,Developer,No", "3,,Ops,Yes"))


@pytest.mark.parametrize("name", list(STAGES)[1:])
def test_a_stage_that_fails_leaves_build_and_reports_as_they_were(
    work: Job, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(work.project.root)
    other_answers(work)
    monkeypatch.setitem(STAGES, name, broken)
    with pytest.raises(SurveyError, match="it broke"):
        run(work, quiet, quiet)
    assert contents(work.project.root) == before


def test_a_target_that_cannot_be_met_leaves_the_last_build(work: Job) -> None:
    target = """
[[target]]
wave = "2025"
dimension = "role"
shares = { dev = 0.5, ops = 0.5 }
source = "made up"

[weighting]
method = "logit"
bounds = [0.999, 1.001]
"""
    home = work.project.survey("small")
    (home / "survey.toml").write_text(DEFINITION + target, encoding="utf-8")
    before = contents(work.project.root)
    other_answers(work)
    with pytest.raises(SurveyError, match="weighting of wave 2025"):
        run(job(work.project, "small", None, None), quiet, quiet)
    assert contents(work.project.root) == before


def test_a_run_that_is_killed_leaves_the_last_build_and_the_next_one_tidies_up(
    work: Job,
) -> None:
    root = work.project.root
    before = contents(root)
    other_answers(work)
    code = (
        "import os, signal; from pathlib import Path; from pipeline import stages as s;"
        "from pipeline.project import Project;"
        "s.STAGES['find'] = lambda *_: os.kill(os.getpid(), signal.SIGKILL);"
        f"s.run(s.job(Project(Path({str(root)!r})), 'small', None, None), print, print)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True)
    assert done.returncode == -9
    after = contents(root)
    assert {name: after[name] for name in before} == before
    assert set(after) > set(before), "it was at work beside the build"
    run(work, quiet, quiet)
    assert set(contents(root)) == set(before)


def test_a_whole_run_changes_both(work: Job) -> None:
    before = contents(work.project.root)
    other_answers(work)
    run(work, quiet, quiet)
    after = contents(work.project.root)
    assert set(after) == set(before)
    for name in ("data/small/build/answers.parquet", "reports/2025/all/report.json"):
        assert after[name] != before[name]


def test_drafts_are_kept_and_what_no_stage_writes_any_more_is_gone(work: Job) -> None:
    drafts = work.build / "drafts"
    drafts.mkdir()
    (drafts / "one.json").write_text("{}", encoding="utf-8")
    (work.build / "old.parquet").write_bytes(b"")
    other_answers(work)
    run(work, quiet, quiet)
    assert (drafts / "one.json").read_text(encoding="utf-8") == "{}"
    assert not (work.build / "old.parquet").exists()


def test_if_one_folder_cannot_be_exchanged_none_is(
    work: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(work.project.root)
    other_answers(work)
    swap = aside.swap

    def refused(folder: Path, target: Path) -> None:
        if target == work.build:
            raise OSError(16, "Device or resource busy", str(target))
        swap(folder, target)

    monkeypatch.setattr(aside, "swap", refused)
    with pytest.raises(SurveyError, match=r"data/small/build: cannot be written: Dev"):
        run(work, quiet, quiet)
    assert contents(work.project.root) == before


def test_a_folder_that_is_new_is_taken_away_again(tmp_path: Path) -> None:
    """The second of two exchanges fails, and the first had nothing in its place."""
    folders = {tmp_path / name: tmp_path / f".{name}" for name in ("new", "never")}
    (tmp_path / ".new").mkdir()
    with pytest.raises(FileNotFoundError):
        aside.put_in_place(folders)
    assert [path.name for path in tmp_path.iterdir()] == [".new"]


def test_a_link_to_the_build_stays_a_link(work: Job, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    work.build.rename(elsewhere)
    work.build.symlink_to(elsewhere)
    other_answers(work)
    before = contents(elsewhere)
    run(work, quiet, quiet)
    assert work.build.is_symlink()
    assert set(contents(elsewhere)) == set(before)
    assert contents(elsewhere) != before


def test_a_folder_of_a_run_still_at_work_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "build"
    ours, theirs = (tmp_path / f".build.{pid}" for pid in (os.getppid(), 2**22 + 1))
    for folder in (ours, theirs):
        folder.mkdir()
    with aside.beside(target) as folder:
        assert folder.is_dir()
        assert ours.is_dir()
        assert not theirs.exists()


def test_a_file_with_the_builds_name_is_not_replaced(tmp_path: Path) -> None:
    _, home = write_survey(tmp_path)
    (home / "build").write_text("mine", encoding="utf-8")
    with pytest.raises(SurveyError, match="a file has the folder's name"):
        run(job(Project(tmp_path), "small", None, None), quiet, quiet)
    assert (home / "build").read_text(encoding="utf-8") == "mine"


@pytest.fixture
def fresh(tmp_path: Path) -> Job:
    """A survey that nothing was made of yet."""
    write_survey(tmp_path)
    return job(Project(tmp_path), "small", None, None)


@pytest.mark.parametrize("name", ["weigh", "estimate", "find", "draft"])
def test_a_stage_without_what_it_reads_says_what_to_run(fresh: Job, name: str) -> None:
    with pytest.raises(Missing, match="Run: stateof run small"):
        run_stage(fresh, name, quiet)


def test_a_full_disk_is_named_with_what_to_do(
    fresh: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(job: Job, _: object) -> None:
        raise OSError(28, os.strerror(28), str(job.build / "answers.parquet"))

    monkeypatch.setitem(stages.STAGES, "ingest", full)
    with pytest.raises(SurveyError) as caught:
        run_stage(fresh, "ingest", quiet)
    assert str(caught.value) == (
        "data/small/build/answers.parquet: cannot be written: No space left on device\n"
        "  Make room on that disk, then run it again."
    )


def test_what_duckdb_cannot_write_is_named_too(
    fresh: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise duckdb.IOException("Could not write file: No space left on device")

    monkeypatch.setitem(stages.STAGES, "ingest", full)
    with pytest.raises(
        SurveyError, match=r"data/small/build: cannot be wr.*\n  Make room"
    ):
        run_stage(fresh, "ingest", quiet)


def test_a_stage_left_out_is_told(fresh: Job) -> None:
    run_stage(fresh, "ingest", quiet)
    with pytest.raises(Missing, match=r"weights.parquet.*\n  Run: stateof run small"):
        run_stage(fresh, "estimate", quiet)
