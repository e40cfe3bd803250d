"""A figure from its spec: an Altair chart, files to download, the part of a page.

chart    to look at, as in a notebook
export   files that stand alone, each with title, base, source and notice in it
figure   everything a report needs of one figure; figures, of many
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.charts import words
from pipeline.charts.alt import alt
from pipeline.charts.data import ChartData, read
from pipeline.charts.defaults import spec_for
from pipeline.charts.plot import plot
from pipeline.charts.table import table, to_csv, to_json
from pipeline.charts.theme import CSS, LIGHT, NARROW, OURS, WIDE, Palette, painted
from pipeline.definition import Survey
from pipeline.errors import NotFound
from pipeline.outline import FigureSpec
from pipeline.project import replace_file
from pipeline.report import Brand, Figure

if TYPE_CHECKING:
    import altair

    from pipeline.charts.svg import Drawing

__all__ = ["LIGHT", "WIDE", "chart", "export", "figure", "figures", "spec_for"]

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
    """Draw one figure of a report whose document lies in `folder`."""
    return next(figures(survey, build, [(spec, title)], folder, formats, brand))


def figures(
    survey: Survey,
    build: Path,
    wanted: Iterable[tuple[FigureSpec, str]],
    folder: Path,
    formats: Sequence[str] = PUBLISHED,
    brand: Brand = OURS,
) -> Iterator[Figure]:
    """Draw figures, each with its title and its card, into `folder`/figures."""
    from concurrent.futures import ThreadPoolExecutor

    from pipeline.charts.svg import drawn, start

    # Vega draws in a thread of its own, while here the next chart is laid out.
    with ThreadPoolExecutor(max_workers=1) as vega:
        vega.submit(start)
        begun = []
        for spec, title in wanted:
            data = read(survey, build, spec)
            specs = [_spec(data, title, width) for width in (WIDE, NARROW)]
            begun.append((data, title, specs, [vega.submit(drawn, s) for s in specs]))
        for data, title, specs, drawings in begun:
            wide, narrow = (drawing.result() for drawing in drawings)
            yield _written(data, title, folder, formats, specs[0], wide, narrow, brand)


def _written(
    data: ChartData,
    title: str,
    folder: Path,
    formats: Sequence[str],
    spec: dict[str, Any],
    wide: Drawing,
    narrow: Drawing,
    brand: Brand,
) -> Figure:
    from pipeline.charts.card import card
    from pipeline.charts.svg import in_page

    name, said, target = data.spec.id, alt(data), folder / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    contents = _contents(data, title, formats, spec, wide, brand)
    contents["wide.svg"] = in_page(wide, said).encode()
    contents["narrow.svg"] = in_page(narrow, said).encode()
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
    from pipeline.charts.svg import alone

    svg = painted(alone(drawing, title, alt(data), data.spec.id), brand.light)
    made: dict[str, Callable[[], bytes]] = {
        "svg": svg.encode,
        "png": lambda: _png(svg),
        "pdf": lambda: _pdf(svg),
        "csv": lambda: to_csv(data).encode(),
        "json": lambda: _json(to_json(data, title)),
        "vl.json": lambda: painted(_json(spec).decode(), brand.light).encode(),
    }
    return {name: made[name]() for name in formats}


def _png(svg: str) -> bytes:
    import vl_convert

    return bytes(vl_convert.svg_to_png(svg, scale=2))


def _pdf(svg: str) -> bytes:
    import vl_convert

    return bytes(vl_convert.svg_to_pdf(svg))


def _json(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()
