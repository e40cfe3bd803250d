"""Respondents who are alone on what is known of them are counted."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from small import DEFINITION, ingested, quiet, write_survey

from pipeline.errors import Missing
from pipeline.ingest.stage import ingest
from pipeline.privacy import anonymity

DIMENSIONS = """
[[dimension]]
id = "use"
label = "Use"
question = "ai"

[[dimension]]
id = "dependence"
label = "Dependence"
question = "depend"
"""
# Role, use and dependence of 24 people, some of them alike.
PEOPLE = [
    (["Developer", "Ops"][n % 2], ["Yes", "No"][n % 3 == 0], n % 5 if n % 3 else "")
    for n in range(24)
]


def test_groups_are_those_that_counting_by_hand_gives(tmp_path: Path) -> None:
    lines = [f"{n},ok,{r},{a},,{d}" for n, (r, a, d) in enumerate(PEOPLE)]
    rows = "\n".join(["id,status,role,ai,tools,depend", *lines]) + "\n"
    definition = DEFINITION.replace("min_base = 1", "min_base = 4") + DIMENSIONS
    survey, home = write_survey(tmp_path, definition=definition, rows=rows)
    ingest(survey, home / "raw", home / "build", quiet)
    found = {c.dimensions: c for c in anonymity(survey, home / "build").crosses}
    names = ("role", "use", "dependence")
    for size in (1, 2, 3):
        for places in combinations(range(3), size):
            groups = Counter(tuple(p[i] for i in places) for p in PEOPLE).values()
            cross = found[tuple(names[i] for i in places)]
            assert (cross.respondents, cross.groups) == (24, len(groups))
            assert cross.smallest == min(groups)
            assert cross.alone == sum(n == 1 for n in groups)
            assert cross.few == sum(n for n in groups if n < 4)


def test_the_worst_cross_of_each_size_is_shown(tmp_path: Path) -> None:
    survey, home = write_survey(tmp_path, definition=DEFINITION + DIMENSIONS)
    ingested(survey, home)
    found = anonymity(survey, home / "build")
    for worst in found.worst():
        same = [c for c in found.crosses if len(c.dimensions) == len(worst.dimensions)]
        assert worst.alone == max(cross.alone for cross in same)


def test_ids_of_respondents_are_in_no_file_of_the_build(tmp_path: Path) -> None:
    rows = "id,status,role,ai,tools,depend\n" + "".join(
        f"person-{n}@example.org,ok,Ops,No,,\n" for n in range(40)
    )
    survey, home = write_survey(tmp_path, rows=rows)
    ingested(survey, home)
    for path in (home / "build").iterdir():
        assert b"example.org" not in path.read_bytes()


def test_before_ingest_there_is_nothing_to_count(tmp_path: Path) -> None:
    survey, home = write_survey(tmp_path)
    with pytest.raises(Missing, match="no respondents yet"):
        anonymity(survey, home / "build")
