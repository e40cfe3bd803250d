"""`stateof watch`: a real process, real edits, and what it says of each."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest
from small import DEFINITION, ROWS, write_survey
from test_cli import ROOT, write_report

from pipeline import watch
from pipeline.project import Project
from pipeline.watch import Files, changed, looking

LINE = re.compile(r"\d\d:\d\d:\d\d  (.+): \d+\.\d\d s: (.+)")
PATIENCE = 60.0  # for a test that hangs; nothing is asserted of time
STAGES = "ingest, weigh, estimate, find, draft, publish"


class Watching:
    """The command at work in a folder."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "watch", "--no-draft"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        )
        self.lines: Queue[str | None] = Queue()  # None: there is no more
        self.reader = Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def line(self) -> str:
        """The next line that it says."""
        found = self.lines.get(timeout=PATIENCE)
        assert found is not None, "it ended"
        return found

    def end(self, number: int) -> str:
        """End it with a signal; returns what it said of that."""
        self.process.send_signal(number)
        self.process.wait(PATIENCE)
        self.reader.join()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        with self.process.stdout, self.process.stderr:
            return self.process.stderr.read()

    def build(self) -> tuple[str, str]:
        """Why it built, and what it did."""
        found = LINE.fullmatch(self.line())
        assert found
        return found[1], found[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_survey(tmp_path)
    write_report(tmp_path, "one", "small", "ai")
    return tmp_path


@pytest.fixture
def watching(project: Path) -> Iterator[Watching]:
    found = Watching(project)
    try:
        yield found
    finally:
        if found.process.returncode is None:
            found.end(signal.SIGKILL)


@pytest.mark.slow
def test_an_edit_is_built_at_once_and_only_what_it_touches(
    project: Path, watching: Watching
) -> None:
    home, page = project / "data" / "small", project / "reports/2025/one/index.html"
    at = "reports/2025/one/index.html"
    assert watching.build() == ("start", f"{STAGES}; {at}")
    assert "A report" in page.read_text(encoding="utf-8")

    outline = project / "reports" / "one.toml"
    text = outline.read_text(encoding="utf-8")
    outline.write_text(text.replace("A report", "A better one"), encoding="utf-8")
    assert watching.build() == ("reports/one.toml", f"draft, publish; {at}")
    assert "A better one" in page.read_text(encoding="utf-8")

    (home / "raw" / "2025.csv").write_text(f"{ROWS}7,Complete,Developer,Yes,A,3\n")
    assert watching.build() == ("data/small/raw/2025.csv", f"{STAGES}; {at}")

    (home / "survey.toml").write_text("# no more\n" + DEFINITION, encoding="utf-8")
    assert watching.build() == ("data/small/survey.toml", f"nothing to do; {at}")


@pytest.mark.slow
def test_a_mistake_is_said_and_the_next_edit_mends_it(
    project: Path, watching: Watching
) -> None:
    watching.build()
    page = project / "reports" / "2025" / "one" / "index.html"
    before = page.read_bytes()
    definition = project / "data" / "small" / "survey.toml"
    definition.write_text(DEFINITION.replace("kind", "kid"), encoding="utf-8")
    why, said = watching.build()
    assert (why, said) == ("data/small/survey.toml", "failed, the last reports stay")
    assert "survey.toml" in watching.line()
    assert page.read_bytes() == before
    definition.write_text(DEFINITION, encoding="utf-8")
    while not (found := LINE.fullmatch(watching.line())):
        pass  # the rest of what was wrong
    assert found[2] == "nothing to do; reports/2025/one/index.html"
    definition.unlink()
    assert watching.build()[1] == "failed, the last reports stay"
    assert watching.process.poll() is None


@pytest.mark.slow
def test_ctrl_c_ends_it_without_a_trace(project: Path, watching: Watching) -> None:
    watching.build()
    said = watching.end(signal.SIGINT)
    assert watching.process.returncode == 0
    assert said.strip() == ""
    left = [p.name for p in project.rglob(".*")]
    assert left == []


def test_a_change_is_told_once_it_has_come_to_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a file grows from look to look, it is not at rest."""
    path = tmp_path / "big.csv"
    looks: list[Files] = [{path: (n, n)} for n in (0, 0, 1, 2, 3, 3)]
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    found, paths = changed(iter(looks).__next__, {path: (0, 0)})
    assert (found, paths) == ({path: (3, 3)}, [path])


def test_what_was_put_back_is_no_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    known: Files = {a: (1, 1)}
    looks: list[Files] = [{}, known, known, {b: (1, 1)}, {b: (1, 1)}]
    monkeypatch.setattr(watch.time, "sleep", lambda seconds: None)
    assert changed(iter(looks).__next__, known) == ({b: (1, 1)}, [a, b])


def test_definitions_exports_reports_and_brand_are_looked_at(project: Path) -> None:
    home = project / "data" / "small"
    for name in ("brand.toml", "logo.svg", "data/small/crosswalk-2026.toml"):
        (project / name).touch()
    for name in (".survey.toml.swp", "survey.toml~", "raw/.2025.csv.part"):
        (home / name).touch()
    (home / "build").mkdir()
    (home / "build" / "weights.json").touch()
    os.symlink(project / "nowhere", home / "raw" / "gone.csv")
    found = looking(Project(project), "small", home / "raw")()
    assert {str(path.relative_to(project)) for path in found} == {
        "brand.toml",
        "logo.svg",
        "data/small/crosswalk-2026.toml",
        "data/small/raw/2025.csv",
        "data/small/survey.toml",
        "reports/one.toml",
    }
