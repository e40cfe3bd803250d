"""`stateof doctor` names what is missing, its remedy, and ends with a status."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from commands import stateof
from services import service, tiny_store
from small import write_survey

from pipeline import doctor
from pipeline.doctor import Check, examine

pytestmark = pytest.mark.slow


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, with a store of its own and no service."""
    write_survey(tmp_path)
    (tmp_path / "reports").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELS_PATH", str(tmp_path / "models"))
    monkeypatch.setenv("MODEL_RUNNER_HOST", "http://127.0.0.1:9")
    return tmp_path


def found(name: str) -> Check:
    """The check of that name that is worst."""
    order = ("missing", "absent", "ok")
    checks = [check for check in examine() if check.name == name]
    return min(checks, key=lambda check: order.index(check.state))


def test_on_a_machine_that_is_set_up_nothing_needed_is_missing(here: Path) -> None:
    checks = examine()
    assert Counter(check.state for check in checks)["missing"] == 0
    assert all(check.remedy for check in checks if check.state != "ok")
    for name in ("Python", "packages", "PDF", "model engine", "project", "disk"):
        assert found(name).state == "ok"
    done = stateof(here, "doctor", "--json", MODELS_PATH=str(here / "models"))
    assert done.returncode == 0
    assert [c["name"] for c in json.loads(done.stdout)] == [c.name for c in checks]
    shown = stateof(here, "doctor", MODELS_PATH=str(here / "models")).stdout
    assert all(check.name in shown for check in checks)


def test_what_is_needed_and_missing_ends_it_with_status_3(tmp_path: Path) -> None:
    """A store that another program keeps in a newer layout."""
    store = tmp_path / "models"
    store.mkdir()
    (store / "layout.json").write_text('{"version": "9.0.0"}', encoding="utf-8")
    done = stateof(tmp_path, "doctor", MODELS_PATH=str(store))
    assert done.returncode == 3
    assert done.stderr.startswith("stateof: 1 needed: model store\n")
    assert "missing  model store" in done.stdout


def test_a_package_that_is_too_old_or_not_there_is_named(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ["duckdb>=99", "no-such-package-at-all", 'other; extra == "dev"']
    monkeypatch.setattr(doctor, "requires", lambda name: wanted)
    check = found("packages")
    assert check.state == "missing"
    assert "duckdb is 2" in check.what
    assert check.what.endswith("no-such-package-at-all is not installed")
    assert check.remedy == "Run: make runtime"


def test_an_old_python_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert found("Python").state == "missing"


def test_a_full_disk_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "ROOM", 1 << 62)
    assert found("disk").state == "missing"
    assert "stateof model prune" in found("disk").remedy


def test_a_folder_that_cannot_be_written_to_is_named(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = here / "reports"
    if os.getuid():
        reports.chmod(0o500)
    else:  # nothing is closed to root but what takes no files at all
        reports.rmdir()
        reports.symlink_to("/proc/self")
    check = found("project")
    assert check.state == "missing"
    assert str(reports) in check.what
    assert check.remedy.startswith("Run: chown")


def test_fonts_browser_and_real_surveys_are_wanted_by_some_work_only(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "FONTS", ("No Such Font",))
    monkeypatch.setattr(doctor, "CHROMIUM", here / "chromium")
    monkeypatch.setenv("STATEOF_SHARED", str(here / "nowhere"))
    monkeypatch.setenv("PATH", "")
    for name in ("fonts", "Chromium", "real surveys", "npm"):
        check = found(name)
        assert (check.state, bool(check.remedy)) == ("absent", True)


def test_the_service_is_found_where_it_runs(
    here: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found("model service").state == "absent"
    models = tiny_store(here / "models", shared)
    with service(here / "run", models=models) as running:
        monkeypatch.setenv("MODEL_RUNNER_HOST", running.url)
        check = found("model service")
        assert (check.state, check.what) == ("ok", f"runs at {running.url}")
    assert found("model store").what.startswith("1 models in ")


def test_outside_a_project_that_is_said_and_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert found("project").state == "absent"
