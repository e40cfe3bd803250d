"""`stateof init` drafts a definition that `check` accepts, and says why."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import duckdb
import exports
import pandas as pd
import pyreadstat
import pytest
from small import DEFINITION, ROWS, quiet, write_survey

from pipeline.drafting.check import Checked, check
from pipeline.drafting.init import Wish, id_of, look_at, put
from pipeline.drafting.nouns import Draft
from pipeline.errors import DataError, SurveyError
from pipeline.ingest.stage import ingest
from pipeline.load import load_survey

pytestmark = pytest.mark.slow


def drafted(path: Path, **more: Any) -> tuple[Draft, Checked, Path]:
    """The draft of an export, what `check` says of it, and the survey's folder."""
    found = look_at(path, "tried", Wish(**more))
    definition = put(path.parent / "project", path, found, replace=True)
    survey = load_survey(definition)
    return found, check(survey, definition.parent / "raw", quiet), definition.parent


def kinds(found: Draft) -> dict[str, str]:
    """Question → kind."""
    return {guess.id: guess.kind for guess in found.guesses}


def shares(home: Path, question: str) -> dict[str, int]:
    """Label → how many chose it, from the answers that ingest writes."""
    survey = load_survey(home / "survey.toml")
    ingest(survey, home / "raw", home / "build", quiet)
    asked = survey.question(question)
    path = home / "build" / "answers.parquet"
    found = duckdb.execute(
        "SELECT item, value, count(*) FROM read_parquet(?)"
        " WHERE status = 'answered' GROUP BY ALL",
        [str(path)],
    ).fetchall()
    counts = {(item, int(value)): n for item, value, n in found}
    if asked.kind == "select-all":
        keys = {o.label: (f"{question}.{o.code}", 1) for o in asked.choices}
    else:
        keys = {o.label: (question, asked.value(o.code)) for o in asked.choices}
    return {label: counts.get(key, 0) for label, key in keys.items()}


def count(test: Any, among: int = 40) -> int:
    """How many of the respondents 1, 2, … pass a test."""
    return sum(bool(test(n)) for n in exports.people(among))


ROLES = {"Developer": 20, "Designer": 20}


@pytest.mark.parametrize("texts", [True, False])
def test_qualtrics_with_texts_or_codes(tmp_path: Path, texts: bool) -> None:
    path = exports.put(tmp_path, "a.csv", exports.qualtrics(texts=texts))
    found, result, home = drafted(path)
    assert result.problems == ()
    assert kinds(found) == {"q1": "single", "q2": "select-all", "q3": "open"}
    assert found.wave.respondent == "ResponseId"
    assert [a.column for a in found.asides if a.reason == "personal"] == ["IPAddress"]
    assert [d.reason for d, _ in found.drops] == ["preview, test or spam"]
    assert sorted(shares(home, "q1").values()) == [19, 20]
    tools = shares(home, "q2")
    assert tools == {
        "Git": count(lambda n: n % 3) - 1,
        "Make": count(lambda n: n % 4) - 1,
    }


def test_surveymonkey_with_write_ins_and_a_grid(tmp_path: Path) -> None:
    path = exports.put(tmp_path, "a.csv", exports.rows_text(exports.surveymonkey()))
    found, result, home = drafted(path)
    assert result.problems == ()
    assert [split.id for split in found.splits] == ["role"]
    assert found.wave.respondent == "Respondent ID"
    by_text = {g.text: g for g in found.guesses}
    role = by_text["What is your role?"]
    assert shares(home, role.id) == {
        "Developer": 20,
        "Designer": 19,
        "Other (please specify)": 1,
    }
    tools = by_text["Which tools do you use?"]
    assert shares(home, tools.id) == {
        "Git": count(lambda n: n % 3),
        "Make": count(lambda n: n % 4),
        "Other (please specify)": count(lambda n: n % 4 != 3),
    }
    git = by_text["How often do you use these? – Git"]
    assert git.title == "Git"
    assert [g.title for g in found.guesses if "–" not in g.text] == [""] * 3
    assert load_survey(home / "survey.toml").question(git.id).label() == "Git"
    assert (git.kind, shares(home, git.id)) == ("single", {"Daily": 20, "Never": 20})
    assert by_text["Anything else?"].kind == "open"


