"""The report as one self-contained page: nothing is fetched and nothing computed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pipeline.charts.theme import css
from pipeline.errors import SurveyError
from pipeline.render.drawing import check, inline_svg
from pipeline.report import Brand, Fact, Figure, Report, Section

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
FORMATS = ("csv", "json", "svg", "png")
NAMES = {"vl.json": "Vega-Lite"}
FORM_NAMES = {"pdf": "PDF", "pptx": "Slides"}


def render_page(report: Report, folder: Path) -> str:
    """The page, with the drawings that the report names read from `folder`."""
    return _rendered("page.html.j2", report, folder, ("keys.js", "search.js"))


def render_share(report: Report, figure: Figure, folder: Path) -> str:
    """A page of one figure, to link to; it lies in `figures/`."""
    return _rendered("share.html.j2", report, folder, ("keys.js",), figure=figure)


def _rendered(
    template: str, report: Report, folder: Path, scripts: Sequence[str], **more: Figure
) -> str:
    script = ";\n".join(_text(name).strip() for name in scripts)
    return (
        _for_page(folder)
        .get_template(template)
        .render(
            report=report,
            facts=_facts(report),
            style=trusted(css(report.brand) + _text("page.css") + _font(report.brand)),
            script=trusted(script),
            policy=policy(script),
            site=_site(report),
            **more,
        )
    )


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _font(brand: Brand) -> str:
    """The brand's font for all that is no drawing: these are laid out for ours."""
    return f"html{{font-family:{brand.font}}}\n"


def _site(report: Report) -> str:
    """Where the report will be found, with its stroke; nothing if nobody said."""
    site = report.brand.site.rstrip("/")
    return f"{site}/{quote(report.wave)}/{quote(report.id)}/" if site else ""


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


@cache
def _for_page(folder: Path) -> Environment:
    """The templates of a report whose drawings lie in `folder`."""
    made = environment(TEMPLATES)
    made.filters["worded_by"] = worded_by
    made.filters["downloads"] = _downloads
    made.filters["format_name"] = lambda kind: NAMES.get(kind, kind.upper())
    made.filters["form_name"] = lambda form: FORM_NAMES.get(form, form)
    made.globals["logo"] = _logo
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


def _logo(brand: Brand) -> Markup:
    """The logo, checked as a drawing is; it is called by the publisher's name."""
    check(brand.logo, "brand.toml, logo", named=False)
    svg = brand.logo[brand.logo.index("<svg") :]
    name = escape(brand.name or "Logo", quote=True)
    return trusted(svg.replace("<svg", f'<svg role="img" aria-label="{name}"', 1))


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
