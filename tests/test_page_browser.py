"""The page in a real browser: wide and narrow, light and dark, by keyboard alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from browsing import launched

from pipeline.render.publish import publish, staged
from pipeline.report import Report, Table

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

SAMPLE = Path(__file__).parent / "fixtures" / "report"
MARKS = "#ai_use_by_industry svg:visible path[role=graphics-symbol][aria-label]"
EVIL = '"><img src=x onerror=alert(1)><script>alert(2)</script>'

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Open = Callable[..., "Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def report() -> Report:
    return msgspec.json.decode((SAMPLE / "report.json").read_bytes(), type=Report)


@pytest.fixture(scope="module")
def published(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_in(tmp_path_factory.mktemp("page"), report)


def published_in(folder: Path, report: Report) -> Path:
    target = folder / "ai"
    with staged(target) as staging:
        shutil.copytree(SAMPLE / "figures", staging / "figures")
        return publish(report, staging, target)


@pytest.fixture
def open_page(browser: Browser, published: Path) -> Iterator[Open]:
    contexts = []

    def open_one(path: Path = published, width: int = 1280, **how: Any) -> Page:
        contexts.append(
            browser.new_context(viewport={"width": width, "height": 900}, **how)
        )
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.goto(path.as_uri())
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_sticks_out_at_the_side(open_page: Open, width: int) -> None:
    page = open_page(width=width)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_table_too_wide_for_a_phone_scrolls_by_itself(
    open_page: Open, report: Report, tmp_path: Path
) -> None:
    section = report.sections[0]
    head = ("Role", *(f"Industry number {i}" for i in range(14)))
    rows = tuple((f"Role {i}", *["12% (10–14%, n 1,234)"] * 14) for i in range(9))
    table = Table(caption="Share by role and industry", header=head, rows=rows)
    figure = msgspec.structs.replace(section.figures[0], table=table)
    section = msgspec.structs.replace(section, figures=(figure,))
    wide = msgspec.structs.replace(report, sections=(section,))
    page = open_page(published_in(tmp_path, wide), width=390)
    page.locator(".data summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".data .scroll").evaluate("e => e.scrollWidth > e.clientWidth")


@pytest.mark.parametrize(("width", "shown"), [(390, "narrow"), (1280, "wide")])
def test_one_drawing_is_shown_and_it_fits(
    open_page: Open, width: int, shown: str
) -> None:
    page = open_page(width=width)
    hidden = {"narrow": "wide", "wide": "narrow"}[shown]
    drawings = page.locator(f".{shown} svg")
    assert drawings.count() == 2
    for drawing in drawings.all():
        box = drawing.bounding_box()
        assert box is not None
        assert 0 < box["width"] <= width
    assert not page.locator(f".{hidden}").first.is_visible()


def test_it_asks_the_network_for_nothing_and_the_console_is_silent(
    browser: Browser, published: Path
) -> None:
    context = browser.new_context()
    page, asked, said = context.new_page(), list[str](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(published.as_uri())
    page.locator(MARKS).first.focus()
    page.wait_for_timeout(200)
    context.close()
    assert [url for url in asked if not url.startswith("data:")] == [published.as_uri()]
    assert said == []


def test_marks_are_read_out_by_arrow_keys(open_page: Open) -> None:
    page = open_page()
    marks = page.locator(MARKS)
    status = page.locator("#ai_use_by_industry .say")
    sentences = [mark.get_attribute("aria-label") for mark in marks.all()]
    marks.first.focus()
    assert status.inner_text() == sentences[0]
    for key, expected in (
        ("ArrowDown", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("End", -1),
        ("ArrowDown", -1),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        assert status.inner_text() == sentences[expected]


def test_a_drawing_is_one_stop_of_the_tab_key(open_page: Open) -> None:
    page = open_page()
    page.locator(MARKS).first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Shift+Tab")
    assert page.locator(MARKS).nth(1).evaluate("e => e == document.activeElement")


def test_the_pointer_reads_a_mark_too(open_page: Open) -> None:
    page = open_page()
    mark = page.locator(MARKS).nth(2)
    mark.hover()
    said = page.locator("#ai_use_by_industry .say").inner_text()
    assert said == mark.get_attribute("aria-label")


def test_the_first_stop_leads_past_the_contents(open_page: Open) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_sentence_opens_its_evidence(open_page: Open) -> None:
    page = open_page()
    rows = page.locator("#evidence-adoption-s2")
    assert not rows.is_visible()
    page.locator("#sentence-adoption-s2 a").click()
    rows.wait_for(state="visible")
    assert "76%" in rows.inner_text()


def test_dark_changes_the_page_and_the_drawings(open_page: Open) -> None:
    def colours(scheme: str) -> list[str]:
        page = open_page(color_scheme=scheme)
        found: list[str] = page.evaluate(
            """() => {
              const of = (e, name) => getComputedStyle(e)[name];
              const mark = document.querySelector('svg path[role=graphics-symbol]');
              return [of(document.body, 'backgroundColor'),
                      of(document.body, 'color'),
                      of(document.querySelector('svg text'), 'fill'),
                      of(mark, 'fill')]
            }"""
        )
        return found

    light, dark = colours("light"), colours("dark")
    assert all(a != b for a, b in zip(light, dark, strict=True))


def test_a_printed_page_is_light_and_shows_what_was_folded(open_page: Open) -> None:
    page = open_page(color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
    assert page.locator("#ai_tools table").is_visible()


def test_it_is_whole_without_javascript(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.locator("#ai_tools .data summary").click()
    assert page.locator("#ai_tools table").is_visible()
    assert not page.locator("#ai_tools .say").is_visible()


def test_markup_in_answers_does_not_run(
    browser: Browser, report: Report, tmp_path: Path
) -> None:
    section = report.sections[0]
    figure = msgspec.structs.replace(section.figures[0], title=EVIL, alt=EVIL)
    section = msgspec.structs.replace(section, title=EVIL, figures=(figure,))
    evil = msgspec.structs.replace(report, title=EVIL, sections=(section,))
    context = browser.new_context()
    page, dialogs = context.new_page(), list[str]()

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.accept()

    page.on("dialog", note)
    page.goto(published_in(tmp_path, evil).as_uri())
    page.wait_for_timeout(200)
    assert page.locator("h1").inner_text() == EVIL
    assert page.locator("img").count() == 0
    context.close()
    assert dialogs == []


def test_text_stands_out_from_its_ground(open_page: Open) -> None:
    """WCAG 2.2 AA: 4.5 to 1, for every text of the page outside the drawings."""
    for scheme in ("light", "dark"):
        faint = open_page(color_scheme=scheme).evaluate(CONTRAST)
        assert faint == []


CONTRAST = """() => {
  const rgb = s => s.match(/[\\d.]+/g).map(Number);
  const lum = c => c.slice(0, 3).map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = e => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c } return [255, 255, 255] };
  document.querySelectorAll('details').forEach(d => d.open = true);
  const faint = [];
  for (const e of document.querySelectorAll('body *:not(svg *, script)')) {
    const own = [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim());
    if (!own || !e.checkVisibility()) continue;
    const pair = [lum(rgb(getComputedStyle(e).color)), lum(ground(e))].sort();
    const ratio = (Math.max(...pair) + .05) / (Math.min(...pair) + .05);
    if (ratio < 4.5) faint.push(`${e.tagName} ${e.className} ${ratio.toFixed(2)}`);
  }
  return faint }"""