@pytest.mark.parametrize(
    ("days", "start", "end"),
    [
        (
            ("2024-03-02 10:00", "2024-02-28 09:00", "2024-03-01 08:00"),
            "02-28",
            "03-02",
        ),
        (("03/14/2024", "02/28/2024", "03/02/2024"), "02-28", "03-14"),
        (("14.03.2024", "28.02.2024", "02.03.2024"), "02-28", "03-14"),
        (("02/03/2024", "03/04/2024", "04/05/2024"), "", ""),  # which is the month?
    ],
)
def test_days_are_read_where_one_order_fits(
    tmp_path: Path, days: tuple[str, ...], start: str, end: str
) -> None:
    lines = [f"{days[n % 3]},{'abc'[n % 3]}" for n in range(60)]
    path = exports.put(tmp_path, "2024.csv", "\n".join(["Date,Role", *lines]))
    found = look_at(path, "tried", Wish())
    said = (found.wave.start, found.wave.end)
    assert [f"{day:%m-%d}" if day else "" for day in said] == [start, end]


@pytest.mark.parametrize(
    ("rows", "least"), [(600, 30), (180, 30), (177, 10), (60, 10), (57, 5), (6, 5)]
)
def test_a_small_survey_has_a_base_that_shows_its_groups(
    tmp_path: Path, rows: int, least: int
) -> None:
    """Three roles, each of a third of the rows."""
    lines = ["Tool,Role", *(f"{'xy'[n % 2]},{'abc'[n % 3]}" for n in range(rows))]
    path = exports.put(tmp_path, "2024.csv", "\n".join(lines))
    found, _, home = drafted(path)
    assert load_survey(home / "survey.toml").min_base == found.min_base == least
    said = "groups are small here" in (home / "survey.toml").read_text("utf-8")
    assert said == (least < 30)


def test_days_that_the_export_does_not_say_are_asked_for(tmp_path: Path) -> None:
    lines = ["Tool,Role", *(f"{'xyz'[n % 3]},{'abc'[n % 3]}" for n in range(60))]
    path = exports.put(tmp_path, "2024.csv", "\n".join(lines))
    found, result, home = drafted(path)
    assert result.problems == ()
    assert (found.wave.start, found.wave.end) == (None, None)
    assert "# start = YYYY-MM-DD" in (home / "survey.toml").read_text("utf-8")


def test_limesurvey_takes_labels_from_the_r_syntax(tmp_path: Path) -> None:
    path = exports.put(tmp_path, "survey_1_R_data_file.csv", exports.limesurvey())
    exports.put(tmp_path, "survey_1_R_syntax_file.R", exports.SYNTAX)
    found, result, home = drafted(path)
    assert result.problems == ()
    assert shares(home, "role") == {"Developer": 20, "Designer (a (b))": 20}
    (tools,) = (g for g in found.guesses if g.kind == "select-all")
    assert sorted(shares(home, tools.id).values()) == sorted(
        [count(lambda n: n % 3), count(lambda n: n % 4)]
    )
    assert found.wave.start.isoformat() == "2024-06-01"


def test_redcap_drops_later_events_and_repeated_rows(tmp_path: Path) -> None:
    data, dictionary = exports.redcap()
    path = exports.put(tmp_path, "data.csv", data)
    exports.put(tmp_path, "dictionary.csv", dictionary)
    found, result, home = drafted(path)
    assert result.problems == ()
    assert found.rows == 30
    assert found.wave.respondent == "record_id"
    assert [line.dropped[0].count for line in result.ledgers] == [30]
    assert shares(home, "role") == {"Developer": 15, "Designer": 15}
    assert shares(home, "tools") == {
        "Git": count(lambda n: n % 3, 30),
        "Make": count(lambda n: n % 4, 30),
    }
    assert "email" in [a.column for a in found.asides if a.reason == "personal"]


def test_redcap_with_labels_has_the_choices_in_its_header(tmp_path: Path) -> None:
    rows = [["Record ID", "Your role?", "Tools? (choice=Git)", "Tools? (choice=Make)"]]
    rows[0].append("Complete?")
    for n in exports.people(40):
        ticks = [["Unchecked", "Checked"][n % m > 0] for m in (3, 4)]
        rows.append([str(n), ["Developer", "Designer"][n % 2], *ticks, "Complete"])
    path = exports.put(tmp_path, "a.csv", exports.rows_text(rows))
    found, result, home = drafted(path)
    assert result.problems == ()
    assert kinds(found) == {"role": "single", "tools": "select-all"}
    assert shares(home, "tools") == {
        "Git": count(lambda n: n % 3),
        "Make": count(lambda n: n % 4),
    }


