"""A figure from its spec: an Altair chart, files to download, the part of a page.

chart    to look at, as in a notebook
export   files that stand alone, each with title, base, source and notice in it
figure   everything a report needs of one figure
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.charts import picture, words
from pipeline.charts.alt import alt
from pipeline.charts.data import ChartData, read
from pipeline.charts.defaults import spec_for
from pipeline.charts.plot import plot
from pipeline.charts.table import table, to_csv, to_json
from pipeline.charts.theme import (
    CSS,
    LIGHT,
    MARGIN,
    NARROW,
    OURS,
    WIDE,
    Palette,
    painted,
)
from pipeline.definition import Survey
from pipeline.errors import NotFound
from pipeline.outline import FigureSpec
from pipeline.project import replace_file
from pipeline.report import Brand, Figure

if TYPE_CHECKING:
    import altair

    from pipeline.charts.svg import Drawing

__all__ = ["LIGHT", "WIDE", "chart", "export", "figure", "spec_for"]

FORMATS = ("svg", "png", "pdf", "csv", "json", "vl.json")
PUBLISHED = ("svg", "png", "csv", "json", "vl.json")
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
    return draw(data, title or words.headline(data), palette, width).chart()


def export(
    survey: Survey,
    build: Path,
    spec: FigureSpec,
    folder: Path,
    formats: Sequence[str] = FORMATS,
    title: str = "",
    brand: Brand = OURS,
    width: float = WIDE,
) -> dict[str, Path]:
    """Write the figure in each of `formats` (svg, png, pdf, csv, json, vl.json).

    `width` is that of the plot in pixels; a PNG has twice as many.
    """
    for name in formats:
        if name not in FORMATS:
            raise NotFound.among("format", name, FORMATS)
    from pipeline.charts.svg import drawn

    data = read(survey, build, spec)
    title = title or words.headline(data)
    specification = _spec(data, title, width)
    drawing = drawn(specification)
    contents = _contents(data, title, formats, specification, drawing, brand)
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
    formats: Sequence[str] = PUBLISHED,
    brand: Brand = OURS,
) -> Figure:
    """Draw one figure, with its card, of a report whose document lies in `folder`."""
    from pipeline.charts.card import card
    from pipeline.charts.svg import drawn

    data = read(survey, build, spec)
    wide_spec, narrow_spec = (_spec(data, title, width) for width in (WIDE, NARROW))
    wide, narrow = drawn(wide_spec), drawn(narrow_spec)
    name, said, target = data.spec.id, alt(data), folder / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    contents = _contents(data, title, formats, wide_spec, wide, brand)
    contents["wide.svg"] = wide.in_page(said).encode()
    contents["narrow.svg"] = narrow.in_page(said).encode()
    contents["card.png"] = card(data, title, wide, brand)
    for kind, content in contents.items():
        (target / f"{name}.{kind}").write_bytes(content)
    return Figure(
        id=name,
        title=title,
        subtitle=words.subtitle(data),
        question=data.question.text,
        alt=said,
        base=f"{words.base(data)}.",
        source=words.source(data),
        notes=words.notes(data),
        wide=f"{FOLDER}/{name}.wide.svg",
        narrow=f"{FOLDER}/{name}.narrow.svg",
        files={kind: f"{FOLDER}/{name}.{kind}" for kind in formats},
        table=table(data),
        plot=plot(data),
        kind=data.spec.kind,
        card=f"{FOLDER}/{name}.card.png",
    )


def _spec(data: ChartData, title: str, width: float) -> dict[str, Any]:
    from pipeline.charts.kinds import draw

    return draw(data, title, CSS, width).spec()


def _contents(
    data: ChartData,
    title: str,
    formats: Sequence[str],
    spec: dict[str, Any],
    drawing: Drawing,
    brand: Brand,
) -> dict[str, bytes]:
    """The files that stand alone, in light colours."""
    svg = painted(drawing.alone(title, alt(data), data.spec.id), brand.light)
    size = drawing.width + 2 * MARGIN, drawing.whole
    made: dict[str, Callable[[], bytes]] = {
        "svg": svg.encode,
        "png": lambda: picture.png(svg, *size, scale=2),
        "pdf": lambda: picture.pdf(svg, *size),
        "csv": lambda: to_csv(data).encode(),
        "json": lambda: _json(to_json(data, title)),
        "vl.json": lambda: painted(_json(spec).decode(), brand.light).encode(),
    }
    return {name: made[name]() for name in formats}


def _json(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()
