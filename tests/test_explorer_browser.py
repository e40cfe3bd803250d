"""The page to explore, in a real browser: by keyboard, by address, and taken away."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from browsing import SCREENS, launched, violations
from reported import EMOJI, HTML, LONG, RIGHT_TO_LEFT, TYPST
from two_waves import two_waves

from pipeline.analysis import Analysis
from pipeline.charts.theme import OURS
from pipeline.project import Project
from pipeline.tables.build import asked_questions, build_book
from pipeline.tables.explorer import render_explorer
from pipeline.tables.published import published

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    crosses = 'crosses = [["role", "band"]]'
    return two_waves(tmp_path_factory.mktemp("project"), crosses=crosses)


@pytest.fixture(scope="module")
def file(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = Project(analysis.build.parents[2])
    wanted = asked_questions(analysis.survey, "2025")
    book = build_book(project, analysis.survey, wanted, lambda _: None)
    path = tmp_path_factory.mktemp("page") / "explorer.html"
    found = published(analysis.survey, analysis.build, book)
    text = render_explorer(found, book.brand, "index.html")
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    found = browser.new_page(viewport={"width": 1280, "height": 900})
    found.set_default_timeout(10_000)
    found.goto(file.as_uri() + "#q=ai&by=role&wave=2025&answer=yes")
    yield found
    found.close()


def marks(page: Page) -> list[str]:
    found = page.locator("#chart [role=graphics-symbol]").all()
    return [mark.get_attribute("aria-label") or "" for mark in found]


def test_the_address_says_what_is_shown(page: Page, analysis: Analysis) -> None:
    assert page.locator("#title").inner_text() == "AI?: Yes"
    rows = analysis.share("ai", by="role", wave="2025").to_dict("records")
    yes = {r["domain_label"]: r for r in rows if r["term"] == "yes"}
    said = marks(page)
    assert said[0].startswith("All respondents: ")
    for label in ("Developer", "Ops"):
        line = next(line for line in said if line.startswith(f"{label}: "))
        assert f"{yes[label]['estimate']:.0%}" in line
        assert f"n {yes[label]['n']:.0f}" in line
    assert "Test: too few answers" in said


def test_what_is_chosen_changes_chart_table_and_address(
    browser: Browser, page: Page
) -> None:
    page.locator("#q").select_option("depend")
    page.locator("#by").select_option("role")
    page.locator("#answer").select_option("mean")
    page.locator("#wave").focus()
    page.locator("#wave").select_option("2024")
    assert page.url.endswith("#q=depend&by=role&wave=2024&answer=mean")
    assert page.locator("#title").inner_text() == "Dependence?: Mean"
    assert page.locator("#subtitle").inner_text().endswith("by role, 2024")
    assert page.locator("#table tbody th").last.inner_text() == "n"
    assert page.evaluate("document.activeElement.id") == "wave"
    again = browser.new_page()
    again.goto(page.url)
    assert marks(again) == marks(page)
    again.close()


def test_a_second_dimension_narrows_who_is_shown(
    browser: Browser, page: Page, analysis: Analysis
) -> None:
    page.locator("#within").select_option("band:high")
    assert page.url.endswith("&within=band%3Ahigh")
    assert page.locator("#subtitle").inner_text().endswith("by role, band High, 2025")
    rows = analysis.share("ai", by="role*band", wave="2025").to_dict("records")
    high = {r["domain"]: r for r in rows if r["term"] == "yes"}
    all_high = analysis.share("ai", by="band", wave="2025").to_dict("records")
    everyone = next(r for r in all_high if r["domain"] == "high" and r["term"] == "yes")
    said = marks(page)
    assert said[0].startswith(f"All respondents: High: {everyone['estimate']:.0%}")
    labels = {"dev": "Developer", "ops": "Ops", "qa": "Test", "lead": "Lead"}
    shown = 0
    for code, label in labels.items():
        line = next(line for line in said if line.startswith(f"{label}: "))
        row = high.get(f"{code}*high", {"flag": "nobody"})
        if row["flag"]:
            assert line == f"{label}: too few answers"
            continue
        assert f": {row['estimate']:.0%}, " in line
        assert line.endswith(f"n {row['n']:.0f}")
        shown += 1
    assert shown
    again = browser.new_page()
    again.goto(page.url)
    assert marks(again) == said
    again.close()


def test_it_leads_back_to_its_report(page: Page) -> None:
    back = page.get_by_role("link", name="Back to the report")
    assert back.get_attribute("href") == "index.html"


def test_letters_and_bases_are_in_the_table(page: Page, analysis: Analysis) -> None:
    frame = analysis.crosstab("ai", by="role")
    above = frame[(frame["term"] == "yes") & (frame["letters"] != "")]
    assert len(above) == 1
    letters = page.locator("#table td b").all_inner_texts()
    assert above["letters"].iloc[0] in [each.strip() for each in letters]
    heads = page.locator("#table thead th").all_inner_texts()
    assert any(f"({above['letter'].iloc[0]})" in head for head in heads)
    assert "under 5" in page.locator("#table tbody tr").last.inner_text()


def test_marks_are_walked_through_by_keyboard(page: Page) -> None:
    page.locator("#chart [role=graphics-symbol]").first.focus()
    said = marks(page)
    for key, expected in (
        ("ArrowDown", 1),
        ("End", -1),
        ("ArrowDown", -1),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        assert page.locator(".say").inner_text() == said[expected]


@pytest.mark.parametrize(
    "hash_", ["#q=%3Cimg%3E&by=x", "#", "#answer=<b>", "#q=ai&by=nope"]
)
def test_an_address_that_means_nothing_shows_the_first_question(
    browser: Browser, file: Path, hash_: str
) -> None:
    found, errors = browser.new_page(), list[str]()
    found.on("pageerror", lambda error: errors.append(str(error)))
    found.goto(file.as_uri() + hash_)
    assert found.locator("#chart svg").is_visible()
    assert errors == []
    found.close()


def taken(page: Page, button: str) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.locator(button).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_what_is_seen_can_be_taken_away(page: Page, analysis: Analysis) -> None:
    name, content = taken(page, "#csv")
    assert name == "ai-role-yes-2025.csv"
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    mine = {(r["domain"], r["term"]): r for r in rows}
    for row in analysis.share("ai", by="role", wave="2025").to_dict("records"):
        seen = mine[row["domain"], row["term"]]["estimate"]
        assert seen == ("" if row["flag"] else f"{row['estimate']:.4g}") or float(
            seen
        ) == round(row["estimate"], 4)
    name, content = taken(page, "#svg")
    root = ElementTree.fromstring(content)
    assert root.get("aria-label") == "AI?: Yes"
    assert b"var(--" not in content
    name, content = taken(page, "#png")
    assert content.startswith(b"\x89PNG")
    assert len(content) > 5_000


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_axe_finds_nothing(
    browser: Browser, file: Path, width: int, scheme: Any
) -> None:
    assert violations(browser, file, width, scheme) == []


def test_it_asks_the_network_for_nothing(browser: Browser, file: Path) -> None:
    found, asked, said = browser.new_page(), list[str](), list[str]()
    found.on("request", lambda request: asked.append(request.url))
    found.on("console", lambda message: said.append(message.text))
    found.goto(file.as_uri())
    found.locator("#q").select_option("tools")
    assert {url for url in asked if not url.startswith("data:")} == {file.as_uri()}
    assert said == []
    found.close()


def test_it_fits_a_phone(browser: Browser, file: Path) -> None:
    found = browser.new_page(viewport={"width": 390, "height": 800})
    found.goto(file.as_uri() + "#q=depend&by=role")
    assert found.evaluate("document.documentElement.scrollWidth") <= 390
    found.close()


@pytest.mark.parametrize("words", [LONG, "x" * 300, EMOJI, RIGHT_TO_LEFT, HTML, TYPST])
def test_labels_that_nobody_hoped_for_are_text_and_keep_to_the_page(
    browser: Browser, analysis: Analysis, tmp_path: Path, words: str
) -> None:
    found = published(analysis.survey, analysis.build)
    for question in found["questions"]:
        question["title"] = question["text"] = words
        question["answers"] = [[code, words] for code, _ in question["answers"]]
    for dimension in found["dimensions"]:
        dimension["label"] = words
        dimension["groups"] = [[code, words] for code, _ in dimension["groups"]]
    path = tmp_path / "explorer.html"
    path.write_text(render_explorer(found, OURS, "index.html"), encoding="utf-8")
    page, said = browser.new_page(viewport={"width": 390, "height": 800}), list[str]()
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri() + "#q=ai&by=role&wave=2025&answer=yes&within=band:high")
    assert words.split()[0] in page.locator("#title").inner_text()
    assert len(marks(page)) > 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert said == []
    page.close()