def test_google_forms_joins_options_that_have_commas(tmp_path: Path) -> None:
    path = exports.put(tmp_path, "a.csv", exports.googleforms())
    found, result, home = drafted(path)
    assert result.problems == ()
    (tools,) = (g for g in found.guesses if g.kind == "select-all")
    assert shares(home, tools.id) == {
        "Git": count(lambda n: n & 1 or not n & 7),
        "Make (GNU, BSD)": count(lambda n: n & 2),
        "Other things": count(lambda n: n & 4),
    }
    assert [split.id for split in found.splits] == ["role"]
    assert found.wave.start.isoformat() == "2024-03-01"


def test_typeform_puts_together_the_columns_of_options(tmp_path: Path) -> None:
    path = exports.put(tmp_path, "a.csv", exports.typeform())
    found, result, home = drafted(path)
    assert result.problems == ()
    (tools,) = (g for g in found.guesses if g.kind == "select-all")
    assert shares(home, tools.id) == {
        "Git": count(lambda n: n % 3),
        "Make": count(lambda n: n % 4),
        "Other": count(lambda n: n % 9 == 0),
    }
    assert "Network ID" in [a.column for a in found.asides if a.reason == "personal"]


def test_a_text_typed_beside_ticks_counts_as_other(tmp_path: Path) -> None:
    names = ["Response ID", "Date submitted", "Last page"]
    names += [f"Which tools? [{t}]" for t in ("Git", "Make", "Other")]
    rows = [names]
    for n in exports.people(40):
        about = [str(n), f"2024-06-{n % 28 + 1:02d} 09:00:00", "3"]
        ticks = [["No", "Yes"][n % m > 0] for m in (3, 4)]
        rows.append([*about, *ticks, "ninja" if n % 5 == 0 else ""])
    path = exports.put(tmp_path, "a.csv", exports.rows_text(rows))
    found, result, home = drafted(path)
    assert result.problems == ()
    assert shares(home, "tools") == {
        "Git": count(lambda n: n % 3),
        "Make": count(lambda n: n % 4),
        "Other": count(lambda n: n % 5 == 0),
    }
    assert kinds(found) == {"tools": "select-all"}


def test_the_api_takes_labels_from_the_details(tmp_path: Path) -> None:
    responses, details = exports.api_json()
    path = exports.put(tmp_path, "responses.json", responses)
    exports.put(tmp_path, "details.json", details)
    _, result, home = drafted(path)
    assert result.problems == ()
    assert shares(home, "role") == ROLES
    assert shares(home, "tools") == {"Git": 40, "Make": 20, "Other": 8}


def test_spss_labels_missing_values_and_multiple_responses(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "role": [1.0 + n % 2 for n in range(40)],
            "age": [20.0 + n for n in range(39)] + [99.0],
            "feel": [[1.0, 2.0, 9.0][n % 3] for n in range(40)],
            "hours": [[-9.0, 10.5 + n][n % 2] for n in range(40)],
        }
    )
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(
        frame,
        path,
        column_labels=["What is your role?", "How old are you?", "Do you feel?", "h"],
        variable_value_labels={
            "role": {1.0: "Developer", 2.0: "Designer"},
            "age": {99.0: "No answer"},
            "feel": {1.0: "Good", 2.0: "Bad", 9.0: "No answer"},
        },
        missing_ranges={"feel": [9.0], "hours": [-9.0]},
    )
    found, result, home = drafted(path)
    assert result.problems == ()
    assert kinds(found) == {
        "role": "single",
        "age": "numeric",
        "feel": "single",
        "hours": "numeric",
    }
    (hours,) = (g for g in found.guesses if g.id == "hours")
    assert (hours.minimum, hours.maximum, hours.answered) == (11.5, 49.5, 20)
    assert hours.notes == ("declared missing: -9",)
    assert shares(home, "role") == ROLES
    assert shares(home, "feel") == {"Good": 14, "Bad": 13, "No answer": 0}
    (age,) = (g for g in found.guesses if g.id == "age")
    assert (age.minimum, age.maximum) == (20, 58)
    assert any("99 (No answer)" in note for note in age.notes)


