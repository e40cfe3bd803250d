"""Charts of labels that no designer hoped for: drawn, inside the picture, inert."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from charted import FIGURES, charted
from reported import EMOJI, FORMULAS, HTML, LONG, RIGHT_TO_LEFT, TYPST
from test_charts_drawing import texts

from pipeline.charts.figure import figure
from pipeline.definition import Survey
from pipeline.render.drawing import checked_svg

pytestmark = pytest.mark.slow

ODD = {
    "long": LONG,
    "emoji": EMOJI,
    "rtl": RIGHT_TO_LEFT,
    "html": HTML,
    "typst": TYPST,
    "formula": FORMULAS[0],
    "one word": "x" * 300,
}


def relabelled(survey: Survey, words: str) -> Survey:
    """The survey with `words` for every second label; the others tell rows apart."""
    questions = tuple(
        msgspec.structs.replace(
            question,
            title=words,
            text=words,
            options=tuple(
                msgspec.structs.replace(option, label=words) if i % 2 == 0 else option
                for i, option in enumerate(question.options)
                if not isinstance(option, str)
            ),
        )
        for question in survey.questions
    )
    return msgspec.structs.replace(survey, questions=questions, title=words)


@pytest.mark.parametrize("name", ODD)
def test_every_kind_is_drawn_and_its_texts_stay_inside(
    name: str, tmp_path: Path
) -> None:
    survey, build = charted(tmp_path)
    odd = relabelled(survey, ODD[name])
    for spec in FIGURES:
        made = figure(odd, build, spec, ODD[name], tmp_path, ("svg", "csv"))
        for part, width in ((made.wide, 680), (made.narrow, 360)):
            checked_svg(tmp_path, part)  # raises for what could run or fetch
            root = ElementTree.fromstring((tmp_path / part).read_text("utf-8"))
            for left, right, y, words in texts(root):
                assert left >= -1, words
                assert right <= width + 1, (made.id, words)
                assert 0 < y <= float(root.get("height", 0)) + 1, (made.id, words)
        alone = ElementTree.fromstring(
            (tmp_path / made.files["svg"]).read_text("utf-8")
        )
        assert not {e.tag.rpartition("}")[2] for e in alone.iter()} & {"script", "img"}


def test_headings_of_300_letters_leave_room_for_the_chart(tmp_path: Path) -> None:
    survey, build = charted(tmp_path)
    wanted = [(spec, "Title") for spec in FIGURES]
    usual = {f.id: f for f in figures(survey, build, wanted, tmp_path / "a", ("csv",))}
    odd = relabelled(survey, LONG)
    for figure in figures(odd, build, wanted, tmp_path / "b", ("csv",)):
        for name in ("wide", "narrow"):
            heights = [
                float(
                    ElementTree.parse(folder / getattr(f, name))
                    .getroot()
                    .get("height", 0)
                )
                for folder, f in (
                    (tmp_path / "a", usual[figure.id]),
                    (tmp_path / "b", figure),
                )
            ]
            assert heights[1] <= 3 * heights[0] + 300, (figure.id, name)
        labels = [row[0] for row in figure.table.rows]
        assert not any("…" in label for label in labels), figure.id
