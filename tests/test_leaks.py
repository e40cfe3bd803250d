"""What is published gives nobody away; whatever is planted there is found."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from small import DEFINITION, quiet, write_survey

from pipeline.errors import DataError, Missing
from pipeline.leaks.look import Looked, look
from pipeline.outline import load_outline
from pipeline.project import Project
from pipeline.stages import job, run

pytestmark = pytest.mark.slow  # a whole run, once

COMMENT = """
[[question]]
id = "comment"
text = "What would you change, in your own words?"
kind = "open"
columns = { 2025 = "comment" }
"""
MARKED = "It saves me a good hour on most of my days at work"
SECRET = "My boss at the bakery in Lower Fenwick reads all of our prompts"
REPORT = f"""
id = "all"
survey = "small"
title = "All of it"
standfirst = "Mail research@example.org with questions."
[[section]]
id = "ai"
title = "AI"
[[section.figure]]
id = "ai"
kind = "bars"
question = "ai"
[[section.figure]]
id = "ai-by-role"
kind = "bars"
question = "ai"
term = "yes"
by = "role"
[[section.figure]]
id = "together"
kind = "combinations"
question = "tools"
[[section.claim]]
kind = "level"
question = "ai"
term = "yes"
[[section.quote]]
question = "comment"
row = 2
text = "{MARKED}"
"""
Plant = Callable[[Path], None]


class Built:
    """A survey that was published: 30 developers, 20 operators, 4 managers."""

    def __init__(self, root: Path) -> None:
        definition = DEFINITION.replace("min_base = 1", "min_base = 10") + COMMENT
        manager = '{ code = "ops", label = "Ops" }, { code = "man", label = "Manager" }'
        definition = definition.replace('{ code = "ops", label = "Ops" }', manager)
        roles = ["Developer"] * 30 + ["Ops"] * 20 + ["Manager"] * 4
        texts = [MARKED, SECRET, *["Nothing"] * 52]
        lines = [
            f'{n},ok,{role},{["No,", "Yes,A", "Yes,A;B"][n % 3]},,"{text}"'
            for n, (role, text) in enumerate(zip(roles, texts, strict=True))
        ]
        rows = "\n".join(["id,status,role,ai,tools,depend,comment", *lines]) + "\n"
        self.survey, self.home = write_survey(root, definition=definition, rows=rows)
        (root / "reports").mkdir()
        (root / "reports" / "all.toml").write_text(REPORT)
        project = Project(root)
        run(job(project, "small", None, None), quiet, quiet)
        self.folder = project.published("2025", "all")
        self.words = [definition, REPORT]

    def look(self, folder: Path) -> Looked:
        outline = load_outline(
            self.home.parents[1] / "reports" / "all.toml", self.survey
        )
        return look(self.survey, self.home / "build", folder, [outline], self.words)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATEOF_ID_KEY", "0123456789abcdef0123456789abcdef")
        return Built(tmp_path_factory.mktemp("published"))


def test_nothing_is_found_in_what_is_published(built: Built) -> None:
    found = built.look(built.folder)
    assert found.leaks == ()
    assert found.estimates > 0
    assert found.texts > 0
    assert "report.pdf" in found.unread


def replaced(name: str, old: str, new: str) -> Plant:
    def plant(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old} is not in {name}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return plant


def row(**change: str | int | float) -> Plant:
    """Add an estimate to the figure's table and data."""

    def plant(folder: Path) -> None:
        path = folder / "figures" / "ai-by-role.json"
        document = json.loads(path.read_bytes())
        document["rows"].append({**document["rows"][-1], "flag": "", **change})
        path.write_text(json.dumps(document))

    return plant


def drawn(folder: Path) -> None:
    path = folder / "report.json"
    document = json.loads(path.read_bytes())
    figure = document["sections"][0]["figures"][1]
    figure["plot"]["series"][0]["values"][-1] = 0.25
    path.write_text(json.dumps(document))


def pseudonym(folder: Path) -> None:
    import duckdb

    people = folder.parents[2] / "data" / "small" / "build" / "respondents.parquet"
    found = duckdb.sql(f"SELECT _pseudonym FROM '{people}' LIMIT 1").fetchall()[0][0]
    replaced("index.html", "<footer", f"<p>{found}</p><footer")(folder)


def in_slides(folder: Path) -> None:
    with zipfile.ZipFile(folder / "slides.pptx", "a") as deck:
        deck.writestr("ppt/comments/comment1.xml", f"<c><t>{SECRET}</t></c>")


def in_figure(new: str) -> Plant:
    return replaced("figures/ai-by-role.svg", "</svg>", f"<text>{new}</text></svg>")


