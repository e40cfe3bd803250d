"""Every platform's export becomes the same thing: texts, and what columns mean."""

from __future__ import annotations

import datetime as dt
import struct
import zipfile
from pathlib import Path

import duckdb
import exports
import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest

from pipeline.definition import Wave
from pipeline.drafting.init import Wish, reading
from pipeline.errors import DataError, SurveyError
from pipeline.ingest.formats import excel, limesurvey
from pipeline.ingest.formats.files import kind_of, text_kind
from pipeline.ingest.formats.headers import recognise
from pipeline.ingest.formats.text import first_rows
from pipeline.ingest.reader import Export, read_wave
from pipeline.warehouse import connect


def read(path: Path, **more: object) -> tuple[Export, list[tuple[str | None, ...]]]:
    """The export and its cells, read as `init` would."""
    wave, _ = reading(path, Wish(**more))  # type: ignore[arg-type]
    con = connect()
    (export,) = read_wave(con, wave, path.parent)
    found = con.execute("SELECT * EXCLUDE respondent FROM raw ORDER BY respondent")
    return export, found.fetchall()


def recognised(folder: Path, text: str) -> tuple[str, int]:
    """Which platform's export this is thought to be, and its header rows."""
    path = exports.put(folder, "export.csv", text)
    kind = text_kind(path)
    found = recognise(first_rows(path, kind.encoding, kind.delimiter, 60))
    return found.format, found.header_rows


def test_qualtrics_with_one_header_row_loses_no_respondent() -> None:
    names = ["StartDate", "Progress", "Q1"]
    answers = ["2025-01-02 10:00", "100", "Yes"]
    texts = ["Start Date", "Progress", "Do you use AI?"]
    assert recognise([names, answers, answers], "qualtrics").header_rows == 1
    assert recognise([names, texts, answers], "qualtrics").header_rows == 2
    assert recognise([names], "qualtrics").header_rows == 1


def test_how_long_an_answer_took_is_no_question() -> None:
    """Names of LimeSurvey's timing columns, with codes and with texts."""
    timings = ("interviewtime", "groupTime12", "questionTime7", "123X4X56time")
    spelt = ("Total time", "Group time: Your work", "Question time: Q1")
    found = limesurvey.variables((*timings, *spelt, "lifetime", "time"))
    assert [v.name for v in found if v.hint != "meta"] == ["lifetime", "time"]


def test_each_platform_is_recognised_by_what_only_it_writes(tmp_path: Path) -> None:
    assert recognised(tmp_path, exports.qualtrics(texts=True)) == ("qualtrics", 3)
    monkey = exports.rows_text(exports.surveymonkey())
    assert recognised(tmp_path, monkey) == ("surveymonkey", 2)
    assert recognised(tmp_path, exports.limesurvey()) == ("limesurvey", 1)
    assert recognised(tmp_path, exports.redcap()[0]) == ("redcap", 1)
    assert recognised(tmp_path, exports.googleforms()) == ("googleforms", 1)
    assert recognised(tmp_path, exports.typeform()) == ("typeform", 1)
    assert recognised(tmp_path, "id,role\n1,Dev\n2,Ops\n") == ("csv", 1)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    rows = [["id", "said"], ["1", "one, two; three"], ["2", "four"], ["3", "a|b"]]
    path = exports.put(tmp_path, "a.csv", exports.rows_text(rows, delimiter))
    assert text_kind(path).delimiter == delimiter
    assert read(path)[1] == [tuple(row) for row in rows[1:]]


