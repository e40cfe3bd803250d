"""Anybody can use the page: axe finds nothing, search and share pages lead on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browsing import SCREENS, launched, violations
from msgspec.structs import replace
from reported import HTML, LONG, RIGHT_TO_LEFT, SAMPLE, SHAPES, sample, with_words

from pipeline.render.publish import publish, staged
from pipeline.report import Report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


def published_in(folder: Path, report: Report) -> Path:
    target = folder / "2025" / "ai"
    with staged(target) as staging:
        shutil.copytree(SAMPLE / "figures", staging / "figures")
        return publish(report, staging, target)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_in(tmp_path_factory.mktemp("page"), sample())


@pytest.fixture
def page(browser: Browser, index: Path) -> Iterator[Page]:
    found = browser.new_page()
    found.set_default_timeout(10_000)
    found.goto(index.as_uri())
    yield found
    found.close()


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_axe_finds_nothing(
    browser: Browser, index: Path, width: int, scheme: Any
) -> None:
    share = index.parent / "figures" / f"{sample().sections[0].figures[0].id}.html"
    for path in (index, share):
        assert violations(browser, path, width, scheme) == []


@pytest.mark.parametrize("shape", SHAPES)
def test_axe_finds_nothing_in_a_report_of_any_shape(
    browser: Browser, tmp_path: Path, shape: str
) -> None:
    path = published_in(tmp_path, SHAPES[shape]())
    assert violations(browser, path, 390, "light") == []


@pytest.mark.parametrize(
    "words", [LONG, RIGHT_TO_LEFT, HTML], ids=["long", "rtl", "html"]
)
def test_no_words_push_the_page_aside_or_run(
    browser: Browser, tmp_path: Path, words: str
) -> None:
    path = published_in(tmp_path, replace(with_words(words), id="ai"))
    context = browser.new_context(viewport={"width": 390, "height": 900})
    found, dialogs = context.new_page(), list[str]()
    found.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.accept()))
    found.goto(path.as_uri())
    found.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert found.evaluate("document.documentElement.scrollWidth") <= 390
    assert " ".join(found.locator("h1").inner_text().split()) == " ".join(words.split())
    context.close()
    assert dialogs == []


def test_search_finds_sentences_and_figures_and_leads_there(page: Page) -> None:
    report = sample()
    figure = report.sections[0].figures[0]
    box = page.get_by_role("searchbox")
    box.fill(figure.title[:20].upper())
    results = page.locator(".search ol a")
    assert figure.title[:20] in results.first.inner_text()
    assert "place" in page.locator(".search [role=status]").inner_text()
    hrefs = [link.get_attribute("href") for link in results.all()]
    assert f"#{figure.id}" in hrefs
    box.fill("nothing has these words")
    assert page.locator(".search [role=status]").inner_text() == "0 places"
    box.fill("76%")
    page.keyboard.press("Enter")
    assert "#" in page.url


def test_without_javascript_there_is_no_search_box(
    browser: Browser, index: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    found = context.new_page()
    found.goto(index.as_uri())
    assert not found.locator(".search").is_visible()
    context.close()


def test_a_share_page_has_the_figure_and_leads_to_the_report(
    browser: Browser, index: Path
) -> None:
    figure = sample().sections[0].figures[0]
    found = browser.new_page()
    found.goto((index.parent / "figures" / f"{figure.id}.html").as_uri())
    assert found.locator("h1").inner_text() == figure.title
    assert found.locator("svg:visible").count() == 1
    found.locator(".whole a").click()
    assert found.url == f"{index.as_uri()}#{figure.id}"
    found.close()


def test_links_of_a_published_report_know_their_address(tmp_path: Path) -> None:
    brand = replace(sample().brand, site="https://example.org/surveys/")
    report = replace(sample(), brand=brand)
    page = published_in(tmp_path, report).read_text(encoding="utf-8")
    base = f"https://example.org/surveys/{report.wave}/{report.id}/"
    assert f'<meta property="og:image" content="{base}card.png">' in page
    assert f'<link rel="canonical" href="{base}">' in page


def test_a_logo_is_on_the_page_and_cannot_run(tmp_path: Path) -> None:
    mark = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect/></svg>'
    brand = replace(sample().brand, logo=mark, name="Ours & Co")
    page = published_in(tmp_path, replace(sample(), brand=brand)).read_text("utf-8")
    assert '<svg role="img" aria-label="Ours &amp; Co" xmlns' in page
    evil = replace(brand, logo=mark.replace("<rect/>", "<script/>"))
    with pytest.raises(Exception, match="a drawing holds <script>"):
        published_in(tmp_path, replace(sample(), brand=evil))
