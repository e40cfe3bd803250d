"""A wave that is added later: drafted by likeness, reviewed, and read with the rest."""

from __future__ import annotations

from pathlib import Path

import exports
import pytest
from small import quiet

from pipeline.definition import Survey
from pipeline.drafting.check import check
from pipeline.drafting.crosswalk import Crossing, cross
from pipeline.drafting.crosswalk_toml import write_crosswalk
from pipeline.drafting.init import Wish, look_at, put, put_wave
from pipeline.errors import DefinitionError, SurveyError
from pipeline.estimates.stage import estimate
from pipeline.ingest.stage import ingest
from pipeline.load import load_survey
from pipeline.trends import trend
from pipeline.warehouse import connect, parquet
from pipeline.weights import weigh

ROLE, AI = ["Developer", "Designer"], ["Yes", "No, but I plan to", "No"]


def export(folder: Path, year: int, **columns: list[str]) -> Path:
    """A table of 120 rows; each column goes round its texts."""
    names = list(columns)
    body = [[texts[n % len(texts)] for texts in columns.values()] for n in range(120)]
    return exports.put(folder, f"{year}.csv", exports.rows_text([names, *body]))


def first(tmp_path: Path) -> Path:
    """A survey drafted from its first wave; returns its folder."""
    columns = {
        "What is your role?": ROLE,
        "Do you use AI tools?": AI,
        "Which editor do you use?": ["Vim", "Emacs", "Other"],
        "Do you like tea?": ["Yes", "No"],
    }
    path = export(tmp_path, 2023, **columns)
    found = look_at(path, "tried", Wish(wave="2023"))
    return put(tmp_path, path, found, replace=False).parent


def second(home: Path) -> tuple[Crossing, Path]:
    """The next wave: a curly apostrophe, other spelling, an option more, one less."""
    columns = {
        "What is your role?": ["developer", "Designer"],
        "Do you use any AI tools?": ["Yes", "No, but I plan to do so", "No"],
        "Which editor do you use?": ["Vim", "Zed", "Other"],
        "How do you feel today?": ["Good", "Bad", "So-so"],
    }
    path = export(home.parent.parent, 2024, **columns)
    found = look_at(path, "tried", Wish(wave="2024"))
    crossing = cross(load_survey(home / "survey.toml"), found)
    text = write_crosswalk(crossing)
    return crossing, put_wave(home, path, text, "2024", replace=False)


def test_questions_are_found_again_and_what_changed_is_a_break(tmp_path: Path) -> None:
    crossing, _ = second(first(tmp_path))
    pairs = {pair.crossed.id: pair for pair in crossing.pairs}
    assert {name: pair.crossed.comparable for name, pair in pairs.items()} == {
        "role": "yes",
        "ai_tools": "yes",
        "editor": "break",
    }
    assert pairs["ai_tools"].crossed.options == {
        "no_but_i_plan_to": ("No, but I plan to do so",)
    }
    assert pairs["ai_tools"].sure == "likely"
    editor = pairs["editor"].crossed
    assert ([o.label for o in editor.new], editor.gone) == (["Zed"], ("emacs",))
    assert editor.reason == "1 answer was added and 1 answer was left out."
    assert [guess.id for guess in crossing.added] == ["feel_today"]
    assert crossing.missing == ("like_tea",)


def test_the_survey_then_has_both_waves_and_their_trends(tmp_path: Path) -> None:
    home = first(tmp_path)
    second(home)
    survey = load_survey(home / "survey.toml")
    assert [wave.id for wave in survey.waves] == ["2023", "2024"]
    assert check(survey, home / "raw", quiet).problems == ()
    build = home / "build"
    ingest(survey, home / "raw", build, quiet)
    weigh(survey, build, quiet)
    estimate(survey, build, quiet)
    trend(survey, build, quiet)
    rows = connect().execute(
        "SELECT DISTINCT question, comparable FROM"
        f" {parquet(build / 'trends.parquet')} ORDER BY ALL"
    )
    assert dict(rows.fetchall()) == {"ai_tools": True, "editor": False, "role": True}
    assert survey.question("editor").option("zed").waves == ("2024",)
    assert survey.question("editor").option("emacs").waves == ("2023",)


def reviewed(home: Path, old: str, new: str) -> Survey:
    """The survey after one line of the crosswalk was changed."""
    path = home / "crosswalk-2024.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return load_survey(home / "survey.toml")


def test_a_question_that_is_not_the_same_is_left_out(tmp_path: Path) -> None:
    home = first(tmp_path)
    second(home)
    survey = reviewed(home, 'comparable = "break"', 'comparable = "no"')
    assert list(survey.question("editor").columns) == ["2023"]
    assert check(survey, home / "raw", quiet).problems == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "role"', 'id = "rule"', "Did you mean role?"),
        ('gone = ["emacs"]', 'gone = ["emax"]', "Did you mean emacs?"),
        ("reason = ", "# reason = ", "a break needs its reason"),
        ('id = "2024"', 'id = "2023"', "is in survey.toml already"),
    ],
)
def test_a_mistake_in_a_crosswalk_is_named(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    home = first(tmp_path)
    second(home)
    with pytest.raises(DefinitionError, match=r"crosswalk-2024\.toml") as caught:
        reviewed(home, old, new)
    assert said in str(caught.value)


def test_an_earlier_wave_takes_its_place_in_time(tmp_path: Path) -> None:
    home = first(tmp_path)
    second(home)
    asked = "# start = YYYY-MM-DD\n# end = YYYY-MM-DD"
    before = (home / "survey.toml").read_text("utf-8")
    days = "start = 2023-01-01\nend = 2023-01-31"
    (home / "survey.toml").write_text(before.replace(asked, days), "utf-8")
    survey = reviewed(home, asked, "start = 2022-01-01\nend = 2022-01-31")
    assert [wave.id for wave in survey.waves] == ["2024", "2023"]
    (stop,) = survey.question("editor").breaks
    assert stop.wave == "2023"


def test_another_waves_file_of_the_same_name_is_not_overwritten(tmp_path: Path) -> None:
    home = first(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    path = export(other, 2023, Role=ROLE)
    with pytest.raises(SurveyError, match="is another file of the same name"):
        put_wave(home, path, "", "2024", replace=False)
