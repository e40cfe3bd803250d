"""A page to explore a survey: question by dimension by wave, in one file, offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.charts.theme import css
from pipeline.definition import Survey
from pipeline.render.html import environment, policy, trusted
from pipeline.report import Brand
from pipeline.tables.published import published

TEMPLATES = Path(__file__).parent / "templates"
PAGE_STYLE = Path(__file__).parent.parent / "render" / "templates" / "page.css"


def render_explorer(found: dict[str, Any], brand: Brand, back: str = "") -> str:
    """The page, with what `published` found in it and nothing to fetch.

    It links `back` to the report that it lies beside.
    """
    script = (TEMPLATES / "explore.js").read_text(encoding="utf-8").strip()
    styles = [css(brand), *(_text(p) for p in (PAGE_STYLE, TEMPLATES / "explore.css"))]
    return (
        environment(TEMPLATES)
        .get_template("explore.html.j2")
        .render(
            survey=found,
            brand=brand,
            back=back,
            data=trusted(_embedded(found)),
            style=trusted("".join(styles)),
            script=trusted(script),
            policy=policy(script),
        )
    )


def beside_report(survey: Survey, build: Path, brand: Brand) -> bytes:
    """The page that is published with a report: without letters, which take long."""
    return render_explorer(published(survey, build), brand, "index.html").encode()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _embedded(found: dict[str, Any]) -> str:
    """JSON that cannot end the element it stands in, whatever an answer says."""
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028")
