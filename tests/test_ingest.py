"""Raw exports become answers, and nothing is lost without an account of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from small import DEFINITION, ROWS, ingested, write_survey

from pipeline.errors import DataError, DefinitionError, Missing
from pipeline.ingest import stage
from pipeline.ingest.columns import number
from pipeline.ingest.stage import IN_ORDER


def answers(home: Path, item: str) -> dict[int, tuple[object, str]]:
    """Row of the export → value and status."""
    path = home / "build" / "answers.parquet"
    found = duckdb.connect().execute(
        f"SELECT respondent, value, status FROM read_parquet('{path}') WHERE item = ?",
        [item],
    )
    return {r: (None if v is None else int(v), s) for r, v, s in found.fetchall()}


def test_every_row_is_a_respondent_or_dropped_with_a_reason(tmp_path: Path) -> None:
    survey, home = write_survey(tmp_path)
    (wave,) = ingested(survey, home).waves
    assert wave.rows_read == 8
    assert wave.respondents == 6
    assert {(d.reason, d.count, d.rows) for d in wave.dropped} == {
        ("test response", 1, (8,)),
        ("duplicate respondent id", 1, (7,)),
    }


def test_answered_skipped_declined_and_not_asked_stay_apart(tmp_path: Path) -> None:
    survey, home = write_survey(tmp_path)
    ingested(survey, home)
    assert answers(home, "ai") == {
        2: (1, "answered"),
        3: (1, "answered"),
        4: (2, "answered"),
        5: (3, "declined") if answers(home, "ai")[5][0] else (None, "declined"),
        6: (1, "answered"),
        9: (2, "answered"),
    }
    assert answers(home, "tools.a") == {
        2: (1, "answered"),
        3: (1, "answered"),
        4: (None, "not_asked"),
        5: (None, "not_asked"),
        6: (None, "skipped"),
        9: (None, "not_asked"),
    }
    assert answers(home, "tools.b")[3] == (0, "answered")


def test_cells_that_cannot_be_used_are_listed_by_row(tmp_path: Path) -> None:
    survey, home = write_survey(tmp_path)
    (wave,) = ingested(survey, home).waves
    listed = {(r.question, r.reason, r.text, r.rows) for r in wave.rejected}
    assert listed == {
        ("depend", "not on the scale", "11", (6,)),
        ("tools", "answered although not asked", "", (9,)),
    }


@pytest.mark.parametrize(
    ("encoding", "end"),
    [("utf-8", "\n"), ("utf-8-sig", "\r\n"), ("mac_roman", "\r"), ("utf-16", "\r\r\n")],
)
def test_encoding_and_line_ends_do_not_matter(
    tmp_path: Path, encoding: str, end: str
) -> None:
    plain, plain_home = write_survey(tmp_path / "plain")
    rows = ROWS.replace("\n", end).replace("Ops", "Öps").encode(encoding)
    definition = DEFINITION.replace('"Ops"', '"Öps"').replace(
        'respondent = "id"', f'respondent = "id"\nencoding = "{encoding}"'
    )
    survey, home = write_survey(tmp_path / "other", definition=definition, rows=rows)
    ingested(plain, plain_home)
    ingested(survey, home)
    for item in ("role", "ai", "tools.a", "depend"):
        assert answers(home, item) == answers(plain_home, item)


def test_one_column_an_option_reads_as_one_question(tmp_path: Path) -> None:
    rows = (
        "id,status,role,,ai,tools,,depend\n"
        ",,Developer,Ops,Response,A,B,Response\n"
        "1,Complete,Developer,,Yes,A,,7\n"
        "2,Complete,,Ops,No,,,\n"
        "3,Complete,Developer,Ops,Yes,,B,0\n"
    )
    definition = DEFINITION.replace('"role" }', '"role | *" }')
    definition = definition.replace(
        '2025 = "tools" }\nseparator = ";"', '2025 = "tools | *" }'
    )
    definition = definition.replace('2025 = "ai"', '2025 = "ai*"')
    definition = definition.replace('2025 = "depend"', '2025 = "depend*"')
    definition = definition.replace(
        'respondent = "id"', 'respondent = "id"\nheader_rows = 2'
    )
    survey, home = write_survey(tmp_path, definition=definition, rows=rows)
    (wave,) = ingested(survey, home).waves
    assert answers(home, "role")[4] == (2, "answered")
    assert answers(home, "tools.a") == {
        3: (1, "answered"),
        4: (None, "not_asked"),
        5: (0, "answered"),
    }
    assert [(r.reason, r.rows) for r in wave.rejected] == [
        ("two answers to one question", (5,))
    ]


PER_OPTION = DEFINITION.replace(
    '2025 = "tools" }\nseparator = ";"', '2025 = "tools | *" }'
).replace('respondent = "id"', 'respondent = "id"\nheader_rows = 2')


def ticks(*cells: str) -> str:
    """An export in which respondent n ticked `cells[n]`: a column for A, one for B."""
    lines = (f"{n},,Ops,Yes,{pair},5" for n, pair in enumerate(cells))
    head = "id,status,role,ai,tools,,depend\n,,,,A,B,\n"
    return head + "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    "pair", ["1,0", "x,", "X,no", "yes,", "TRUE,false", "checked,unchecked", "A,", "a,"]
)
def test_a_tick_may_be_written_in_many_ways(tmp_path: Path, pair: str) -> None:
    rows = ticks(pair, "1,1")
    survey, home = write_survey(tmp_path, definition=PER_OPTION, rows=rows)
    ingested(survey, home)
    for item, value in (("tools.a", 1), ("tools.b", 0)):
        assert answers(home, item)[3] == (value, "answered")


def test_what_is_neither_a_tick_nor_the_option_is_an_error(tmp_path: Path) -> None:
    message = broken(tmp_path, ticks("1,", "maybe,1", "perhaps,B"), PER_OPTION)
    assert "row 4, column 'tools | A'" in message
    assert "'maybe' is neither a tick nor the option of question tools" in message
    assert "also: perhaps" in message
    assert "write_in = true" in message


def test_or_it_is_counted_and_left_out(tmp_path: Path) -> None:
    reject = PER_OPTION.replace('id = "tools"', 'id = "tools"\nunlisted = "reject"')
    rows = ticks("1,", "maybe,1", "maybe,", "B,")
    survey, home = write_survey(tmp_path, definition=reject, rows=rows)
    (wave,) = ingested(survey, home).waves
    assert {(r.reason, r.text, r.count, r.rows) for r in wave.rejected} == {
        ("neither a tick nor the option", "maybe", 2, (4, 5)),
        ("neither a tick nor the option", "B", 1, (6,)),
    }
    assert answers(home, "tools.a") == {
        3: (1, "answered"),
        4: (0, "answered"),
        5: (None, "skipped"),
        6: (None, "skipped"),
    }


def test_what_people_typed_counts_for_the_option_that_let_them(tmp_path: Path) -> None:
    write_in = PER_OPTION.replace('label = "A" }', 'label = "A", write_in = true }')
    rows = ticks("our own,", "B,", "no,1", ",1")
    survey, home = write_survey(tmp_path, definition=write_in, rows=rows)
    (wave,) = ingested(survey, home).waves
    assert wave.rejected == ()
    assert [v for v, _ in answers(home, "tools.a").values()] == [1, 1, 0, 0]


def test_an_options_own_number_is_a_tick(tmp_path: Path) -> None:
    """Some exports write 7 in the column of the seventh option."""
    rows = ticks("6,7", ",7", "6,")
    survey, home = write_survey(tmp_path, definition=PER_OPTION, rows=rows)
    ingested(survey, home)
    assert [v for v, _ in answers(home, "tools.a").values()] == [1, 0, 1]
    assert [v for v, _ in answers(home, "tools.b").values()] == [1, 1, 0]


@pytest.mark.parametrize("cells", [("1,1", "7,1"), ("7,7", ",7"), ("6,7", "6,8")])
def test_a_number_that_is_not_the_options_own_is_no_tick(
    tmp_path: Path, cells: tuple[str, str]
) -> None:
    message = broken(tmp_path, ticks(*cells), PER_OPTION)
    assert "is neither a tick nor the option" in message


NAMELESS = ROWS.replace("4,Complete,Ops", " ,Complete,Ops").replace("3,C", "NA,C")


def test_a_row_without_a_respondent_id_is_dropped_and_counted(tmp_path: Path) -> None:
    survey, home = write_survey(tmp_path, rows=NAMELESS)
    (wave,) = ingested(survey, home).waves
    assert wave.rows_read == 8
    assert wave.respondents == 4
    found = {d.reason: (d.count, d.rows) for d in wave.dropped}
    assert found["no respondent id"] == (2, (4, 5))


def test_or_it_is_an_error_as_duplicates_are(tmp_path: Path) -> None:
    strict = DEFINITION.replace('duplicates = "first"', 'duplicates = "error"')
    message = broken(tmp_path, NAMELESS, strict)
    assert "2025.csv, row 4, column 'id': there is no respondent id" in message
    assert "2 such rows" in message


def broken(tmp_path: Path, rows: str | bytes, definition: str = DEFINITION) -> str:
    """The message that bad input gives."""
    survey, home = write_survey(tmp_path, definition=definition, rows=rows)
    with pytest.raises((DataError, Missing)) as caught:
        ingested(survey, home)
    assert not (home / "build" / "answers.parquet").exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("", ["2025.csv", "is empty"]),
        ("id,status,role,ai,tools,depend\n", ["no rows"]),
        (b"\xff" + ROWS.encode(), ["not utf-8", "line 1", "encoding"]),
        (ROWS.replace("tools", "tols"), ["no column 'tools'", "Did you mean tols"]),
        (ROWS.replace("depend\n", "depend,extra\n", 1).replace("7\n", "7,\n"),
         ["line"]),
        (ROWS.replace("3,Complete,Developer,No,,", "3,Complete"), ["line 4"]),
        (ROWS.replace("Developer,No", "Wizard,No"),
         ["row 4", "column 'role'", "'Wizard'", "unlisted"]),
        (ROWS.replace("Complete", "Test"), ["no respondents are left", "8 rows"]),
        (ROWS.replace(";", "+").replace(",", ";"),
         ["one column only", 'delimiter = ";"']),
        (ROWS.replace(",", "\t"), ["one column only", 'delimiter = "\\t"']),
    ],
)  # fmt: skip
def test_bad_input_is_named_by_file_and_place(
    tmp_path: Path, rows: str | bytes, says: list[str]
) -> None:
    message = broken(tmp_path, rows)
    for words in says:
        assert words in message


def test_a_column_that_the_definition_does_not_know_is_an_error(
    tmp_path: Path,
) -> None:
    lines = ROWS.splitlines()
    rows = "\n".join([lines[0] + ",score", *(line + ",1" for line in lines[1:])])
    message = broken(tmp_path, rows + "\n")
    assert "column 7: column 'score' is not in the definition" in message


def test_a_missing_file_says_where_to_get_it(tmp_path: Path) -> None:
    survey, home = write_survey(tmp_path)
    (home / "raw" / "2025.csv").unlink()
    with pytest.raises(Missing) as caught:
        ingested(survey, home)
    assert str(caught.value).splitlines()[1:] == [
        "  Source: the platform",
        "  Put the file there, or say where it is with --raw DIR.",
    ]


@pytest.mark.parametrize(
    ("declared", "rows", "says"),
    [
        (2, ROWS, ["no column 'role'", "first header row has it", "header_rows"]),
        (2, "id,status,role,ai,tools,depend\n", ["fewer than 2 header", "header_rows"]),
        (3, ROWS.replace("1,Complete", "Complete"), ["6 and 5", "header_rows"]),
    ],
)
def test_header_rows_that_are_not_there_are_told(
    tmp_path: Path, declared: int, rows: str, says: list[str]
) -> None:
    rule = f'respondent = "id"\nheader_rows = {declared}'
    message = broken(tmp_path, rows, DEFINITION.replace('respondent = "id"', rule))
    for words in says:
        assert words in message


def test_header_rows_that_are_not_declared_are_told(tmp_path: Path) -> None:
    definition = PER_OPTION.replace("header_rows = 2", "header_rows = 1")
    message = broken(tmp_path, ticks("A,B"), definition)
    assert "does the wave need header_rows = 2?" in message


def test_a_failed_ingest_leaves_the_last_build_as_it_was(tmp_path: Path) -> None:
    survey, home = write_survey(tmp_path)
    ingested(survey, home)
    before = (home / "build" / "answers.parquet").read_bytes()
    write_survey(tmp_path, rows=ROWS.replace("Developer,No", "Wizard,No"))
    with pytest.raises(DataError):
        ingested(survey, home)
    assert (home / "build" / "answers.parquet").read_bytes() == before


def test_two_ingests_write_the_same_bytes(tmp_path: Path) -> None:
    survey, home = write_survey(tmp_path)
    files = ("answers.parquet", "respondents.parquet", "ingest.json")
    ingested(survey, home)
    first = [(home / "build" / name).read_bytes() for name in files]
    ingested(survey, home)
    assert [(home / "build" / name).read_bytes() for name in files] == first


def cleaned(tmp_path: Path, rule: str, *, rows: str = ROWS) -> set[tuple[object, ...]]:
    """What one more drop rule leaves out: reason, count and rows."""
    drop = '"status", values = ["Test"] }'
    assert drop in DEFINITION
    definition = DEFINITION.replace(drop, f"{drop}, {rule}")
    survey, home = write_survey(tmp_path, definition=definition, rows=rows)
    (wave,) = ingested(survey, home).waves
    kept = {"test response", "duplicate respondent id"}
    assert wave.rows_read == wave.respondents + sum(d.count for d in wave.dropped)
    return {(d.reason, d.count, d.rows) for d in wave.dropped if d.reason not in kept}


def test_rows_are_left_out_by_a_limit(tmp_path: Path) -> None:
    low = '{ reason = "too low", column = "depend", below = 5 }'
    assert cleaned(tmp_path / "low", low) == {("too low", 2, (3, 7))}
    comma = ROWS.replace("2,Complete,Ops,1,A,3", '2,Complete,Ops,1,A,"3,5"')
    found = cleaned(
        tmp_path / "comma", low.replace("below = 5", "above = 20"), rows=comma
    )
    assert found == set()
    high = '{ reason = "too high", column = "depend", above = 7 }'
    assert cleaned(tmp_path / "high", high) == {("too high", 1, (6,))}


def test_straight_liners_are_left_out(tmp_path: Path) -> None:
    head, *lines = ROWS.splitlines()
    grids = ["3,3,3", "3,,3", "1,2,3", ",,", "5,5,5", "2,2,2", "4,4,4", "3,3,2"]
    rows = "".join(f"{a},{b}\n" for a, b in zip(lines, grids, strict=True))
    unused = '{ reason = "one answer to all", same = ["g*"] }'
    rule = unused + ']\nunused = ["g*"'
    found = cleaned(tmp_path, rule, rows=f"{head},g1,g2,g3\n{rows}")
    # Rows 7 and 8 go too, but as a duplicate and as a test: the first rule that fits.
    assert {(reason, rows) for reason, _, rows in found} == {
        ("one answer to all", (2, 6, 7))
    }


@pytest.mark.parametrize(
    "rule",
    [
        '{ reason = "x", column = "depend" }',
        '{ reason = "x", below = 5 }',
        '{ reason = "x", column = "depend", same = ["a*"] }',
        '{ reason = "x", column = "depend", values = ["1"], above = 2 }',
    ],
)
def test_a_rule_that_states_none_or_two_is_refused(tmp_path: Path, rule: str) -> None:
    with pytest.raises(DefinitionError, match=r"drop \(x\)"):
        cleaned(tmp_path, rule)


CONFLICTS = DEFINITION.replace('label = "B" }', 'label = "B", exclusive = true }')


def test_none_of_these_beside_others_is_not_used(tmp_path: Path) -> None:
    rows = ROWS.replace("2,Complete,Ops,1,A,3", "2,Complete,Ops,1,B,3")
    survey, home = write_survey(tmp_path, definition=CONFLICTS, rows=rows)
    (wave,) = ingested(survey, home).waves
    entries = {(r.reason, r.rows) for r in wave.rejected if r.question == "tools"}
    assert ("excludes the others, ticked with them", (2,)) in entries
    assert answers(home, "tools.a")[2] == (1, "answered")
    assert answers(home, "tools.b")[2] == (0, "answered")
    assert answers(home, "tools.b")[3] == (1, "answered")


def test_who_ticked_too_many_has_not_answered(tmp_path: Path) -> None:
    definition = DEFINITION.replace('separator = ";"', 'separator = ";"\nmost = 1')
    survey, home = write_survey(tmp_path, definition=definition)
    (wave,) = ingested(survey, home).waves
    entries = {(r.reason, r.rows) for r in wave.rejected if r.question == "tools"}
    assert ("more than 1 choices", (2,)) in entries
    assert answers(home, "tools.a")[2] == (None, "skipped")
    assert answers(home, "tools.a")[3] == (1, "answered")


@pytest.mark.parametrize(
    ("text", "value"),
    [("3,5", "3.5"), ("1,234", "1234"), ("-1,234.5", "-1234.5"), ("1e3", "1000")],
)
def test_a_comma_sets_apart_thousands_or_decimals(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "1,2,3", "12,345,6", "1.234,5", "five"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert number(text).is_nan()


def test_large_files_are_worked_on_in_a_file_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey, home = write_survey(tmp_path)
    in_memory = ingested(survey, home)
    names = ("answers.parquet", "respondents.parquet", "ingest.json")
    before = {name: (home / "build" / name).read_bytes() for name in names}
    monkeypatch.setattr(stage, "LARGE", 0)
    monkeypatch.setattr(stage.tempfile, "tempdir", str(tmp_path))
    assert ingested(survey, home) == in_memory
    assert {n: (home / "build" / n).read_bytes() for n in names} == before
    assert not list(tmp_path.glob("stateof-*"))


def test_a_number_at_its_limit_is_within(tmp_path: Path) -> None:
    definition = DEFINITION.replace('kind = "scale"', 'kind = "numeric"').replace(
        "scale = { low = 0, high = 10 }", "maximum = 3.33333"
    )
    rows = "id,status,role,ai,tools,depend\n1,ok,Ops,Yes,A,3.33333\n2,ok,Ops,Yes,A,4\n"
    survey, home = write_survey(tmp_path, definition=definition, rows=rows)
    (wave,) = ingested(survey, home).waves
    assert [(r.text, r.reason) for r in wave.rejected] == [("4", "not in its range")]


@pytest.mark.slow
def test_answers_are_the_same_bytes_in_order_on_any_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = ["Developer,Yes,A;B,7", "Ops,No,,", "Ops,Yes,B,2", "Developer,Yes,,"]
    lines = (f"{i},Complete,{said[i * 7 % 4]}\n" for i in range(140_000))
    rows = "id,status,role,ai,tools,depend\n" + "".join(lines)
    survey, home = write_survey(tmp_path, rows=rows)
    path, written = home / "build" / "answers.parquet", set()
    for threads in (1, 2, 5):
        monkeypatch.setattr(stage, "IN_ORDER", f"SET threads = {threads};{IN_ORDER}")
        ingested(survey, home)
        written.add(path.read_bytes())
    assert len(written) == 1
    answers = duckdb.sql(f"SELECT wave, item, respondent FROM '{path}'").fetchall()
    assert len(answers) == 5 * 140_000
    assert answers == sorted(answers)


def test_spaces_are_no_answer_however_many(tmp_path: Path) -> None:
    definition = DEFINITION + '[[question]]\nid = "why"\ntext = "Why?"\nkind = "open"\n'
    definition += 'columns = { 2025 = "why" }\n'
    blank = " \u00a0\u2003" * 50
    rows = "id,status,role,ai,tools,depend,why\n"
    rows += f"1,ok,,,,,{blank}\n2,ok,,,,,{blank}NA\n3,ok,,,,,Because\n"
    survey, home = write_survey(tmp_path, definition=definition, rows=rows)
    (wave,) = ingested(survey, home).waves
    (silent,) = wave.dropped
    assert (silent.reason, silent.rows) == ("no question answered", (2, 3))


def test_an_option_that_is_no_answer_lets_nobody_through(tmp_path: Path) -> None:
    definition = DEFINITION.replace(
        'label = "B" }]', 'label = "B" }, { code = "c", label = "C", missing = true }]'
    ).replace(
        'asked = { ai = ["yes"] }\nscale', 'asked = { tools = ["c", "a"] }\nscale'
    )
    rows = "id,status,role,ai,tools,depend\n1,ok,Ops,Yes,A,3\n2,ok,Ops,Yes,C,4\n"
    survey, home = write_survey(tmp_path, definition=definition, rows=rows)
    ingested(survey, home)
    assert answers(home, "depend") == {2: (3, "answered"), 3: (None, "not_asked")}
