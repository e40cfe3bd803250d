"""Waves that asked different questions and offered different answers."""

from __future__ import annotations

from pathlib import Path

import duckdb
import msgspec
import pytest

from pipeline.errors import DataError, DefinitionError
from pipeline.estimates.stage import estimate
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.stage import ingest
from pipeline.load import load_survey
from pipeline.weights import weigh
from tests.small import quiet

DEFINITION = """
id = "two"
title = "Two waves"
sample = "opt-in"
min_base = 1

[[wave]]
id = "2024"
files = ["2024.csv"]
start = 2024-01-01
end = 2024-02-01

[[wave]]
id = "2025"
files = ["2025.csv"]
start = 2025-01-01
end = 2025-02-01

[[question]]
id = "user"
text = "User?"
kind = "single"
columns = { 2025 = "user" }
options = [{ code = "yes", label = "Yes" }, { code = "no", label = "No" }]

[[question]]
id = "pains"
text = "Pains?"
kind = "select-all"
columns = { 2024 = "pains", 2025 = "pains" }
separator = ";"
asked = { user = ["yes"] }
options = [
    { code = "new", label = "New", waves = ["2025"] },
    { code = "old", label = "Old" },
]

[[question]]
id = "often"
text = "How often?"
kind = "single"
columns = { 2024 = "often", 2025 = "often" }
options = [
    { code = "daily", label = "Daily" },
    { code = "hourly", label = "Hourly", waves = ["2025"] },
]
nets = [{ code = "hour", label = "Hourly", of = ["hourly"] }]
"""
FILES = {
    "2024": "pains,often\nOld,Daily\nOld,Daily\n",
    "2025": "user,pains,often\nyes,New;Old,Hourly\nyes,Old,Daily\nno,Old,Daily\n",
}


def write(folder: Path, definition: str = DEFINITION) -> Path:
    """The survey with its raw files."""
    home = folder / "data" / "two"
    (home / "raw").mkdir(parents=True)
    (home / "survey.toml").write_text(definition, encoding="utf-8")
    for wave, text in FILES.items():
        (home / "raw" / f"{wave}.csv").write_text(text, encoding="utf-8")
    return home


@pytest.fixture
def built(tmp_path: Path) -> tuple[Ledger, Path]:
    """The account of the ingest, and the build folder with estimates."""
    home = write(tmp_path)
    survey = load_survey(home / "survey.toml")
    ledger = ingest(survey, home / "raw", home / "build", quiet)
    weigh(survey, home / "build", quiet)
    estimate(survey, home / "build", quiet)
    return ledger, home / "build"


def shares(build: Path, question: str) -> set[tuple[str, str, int, int, float]]:
    """wave, term, n, count, estimate of everyone's shares."""
    source = f"read_parquet('{build}/estimates.parquet')"
    return set(
        duckdb.sql(
            f"SELECT wave, term, n, count, estimate FROM {source}"
            f" WHERE question = '{question}' AND statistic = 'share'"
        ).fetchall()
    )


def test_an_answer_that_a_wave_did_not_offer_has_no_share_in_it(
    built: tuple[Ledger, Path],
) -> None:
    """Not offered is not 0 %; the base is counted all the same."""
    assert shares(built[1], "pains") == {
        ("2024", "old", 2, 2, 1.0),
        ("2025", "new", 2, 1, 0.5),
        ("2025", "old", 2, 2, 1.0),
    }
    found = shares(built[1], "often")
    assert {(w, t) for w, t, *_ in found} == {
        ("2024", "daily"),
        ("2025", "daily"),
        ("2025", "hourly"),
        ("2025", "hour"),
    }


def test_a_condition_on_a_question_that_the_wave_did_not_ask_bars_nobody(
    built: tuple[Ledger, Path],
) -> None:
    """In 2024 nobody was asked whether they are users, so all were asked the rest."""
    ledger = built[0]
    assert ledger.waves[0].rejected == ()
    (only,) = ledger.waves[1].rejected
    assert (only.question, only.rows) == ("pains", (4,))


def test_an_option_of_an_unknown_wave_is_an_error(tmp_path: Path) -> None:
    """A misspelt wave would silently offer the option nowhere."""
    wrong = DEFINITION.replace('waves = ["2025"]', 'waves = ["2026"]', 1)
    home = write(tmp_path, wrong)
    with pytest.raises(DefinitionError, match="no wave '2026'"):
        load_survey(home / "survey.toml")


def test_an_option_offered_without_a_column_is_an_error(tmp_path: Path) -> None:
    """Nobody could have ticked it: 0 % would be wrong, so the wave must say so."""
    columns = 'columns = { 2024 = "pains", 2025 = "pains" }\nseparator = ";"'
    assert columns in DEFINITION
    home = write(tmp_path, DEFINITION.replace(columns, 'columns = { 2025 = "p_*" }'))
    text = "user,p_old,often\nyes,1,Daily\n"
    (home / "raw" / "2025.csv").write_text(text, encoding="utf-8")
    survey = load_survey(home / "survey.toml")
    later = msgspec.structs.replace(survey, waves=(survey.wave("2025"),))
    with pytest.raises(DataError, match="no column for new of pains"):
        ingest(later, home / "raw", home / "build", quiet)
