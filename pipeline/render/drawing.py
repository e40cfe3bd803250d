"""A drawing on its way into a page: checked, and its ids made unique there."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.errors import Missing, SurveyError

FORBIDDEN = {"script", "foreignObject", "iframe", "image", "use", "animate", "set"}
ID = re.compile(r'(\sid="|url\(#|\shref="#|\saria-(?:labelledby|describedby)=")')


def inline_svg(folder: Path, name: str, prefix: str) -> str:
    """The `<svg>` element of a file, its ids prefixed so that many fit one page."""
    return _unique(checked_svg(folder, name), prefix)


def checked_svg(folder: Path, name: str) -> str:
    """The `<svg>` element of a drawing of a report in `folder`.

    Raises `Missing` if there is no such file and `SurveyError` if it is no drawing,
    lies elsewhere, or could run or fetch anything.
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise SurveyError("a drawing lies outside the report", where=name)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Missing(
            "a figure's drawing is not there",
            where=str(path),
            remedy="Draw the figures before the page: stateof run.",
        ) from None
    check(text, str(path))
    return text[text.index("<svg") :].strip()


def check(text: str, where: str, *, named: bool = True) -> None:
    """Raise `SurveyError` for an SVG that is none or could do harm.

    It must have a name too, unless the page gives it one.
    """
    from xml.etree import ElementTree

    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise SurveyError("a drawing declares entities", where=where)
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise SurveyError(f"not a drawing: {error}", where=where) from None
    if named and not (root.get("aria-label") or root.get("aria-labelledby")):
        what = "a drawing has no alternative text"
        raise SurveyError(what, where=where, remedy="Name its root: aria-label.")
    if root.tag.rpartition("}")[2] != "svg":
        raise SurveyError("not a drawing: no <svg>", where=where)
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        if tag in FORBIDDEN:
            raise SurveyError(f"a drawing holds <{tag}>", where=where)
        for name, value in element.attrib.items():
            name = name.rpartition("}")[2]
            outside = name == "href" and not value.startswith("#")
            if name.startswith("on") or outside:
                raise SurveyError(f"a drawing holds {name}={value!r}", where=where)


def _unique(svg: str, prefix: str) -> str:
    """Two figures may both call a clip path `clip0`; a page may not."""

    def rename(found: re.Match[str]) -> str:
        return f"{found.group(1)}{prefix}-"

    return ID.sub(rename, svg)
