"""A real Chromium for tests, and axe-core to check pages with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from node_tools import installed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
SCREENS = [(w, scheme) for w in (390, 1280) for scheme in ("light", "dark")]


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium, closed at the end; a skip where there is none."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


def violations(browser: Browser, path: Path, width: int, scheme: Any) -> list[str]:
    """What axe-core finds wrong with a page, everything in it unfolded."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    axe = installed() / "node_modules" / "axe-core" / "axe.min.js"
    page.evaluate(axe.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")
    context.close()
    assert len(found["passes"]) > 25
    return [f"{v['id']}: {v['nodes'][0]['html']}" for v in found["violations"]]
