"""A figure from its spec: an Altair chart, files to download, the part of a page.

chart    to look at, as in a notebook
export   files that stand alone, each with title, base, source and notice in it
figure   everything a report needs of one figure
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.charts import words
from pipeline.charts.alt import alt
from pipeline.charts.data import ChartData, read
from pipeline.charts.defaults import spec_for
from pipeline.charts.table import table, to_csv, to_json
from pipeline.charts.theme import CSS, LIGHT, NARROW, WIDE, Palette, painted
from pipeline.definition import Survey
from pipeline.errors import NotFound
from pipeline.outline import FigureSpec
from pipeline.project import replace_file
from pipeline.report import Figure

if TYPE_CHECKING:
    import altair

    from pipeline.charts.svg import Drawing

__all__ = ["LIGHT", "WIDE", "chart", "export", "figure", "spec_for"]

FORMATS = ("svg", "png", "pdf", "csv", "json", "vl.json")
FOLDER = "figures"


def chart(
    survey: Survey,
    build: Path,
    spec: FigureSpec,
    *,
    palette: Palette = LIGHT,
    width: float = WIDE,
    title: str = "",
) -> altair.LayerChart:
    """The chart with its title, base and source."""
    from pipeline.charts.kinds import draw

    data = read(survey, build, spec)
    return draw(data, title or words.headline(data), palette, width)


def export(
    survey: Survey,
    build: Path,
    spec: FigureSpec,
    folder: Path,
    formats: Sequence[str] = FORMATS,
    title: str = "",
) -> dict[str, Path]:
    """Write the figure in each of `formats` (svg, png, pdf, csv, json, vl.json)."""
    for name in formats:
        if name not in FORMATS:
            raise NotFound.among("format", name, FORMATS)
    data = read(survey, build, spec)
    title = title or words.headline(data)
    contents = _contents(data, title, formats)
    paths = {name: folder / f"{spec.id}.{name}" for name in formats}
    for name, path in paths.items():
        replace_file(path, contents[name])
    return paths


def figure(
    survey: Survey,
    build: Path,
    spec: FigureSpec,
    title: str,
    folder: Path,
    formats: Sequence[str] = ("svg", "csv", "json", "vl.json"),
) -> Figure:
    """Draw a figure of a report whose document lies in `folder`.

    The files go to `folder`/figures. PNG and PDF take 0.1 s each and are left to
    `stateof chart` unless `formats` names them.
    """
    from pipeline.charts.svg import in_page

    data = read(survey, build, spec)
    title = title or words.headline(data)
    wide, narrow = (_drawn(data, title, width) for width in (WIDE, NARROW))
    contents = _contents(data, title, formats, wide)
    said = alt(data)
    for name, drawing in (("wide", wide), ("narrow", narrow)):
        contents[f"{name}.svg"] = in_page(drawing, said).encode()
    for name, content in contents.items():
        replace_file(folder / FOLDER / f"{spec.id}.{name}", content)
    return Figure(
        id=spec.id,
        title=title,
        subtitle=words.subtitle(data),
        question=data.question.text,
        alt=said,
        base=f"{words.base(data)}.",
        source=words.source(data),
        notes=words.notes(data),
        wide=f"{FOLDER}/{spec.id}.wide.svg",
        narrow=f"{FOLDER}/{spec.id}.narrow.svg",
        files={name: f"{FOLDER}/{spec.id}.{name}" for name in formats},
        table=table(data),
    )


def _drawn(data: ChartData, title: str, width: float) -> Drawing:
    from pipeline.charts.kinds import draw
    from pipeline.charts.svg import drawn

    return drawn(draw(data, title, CSS, width).to_dict(validate=False))


def _contents(
    data: ChartData, title: str, formats: Sequence[str], wide: Drawing | None = None
) -> dict[str, bytes]:
    """The files that stand alone, in light colours."""
    from pipeline.charts.svg import alone

    found: dict[str, bytes] = {}
    if {"svg", "png", "pdf"} & set(formats):
        drawing = wide or _drawn(data, title, WIDE)
        svg = painted(alone(drawing, title, alt(data), data.spec.id), LIGHT)
        found |= {name: _picture(svg, name) for name in ("svg", "png", "pdf") if name in formats}
    if "csv" in formats:
        found["csv"] = to_csv(data).encode()
    if "json" in formats:
        found["json"] = _json(to_json(data, title))
    if "vl.json" in formats:
        from pipeline.charts.kinds import draw

        found["vl.json"] = _json(draw(data, title, LIGHT, WIDE).to_dict(validate=False))
    return found


def _picture(svg: str, name: str) -> bytes:
    if name == "svg":
        return svg.encode()
    import vl_convert

    if name == "png":
        return bytes(vl_convert.svg_to_png(svg, scale=2))
    return bytes(vl_convert.svg_to_pdf(svg))


def _json(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()
