"""Apache Spark: on this machine, a cluster's master, or a Spark Connect server."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.engines.faults import asked
from pipeline.errors import Missing

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import SparkSession

PORTS = {"spark": 7077, "sc": 15002}
PATIENCE = 5.0  # seconds to reach a server; Spark alone tries for a minute or ten
# Sums that overflow are errors, not NULL, and names are quoted as in standard SQL.
STANDARD: dict[str, bool | float | int | str | None] = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
}


class Spark:
    """An engine of `pipeline.engines`.

    `where` is "spark" for this machine, or the URL of a master (spark://host:port) or
    of a Spark Connect server (sc://host:port).
    """

    def __init__(self, where: str) -> None:
        self.where = where
        if where != "spark":
            _reach(where)
        if not where.startswith("sc:"):
            _need_java()
        with asked(where):
            self.session = _session(where)

    def see(self, table: str, path: Path) -> None:
        """Let a Parquet file, or a folder of them, be a table."""
        with asked(self.where, str(path)):
            self.session.read.parquet(str(path)).createOrReplaceTempView(table)

    def view(self, name: str, query: str) -> None:
        """Let a query be a table."""
        with asked(self.where):
            self.session.sql(query).createOrReplaceTempView(name)

    def rows(self, query: str) -> pyarrow.Table:
        """The rows of a query."""
        with asked(self.where):
            return self.session.sql(query).toArrow()

    def close(self) -> None:
        """End the session, and Spark with it if it runs here."""
        with asked(self.where):
            self.session.stop()


def _session(where: str) -> SparkSession:
    from pyspark.sql import SparkSession

    if where.startswith("sc:"):
        session = SparkSession.builder.remote(where).create()
        for name, value in STANDARD.items():
            session.conf.set(name, str(value))
        return session
    builder = SparkSession.builder.appName("stateof").config(map=STANDARD)
    builder = builder.config("spark.ui.enabled", "false")
    if where == "spark":
        # Its own 200 parts of a shuffle are for clusters.
        parts = str(os.cpu_count() or 1)
        builder = builder.config("spark.sql.shuffle.partitions", parts)
        builder = builder.config("spark.driver.bindAddress", "127.0.0.1")
        builder = builder.config("spark.driver.host", "127.0.0.1")
    master = "local[*]" if where == "spark" else where
    session = builder.master(master).getOrCreate()
    session.sparkContext.setLogLevel("FATAL")
    return session


def _reach(where: str) -> None:
    """Raises `Missing` if nobody listens there."""
    parts = urlsplit(where)
    port = parts.port or PORTS[parts.scheme]
    try:
        socket.create_connection((parts.hostname or "", port), PATIENCE).close()
    except OSError as error:
        why = error.strerror or str(error)
        raise Missing(
            f"the engine cannot be reached: {why}",
            where=where,
            remedy="Start it, or leave --engine out to work on this machine.",
        ) from None


def _need_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=f"{home}/bin" if home else None):
        return
    raise Missing(
        f"Spark needs Java: {f'JAVA_HOME ({home}) has' if home else 'there is'} none",
        where="--engine",
        remedy="Install Java 17 or newer, name a Spark Connect server (sc://host:port),"
        " or leave --engine out.",
    )
