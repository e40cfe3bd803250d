"""Real Spark servers on this machine: a cluster of one worker, and Spark Connect."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

READY = 120  # seconds, for a machine that has other work


def need_java() -> None:
    """Skip where Spark cannot run."""
    if not shutil.which("java"):
        pytest.skip("Java is not here: install openjdk-17-jre-headless")


@contextmanager
def cluster(workers: int = 1) -> Iterator[str]:
    """A master with workers; yields its URL."""
    port = free_port()
    url = f"spark://127.0.0.1:{port}"
    here = ["--host", "127.0.0.1", "--webui-port", "0"]
    daemon = "org.apache.spark.deploy"
    with ExitStack() as stack:
        master = ["spark-class", f"{daemon}.master.Master", *here, "--port", str(port)]
        stack.enter_context(running(master, "New state: ALIVE"))
        worker = [
            "spark-class",
            f"{daemon}.worker.Worker",
            *here,
            "-c",
            "2",
            "-m",
            "1g",
        ]
        for _ in range(workers):
            stack.enter_context(running([*worker, url], "Successfully registered"))
        yield url


@contextmanager
def connect_server() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A Spark Connect server; yields its URL, and its process."""
    port = free_port()
    command = ["spark-submit", "--master", "local[2]"]
    for name, value in {"address": "127.0.0.1", "port": port}.items():
        command += ["--conf", f"spark.connect.grpc.binding.{name}={value}"]
    command += ["--conf", "spark.ui.enabled=false"]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    with running([*command, "spark-internal"], "Server started at") as process:
        yield f"sc://127.0.0.1:{port}", process


@contextmanager
def running(command: list[str], marker: str) -> Iterator[subprocess.Popen[str]]:
    """A program of Spark's that has said `marker`; stopped at the end."""
    import pyspark

    home = Path(pyspark.__file__).parent
    process = subprocess.Popen(
        [str(home / "bin" / command[0]), *command[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(home)},
        start_new_session=True,
    )
    said: list[str] = []
    ready = threading.Event()

    def listen() -> None:
        for line in process.stdout or ():
            said.append(line)
            if marker.lower() in line.lower():
                ready.set()
        ready.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        assert ready.wait(READY), "".join(said[-20:])
        assert process.poll() is None, "".join(said[-20:])
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
        listener.join(30)
        assert process.stdout is not None
        process.stdout.close()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
