"""A published folder changes all at once, or stays as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from pipeline.errors import Missing
from pipeline.render import publish as module
from pipeline.render.publish import publish, staged, swap
from pipeline.report import Report

SAMPLE = Path(__file__).parent / "fixtures" / "report"


@pytest.fixture
def report() -> Report:
    return msgspec.json.decode((SAMPLE / "report.json").read_bytes(), type=Report)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A published report with one file that the next build no longer has."""
    target = tmp_path / "2025" / "ai"
    target.mkdir(parents=True)
    (target / "index.html").write_text("last year")
    (target / "gone.svg").write_text("<svg/>")
    return target


def run(report: Report, target: Path) -> Path:
    with staged(target) as folder:
        shutil.copytree(SAMPLE / "figures", folder / "figures")
        return publish(report, folder, target)


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


@pytest.mark.parametrize("at_once", [True, False])
def test_the_new_folder_takes_the_place_of_the_old(
    report: Report, target: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr(module, "_exchange", lambda one, other: False)
    page = run(report, target)
    assert page == target / "index.html"
    assert report.title in page.read_text(encoding="utf-8")
    assert names(target) == {"index.html", "report.json", "figures"}
    assert names(target.parent) == {"ai"}


def test_the_first_report_needs_no_folder_to_be_there(
    report: Report, tmp_path: Path
) -> None:
    assert run(report, tmp_path / "2026" / "new").is_file()


def test_the_document_reads_back_as_the_same_report(
    report: Report, target: Path
) -> None:
    run(report, target)
    text = (target / "report.json").read_bytes()
    assert msgspec.json.decode(text, type=Report) == report


def test_two_builds_are_the_same_bytes(report: Report, target: Path) -> None:
    run(report, target)
    first = {p: p.read_bytes() for p in target.rglob("*") if p.is_file()}
    run(report, target)
    assert first == {p: p.read_bytes() for p in target.rglob("*") if p.is_file()}


def test_a_failure_leaves_the_last_good_report(report: Report, target: Path) -> None:
    with pytest.raises(Missing), staged(target) as folder:
        publish(report, folder, target)
    assert (target / "index.html").read_text() == "last year"
    assert names(target.parent) == {"ai"}


def test_a_rename_that_fails_brings_the_old_folder_back(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_exchange", lambda one, other: False)
    with pytest.raises(FileNotFoundError):
        swap(target.with_name("never made"), target)
    assert (target / "index.html").read_text() == "last year"


def test_a_crash_between_two_renames_is_mended_by_the_next_build(target: Path) -> None:
    target.rename(target.with_name(f".{target.name}.old"))
    with staged(target):
        assert (target / "index.html").read_text() == "last year"
    assert names(target.parent) == {"ai"}
