"""A drawing on its way into a page: checked, and its ids made unique there."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.errors import Missing, SurveyError

FORBIDDEN = {"script", "foreignObject", "iframe", "image", "use", "animate", "set"}
ID = re.compile(r'(\sid="|url\(#|\shref="#|\saria-(?:labelledby|describedby)=")')


def inline_svg(path: Path, prefix: str) -> str:
    """The `<svg>` element of a file, its ids prefixed so that many fit one page.

    Raises `Missing` if there is no such file and `SurveyError` if it is no drawing or
    could run or fetch anything.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Missing(
            "a figure's drawing is not there",
            where=str(path),
            remedy="Draw the figures before the page: stateof run.",
        ) from None
    _check(text, path)
    return _unique(text[text.index("<svg") :].strip(), prefix)


def _check(text: str, path: Path) -> None:
    from xml.etree import ElementTree

    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise SurveyError("a drawing declares entities", where=str(path))
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise SurveyError(f"not a drawing: {error}", where=str(path)) from None
    if not (root.get("aria-label") or root.get("aria-labelledby")):
        what = "a drawing has no alternative text"
        raise SurveyError(what, where=str(path), remedy="Name its root: aria-label.")
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        if tag in FORBIDDEN:
            raise SurveyError(f"a drawing holds <{tag}>", where=str(path))
        for name, value in element.attrib.items():
            name = name.rpartition("}")[2]
            outside = name == "href" and not value.startswith("#")
            if name.startswith("on") or outside:
                raise SurveyError(f"a drawing holds {name}={value!r}", where=str(path))


def _unique(svg: str, prefix: str) -> str:
    """Two figures may both call a clip path `clip0`; a page may not."""

    def rename(found: re.Match[str]) -> str:
        return f"{found.group(1)}{prefix}-"

    return ID.sub(rename, svg)