TEXTS = {
    "utf-8": "name;said\nJosé;“naïve” – yes\n",
    "utf-8-sig": "name;said\nJosé;“naïve” – yes\n",
    "utf-16": "name;said\nJosé;“naïve” – yes\n",
    "cp1252": "name;said\nJosé;“naïve” – yes\nMüller;Größe\n",
    "mac_roman": "name;said\nJosé;“naïve” – yes\nMüller;l’école\n",
    "cp1251": "имя;сказал\nИван;Да, конечно\nОльга;Нет, не согласна\n" * 20,
    "cp932": "名前;職業\n田中;ソフトウェア開発者\n鈴木;データサイエンティストです\n"
    * 20,
    "gb18030": "姓名;职业\n王;软件工程师\n李;数据科学家，公司规模\n" * 20,
    "iso8859_2": "jméno;město\nŘehoř;Příliš žluťoučký kůň\n" * 20,
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_the_encoding_is_found(tmp_path: Path, encoding: str) -> None:
    path = exports.put(tmp_path, "a.csv", TEXTS[encoding].encode(encoding))
    found = text_kind(path).encoding
    assert path.read_bytes().decode(found).lstrip("\ufeff") == TEXTS[encoding]


def test_mixed_encodings_are_named_by_line(tmp_path: Path) -> None:
    mixed = "a;b\né;1\nü;2\n".encode() + "ö;3\n".encode("cp1252")
    path = exports.put(tmp_path, "a.csv", mixed)
    with pytest.raises(DataError, match="mixes encodings") as caught:
        reading(path, Wish())
    assert caught.value.where.endswith("line 4")
    assert "--encoding" in caught.value.remedy


def test_quotes_line_ends_within_cells_and_right_to_left_text_stay(
    tmp_path: Path,
) -> None:
    said = ['he said "no"', "two\nlines", "שלום, עולם", "مرحبا", "a,b", "  "]
    rows = [["id", "said"], *([str(i), text] for i, text in enumerate(said))]
    path = exports.put(tmp_path, "a.csv", exports.rows_text(rows))
    assert [cell for _, cell in read(path)[1]] == said


def test_a_name_that_is_there_twice_is_told_apart(tmp_path: Path) -> None:
    path = exports.put(tmp_path, "a.csv", "Age,age,Age (2),Role\n1,2,3,x\n4,5,6,y\n")
    assert read(path)[0].columns == ("Age", "age (2)", "Age (2) (2)", "Role")


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (b"", "a.csv", "is empty"),
        (b"\xef\xbb\xbf\n \n", "a.csv", "is empty"),
        (b"id,said\n", "a.csv", "no rows"),
        (b"id,said\n1,a\n2\n", "line 3", "it has 1 cells, the header 2"),
        (b"id,said\n1,a\n2,b,c\n", "line 3", "it has 3 cells, the header 2"),
        (b'id,said\n1,a\n2,"cut off', "line 3", "unterminated quote"),
        (b"id,said\n1,a\n2,\0\n", "line 3", "NUL"),
        (b"%PDF-1.7 id,said\n1,2\n", "a.csv", "a PDF"),
        (b"<html><table><tr><td>id</td></tr></table>", "a.csv", "a web page"),
        (b"PK\x03\x04 cut off", "a.csv", "damaged or cut off"),
    ],
)
def test_a_damaged_file_is_refused_with_its_place(
    tmp_path: Path, content: bytes, where: str, what: str
) -> None:
    path = exports.put(tmp_path, "a.csv", content)
    with pytest.raises(SurveyError) as caught:
        read(path)
    assert where in caught.value.where
    assert what in caught.value.what


def test_a_table_too_wide_for_a_survey_is_refused(tmp_path: Path) -> None:
    head = ",".join(f"c{i}" for i in range(100_000))
    path = exports.put(tmp_path, "a.csv", f"{head}\n{','.join('1' * 100_000)}\n")
    with pytest.raises(DataError, match="100,000 columns"):
        read(path)


