"""Apache Spark: on this machine, a cluster's master, or a Spark Connect server."""

from __future__ import annotations

import os
import shutil
import socket
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.engines import shown
from pipeline.engines.faults import asked
from pipeline.errors import Missing

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import SparkSession

PORTS = {"spark": 7077, "sc": 15002}
# Seconds to reach a server, and for a cluster to find a worker that is free. Spark
# alone would try for a minute or ten, and wait for a worker without end.
PATIENCE, FOR_A_WORKER = 5.0, 60.0
# Times that a call is made again: a server that died is given up in a minute and a
# half, where Spark's own 15 times take ten.
AGAIN = 4
# Sums that overflow are errors, not NULL, and names are quoted as in standard SQL.
STANDARD: dict[str, bool | float | int | str | None] = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
}
# On this machine it is nobody's server, and needs no 200 parts of a shuffle.
ALONE: dict[str, bool | float | int | str | None] = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": str(os.cpu_count() or 1),
}


class Spark:
    """An engine of `pipeline.engines`.

    `where` is "spark" for this machine, or the URL of a master (spark://host:port) or
    of a Spark Connect server (sc://host:port).
    """

    def __init__(self, where: str) -> None:
        self.where = shown(where)
        if where != "spark":
            _reach(where)
        if not where.startswith("sc:"):
            _need_java()
        with asked(self.where):
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
        # A server that is gone cannot be told: what was asked of it has failed before.
        with suppress(Exception):
            self.session.stop()


def _session(where: str) -> SparkSession:
    with warnings.catch_warnings():
        # That a newer pandas may not work with it: no pandas is used.
        warnings.simplefilter("ignore", FutureWarning)
        return _connected(where) if where.startswith("sc:") else _classic(where)


def _connected(where: str) -> SparkSession:
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.client.retries import DefaultPolicy

    session = SparkSession.builder.remote(where).create()
    session.client.set_retry_policies([DefaultPolicy(max_retries=AGAIN)])
    for name, value in STANDARD.items():
        session.conf.set(name, str(value))
    return session


def _classic(where: str) -> SparkSession:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("stateof").config(map=STANDARD)
    builder = builder.config("spark.ui.enabled", "false")
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    if where == "spark":
        builder = builder.config(map=ALONE)
    session = builder.master("local[*]" if where == "spark" else where).getOrCreate()
    session.sparkContext.setLogLevel("FATAL")
    if where != "spark":
        _need_worker(session, where)
    return session


def _need_worker(session: SparkSession, where: str) -> None:
    """Raises `Missing` if the cluster does not take a job of one row."""
    with ThreadPoolExecutor(1) as waiting:
        first = waiting.submit(session.range(1).collect)
        try:
            first.result(FOR_A_WORKER)
        except TimeoutError:
            session.sparkContext.cancelAllJobs()
            session.stop()
            raise Missing(
                f"no worker of the cluster was free for {FOR_A_WORKER:.0f} seconds",
                where=where,
                remedy="Start a worker, or wait for other jobs to end.",
            ) from None


def _reach(where: str) -> None:
    """Raises `Missing` if there is no server, or none of Spark Connect."""
    parts = urlsplit(where)
    port = parts.port or PORTS[parts.scheme]
    try:
        socket.create_connection((parts.hostname or "", port), PATIENCE).close()
    except OSError as error:
        raise _out_of_reach(where, error.strerror or str(error)) from None
    if parts.scheme == "sc" and not parts.path:  # no TLS, no token
        _reach_connect(where, f"{parts.hostname}:{port}")


def _reach_connect(where: str, address: str) -> None:
    import grpc

    with grpc.insecure_channel(address) as channel:
        try:
            grpc.channel_ready_future(channel).result(PATIENCE)
        except grpc.FutureTimeoutError:
            why = "what listens there is not Spark Connect"
            raise _out_of_reach(where, why) from None


def _out_of_reach(where: str, why: str) -> Missing:
    return Missing(
        f"the engine cannot be reached: {why}",
        where=shown(where),
        remedy="Start it, or leave --engine out to work on this machine.",
    )


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
