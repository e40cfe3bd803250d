"""Free text becomes counts of what it names: whole words, longest first, as spoken."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from small import DEFINITION, ingested, write_survey

from pipeline.errors import DefinitionError, Missing
from pipeline.warehouse import connect, parquet

OPEN = """
[[question]]
id = "editors"
text = "Which other editors do you use?"
kind = "open"
columns = { 2025 = "other" }
entities = "tools"
"""
TOOLS = r"""
[[entity]]
id = "vim"
name = "Vim"
aliases = ["vi", "neovim"]
category = "Terminal"

[[entity]]
id = "emacs"
name = "Emacs"
patterns = ['em+acs\w*', 'doom( emacs)?']
category = "Terminal"

[[entity]]
id = "vs_code"
name = "Visual Studio Code"
aliases = ["VS Code", "vscode"]
category = "Graphical"

[[entity]]
id = "vs"
name = "Visual Studio"
category = "Graphical"

[[entity]]
id = "cpp"
name = "C++"

[[entity]]
id = "c"
name = "C"

[[entity]]
id = "cafe"
name = "Café Éditeur"

[[entity]]
id = "ide_ja"
name = "統合開発"

[[entity]]
id = "nothing"
name = "None"
aliases = ["no", "n/a"]
missing = true
"""


def coded(
    folder: Path, answers: list[str], *, tools: str = TOOLS, question: str = OPEN
) -> list[set[str]]:
    """What each answer names by its codes; nothing of who is not in the base."""
    home = folder / "data" / "small"
    home.mkdir(parents=True, exist_ok=True)
    (home / "entities-tools.toml").write_text(tools, encoding="utf-8")
    lines = [f'{n},ok,Ops,No,,,"{text}"' for n, text in enumerate(answers)]
    rows = "\n".join(["id,status,role,ai,tools,depend,other", *lines]) + "\n"
    survey, home = write_survey(folder, definition=DEFINITION + question, rows=rows)
    ingested(survey, home)
    found = connect().execute(
        "SELECT respondent, list(split_part(item, '.', 2)) FILTER (WHERE value = 1)"
        f" FROM {parquet(home / 'build' / 'answers.parquet')}"
        " WHERE item LIKE 'editors.%' AND status = 'answered' GROUP BY ALL"
    )
    named = {row - 2: set(codes or ()) for row, codes in found.fetchall()}
    return [named.get(n, set()) for n in range(len(answers))]


NAMED: dict[str, set[str]] = {
    "Vim": {"vim"},
    "I use VIM, and neovim.": {"vim"},
    "vimium": {"other_uncoded"},
    "vim/emacs;VS-Code": {"vim", "emacs", "vs_code"},
    "Visual Studio Code": {"vs_code"},
    "visual  studio": {"vs"},
    "Visual Studio, Visual Studio Code": {"vs", "vs_code"},
    "emmmacs emacs24": {"emacs"},
    "Doom": {"emacs"},
    "C++": {"cpp"},
    "C": {"c"},
    "C/C++": {"c", "cpp"},
    "C + vim": {"c", "vim"},
    "cafe editeur": {"cafe"},
    "CAFÉ-ÉDITEUR": {"cafe"},
    "私は統合開発環境を使う": {"ide_ja"},
    "something else": {"other_uncoded"},
    "something else and vim": {"vim"},
    "none": set(),
    "N/A": set(),
    "no vim": {"vim"},
    "NA": set(),
    "": set(),
    "---": set(),
    "vim " * 3000: {"vim"},
}


def test_an_answer_names_what_stands_in_it(tmp_path: Path) -> None:
    assert dict(zip(NAMED, coded(tmp_path, [*NAMED]), strict=True)) == NAMED


def test_the_longest_spelling_counts_as_when_each_text_is_read_by_hand(
    tmp_path: Path,
) -> None:
    """Words of three letters, so that spellings often overlap."""
    draw = random.Random(7)
    spellings = {
        " ".join(draw.choices("abc", k=draw.randint(1, 4))): f"e{n}" for n in range(30)
    }
    tools = "".join(
        f'[[entity]]\nid = "{code}"\nname = "{text}"\n'
        for text, code in spellings.items()
    )
    texts = [" ".join(draw.choices("abcd", k=draw.randint(1, 9))) for _ in range(300)]
    expected = [by_hand(text, spellings) or {"other_uncoded"} for text in texts]
    assert coded(tmp_path, texts, tools=tools) == expected


def by_hand(text: str, spellings: dict[str, str]) -> set[str]:
    words, named = text.split(" "), set()
    for _, start, spelling in sorted(
        (-len(spelling), start, spelling)
        for spelling in spellings
        for start in range(len(words))
    ):
        parts = spelling.split(" ")
        if words[start : start + len(parts)] == parts:
            words[start : start + len(parts)] = ["-"] * len(parts)
            named.add(spellings[spelling])
    return named


def test_several_columns_are_one_question_and_categories_its_options(
    tmp_path: Path,
) -> None:
    both = OPEN.replace('"other"', '["other", "status"]') + "categories = true\n"
    named = coded(tmp_path, ["vim and VS Code", "C", "none", "zed"], question=both)
    # "ok" in the other column names nothing; to write nothing else is an answer then.
    assert named == [
        {"terminal", "graphical"}, {"c"}, set(), {"other_uncoded"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        ("[[entity]]\nid = 'a'\nname = 'A'\npatterns = ['^a$']", "whole words"),
        ("[[entity]]\nid = 'a'\nname = 'A'\npatterns = ['a(?!b)']", "cannot be used"),
        ("[[entity]]\nid = 'a'\nname = 'A'\npatterns = ['a(']", "is no pattern"),
        ("[[entity]]\nid = 'a'\nname = 'A'\npatterns = ['a{2000}']", "used: "),
        ("[[entity]]\nid = 'a'\nname = 'A'\n[[entity]]\nid='b'\nname='a'", "means"),
        ("[[entity]]\nid = 'A b'\nname = 'A'", "a code is"),
        ("[[entity]]\nid = 'other_uncoded'\nname = 'A'", "names none"),
        ("[[entity]]\nid = 'a'\nnam = 'A'", "unknown field"),
    ],
)
def test_a_list_with_a_mistake_is_refused(
    tools: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(DefinitionError, match=re.escape(said)):
        coded(tmp_path, ["a"], tools=tools)


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    home = tmp_path / "data" / "small"
    with pytest.raises(Missing, match=re.escape(str(home / "entities-tools.toml"))):
        write_survey(tmp_path, definition=DEFINITION + OPEN)


def test_entities_belong_to_free_text(tmp_path: Path) -> None:
    choice = OPEN.replace('"open"', '"numeric"')
    with pytest.raises(DefinitionError, match='kind = "open"'):
        coded(tmp_path, ["a"], question=choice)
