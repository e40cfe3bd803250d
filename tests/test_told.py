"""What a notebook may ask does not tell what single people answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import DEFINITION, built, write_survey

from pipeline import open_survey
from pipeline.analysis import Analysis
from pipeline.errors import DataError
from pipeline.terminal import table

MORE = """
[[question]]
id = "rely"
text = "Reliance?"
kind = "scale"
columns = { 2025 = "rely" }
scale = { low = 0, high = 10 }
"""


def asked(folder: Path, skipped: int, people: int = 60) -> Analysis:
    """So many people, of whom some skipped one of two scales; at least ten a base."""
    definition = DEFINITION.replace("min_base = 1", "min_base = 10")
    definition = definition.replace('asked = { ai = ["yes"] }\nscale', "scale") + MORE
    lines = ["id,status,role,ai,tools,depend,rely"]
    for i in range(people):
        role, tools = ("Developer", "Ops")[i % 2], "A" if i % 5 else ""
        rely = "" if i < skipped else i % 7
        lines.append(f"{i},Complete,{role},1,{tools},{i % 9},{rely}")
    rows = "\n".join(lines) + "\n"
    built(*write_survey(folder, definition=definition, rows=rows))
    return open_survey("small", folder)


def test_quantiles_have_steps_that_cover_several_people(tmp_path: Path) -> None:
    survey = asked(tmp_path, 0)
    assert len(survey.quantile("depend", by="role")) == 6
    assert len(survey.quantile("depend", 0.05)) == 1  # 60 are enough for twentieths
    for probability in (0.0, 1.0, 0.01):
        with pytest.raises(DataError, match="1/20 of 60 respondents"):
            survey.quantile("depend", probability)
    with pytest.raises(DataError, match="1/4 of 30 respondents"):
        survey.quantile("depend", 0.05, by="role")


@pytest.mark.parametrize("skipped", [1, 9])
def test_a_pair_of_questions_does_not_tell_who_skipped_one(
    tmp_path: Path, skipped: int
) -> None:
    """The mean of all, less that of those who answered both, is the skippers'."""
    with pytest.raises(DataError, match="too few answered both, or only one"):
        asked(tmp_path, skipped).paired("depend", "rely")


@pytest.mark.parametrize("skipped", [0, 20])
def test_a_pair_of_questions_that_tells_nothing_is_shown(
    tmp_path: Path, skipped: int
) -> None:
    (row,) = asked(tmp_path, skipped).paired("depend", "rely").to_dict("records")
    assert row["n"] == 60 - skipped


def test_mentions_have_the_base_that_is_published(tmp_path: Path) -> None:
    survey = asked(tmp_path, 0)
    found = survey.mentions("tools", by="role").query("term == 'a'")
    published = survey.share("tools", by="role").query("term == 'a'")
    assert found["n"].tolist() == published["n"].tolist()
    row = found.iloc[0]
    assert row["estimate"] == 1
    assert row["low"] < 0.95  # nobody mentioned the other tool, of 30


def test_a_table_of_nothing_says_what_to_change(tmp_path: Path) -> None:
    """Of 18 people in two roles, 16 answered, 8 of each role."""
    survey = asked(tmp_path, 2, people=18)
    said = "min_base is 10, the largest group has 8: change it in survey.toml"
    assert table(survey, "rely", "role", "").splitlines()[-1] == said
    assert "min_base" not in table(survey, "rely", "", "")