REPORTS = {
    "surveymonkey": "What is your role?,\nAnswer Choices,Responses,\nDev,61%,12\n",
    "qualtrics": "#,Answer,%,Count\n1,Yes,61.2%,12\n2,No,38.8%,8\n",
    "counts": "Answered,12\nSkipped,3\nYes,40%\n",
    "shares": "Option,2023,2024\nYes,61%,70%\nNo,30%,20%\nUnsure,9%,10%\n",
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_in_place_of_responses_is_refused(tmp_path: Path, name: str) -> None:
    path = exports.put(tmp_path, "a.csv", REPORTS[name])
    with pytest.raises(DataError, match="report of results") as caught:
        reading(path, Wish())
    assert "individual responses" in caught.value.remedy


def sheet(path: Path, rows: list[list[object]]) -> Path:
    """A spreadsheet of these rows."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_a_spreadsheet_reads_as_its_text_would(tmp_path: Path) -> None:
    day = dt.datetime(2024, 5, 1)
    rows: list[list[object]] = [["id", "n", "ok", "day", "at", "said"]]
    rows += [[1, 2.5, True, day, day.replace(hour=9), "a\nb"], [2, 3.0] + [None] * 4]
    export, cells = read(sheet(tmp_path / "a.xlsx", rows))
    assert export.columns == ("id", "n", "ok", "day", "at", "said")
    first = ("1", "2.5", "TRUE", "2024-05-01", "2024-05-01 09:00:00", "a\nb")
    assert cells[0] == first
    assert [cell or "" for cell in cells[1]] == ["2", "3", "", "", "", ""]


def test_a_spreadsheet_of_surveymonkey_has_two_header_rows(tmp_path: Path) -> None:
    rows: list[list[object]] = [[c or None for c in r] for r in exports.surveymonkey()]
    path = sheet(tmp_path / "a.xlsx", rows)
    wave, _ = reading(path, Wish())
    assert (wave.format, wave.header_rows) == ("surveymonkey", 2)
    assert "Which tools do you use? | Git" in read(path)[0].columns


def test_the_sheet_must_be_said_where_there_are_several(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["x"])
    other = book.create_sheet("Answers")
    for row in (["id", "said"], [1, "a"], [2, "b"]):
        other.append(row)
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(DataError, match="2 sheets: Sheet, Answers") as caught:
        read(tmp_path / "a.xlsx")
    assert 'sheet = "Sheet"' in caught.value.remedy
    assert read(tmp_path / "a.xlsx", sheet="Answers")[1] == [("1", "a"), ("2", "b")]


def test_a_formula_that_nobody_computed_is_named_by_its_cell(tmp_path: Path) -> None:
    path = sheet(tmp_path / "a.xlsx", [["id", "n"], [1, 2], [2, "=B2*2"]])
    with pytest.raises(DataError, match="formula without a value") as caught:
        read(path)
    assert caught.value.where.endswith("cell B3")


def test_a_spreadsheet_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = sheet(tmp_path / "far.xlsx", [["id"], [1]])
    book = openpyxl.load_workbook(far)
    book.active["XFD1048576"] = 1
    book.save(far)
    with pytest.raises(DataError, match="spans 1,048,576 rows and 16,384 columns"):
        read(far)
    bomb = tmp_path / "bomb.xlsx"
    monkeypatch.setattr(excel, "MOST_BYTES", 20_000_000)
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(50_000_000))
    assert bomb.stat().st_size < 100_000
    with pytest.raises(DataError, match="unpacks to 50 MB; 20 MB"):
        read(bomb)


def test_a_spreadsheet_cut_off_is_refused(tmp_path: Path) -> None:
    path = sheet(tmp_path / "a.xlsx", [["id", "n"], [1, 2]])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="damaged or cut off"):
        read(path)


def test_parquet_keeps_its_order_and_joins_lists(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    duckdb.execute(
        "COPY (SELECT * FROM (VALUES (2, 1.0, ['Git', 'Make'], DATE '2024-05-01'),"
        " (1, 2.5, NULL, NULL)) t(id, n, tools, day)) TO"
        f" '{path}' (FORMAT parquet)"
    )
    export, cells = read(path)
    assert export.columns == ("id", "n", "tools", "day")
    assert cells == [("2", "1", "Git;Make", "2024-05-01"), ("1", "2.5", None, None)]


FRAME = pd.DataFrame(
    {"q1": [1.0, 2.0, 9.0], "t1": [1.0, 0.0, 1.0], "note": list("abc")}
)
LABELS = {
    "q1": {1.0: "Yes", 2.0: "No", 9.0: "No answer"},
    "t1": {0.0: "No", 1.0: "Yes"},
}


@pytest.mark.parametrize("suffix", ["sav", "zsav", "dta"])
def test_codes_keep_their_labels(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "dta":
        pyreadstat.write_dta(
            FRAME, path, column_labels=["Do you?", "", ""], variable_value_labels=LABELS
        )
    else:
        pyreadstat.write_sav(
            FRAME,
            path,
            column_labels=["Do you?", "", ""],
            variable_value_labels=LABELS,
            missing_ranges={"q1": [9.0]},
            compress=suffix == "zsav",
        )
    export, cells = read(path)
    assert cells == [("1", "1", "a"), ("2", "0", "b"), ("9", "1", "c")]
    first = export.variables[0]
    assert (first.text, dict(first.labels)) == (
        "Do you?",
        {"1": "Yes", "2": "No", "9": "No answer"},
    )
    assert first.missing == (() if suffix == "dta" else ("9",))


def test_a_statistical_file_longer_than_a_piece_is_read_whole(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": np.arange(100_001.0)})
    pyreadstat.write_sav(frame, tmp_path / "a.sav")
    _, cells = read(tmp_path / "a.sav")
    assert len(cells) == 100_001
    assert cells[-1] == ("100000",)


def test_a_statistical_file_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(FRAME, path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="damaged or cut off"):
        read(path)


def test_the_api_gives_ids_and_the_other_text(tmp_path: Path) -> None:
    path = exports.put(tmp_path, "a.json", exports.api_json()[0])
    export, cells = read(path)
    place = {name: i for i, name in enumerate(export.columns)}
    fifth = cells[4]
    assert (fifth[place["1"]], fifth[place["2"]]) == ("12", "21;22;23")
    assert fifth[place["2.other"]] == "just"
    broken = exports.put(tmp_path, "b.json", exports.api_json()[0][:-30])
    with pytest.raises(DataError, match="is not whole"):
        read(broken)
    details = exports.put(tmp_path, "c.json", exports.api_json()[1])
    with pytest.raises(DataError, match="describes the survey"):
        read(details)


def test_a_file_is_what_it_begins_with_not_what_it_is_called(tmp_path: Path) -> None:
    book = sheet(tmp_path / "a.xlsx", [["id"], [1]])
    assert kind_of(book.rename(tmp_path / "a.csv")) == "excel"
    old = struct.pack("<4B", 113, 1, 1, 0) + bytes(200)
    assert kind_of(exports.put(tmp_path, "b.csv", old)) == "stata"
    assert kind_of(exports.put(tmp_path, "c.xlsx", "id,a\n1,2\n")) == "text"
    archive = tmp_path / "d.csv"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("export.csv", "id\n1\n")
    with pytest.raises(DataError, match="zip archive of 1 files") as caught:
        kind_of(archive)
    assert "export.csv" in caught.value.remedy


def test_files_of_one_wave_need_the_same_columns(tmp_path: Path) -> None:
    exports.put(tmp_path, "a.csv", "id,said\n1,a\n")
    exports.put(tmp_path, "b.csv", "id,other\n2,b\n")
    day = dt.date(2024, 1, 1)
    wave = Wave(id="2024", files=("a.csv", "b.csv"), start=day, end=day)
    with pytest.raises(DataError, match=r"its columns are not those of a\.csv"):
        read_wave(connect(), wave, tmp_path)
