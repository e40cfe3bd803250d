"""The tables book and the page to explore: the same numbers, hidden ones in neither."""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from openpyxl import load_workbook
from reported import WORDS
from two_waves import two_waves

from pipeline.analysis import Analysis
from pipeline.project import Project
from pipeline.tables.book import BannerTable, Book
from pipeline.tables.build import asked_questions, build_book
from pipeline.tables.explorer import render_explorer
from pipeline.tables.published import published
from pipeline.tables.xlsx import render_xlsx

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return two_waves(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def book(analysis: Analysis) -> Book:
    project = Project(analysis.build.parents[2])
    wanted = asked_questions(analysis.survey, "2025")
    return build_book(project, analysis.survey, wanted, lambda _: None)


def table_of(book: Book, question: str) -> BannerTable:
    return next(table for table in book.tables if table.question == question)


def sheets(book: Book) -> Any:
    return load_workbook(io.BytesIO(render_xlsx(book)))


def test_every_question_has_a_table_with_a_column_for_each_group_shown(
    book: Book,
) -> None:
    assert [t.question for t in book.tables] == [
        "role",
        "ai",
        "tools",
        "depend",
        "band",
    ]
    labels = [(c.span, c.label) for c in table_of(book, "ai").columns]
    assert labels == [
        ("", "Everyone"),
        ("Role", "Developer"),
        ("Role", "Ops"),
        ("Band", "Low"),
        ("Band", "High"),
    ]


def test_a_question_is_not_split_by_itself(book: Book) -> None:
    assert {c.by for c in table_of(book, "band").columns} == {"", "role"}


def test_values_letters_and_bases_are_those_of_a_notebooks_crosstab(
    analysis: Analysis, book: Book
) -> None:
    table = table_of(book, "ai")
    frame = analysis.crosstab("ai", by="role,band")
    place = {(c.by, c.code): i for i, c in enumerate(table.columns)}
    lines = {line.code: line for line in table.lines}
    for row in frame.to_dict("records"):
        at = place[row["by"], row["domain"]]
        cell, column = lines[row["term"]].cells[at], table.columns[at]
        assert math.isclose(cell.value or 0, row["estimate"], abs_tol=1e-6)
        assert (cell.letters, column.letter) == (row["letters"], row["letter"])
        assert column.n == row["n"]


def test_groups_with_too_few_answers_are_named_and_not_shown(book: Book) -> None:
    table = table_of(book, "ai")
    assert table.notes == ("Too few answers to show (under 5): Test; Lead.",)
    assert not {"qa", "lead"} & {c.code for c in table.columns}


def test_the_workbook_says_what_the_book_says(book: Book) -> None:
    found = sheets(book)
    assert found.sheetnames == ["Contents", *(t.question for t in book.tables)]
    contents = [row[0].value for row in found["Contents"].iter_rows()]
    for table in book.tables:
        assert table.title in contents
        rows = [[c.value for c in row] for row in found[table.question].iter_rows()]
        heads = next(row for row in rows if "Everyone" in row)
        assert heads[1:] == [c.label for c in table.columns]
        for line in table.lines:
            i = next(i for i, row in enumerate(rows) if row[0] == line.label)
            for value, cell in zip(rows[i][1:], line.cells, strict=True):
                assert value == ("–" if cell.value is None else cell.value)
            marks = [cell or "" for cell in rows[i + 1][1:]]
            assert marks == [cell.letters for cell in line.cells]
        bases = next(row for row in rows if row[0] == "n")
        assert bases[1:] == [c.n for c in table.columns]


def with_words(book: Book, words: str) -> Book:
    table = table_of(book, "ai")
    columns = tuple(replace(c, label=words, span=words) for c in table.columns)
    lines = tuple(replace(line, label=words) for line in table.lines)
    table = replace(
        table, title=words, wording=words, base=words, columns=columns, lines=lines
    )
    return replace(book, title=words, notice=words, source=words, tables=(table,))


@pytest.mark.parametrize("words", WORDS, ids=lambda w: w[:12])
def test_nothing_in_a_workbook_is_a_formula_or_a_link_outwards(
    book: Book, words: str
) -> None:
    made = render_xlsx(with_words(book, words))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        for name in archive.namelist():
            content = archive.read(name).decode()
            assert "<f>" not in content
            assert 'TargetMode="External"' not in content
    found = load_workbook(io.BytesIO(made))
    values = [c.value for sheet in found for row in sheet.iter_rows() for c in row]
    assert " ".join(words.split()) in values
    kinds = {c.data_type for sheet in found for row in sheet.iter_rows() for c in row}
    assert kinds <= {"s", "n"}


def test_sheets_of_long_or_equal_names_are_told_apart(book: Book) -> None:
    table = table_of(book, "ai")
    names = ("a" * 40, "a" * 41, "Contents", "x/y", "x?y")
    tables = tuple(replace(table, question=name) for name in names)
    found = sheets(replace(book, tables=tables)).sheetnames
    assert len({name.lower() for name in found}) == 6
    assert all(len(name) <= 31 for name in found)


def test_the_same_book_gives_the_same_bytes(book: Book) -> None:
    assert render_xlsx(book) == render_xlsx(book)


def test_the_page_has_published_estimates_and_no_hidden_one(
    analysis: Analysis, book: Book
) -> None:
    found = published(analysis.survey, analysis.build, book)
    split = dict(found["cells"]["ai|2025|role"])
    rows = analysis.share("ai", by="role", wave="2025").to_dict("records")
    shown = [row for row in rows if not row["flag"]]
    for row in shown:
        value, low, high, _ = split[row["domain"]]["v"][row["term"]]
        assert [value, low, high] == [
            round(row[name], 4) for name in ("estimate", "low", "high")
        ]
    for code in ("qa", "lead"):
        assert all(each is None for each in split[code]["v"].values())
        assert split[code]["n"] is None
    assert {each["id"] for each in found["questions"]} == {
        "role", "ai", "tools", "depend", "band",
    }  # fmt: skip


@pytest.mark.parametrize("words", WORDS, ids=lambda w: w[:12])
def test_data_in_the_page_cannot_end_its_element(
    analysis: Analysis, book: Book, words: str
) -> None:
    found = published(analysis.survey, analysis.build, book)
    found["questions"][0]["text"] = words + "</script><!--"
    page = render_explorer(found, book.brand)
    start = '<script type="application/json" id="data">'
    data = page.partition(start)[2].partition("</script>")[0]
    assert json.loads(data)["questions"][0]["text"] == words + "</script><!--"


def test_a_wave_that_nobody_answered_enough_is_named(
    analysis: Analysis, tmp_path: Path
) -> None:
    project = Project(analysis.build.parents[2])
    lonely = replace(analysis.survey, min_base=100_000)
    made = build_book(project, lonely, [("ai", "2025")], lambda _: None)
    assert made.tables or made.left_out == ("AI?, 2025",)
