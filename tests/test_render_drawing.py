"""A drawing enters a page only if it is one and can do nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SurveyError
from pipeline.render.drawing import inline_svg

SVG = '<svg xmlns="http://www.w3.org/2000/svg" aria-label="A chart">{}</svg>'


def drawn(folder: Path, inside: str, prefix: str = "w-a") -> str:
    path = folder / "a.svg"
    path.write_text('<?xml version="1.0"?>\n' + SVG.format(inside), encoding="utf-8")
    return inline_svg(path.parent, path.name, prefix)


def test_the_xml_declaration_stays_behind(tmp_path: Path) -> None:
    assert drawn(tmp_path, "<g/>").startswith("<svg ")


def test_ids_and_what_points_to_them_get_the_figures_prefix(tmp_path: Path) -> None:
    inside = (
        '<title id="t">a</title><clipPath id="clip0"/>'
        '<g clip-path="url(#clip0)" aria-labelledby="t"/>'
    )
    page = drawn(tmp_path, inside)
    assert 'id="w-a-clip0"' in page
    assert "url(#w-a-clip0)" in page
    assert 'aria-labelledby="w-a-t"' in page


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<foreignObject><p>a</p></foreignObject>",
        '<g onclick="alert(1)"/>',
        '<a href="javascript:alert(1)">a</a>',
        '<image href="http://example.org/a.png"/>',
        '<a xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="//example.org"/>',
        "<g>",
    ],
)
def test_a_drawing_that_could_run_or_fetch_is_refused(
    tmp_path: Path, inside: str
) -> None:
    with pytest.raises(SurveyError, match=r"a\.svg"):
        drawn(tmp_path, inside)


def test_a_drawing_without_alternative_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    with pytest.raises(SurveyError, match="no alternative text"):
        inline_svg(path.parent, path.name, "w")


def test_entities_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text('<!DOCTYPE a [<!ENTITY b "c">]>' + SVG.format("&b;"))
    with pytest.raises(SurveyError, match="entities"):
        inline_svg(path.parent, path.name, "w")


def test_text_that_looks_like_an_id_is_left_alone(tmp_path: Path) -> None:
    assert "<text>url of it</text>" in drawn(tmp_path, "<text>url of it</text>")
