"""A definition that does not say what it must is refused, with file and key path."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import DEFINITION, write_survey

from pipeline.errors import DefinitionError, Missing
from pipeline.load import load_survey

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("data/*/survey.toml")), ids=lambda p: p.parent.name
)
def test_every_definition_in_the_project_is_sound(path: Path) -> None:
    assert load_survey(path).id == path.parent.name


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('kind = "scale"', 'kind = "slider"', "question[3] (depend).kind"),
        ('title = "Small"', "title = 3", "title"),
        ('text = "AI?"', 'txt = "AI?"', "unknown field `txt`"),
        ('asked = { ai = ["yes"] }\nscale', 'asked = { ai = ["yess"] }\nscale',
         "question depend.asked: ai has no option 'yess'; Did you mean yes?"),
        ('question = "role"', 'question = "rol"', "'rol' is no single"),
        ('id = "2025"', """id = "20'25\"""", "an id is letters, digits"),
        ("start = 2025-01-01", "start = 2025-03-01", "wave 2025.end"),
        ('label = "No", raw = ["0"]', 'label = "No", raw = ["1"]', "'1' means yes and"),
        ("scale = { low = 0, high = 10 }", "", "question depend.scale"),
        ('id = "small"', "id = ", "not valid TOML"),
        ('id = "small"', "id = ", "line 2: not valid TOML"),
        ('id = "small"', "id = ", "It reads: id ="),
        ("min_base", "min_bsae", "Did you mean min_base?"),
        ("encoding", "encodng", "Did you mean encoding or end?"),
        ("missing = true", "mising = true", "Did you mean missing?"),
        ("low = 0", "lowest = 0", "Did you mean low?"),
        ("reason =", "reson =", "Did you mean reason?"),
        ('question = "role"', 'question = "rol"', "dimension role.question: 'rol'"),
        ('question = "role"', 'question = "rol"', "Did you mean role?"),
        ('columns = { 2025 = "ai" }', "columns = {}", "ai.columns: names no wave"),
        ('question = "role"\n', 'question = "role"\ngroups = [\n'
         '{ code = "x", label = "One", options = ["dev"] },\n'
         '{ code = "x", label = "Two", options = ["ops"] }]\n',
         "dimension role.groups: 'One' and 'Two' have the code 'x'"),
        ('code = "b"', 'code = "a"', "options a: is listed 2 times: each option"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_key_path(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    definition = DEFINITION.replace("files =", 'encoding = "utf-8"\nfiles =')
    assert old in definition
    with pytest.raises(DefinitionError) as caught:
        write_survey(tmp_path, definition=definition.replace(old, new, 1))
    assert "survey.toml" in str(caught.value)
    assert says in str(caught.value)


def test_several_mistakes_are_listed_one_a_line(tmp_path: Path) -> None:
    wrong = DEFINITION.replace('question = "role"', 'question = "rol"')
    wrong = wrong.replace("start = 2025-01-01", "start = 2025-03-01")
    with pytest.raises(DefinitionError) as caught:
        write_survey(tmp_path, definition=wrong)
    first, *rest = str(caught.value).splitlines()
    assert first.endswith("survey.toml: 2 things are wrong")
    assert [line.split(":")[0] for line in rest] == [
        "  wave 2025.end",
        "  dimension role.question",
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "survey.toml").mkdir()
    with pytest.raises(Missing, match=r"survey.toml: cannot be read: Is a directory"):
        load_survey(tmp_path / "survey.toml")


def test_a_survey_is_shown_in_a_line(tmp_path: Path) -> None:
    survey, _ = write_survey(tmp_path)
    assert repr(survey) == "Survey(small: waves 2025; 4 questions)"
