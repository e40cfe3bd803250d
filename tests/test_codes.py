"""Whoever draws up a list sees what is often written, and nobody's own words."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest
from small import DEFINITION, ingested, write_survey

from pipeline.codes import LEAST, Coding, coding
from pipeline.drafting.entities import drafted
from pipeline.entities import Entities
from pipeline.errors import Missing, NotFound

QUESTION = """
[[question]]
id = "editors"
text = "Which other editors do you use?"
kind = "open"
columns = { 2025 = "other" }
"""
TOOLS = '[[entity]]\nid = "vim"\nname = "Vim"\n'
WRITTEN = [
    *["VS Code"] * 9,
    *["vscode, vim"] * 6,
    *["Emacs"] * 7,
    *["emacs and vim"],
    *["Emcas"] * 5,
    *["I write to jo@example.org with nano"] * 5,
    *["butterflies"] * (LEAST - 1),
    "my very own secret",
    *["vim"] * 3,
]


def looked_at(folder: Path, *, listed: str = "") -> Coding:
    home = folder / "data" / "small"
    home.mkdir(parents=True, exist_ok=True)
    (home / "entities-tools.toml").write_text(TOOLS + listed, encoding="utf-8")
    lines = [f'{n},ok,Ops,No,,,"{text}"' for n, text in enumerate(WRITTEN)]
    rows = "\n".join(["id,status,role,ai,tools,depend,other", *lines]) + "\n"
    question = QUESTION + 'entities = "tools"\n'
    survey, home = write_survey(folder, definition=DEFINITION + question, rows=rows)
    ingested(survey, home)
    return coding(survey, "editors", "2025", home / "build")


def test_what_is_not_listed_is_counted_by_respondents(tmp_path: Path) -> None:
    found = looked_at(tmp_path)
    assert found.answered == len(WRITTEN)
    assert found.coded == 10
    assert [(n.label, n.respondents) for n in found.named] == [("Vim", 10)]
    counts = {f.plain: f.respondents for f in found.uncoded}
    # Words of a text count too; those in a text that named something do not.
    assert counts["vs code"] == counts["code"] == 9
    assert (counts["vscode"], counts["emacs"], counts["emcas"]) == (6, 8, 5)
    assert counts["nano"] == 5
    assert "vim" not in counts


def test_what_few_wrote_is_not_shown_nor_who_anyone_is(tmp_path: Path) -> None:
    found = looked_at(tmp_path)
    told = msgspec.json.encode(found).decode()
    assert all(f.respondents >= LEAST for f in found.uncoded)
    assert "butterflies" not in told
    assert "secret" not in told
    assert "jo@" not in told
    assert found.rare > 0


def test_a_draft_is_a_list_that_covers_what_was_often_written(tmp_path: Path) -> None:
    first = looked_at(tmp_path / "first")
    text = drafted(first)
    listed = msgspec.convert(tomllib.loads(text), Entities).entities
    emacs = next(entity for entity in listed if entity.id == "emacs")
    assert (emacs.name, emacs.aliases) == ("Emacs", ("emcas",))
    assert next(e for e in listed if e.id == "vs_code").aliases == ("vscode",)
    assert not looked_at(tmp_path / "second", listed=text).uncoded


def test_only_free_text_is_coded(tmp_path: Path) -> None:
    survey, home = write_survey(tmp_path)
    ingested(survey, home)
    with pytest.raises(NotFound, match="no question of free text"):
        coding(survey, "ai", "2025", home / "build")


def test_before_ingest_there_are_no_texts(tmp_path: Path) -> None:
    rows = "id,status,role,ai,tools,depend,other\n1,ok,Ops,No,,,vim\n"
    survey, home = write_survey(tmp_path, definition=DEFINITION + QUESTION, rows=rows)
    with pytest.raises(Missing, match="no texts yet"):
        coding(survey, "editors", "2025", home / "build")