def test_a_table_of_codes_beside_the_export_gives_the_labels(tmp_path: Path) -> None:
    rows = [["id", "dev_type"], *([str(n), str(1 + n % 2)] for n in range(40))]
    path = exports.put(tmp_path, "answers.csv", exports.rows_text(rows))
    book = [["qname", "level", "label"], ["dev_type", "1.0", "Developer"]]
    book.append(["dev_type", "2.0", "Designer"])
    exports.put(tmp_path, "codes.csv", exports.rows_text(book))
    found, result, home = drafted(path)
    assert result.problems == ()
    assert shares(home, "dev_type") == ROLES
    assert "labels from codes.csv" in found.read_as


def plain_table(tmp_path: Path, **columns: Any) -> Path:
    """A table of 60 rows; each column is a function of the row's number."""
    head = list(columns)
    body = [[str(make(n)) for make in columns.values()] for n in range(60)]
    return exports.put(tmp_path, "a.csv", exports.rows_text([head, *body]))


def test_personal_columns_stay_out_of_the_warehouse(tmp_path: Path) -> None:
    path = plain_table(
        tmp_path,
        contact=lambda n: f"p{n}@example.org",
        seen_from=lambda n: f"192.168.0.{n}",
        call=lambda n: f"+49 30 1234{n:02d}",
        first_name=lambda n: "Ada",
        seen_on=lambda n: f"2024-01-{1 + n % 28:02d}",
        role=lambda n: ["Dev", "Ops"][n % 2],
    )
    found, _, home = drafted(path)
    personal = {a.column for a in found.asides if a.reason == "personal"}
    assert personal == {"contact", "seen_from", "call", "first_name"}
    shares(home, "role")
    for file in (home / "build").iterdir():
        assert b"example.org" not in file.read_bytes()


def test_ids_ratings_amounts_and_dates_are_told_apart(tmp_path: Path) -> None:
    path = plain_table(
        tmp_path,
        response_id=lambda n: 1000 + n,
        satisfaction=lambda n: 1 + n % 5,
        salary=lambda n: 30000 + 37 * n if n else "1e150",
        day=lambda n: f"2024-01-{1 + n % 28:02d}",
        group=lambda n: n % 4,
        why=lambda n: f"because of {n}",
        size=lambda n: ["10-49", "5-9", "Under 5", "Over 500"][n % 4],
    )
    found, result, _ = drafted(path)
    assert result.problems == ()
    assert kinds(found) == {
        "satisfaction": "scale",
        "salary": "numeric",
        "group": "single",
        "why": "open",
        "size": "single",
    }
    by_id = {guess.id: guess for guess in found.guesses}
    assert found.wave.respondent == "response_id"
    assert by_id["salary"].maximum == 1_000_000
    assert "1 answers above 1,000,000 are left out" in by_id["salary"].notes[0]
    labels = [choice.label for choice in by_id["size"].choices]
    assert labels == ["Under 5", "5-9", "10-49", "Over 500"]


def test_texts_for_no_answer_are_no_option(tmp_path: Path) -> None:
    path = plain_table(
        tmp_path,
        one=lambda n: "NA" if n % 3 else "Yes",
        two=lambda n: "NA" if n % 4 else "No",
        three=lambda n: "NA" if n % 5 else "5",
    )
    found, _, home = drafted(path)
    assert found.wave.missing == ("NA",)
    assert shares(home, "one") == {"Yes": 20}


def test_damage_is_undone_only_if_the_definition_accepts_it(tmp_path: Path) -> None:
    sizes = ["5-Feb", "Oct-49", "50-99"]
    path = plain_table(
        tmp_path,
        size=lambda n: sizes[n % 3],
        why=lambda n: ["I don?t know", "GrÃ¶ÃŸe"][n % 2],
    )
    found, result, home = drafted(path)
    assert {kind for kind, _ in found.proposed} == {"dates", "quotes", "mojibake"}
    assert result.ledgers[0].repaired == ()
    assert shares(home, "size") == {"5-Feb": 20, "Oct-49": 20, "50-99": 20}

    text = (home / "survey.toml").read_text(encoding="utf-8")
    assert '# repair = ["dates"]  # proposed: "5-Feb" was perhaps "2-5"' in text
    accepted = text.replace('# repair = ["dates"]', 'repair = ["dates"]')
    (home / "survey.toml").write_text(accepted, encoding="utf-8")
    survey = load_survey(home / "survey.toml")
    ledger = ingest(survey, home / "raw", home / "build", quiet).waves[0]
    assert {(r.before, r.after, r.count) for r in ledger.repaired} == {
        ("5-Feb", "2-5", 20),
        ("Oct-49", "10-49", 20),
    }

    _, result, home = drafted(path, repair=("dates", "quotes", "mojibake"))
    assert result.problems == ()
    assert shares(home, "size") == {"2-5": 20, "10-49": 20, "50-99": 20}
    assert shares(home, "why") == {"I don’t know": 30, "Größe": 30}


