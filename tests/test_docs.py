"""The documentation has everything, leads everywhere, and anybody can use it."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from browsing import SCREENS, launched, violations
from test_cli_help import COMMANDS, options

import pipeline
from pipeline.analysis import Analysis
from pipeline.charts.brand import BrandFile, Colours
from pipeline.crosswalk import Crossed, Crosswalk
from pipeline.definition import Question, Survey, Wave
from pipeline.design import Design
from pipeline.entities import Entities, Entity
from pipeline.outline import ClaimSpec, FigureSpec, Outline, SectionSpec
from tools.docs import reference
from tools.docs.markup import render, slug
from tools.docs.pages import DOCS, NOTEBOOKS, ROOT, Page, cells, pages
from tools.docs.site import BrokenLinks, build

if TYPE_CHECKING:
    from playwright.sync_api import Browser

slow = pytest.mark.slow
browser_test = pytest.mark.browser


PAGES = pages()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site."""
    return build(tmp_path_factory.mktemp("site") / "docs").parent


def text_of(name: str) -> str:
    return next(page.text for page in PAGES if page.path == name)


def test_every_page_under_docs_is_in_the_site_once(site: Path) -> None:
    listed = [page.path for page in PAGES]
    assert len(listed) == len(set(listed))
    written = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert written <= set(listed)
    for page in PAGES:
        html = (site / page.address).read_text(encoding="utf-8")
        assert html.count("<h1") == 1
        for other in PAGES[1:]:
            assert f">{other.title}</a>".replace("'", "&#39;") in html


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_in_the_reference(name: str) -> None:
    text = text_of("commands.md")
    _, found, rest = text.partition(f" `stateof {name}`\n")
    assert found
    described = rest.partition("\n## ")[0].partition("\n### ")[0]
    for option in options(COMMANDS[name]) - {"--help"}:
        assert f"`{option}`" in described or f"| `{option}` |" in described
    example = f"stateof {name.split()[0]}"
    assert example in described


@pytest.mark.parametrize(
    ("page", "kinds"),
    [
        ("definition-keys.md", (Survey, Wave, Question, Design, Crosswalk, Crossed)),
        ("definition-keys.md", (Entities, Entity)),
        ("report-keys.md", (Outline, SectionSpec, FigureSpec, ClaimSpec, BrandFile)),
        ("report-keys.md", (Colours,)),
    ],
)
def test_every_key_is_in_the_reference(page: str, kinds: tuple[Any, ...]) -> None:
    """Of the kinds named here, and of all that they hold."""
    text = text_of(page)
    for kind in kinds:
        for one in reference.structs(kind):
            keys = {f.encode_name for f in msgspec.structs.fields(one)}
            tables = re.findall(r"(?:^\| `[^\n]+\|\n)+", text, re.MULTILINE)
            found = [
                set(re.findall(r"^\| `\[*(\w+)\]*` \|", table, re.MULTILINE))
                for table in tables
            ]
            assert keys in found, one.__name__


def test_the_written_page_names_every_key_of_a_survey_and_its_questions() -> None:
    """Beside the reference there is one with explanations."""
    text = (DOCS / "survey-definition.md").read_text(encoding="utf-8")
    for kind in (Survey, Wave, Question, Design):
        for field in msgspec.structs.fields(kind):
            assert re.search(rf"\b{field.encode_name}\b", text), field.encode_name


def test_every_public_name_and_call_is_in_the_reference() -> None:
    text = text_of("calls.md")
    for name in pipeline.__all__:
        assert re.search(rf"^## `{name}(\(\))?`$", text, re.MULTILINE)
    for name, call in inspect.getmembers(Analysis, inspect.isfunction):
        if name.startswith("_"):
            continue
        _, found, rest = text.partition(f"\n### `{name}()`\n")
        assert found, name
        described = rest.partition("\n### ")[0]
        for parameter in list(inspect.signature(call).parameters)[1:]:
            assert f"{parameter}:" in described


def test_the_page_for_analysts_is_the_notebooks_word_by_word() -> None:
    text = text_of("analysis.md")
    assert {p.stem for p in (ROOT / "notebooks").glob("*.py")} == set(NOTEBOOKS)
    blocks = re.findall(r"```python\n(.*?)\n```", text, re.DOTALL)
    code = [
        body
        for name in NOTEBOOKS
        for kind, body in cells((ROOT / "notebooks" / f"{name}.py").read_text("utf-8"))
        if kind == "code"
    ]
    assert blocks == code


def test_what_the_pages_tell_to_type_is_a_command() -> None:
    """Every `stateof …` in a block of a page can be parsed."""
    from shlex import split

    found = 0
    for page in PAGES:
        blocks = re.findall(r"```(?:sh|console)?\n(.*?)```", page.text, re.DOTALL)
        lines = [
            line.removeprefix("$ ") for block in blocks for line in block.split("\n")
        ]
        for line in lines:
            if not line.startswith("stateof ") or "…" in line:
                continue
            words = split(line, comments=True)[1:]
            words = words[: words.index(">")] if ">" in words else words
            words = words[:-1] if words[-1] == "&" else words
            depth = next(
                (n for n in (2, 1) if " ".join(words[:n]) in COMMANDS), len(words)
            )
            command = COMMANDS[" ".join(words[:depth])]
            if "--help" not in words:
                command.make_context(words[0], words[depth:])
            found += 1
    assert found > 40


