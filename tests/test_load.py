"""A definition that does not say what it must is refused, with file and key path."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import DEFINITION, write_survey

from pipeline.errors import DefinitionError
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
        ("start = 2025-01-01", "start = 2025-03-01", "wave 2025.end"),
        ('label = "No", raw = ["0"]', 'label = "No", raw = ["1"]', "'1' means yes and"),
        ("scale = { low = 0, high = 10 }", "", "question depend.scale"),
        ('id = "small"', "id = ", "not valid TOML"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_key_path(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in DEFINITION
    with pytest.raises(DefinitionError) as caught:
        write_survey(tmp_path, definition=DEFINITION.replace(old, new, 1))
    assert "survey.toml" in str(caught.value)
    assert says in str(caught.value)