def test_the_draft_explains_each_guess_and_survives_odd_texts(tmp_path: Path) -> None:
    odd = ['say "hi"', "back\\slash", "#hash", "naïve – “x”", "two\nlines", "日本語"]
    path = plain_table(tmp_path, said=lambda n: odd[n % 6])
    _, result, home = drafted(path)
    assert result.problems == ()
    text = (home / "survey.toml").read_text(encoding="utf-8")
    read = tomllib.loads(text)["question"][0]["options"]
    # A label is one line; what the cell holds is matched whatever its spaces.
    assert {o["label"] for o in read} == {" ".join(t.split()) for t in odd}
    assert "# sure: 6 different texts in 60 answers; 60 answered" in text


def test_a_definition_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    path = plain_table(tmp_path, role=lambda n: "ab"[n % 2])
    found = look_at(path, "tried", Wish())
    definition = put(tmp_path, path, found, replace=False)
    definition.write_text("mine", encoding="utf-8")
    with pytest.raises(SurveyError, match="is there already"):
        put(tmp_path, path, found, replace=False)
    assert definition.read_text(encoding="utf-8") == "mine"


def test_raw_files_of_a_draft_stay_out_of_version_control(tmp_path: Path) -> None:
    path = plain_table(tmp_path, role=lambda n: "ab"[n % 2])
    home = put(tmp_path, path, look_at(path, "tried", Wish()), replace=False).parent
    assert (home / "raw" / "a.csv").read_bytes() == path.read_bytes()
    assert (home / ".gitignore").read_text() == "raw/\nbuild/\n"


def test_a_codebook_about_something_else_is_refused(tmp_path: Path) -> None:
    path = plain_table(tmp_path, role=lambda n: "ab"[n % 2])
    other = exports.put(tmp_path, "book.csv", "x,y,z\n1,2,3\n")
    with pytest.raises(DataError, match="says nothing about the columns"):
        look_at(path, "tried", Wish(labels=(other,)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Tools 2024.csv", "tools"), ("Umfrage_Größe.csv", "umfrage-grosse")],
)
def test_a_survey_is_called_like_its_file(
    tmp_path: Path, name: str, expected: str
) -> None:
    assert id_of(tmp_path / name) == expected


def test_check_lists_all_that_does_not_fit(tmp_path: Path) -> None:
    rows = ROWS.replace("1,Complete,Developer", "1,Complete,Develper")
    rows = rows.replace("2,Complete,Ops,1,A", "2,Complete,Ops,maybe,A")
    definition = DEFINITION.replace('2025 = "depend"', '2025 = "dependence"')
    survey, home = write_survey(tmp_path, definition=definition, rows=rows)
    found = check(survey, home / "raw", quiet)
    assert [(line.question, line.fits, line.left) for line in found.lines] == [
        ("role", False, 1),
        ("ai", False, 1),
        ("tools", True, 0),
        ("depend", False, 0),
    ]
    said = {problem.what: problem for problem in found.problems}
    assert len(said) == 3
    assert "'dependence'" in next(what for what in said if "no column" in what)
    typo = next(p for what, p in said.items() if "Develper" in what)
    assert typo.where == "row 2, column 'role'"
    assert typo.remedy.startswith('Is it "Developer"?')
    assert found.ledgers == ()
    assert not (home / "build").exists()


def test_check_says_what_ingest_would_do(tmp_path: Path) -> None:
    survey, home = write_survey(tmp_path)
    found = check(survey, home / "raw", quiet)
    assert found.problems == ()
    assert found.ledgers == ingest(survey, home / "raw", home / "build", quiet).waves


def test_another_waves_file_is_said_in_one_sentence(tmp_path: Path) -> None:
    survey, home = write_survey(tmp_path, rows="a,b,c\n1,2,3\n4,5,6\n")
    found = check(survey, home / "raw", quiet)
    assert "the columns of 4 questions are not found" in found.problems[0].what
    assert "another wave's file" in found.problems[0].remedy
