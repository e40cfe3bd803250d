"""Waves that lie in many Parquet files, here or in an object store."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import msgspec
import pytest
from small import DEFINITION, ROWS
from spark_servers import free_port

from pipeline.definition import Survey
from pipeline.errors import DataError, Missing, NotFound
from pipeline.ingest.formats.parts import parts_of
from pipeline.ingest.stage import ingest
from pipeline.load import load_survey

pytestmark = pytest.mark.slow

ANSWERS = ("answers.parquet", "respondents.parquet")


def table(rows: str, path: Path) -> None:
    """Some rows of the small survey, as Parquet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    export = path.with_suffix(".csv")
    export.write_text(ROWS.splitlines()[0] + "\n" + rows, encoding="utf-8")
    duckdb.sql(f"COPY (FROM read_csv('{export}', all_varchar = true)) TO '{path}'")
    export.unlink()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Rows of the small survey in two partitions, and all in one file."""
    lines = ROWS.splitlines(keepends=True)[1:]
    table("".join(lines[:3]), tmp_path / "raw/t/part=1/a.parquet")
    table("".join(lines[3:]), tmp_path / "raw/t/part=2/b.parquet")
    (tmp_path / "raw/t/_SUCCESS").touch()
    table("".join(lines), tmp_path / "raw/one.parquet")
    return tmp_path / "raw"


def survey(raw: Path, *files: str) -> Survey:
    """The small survey, its wave in these files."""
    path = raw.parent / "small" / "survey.toml"
    path.parent.mkdir(exist_ok=True)
    listed = ", ".join(f'"{name}"' for name in files)
    text = DEFINITION.replace('["2025.csv"]', f'[{listed}]\nunused = ["part"]')
    path.write_text(text, encoding="utf-8")
    return load_survey(path)


def ingested(raw: Path, *files: str) -> list[bytes]:
    """What ingest makes of these files."""
    build = raw.parent / "build"
    shutil.rmtree(build, ignore_errors=True)
    ingest(survey(raw, *files), raw, build, lambda _: None)
    return [(build / name).read_bytes() for name in ANSWERS]


@pytest.mark.parametrize(
    "files",
    [("t",), ("t/",), ("t/*/*.parquet",), ("t/part=*/*",), ("t/part=1", "t/part=2")],
)
def test_many_files_are_as_one(raw: Path, files: tuple[str, ...]) -> None:
    assert duckdb.sql(f"FROM '{raw}/one.parquet'").fetchall()
    together = ingested(raw, *files)
    if len(files) == 1:
        assert together == ingested(raw, "one.parquet")
    else:  # each has a header, as spreadsheets do: rows are numbered past it
        assert len(together[0]) > 1000


def test_a_partition_that_is_missing_is_named(raw: Path) -> None:
    shutil.rmtree(raw / "t/part=2")
    with pytest.raises(Missing, match="not here") as error:
        ingested(raw, "t/part=1", "t/part=2")
    assert error.value.where.endswith("t/part=2")
    with pytest.raises(Missing, match="there are no Parquet files"):
        ingested(raw, "t/part=2/*")


@pytest.mark.parametrize(
    ("select", "what"),
    [
        (
            "* REPLACE (CAST(ai AS INTEGER) AS ai)",
            "'ai' is INTEGER, in .*it is VARCHAR",
        ),
        ("* EXCLUDE (depend)", "'depend' is not there, in .* it is VARCHAR"),
        ("*, 1 AS more", "'more' is INTEGER, in .* it is not there"),
    ],
)
def test_a_part_with_other_columns_is_named(raw: Path, select: str, what: str) -> None:
    bad = raw / "t/part=2/c.parquet"
    duckdb.sql(f"COPY (SELECT {select} FROM '{raw}/t/part=2/b.parquet' LIMIT 0)"
               f" TO '{bad}'")  # fmt: skip
    with pytest.raises(DataError, match=what) as error:
        ingested(raw, "t")
    assert error.value.where == str(bad)


def test_what_is_being_written_is_not_read(raw: Path) -> None:
    shutil.copytree(raw / "t/part=2", raw / "t/_temporary/0/part=3")
    with pytest.raises(DataError, match="is being written, or the job"):
        ingested(raw, "t")


def test_a_part_that_is_cut_off_is_refused(raw: Path) -> None:
    part = raw / "t/part=1/a.parquet"
    part.write_bytes(part.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"damaged or cut off: .*a\.parquet"):
        ingested(raw, "t")


def test_parts_are_known_by_what_they_hold(raw: Path) -> None:
    before = parts_of(raw, "t")
    table(ROWS.splitlines()[1], raw / "t/part=3/d.parquet")
    after = parts_of(raw, "t")
    assert (before.size, before.modified) != (after.size, after.modified)
    assert before.digest() != after.digest()


def database(raw: Path, *tables: str) -> None:
    """A DuckDB database with the rows of the one file in each of these tables."""
    with duckdb.connect(str(raw / "t.duckdb")) as con:
        con.execute("CREATE SCHEMA IF NOT EXISTS lake")
        for name in tables:
            con.execute(f"CREATE TABLE {name} AS FROM '{raw}/one.parquet'")


def in_table(raw: Path, sheet: str) -> list[bytes]:
    """What ingest makes of a table of the database."""
    shutil.rmtree(raw.parent / "build", ignore_errors=True)
    made = survey(raw, "t.duckdb")
    wave = msgspec.structs.replace(made.waves[0], sheet=sheet)
    made = msgspec.structs.replace(made, waves=(wave,))
    ingest(made, raw, raw.parent / "build", lambda _: None)
    return [(raw.parent / "build" / name).read_bytes() for name in ANSWERS]


def test_a_table_of_an_attached_database_is_read(raw: Path) -> None:
    one = ingested(raw, "one.parquet")
    database(raw, "answers")
    assert in_table(raw, "") == one
    database(raw, "lake.wave")
    assert in_table(raw, "lake.wave") == one
    with pytest.raises(DataError, match=r"has 2 tables\n.*lake\.wave, answers"):
        in_table(raw, "")
    with pytest.raises(NotFound, match=r"Did you mean lake\.wave"):
        in_table(raw, "lake.waves")
    base = raw / "t.duckdb"
    base.write_bytes(base.read_bytes()[:9000])
    with pytest.raises(DataError, match="damaged or cut off"):
        in_table(raw, "answers")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server of the S3 API on this machine; yields its address."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {
        "ACCESS_KEY_ID": "key",
        "SECRET_ACCESS_KEY": "secret",
        "REGION": "eu-west-1",
    }
    for name, value in (keys | {"ENDPOINT_URL": f"http://{host}:{port}"}).items():
        monkeypatch.setenv(f"AWS_{name}", value)
    yield f"http://{host}:{port}"
    server.stop()


@pytest.mark.filterwarnings("ignore:.*_get_server_info.*")
def test_a_store_is_read_as_a_folder_is(raw: Path, store: str) -> None:
    from pyarrow.fs import LocalFileSystem, S3FileSystem, copy_files

    there = S3FileSystem(endpoint_override=store, allow_bucket_creation=True)
    there.create_dir("tracker")
    copy_files(
        str(raw / "t"), "tracker/t", source_filesystem=LocalFileSystem(),
        destination_filesystem=there,
    )  # fmt: skip
    one = ingested(raw, "one.parquet")
    assert ingested(raw, "s3://tracker/t/") == one
    assert ingested(raw, "s3://tracker/t") == one
    assert len(ingested(raw, "s3://tracker/t/part=1/a.parquet")[0]) > 1000
    with pytest.raises(Missing, match="there are no Parquet files"):
        ingested(raw, "s3://tracker/u")
    with pytest.raises(Missing, match="bucket does not exist"):
        ingested(raw, "s3://none/t")


def test_a_store_without_its_extra_says_what_to_install(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.fs", None)
    with pytest.raises(Missing, match=r"pip install 'stateof\[s3\]'"):
        ingested(raw, "s3://tracker/t")


def test_a_store_that_cannot_be_reached_is_said_so(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Missing, match=r"the store cannot be read: .*connect") as error:
        ingested(raw, "s3://tracker/t/")
    assert error.value.where == "s3://tracker/t/"
