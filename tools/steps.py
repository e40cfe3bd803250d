"""Run one step of the set-up, show that it is alive, and stop it whole."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

HEARTBEAT = 20.0  # seconds between signs of life where the output is not a terminal


class SetupError(Exception):
    """The set-up cannot go on: what happened, and what to do about it."""


def say(text: str) -> None:
    """One line of talk: stdout is kept for what the commands themselves print."""
    print(text, file=sys.stderr, flush=True)


def run_step(
    title: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None
) -> None:
    """Run a command quietly, but for signs of life; if it fails, show all it said."""
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        with _started(command, log, env) as process:
            _wait(process, log)
        if process.returncode != 0:
            log.seek(0)
            sys.stderr.write(log.read())
            raise SetupError(f"{title} failed, with the words above.")


@contextlib.contextmanager
def _started(
    command: Sequence[str | Path], log: IO[str], env: Mapping[str, str] | None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command in a session of its own, so that its children end with it."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=env,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _wait(process: subprocess.Popen[bytes], log: IO[str]) -> None:
    start = time.monotonic()
    live = sys.stderr.isatty()
    pause = 1.0 if live else HEARTBEAT
    while True:
        try:
            process.wait(pause)
            break
        except subprocess.TimeoutExpired:
            line = f"    {clock(time.monotonic() - start)}{_progress(log)}"
            sys.stderr.write(f"\r{line}\x1b[K" if live else f"{line}\n")
            sys.stderr.flush()
    if live:
        sys.stderr.write("\r\x1b[K")


def _progress(log: IO[str]) -> str:
    """How far a compilation says it is: ninja's last `[12/193]`, as a share."""
    size = os.fstat(log.fileno()).st_size
    tail = os.pread(log.fileno(), 65536, max(0, size - 65536)).decode(errors="replace")
    counts = re.findall(r"\[(\d+)/(\d+)\] ", tail)
    if not counts:
        return ""
    done, total = (int(count) for count in counts[-1])
    return f", {done} of {total} files compiled"


def clock(seconds: float) -> str:
    """Elapsed time as minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