@pytest.mark.parametrize(
    "link", ["nowhere.md", "methods.md#nowhere", "#nowhere", "../../etc/passwd"]
)
def test_a_link_that_leads_nowhere_stops_the_build(tmp_path: Path, link: str) -> None:
    target = tmp_path / "docs"
    target.mkdir()
    (target / "last.html").touch()
    page = Page("README.md", "", f"# Home\n\n[there]({link})\n")
    with pytest.raises(BrokenLinks, match=r"README\.md: "):
        build(target, [page, *(p for p in PAGES if p.path == "methods.md")])
    assert (target / "last.html").exists()


def test_links_of_the_readme_lead_to_files() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    assert len(links) > 5
    for link in links:
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_links_within_the_site_lead_to_files_of_it(site: Path) -> None:
    """Read from the pages as they were written."""
    for path in site.rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        for link in re.findall(r'(?:href|src)="([^"#]+)(?:#[^"]*)?"', html):
            if not link.startswith(("http://", "https://", "data:")):
                assert (path.parent / link).is_file(), f"{path}: {link}"


def test_what_is_text_in_a_page_is_no_markup() -> None:
    html = render("# <script>\n\n`<b>` <img src=x> \n\n```\n<i>\n```\n", str).html
    assert not re.search(r"<(script|b|img|i)>?[ >]", html)


def test_anchors_are_those_of_github() -> None:
    assert slug("`[[question]]`") == "question"
    assert slug("Who may ask, and how?") == "who-may-ask-and-how"
    assert slug("A & B") == "a--b"
    page = render("# A\n\n## B\n\n## B\n", str)
    assert [h.anchor for h in page.headings] == ["a", "b", "b-1"]


def test_two_builds_have_the_same_bytes(site: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "docs").parent
    names = sorted(p.relative_to(site) for p in site.rglob("*") if p.is_file())
    assert names == sorted(
        p.relative_to(again) for p in again.rglob("*") if p.is_file()
    )
    for name in names:
        assert (site / name).read_bytes() == (again / name).read_bytes()


def test_every_heading_can_be_found(site: Path) -> None:
    text = (site / "sections.js").read_text(encoding="utf-8")
    found = json.loads(text.removeprefix("const SECTIONS = ").rstrip(";\n"))
    for page in PAGES:
        for heading in render(page.text, str).headings:
            assert any(s["title"] == heading.text for s in found)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


ADDRESSES = ("index", "commands", "analysis", "methods")


@slow
@browser_test
@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_axe_finds_nothing(
    browser: Browser, site: Path, width: int, scheme: Any
) -> None:
    for name in ADDRESSES:
        assert violations(browser, site / f"{name}.html", width, scheme) == []


@slow
@browser_test
def test_no_page_is_wider_than_a_phone_and_nothing_is_fetched(
    browser: Browser, site: Path
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 900})
    found, asked = context.new_page(), list[str]()
    found.on("request", lambda request: asked.append(request.url))
    for page in PAGES:
        found.goto((site / page.address).as_uri())
        assert found.evaluate("document.documentElement.scrollWidth") <= 390
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    context.close()


@slow
@browser_test
def test_search_works_from_a_disk_by_keyboard_alone(
    browser: Browser, site: Path
) -> None:
    found = browser.new_page()
    found.set_default_timeout(10_000)
    found.goto((site / "serving" / "index.html").as_uri())
    found.keyboard.press("Tab")
    assert found.evaluate("document.activeElement.textContent") == "Skip to the page"
    found.keyboard.press("Tab")
    found.keyboard.press("Tab")
    found.keyboard.type("ROW ai_use <b>")
    assert found.locator("[role=status]").text_content() == "0 found"
    found.get_by_role("searchbox").fill("single_psu stratum")
    assert "design" in found.locator(".search li").first.inner_text().lower()
    found.keyboard.press("ArrowDown")
    with found.expect_navigation():
        found.keyboard.press("Enter")
    assert found.url.startswith(site.as_uri())
    assert "serving" not in found.url
    assert "single_psu" in found.locator("main").inner_text()
    found.close()


@slow
@browser_test
def test_without_javascript_all_pages_can_be_reached(
    browser: Browser, site: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    found = context.new_page()
    found.goto((site / "index.html").as_uri())
    assert not found.locator(".search").is_visible()
    links = found.locator("nav[aria-label='All pages'] a")
    assert links.count() == len(PAGES) - 1
    links.last.click()
    assert found.locator("h1").count() == 1
    context.close()
