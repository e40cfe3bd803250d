"""One person's waves can be joined by who has the key, and by nobody else."""

from __future__ import annotations

import hmac
from pathlib import Path

import pytest
from small import quiet, write_survey

from pipeline.errors import Missing, SurveyError
from pipeline.ingest.pseudonyms import PSEUDONYM, id_key
from pipeline.ingest.stage import ingest
from pipeline.warehouse import connect, parquet

KEY = b"0123456789abcdef0123456789abcdef"


def pseudonyms(folder: Path, key: bytes) -> dict[int, str]:
    survey, home = write_survey(folder)
    ingest(survey, home / "raw", home / "build", quiet, key)
    source = parquet(home / "build" / "respondents.parquet")
    rows = connect().execute(f"SELECT respondent, {PSEUDONYM} FROM {source}")
    return dict(rows.fetchall())


@pytest.mark.parametrize("key", [KEY, b"k" * 64, b"a longer key than a block" * 4])
def test_a_pseudonym_is_the_hmac_of_the_id(key: bytes, tmp_path: Path) -> None:
    """As Python's own; row 2 has the id 1."""
    found = pseudonyms(tmp_path, key)
    assert found[2] == hmac.digest(key, b"1", "sha256").hex()[:32]
    assert len(set(found.values())) == len(found) == 6


def test_another_key_makes_other_pseudonyms_that_cannot_be_joined(
    tmp_path: Path,
) -> None:
    one, other = pseudonyms(tmp_path, KEY), pseudonyms(tmp_path, KEY[::-1])
    assert not {*one.values()} & {*other.values()}


def test_without_a_key_there_are_none(tmp_path: Path) -> None:
    survey, home = write_survey(tmp_path)
    ingest(survey, home / "raw", home / "build", quiet)
    source = parquet(home / "build" / "respondents.parquet")
    columns = connect().execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    assert PSEUDONYM not in [name for name, *_ in columns]


def test_the_key_is_in_the_environment_or_in_a_file_outside(tmp_path: Path) -> None:
    project, file = tmp_path / "project", tmp_path / "key"
    file.write_bytes(KEY + b"\n")
    assert id_key(project, {"STATEOF_ID_KEY": KEY.decode()}) == KEY
    assert id_key(project, {"STATEOF_ID_KEY_FILE": str(file)}) == KEY
    assert id_key(project, {}) == b""


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"STATEOF_ID_KEY": "short"}, "has 5 bytes"),
        ({"STATEOF_ID_KEY_FILE": "{}/key"}, "lies in the project"),
        ({"STATEOF_ID_KEY_FILE": "{}/../gone"}, "cannot be read"),
    ],
)
def test_a_key_that_does_not_protect_is_refused(
    told: dict[str, str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "key").write_bytes(KEY)
    here = {name: text.format(tmp_path / "project") for name, text in told.items()}
    with pytest.raises((SurveyError, Missing), match=said):
        id_key(tmp_path / "project", here)
