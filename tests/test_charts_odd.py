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
    odd = relabelled(survey, LONG)
    for spec in FIGURES:
        made = [
            (folder, figure(each, build, spec, "Title", folder, ("csv",)))
            for each, folder in ((survey, tmp_path / "a"), (odd, tmp_path / "b"))
        ]
        for part in ("wide", "narrow"):
            usual, long = (height(folder / getattr(f, part)) for folder, f in made)
            assert long <= 3 * usual + 300, (spec.id, part)
        labels = [row[0] for row in made[1][1].table.rows]
        assert not any("…" in label for label in labels), spec.id


def height(path: Path) -> float:
    return float(ElementTree.parse(path).getroot().get("height", 0))
