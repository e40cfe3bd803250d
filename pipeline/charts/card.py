"""Cards: the picture, 1200 by 630, that stands for a link to a report or a figure."""

from __future__ import annotations

from html import escape

from pipeline.charts import words
from pipeline.charts.data import ChartData
from pipeline.charts.measure import balanced, wrap
from pipeline.charts.picture import png
from pipeline.charts.svg import Drawing
from pipeline.charts.theme import FONT, painted
from pipeline.report import Brand

WIDTH, HEIGHT = 1200, 630
EDGE, TITLE, UNDER, FOOT = 56, 44, 24, 22
LEAST = 700  # the width under which a drawing cannot be read
FADE = 80  # the height in which a drawing that is cut off fades
BAND = 16  # of colour, at the top


def card(data: ChartData, title: str, drawing: Drawing, brand: Brand) -> bytes:
    """A figure's card, as PNG: title, drawing, source, and the notice if any."""
    survey = data.survey
    top, texts = _head(title, words.subtitle(data), TITLE)
    placed = _placed(drawing, top)
    source = f"{survey.title}, {data.waves[-1]}"
    return _picture([*texts, placed, *_foot(source, survey.notice)], brand)


def _placed(drawing: Drawing, top: float) -> str:
    """The drawing as large as it fits; of a tall one, the upper part, fading out."""
    wide, room = drawing.width, HEIGHT - 2 * EDGE - top + 8
    scale = min((WIDTH - 2 * EDGE) / wide, max(room / drawing.height, LEAST / wide))
    shown = (
        f'<svg x="{EDGE}" y="{top:g}" width="{wide * scale:g}" height="{room:g}"'
        f' viewBox="0 0 {wide:g} {room / scale:g}">{drawing.body}</svg>'
    )
    return shown if drawing.height * scale <= room + 1 else shown + _fade(top + room)


def _fade(bottom: float) -> str:
    """Paper that grows over the last rows: a sharp cut would look like a mistake."""
    clear, full = (
        f'<stop offset="{at}" stop-color="var(--c-paper)" stop-opacity="{at}"/>'
        for at in (0, 1)
    )
    return (
        f'<defs><linearGradient id="fade" x2="0" y2="1">{clear}{full}</linearGradient>'
        f'</defs><rect x="{EDGE}" y="{bottom - FADE:g}" width="{WIDTH - 2 * EDGE}"'
        f' height="{FADE}" fill="url(#fade)"/>'
    )


def report_card(
    title: str, standfirst: str, source: str, notice: str, brand: Brand
) -> bytes:
    """A report's card, as PNG."""
    _, texts = _head(title, standfirst, 76)
    return _picture([*texts, *_foot(source, notice)], brand)


def _head(title: str, under: str, size: float) -> tuple[float, list[str]]:
    """Title and what stands below it; where they end."""
    width = WIDTH - 2 * EDGE
    lines = _at_most(balanced(title, width, size, bold=True), 3)
    below = _at_most(wrap(under, width, UNDER * size / TITLE), 3)
    leading, smaller = size * 1.15, UNDER * size / TITLE
    y, texts = BAND + EDGE + size * 0.8, []
    for line in lines:
        texts.append(_text(EDGE, y, line, size, "ink", bold=True))
        y += leading
    y += smaller * 0.4
    for line in below:
        texts.append(_text(EDGE, y, line, smaller, "muted"))
        y += smaller * 1.35
    return y, texts


def _at_most(lines: tuple[str, ...], count: int) -> tuple[str, ...]:
    if len(lines) <= count:
        return lines
    return (*lines[: count - 1], f"{lines[count - 1].rstrip('.,;-')} …")


def _foot(source: str, notice: str) -> list[str]:
    source = wrap(source, WIDTH / 2, FOOT)[0]
    texts = [_text(EDGE, HEIGHT - 36, source, FOOT, "muted")]
    if notice:
        (line, *_) = wrap(notice, WIDTH / 2 - EDGE, FOOT, bold=True)
        texts.append(
            _text(WIDTH - EDGE, HEIGHT - 36, line, FOOT, "ink", bold=True, end=True)
        )
    return texts


def _text(
    x: float,
    y: float,
    words: str,
    size: float,
    colour: str,
    *,
    bold: bool = False,
    end: bool = False,
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    anchor = ' text-anchor="end"' if end else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}"{weight}{anchor}'
        f' fill="var(--c-{colour})">{escape(words)}</text>'
    )


def _picture(parts: list[str], brand: Brand) -> bytes:
    font = FONT.replace('"', "'")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"'
        f' viewBox="0 0 {WIDTH} {HEIGHT}" font-family="{font}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="var(--c-paper)"/>'
        f'<rect width="{WIDTH}" height="{BAND}" fill="var(--c-accent)"/>'
        f"{''.join(parts)}</svg>"
    )
    return png(painted(svg, brand.light), WIDTH, HEIGHT)