PLANTED: dict[str, tuple[Plant, str]] = {
    "a hidden share": (row(domain="man", estimate=0.75, n=None), "hidden in the build"),
    "a small base": (row(domain="man", estimate=0.75, n=4), "rests on 4, under 10"),
    "a hidden base": (row(domain="man", estimate=None, n=54), "or hides"),
    "another value": (row(domain="dev", estimate=0.123), "in the build"),
    "another base": (row(domain="dev", n=31), "a base of 31"),
    "a domain of nobody": (row(domain="ceo", estimate=0.5, n=20), "no estimate"),
    "a cross of two": (
        row(by="role*ai", domain="dev*yes", estimate=1.0, n=20), "no estimate",
    ),
    "a value that is drawn": (drawn, "draws 0.25"),
    "a base in words": (
        replaced("index.html", "</main>", "<p>Base: 4 respondents</p></main>"),
        "a base of 4",
    ),
    "a base on hovering": (in_figure("Manager: 75%, n 4"), "a base of 4"),
    "a share on hovering": (in_figure("Manager: 76%"), "76% is in no figure"),
    "an answer on the page": (
        replaced("index.html", "</main>", f"<p>{SECRET}</p></main>"),
        "what a respondent wrote",
    ),
    "part of an answer": (
        replaced("index.html", "</main>", "<p>the bakery in lower Fenwick, reads all"
                 "</p></main>"),
        "what a respondent wrote",
    ),
    "an answer in a comment": (
        replaced("index.html", "</main>", f"<!-- {SECRET} --></main>"),
        "what a respondent wrote",
    ),
    "an answer in data": (
        replaced("report.json", '"claims"', f'"said": "{SECRET}", "claims"'),
        "what a respondent wrote",
    ),
    "an answer in slides": (in_slides, "what a respondent wrote"),
    "a mail address": (
        replaced("figures/ai.csv", "2025,", "2025 jo@example.net,"), "email",
    ),
    "a phone in a drawing": (in_figure("+49 170 1234567"), "phone"),
    "a pseudonym": (pseudonym, "pseudonym"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str, built: Built) -> None:
    plant, said = PLANTED[name]
    folder = built.folder.with_name("planted")
    shutil.copytree(built.folder, folder)
    try:
        plant(folder)
        leaks = built.look(folder).leaks
        assert any(said in leak.what for leak in leaks), leaks
    finally:
        shutil.rmtree(folder)


def test_a_base_is_worked_out_of_two_files(built: Built, tmp_path: Path) -> None:
    """Everyone in one file, all domains but one in the other: 54 less 30 and 20."""
    keys = "wave,question,by,domain,statistic,term,estimate,n"
    everyone = f"{keys}\n2025,ai,,,share,yes,,54\n"
    some = f"{keys}\n2025,ai,role,dev,share,yes,,30\n2025,ai,role,ops,share,yes,,20\n"
    (tmp_path / "one.csv").write_text(everyone)
    assert not [k for k in built.look(tmp_path).leaks if "less" in k.what]
    (tmp_path / "two.csv").write_text(some)
    whats = [leak.what for leak in built.look(tmp_path).leaks]
    assert "its base of 4 is everyone's less that of the others" in whats


@pytest.mark.parametrize(
    ("base", "share", "said"),
    [(4, 0.5, "rests on 4"), ("–", 0.5, "where its base is hidden")],
)
def test_a_tables_book_is_read_too(
    base: int | str, share: float, said: str, built: Built, tmp_path: Path
) -> None:
    from openpyxl import load_workbook

    project = built.home.parents[1]
    command = [sys.executable, "-m", "pipeline", "report", "all", "--format", "xlsx"]
    out = tmp_path / "book"
    subprocess.run([*command, "--out", str(out)], cwd=project, check=True)
    assert built.look(out).leaks == ()
    book = load_workbook(out / "all.xlsx")
    rows = [row for sheet in book for row in sheet]
    bases = next(row for row in rows if row[0].value == "n" and len(row) > 2)
    bases[2].value = base
    bases[2].parent.cell(bases[2].row - 2, 3).value = share
    book.save(out / "all.xlsx")
    assert any(said in leak.what for leak in built.look(out).leaks)


def test_a_damaged_file_is_named(built: Built, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"facts": [')
    with pytest.raises(DataError, match="cannot be read"):
        built.look(tmp_path)


def test_without_a_report_there_is_nothing_to_look_at(
    built: Built, tmp_path: Path
) -> None:
    with pytest.raises(Missing, match="is not there"):
        built.look(tmp_path / "none")


def test_the_command_fails_where_something_is_found(built: Built) -> None:
    root = built.home.parents[1]
    command = [sys.executable, "-m", "pipeline", "privacy", "small"]
    fine = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert (fine.returncode, "nothing was found" in fine.stdout) == (0, True)
    folder = root / "elsewhere"
    shutil.copytree(built.folder, folder)
    in_figure("jo@example.net")(folder)
    told = subprocess.run(
        [*command, "--published", str(folder), "--json"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 1
    assert "1 things are published that must not be" in told.stderr
    leaks = json.loads(told.stdout)["published"][0]["leaks"]
    assert [leak["file"] for leak in leaks] == ["figures/ai-by-role.svg"]
    assert "jo@" not in told.stdout
