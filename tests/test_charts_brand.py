"""A brand colours every report, and costs nobody the reading of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from charted import charted, figure_spec

from pipeline.charts.brand import contrast, load_brand
from pipeline.charts.figure import export
from pipeline.charts.theme import OURS
from pipeline.errors import DefinitionError, Missing


def written(folder: Path, text: str) -> Path:
    (folder / "brand.toml").write_text(text, encoding="utf-8")
    return folder


def test_without_a_file_it_is_ours(tmp_path: Path) -> None:
    assert load_brand(tmp_path) == OURS


def test_colours_font_logo_and_site_are_taken_over(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg/>")
    text = """
    name = "Ours & Co"
    font = "Georgia, serif"
    logo = "logo.svg"
    site = "https://example.org/surveys"
    [light]
    accent = "#0b5d3b"
    [dark]
    accent = "#5fc795"
    """
    brand = load_brand(written(tmp_path, text))
    assert (brand.name, brand.logo) == ("Ours & Co", "<svg/>")
    assert brand.font.startswith("Georgia, serif, ")
    assert brand.site == "https://example.org/surveys"
    assert brand.light["c-accent"] == "#0b5d3b"
    assert brand.dark["c-accent"] == "#5fc795"
    assert brand.light["c-paper"] == OURS.light["c-paper"]


def test_letters_on_a_brands_colour_can_be_read(tmp_path: Path) -> None:
    text = '[dark]\naccent = "#5fc795"\n[light]\naccent = "#0b5d3b"\n'
    brand = load_brand(written(tmp_path, text))
    for colours in (brand.light, brand.dark):
        assert contrast(colours["c-accent"], colours["c-on-accent"]) >= 4.5


def test_a_chart_wears_it(tmp_path: Path) -> None:
    brand = load_brand(written(tmp_path, '[light]\naccent = "#0b5d3b"\n'))
    survey, build = charted(tmp_path)
    spec = figure_spec("bars-by")
    paths = export(survey, build, spec, tmp_path, ("svg", "vl.json"), brand=brand)
    for path in paths.values():
        text = path.read_text()
        assert "#0b5d3b" in text
        assert OURS.light["c-accent"] not in text


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [
        ('[light]\naccent = "#ffee88"', "contrast of 1.2", "light.accent"),
        ('[dark]\naccent = "#101010"', "to be read", "dark.accent"),
        ('[light]\naccent = "red"', "'red' is no colour", "light.accent"),
        ('[light]\nseries = ["#112233"]', "1 colours where 6", "light.series"),
        ('font = "x; } body { display: none"', "names no font", "font"),
        ('site = "javascript:alert(1)"', "no address", "site"),
        ("colour = 1", "unknown field", "brand.toml"),
    ],
)
def test_what_would_spoil_a_report_is_refused(
    tmp_path: Path, text: str, said: str, where: str
) -> None:
    with pytest.raises(DefinitionError, match=said) as error:
        load_brand(written(tmp_path, text))
    assert where in error.value.where


def test_a_logo_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"no SVG logo\.svg"):
        load_brand(written(tmp_path, 'logo = "logo.svg"'))


def test_black_on_white_has_the_contrast_that_wcag_gives() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
