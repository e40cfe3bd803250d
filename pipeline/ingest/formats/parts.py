"""A table in many Parquet files: a folder, a pattern, or a place in an object store.

`tracker/` (a folder, hive-partitioned or not), `tracker/month=*/*.parquet` (a pattern)
and `s3://bucket/tracker/` are what a wave's `files` may name beside single files.
DuckDB reads them part by part, so that together they may be larger than memory.
"""

from __future__ import annotations

import os
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.errors import DataError, Missing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from duckdb import DuckDBPyConnection

REMOTE = "s3://"
BROKEN_OFF = "_temporary"  # what Spark and Hadoop write to until all is written
REACH, ANSWER = 5, 60  # seconds


class Part(msgspec.Struct, frozen=True):
    """One file: its path as DuckDB reads it, and what tells that it is the same."""

    path: str
    size: int
    modified: int


class Parts(msgspec.Struct, frozen=True):
    """All files of one table, in order; `name` is as the definition has it."""

    name: str
    files: tuple[Part, ...]

    @property
    def remote(self) -> bool:
        """Are they in an object store?"""
        return self.name.startswith(REMOTE)

    @property
    def size(self) -> int:
        """Bytes of all."""
        return sum(part.size for part in self.files)

    @property
    def modified(self) -> int:
        """Another number whenever a file was written to."""
        return sum(part.modified for part in self.files)

    def digest(self) -> str:
        """The SHA-256 of names and contents; in a store, of names, sizes and times."""
        found = sha256()
        for part in self.files:
            found.update(f"{part.path.rpartition('/')[2]} {part.size}\n".encode())
            if part.path.startswith(REMOTE):
                found.update(f"{part.modified}\n".encode())
            else:
                with Path(part.path).open("rb") as handle:
                    found.update(file_digest(handle, "sha256").digest())
        return found.hexdigest()


def is_many(raw: Path, name: str) -> bool:
    """Is it a folder, a pattern or a place in a store, not one file?"""
    return name.startswith(REMOTE) or "*" in name or (raw / name).is_dir()


def parts_of(raw: Path, name: str) -> Parts:
    """The Parquet files there; raises `Missing` if there are none, or no store."""
    if name.startswith(REMOTE):
        found = list(_remote(name))
    else:
        pattern = name if "*" in name else f"{name.rstrip('/')}/**/*"
        paths = (p for p in raw.glob(pattern) if p.is_file())
        found = [
            Part(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in sorted(paths)
        ]
    written = [p for p in found if f"/{BROKEN_OFF}/" in p.path]
    if written:
        raise DataError(
            f"is being written, or the job that wrote it broke off: {written[0].path}",
            where=name,
            remedy="Wait for the job, or write it again.",
        )
    # What Spark puts beside them (_SUCCESS, checksums) begins so.
    kept = [p for p in found if p.path.rpartition("/")[2][0] not in "_."]
    if not kept:
        raise Missing(
            "there are no Parquet files",
            where=name if name.startswith(REMOTE) else str(raw / name),
            remedy="Name a folder or a pattern that has some, or use --raw DIR.",
        )
    return Parts(name, tuple(kept))


def open_store(con: DuckDBPyConnection) -> None:
    """Let a connection read from object stores, through pyarrow.

    DuckDB's own way is an extension, which it would fetch from its maker.
    """
    from fsspec.implementations.arrow import ArrowFSWrapper

    class Store(ArrowFSWrapper):  # type: ignore[misc]
        protocol = "s3"  # what DuckDB knows it by

    if not con.filesystem_is_registered(Store.protocol):
        con.register_filesystem(Store(_store()))


def refuse_other_columns(con: DuckDBPyConnection, parts: Parts) -> None:
    """Raise `DataError`, naming file and column, if one has not those of the first."""
    rows = con.execute(
        "SELECT file_name, name, duckdb_type FROM parquet_schema($files)"
        " WHERE duckdb_type IS NOT NULL",
        {"files": [part.path for part in parts.files]},
    ).fetchall()
    columns: dict[str, dict[str, str]] = {}
    for file, name, kind in rows:
        columns.setdefault(file, {})[name] = kind
    (first, usual), *others = sorted(columns.items())
    for file, these in others:
        for name in [*usual, *these]:
            if usual.get(name) != these.get(name):
                raise DataError(
                    f"its column '{name}' is {these.get(name, 'not there')}, in {first}"
                    f" it is {usual.get(name, 'not there')}",
                    where=file,
                    remedy="Write all parts again with the same columns.",
                )


def _remote(name: str) -> Iterable[Part]:
    """The files below a place in a store, or that place if it is a file."""
    try:
        import fsspec  # noqa: F401
        from pyarrow.fs import FileSelector, FileType
    except ModuleNotFoundError as error:
        raise Missing(
            f"object stores need {error.name}, which is not installed",
            where=name,
            remedy="Run: pip install 'stateof[s3]'",
        ) from None
    store, key = _store(), name.removeprefix(REMOTE).rstrip("/")
    try:
        one = store.get_file_info(key)
        below = FileSelector(key, recursive=True)
        found = [one] if one.type == FileType.File else store.get_file_info(below)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Missing(
            f"the store cannot be read: {str(error).rpartition('; Details: ')[2]}",
            where=name,
            remedy="Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, and"
            " AWS_ENDPOINT_URL for a store that is not Amazon's.",
        ) from None
    files = (info for info in found if info.type == FileType.File)
    return sorted(
        (Part(f"{REMOTE}{i.path}", i.size, i.mtime_ns) for i in files),
        key=lambda part: part.path,
    )


def _store() -> Any:
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    return S3FileSystem(
        endpoint_override=os.environ.get("AWS_ENDPOINT_URL"),
        connect_timeout=REACH,
        request_timeout=ANSWER,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=2),
    )
