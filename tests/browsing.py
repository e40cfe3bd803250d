"""A real Chromium for tests, and axe-core to check pages with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parent.parent
CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(
    os.environ.get("STATEOF_AXE", ROOT / "node_modules" / "axe-core" / "axe.min.js")
)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
needs_axe = pytest.mark.skipif(
    not AXE.exists(), reason="no axe-core: npm install --no-save axe-core"
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
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")
    context.close()
    assert len(found["passes"]) > 25
    return [f"{v['id']}: {v['nodes'][0]['html']}" for v in found["violations"]]
