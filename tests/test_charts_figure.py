"""Files to download, figures of a report, and the chart that suits a question."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from charted import NOTICE, charted, figure_spec

from pipeline.charts.figure import FORMATS, chart, export, figure, spec_for
from pipeline.errors import NotFound, SurveyError
from pipeline.outline import FigureSpec


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("charted")


def exported(folder: Path, name: str, *formats: str) -> dict[str, bytes]:
    survey, build = charted(folder)
    paths = export(survey, build, figure_spec(name), folder / "out", formats)
    return {kind: path.read_bytes() for kind, path in paths.items()}


def test_every_format_is_written_under_the_figures_name(folder: Path) -> None:
    survey, build = charted(folder)
    paths = export(survey, build, figure_spec("bars-by"), folder / "all", FORMATS)
    assert {path.name for path in paths.values()} == {f"bars-by.{f}" for f in FORMATS}
    assert paths["png"].read_bytes().startswith(b"\x89PNG")
    assert paths["pdf"].read_bytes().startswith(b"%PDF")


def test_two_exports_are_the_same_to_the_byte(folder: Path) -> None:
    formats = ("svg", "png", "csv", "json", "vl.json")
    one, other = (exported(folder, "waves", *formats) for _ in range(2))
    assert one == other


def test_an_unknown_format_is_named_with_those_there_are(folder: Path) -> None:
    with pytest.raises(NotFound, match="no format 'svgz'") as error:
        exported(folder, "bars", "svgz")
    assert "svg" in error.value.remedy


def test_csv_holds_base_interval_wording_and_source(folder: Path) -> None:
    text = exported(folder, "bars-by", "csv")["csv"].decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    first, last = rows[0], rows[-1]
    assert (first["estimate"], first["low"], first["high"], first["n"]) == (
        "0.4",
        "0.36",
        "0.44",
        "1000",
    )
    assert first["wording"] == "Do you use AI at work?"
    assert first["base"] == "respondents"
    assert last["domain_label"] == "Another role"
    assert (last["estimate"], last["n"], last["flag"]) == ("", "", "suppressed")
    for row in rows:
        assert NOTICE in row["source"]
        assert row["notice"] == NOTICE


def test_json_says_what_one_must_know_to_use_it(folder: Path) -> None:
    found = json.loads(exported(folder, "waves", "json")["json"])
    assert found["question"]["wording"] == "Which tools do you use?"
    assert found["waves"][0] == {
        "id": "2024",
        "in_the_field": "1 January to 1 February 2024",
    }
    assert found["notice"] == NOTICE
    assert found["base"] == "1,000 AI users in 2024 and 1,000 in 2025"
    assert found["interval"].startswith("Intervals are at 95%")
    assert {"estimate", "low", "high", "n", "term_label"} <= set(found["rows"][0])


def test_the_specification_can_be_drawn_by_anybody(folder: Path) -> None:
    found = json.loads(exported(folder, "stacked", "vl.json")["vl.json"])
    assert "vega-lite/v6" in found["$schema"]
    assert "var(" not in json.dumps(found)
    assert found["usermeta"]["notice"] == NOTICE
    assert {"label", "answer", "x", "x2"} <= set(found["datasets"]["bars"][0])


def test_a_picture_is_not_blank_of_text(folder: Path) -> None:
    """A font that vl-convert lacks leaves pictures without letters, silently."""
    import vl_convert

    svg = exported(folder, "bars", "svg")["svg"].decode()
    without = vl_convert.svg_to_png(svg.replace("<text", "<g").replace("</text", "</g"))
    assert len(vl_convert.svg_to_png(svg)) > 1.5 * len(without)


def test_a_figure_names_files_beside_its_document(folder: Path) -> None:
    survey, build = charted(folder)
    found = figure(survey, build, figure_spec("bars-by"), "A title", folder / "report")
    assert found.title == "A title"
    assert found.base == "1,000 respondents."
    assert NOTICE in found.source
    for name in (found.wide, found.narrow, found.card, *found.files.values()):
        assert (folder / "report" / name).is_file()
    assert set(found.files) == {"svg", "png", "csv", "json", "vl.json"}


def test_png_comes_when_it_is_asked_for(folder: Path) -> None:
    survey, build = charted(folder)
    spec = figure_spec("bars")
    found = figure(survey, build, spec, "A title", folder / "png", ("png",))
    assert found.files == {"png": "figures/bars.png"}


def test_a_chart_without_a_message_has_the_questions_name_for_a_title(
    folder: Path,
) -> None:
    survey, build = charted(folder)
    made = chart(survey, build, figure_spec("waves-broken"))
    assert made.to_dict()["description"].startswith("AI at work. ")


@pytest.mark.parametrize(
    ("arguments", "kind", "term", "name"),
    [
        ({"question_id": "use"}, "waves", "", "use"),
        ({"question_id": "use", "wave": "2025"}, "bars", "", "use"),
        ({"question_id": "use", "by": "role"}, "bars", "yes", "use-role-yes"),
        (
            {"question_id": "use", "by": "role,industry"},
            "heat",
            "yes",
            "use-role-industry-yes",
        ),
        ({"question_id": "tools", "by": "role"}, "heat", "", "tools-role"),
        (
            {"question_id": "tools", "by": "role", "term": "a"},
            "bars",
            "a",
            "tools-role-a",
        ),
        ({"question_id": "easier"}, "bars", "", "easier"),
        ({"question_id": "easier", "by": "role"}, "stacked", "", "easier-role"),
        ({"question_id": "depend"}, "distribution", "", "depend"),
        ({"question_id": "depend", "by": "role"}, "distribution", "", "depend-role"),
        ({"question_id": "years", "by": "role"}, "bars", "", "years-role"),
    ],
)
def test_the_chart_suits_the_question(
    folder: Path, arguments: dict[str, str], kind: str, term: str, name: str
) -> None:
    survey, build = charted(folder)
    spec = spec_for(survey, **arguments)
    assert (spec.kind, spec.term, spec.id) == (kind, term, name)
    chart(survey, build, spec)


@pytest.mark.parametrize(
    "arguments",
    [
        {"question_id": "tool"},
        {"question_id": "use", "by": "roles"},
        {"question_id": "use", "wave": "2026"},
        {"question_id": "use", "by": "role", "term": "perhaps"},
    ],
)
def test_an_unknown_name_is_an_error(folder: Path, arguments: dict[str, str]) -> None:
    survey, _ = charted(folder)
    with pytest.raises(NotFound):
        spec_for(survey, **arguments)


def test_an_open_question_has_no_chart(folder: Path) -> None:
    survey, _ = charted(folder)
    with pytest.raises(SurveyError, match="no estimates to draw"):
        spec_for(survey, "anything")


def test_a_kind_of_figure_is_drawn_in_the_wave_it_names(folder: Path) -> None:
    survey, build = charted(folder)
    spec = FigureSpec(id="old", kind="bars", question="tools", waves=("2023",))
    found = figure(survey, build, spec, "Then", folder / "old")
    assert found.subtitle.endswith(", 2023")
