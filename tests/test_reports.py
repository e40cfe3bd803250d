"""`stateof report`: a published report in other forms, by one command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from test_cli import REPORT, ROOT, stateof
from two_waves import two_waves

from pipeline.project import Project
from pipeline.render.document import schema
from pipeline.reports import TABLES
from pipeline.stages import job, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one published report."""
    folder = tmp_path_factory.mktemp("project")
    two_waves(folder)
    (folder / "reports").mkdir()
    outline = REPORT.format(id="about", survey="small", figure="ai-use")
    (folder / "reports" / "about.toml").write_text(outline)
    run(job(Project(folder), "small", None, None), lambda _: None, lambda _: None)
    return folder


def test_a_run_publishes_page_pdf_and_slides(project: Path) -> None:
    folder = project / "reports" / "2025" / "about"
    for name in ("index.html", "report.json", "report.pdf", "slides.pptx", "card.png"):
        assert (folder / name).stat().st_size > 500, name
    assert (folder / "figures" / "ai-use.png").is_file()
    assert (folder / "figures" / "ai-use.card.png").read_bytes()[:4] == b"\x89PNG"


def test_the_document_of_a_run_keeps_to_the_published_schema(project: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    path = project / "reports" / "2025" / "about" / "report.json"
    found = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    jsonschema.validate(json.loads(path.read_text()), found)


def test_two_runs_make_the_same_bytes(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(project, other)
    shutil.rmtree(other / "reports" / "2025")
    shutil.rmtree(other / "data" / "small" / "build")
    run(job(Project(other), "small", None, None), lambda _: None, lambda _: None)
    one, two = (at / "reports" / "2025" / "about" for at in (project, other))
    files = sorted(p.relative_to(one) for p in one.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(two) for p in two.rglob("*") if p.is_file())
    differ = [f for f in files if (one / f).read_bytes() != (two / f).read_bytes()]
    assert differ == []


def test_every_form_is_written_under_the_reports_id(
    project: Path, tmp_path: Path
) -> None:
    forms = "html,pdf,pptx,md,eml,xlsx,explore"
    done = stateof(
        project, "report", "about", "--format", forms, "--out", str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    names = [Path(line).name for line in done.stdout.splitlines()]
    assert names == [
        "about.html", "about.pdf", "about.pptx", "about.md", "about.eml",
        "about.xlsx", "about-explorer.html",
    ]  # fmt: skip
    assert all((tmp_path / name).stat().st_size > 500 for name in names)
    assert "figures/ai-use.svg" in (tmp_path / "about.md").read_text()
    assert (tmp_path / "figures" / "ai-use.svg").is_file()
    assert set(TABLES) <= set(forms.split(","))


def test_reports_are_listed(project: Path) -> None:
    head, line = stateof(project, "report", "--list").stdout.splitlines()
    assert head.split() == ["REPORT", "SURVEY", "PAGE"]
    assert line.split()[0] == "about"


def test_a_chart_is_written_without_a_word_of_complaint(project: Path) -> None:
    """As the program ends, DuckDB tells of connections that were left open."""
    done = stateof(project, "chart", "ai", "--out", "charts")
    assert done.returncode == 0
    assert done.stderr == ""
    assert (project / "charts" / "ai.svg").is_file()


def test_the_schema_is_printed(project: Path) -> None:
    assert json.loads(stateof(project, "report", "--schema").stdout) == schema()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("aboot",), 2, "about"),
        (("about", "--format", "pfd"), 2, "pdf"),
        (("about", "--format", ","), 2, "--format pdf"),
        ((), 2, "stateof report --list"),
    ],
)
def test_what_is_misspelt_is_answered_with_what_there_is(
    project: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    done = stateof(project, "report", *arguments)
    assert said in done.stderr
    assert done.returncode == status
    assert done.stdout == ""


def test_a_report_that_is_not_published_says_what_to_run(tmp_path: Path) -> None:
    two_waves(tmp_path)
    (tmp_path / "reports").mkdir()
    outline = REPORT.format(id="about", survey="small", figure="ai-use")
    (tmp_path / "reports" / "about.toml").write_text(outline)
    done = stateof(tmp_path, "report", "about")
    assert done.returncode == 3
    assert "stateof run small" in done.stderr
