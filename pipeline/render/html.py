"""The report as one self-contained page: nothing is fetched and nothing computed."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.charts.theme import css
from pipeline.errors import SurveyError
from pipeline.render.drawing import inline_svg
from pipeline.report import Fact, Report, Section

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
FORMATS = ("csv", "json", "svg", "png")
NAMES = {"vl.json": "Vega-Lite"}


def render_page(report: Report, folder: Path) -> str:
    """The page, with the drawings that the report names read from `folder`."""
    script = (TEMPLATES / "keys.js").read_text(encoding="utf-8").strip()
    page = _for_page(folder).get_template("page.html.j2")
    return page.render(
        report=report,
        facts=_facts(report),
        style=trusted(
            css(report.brand) + (TEMPLATES / "page.css").read_text(encoding="utf-8")
        ),
        script=trusted(script),
        policy=policy(script),
    )


def worded_by(section: Section) -> str:
    """Who worded a summary, in words; a model's digest stands in the provenance."""
    if section.origin == "model":
        model = section.author.partition(", sha256:")[0] or "a language model"
        return f"Drafted by {model}, every sentence checked against the estimates"
    if section.origin == "person":
        return f"Written by {section.author or 'the editors'}"
    return "Generated from the estimates"


def environment(templates: Path) -> Environment:
    """Templates in which all that is put in is text, unless it is `trusted`."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _for_page(folder: Path) -> Environment:
    """The templates of a report whose drawings lie in `folder`."""
    made = environment(TEMPLATES)
    made.filters["worded_by"] = worded_by
    made.filters["downloads"] = _downloads
    made.filters["format_name"] = lambda kind: NAMES.get(kind, kind.upper())
    made.globals["drawing"] = lambda name, prefix: trusted(
        inline_svg(folder, name, prefix)
    )
    return made


def _facts(report: Report) -> dict[str, Fact]:
    """Facts by id; a sentence that rests on an unknown one must not be published."""
    facts = {fact.id: fact for fact in report.facts}
    for section in report.sections:
        for sentence in section.summary:
            for fact in sentence.facts:
                if fact not in facts:
                    raise SurveyError(
                        f"a sentence rests on fact '{fact}', which the report lacks",
                        where=f"section {section.id}, sentence {sentence.id}",
                    )
    return facts


def _downloads(files: dict[str, str]) -> list[tuple[str, str]]:
    """Formats with their files, data before pictures, any others after them."""
    known = [(kind, files[kind]) for kind in FORMATS if kind in files]
    return known + sorted((k, f) for k, f in files.items() if k not in FORMATS)


def policy(script: str) -> str:
    """Allow our one script by its hash, inline styles, pictures beside, no more."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:;"
        f" script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def trusted(text: str) -> Markup:
    """Our own style and script, and drawings that have been checked."""
    from markupsafe import Markup

    return Markup(text)
