"""A lock between processes, and between threads: an advisory lock on a file.

The kernel drops it with the process that holds it, so a crash leaves nothing locked.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.errors import SurveyError
from pipeline.project import writing

PATIENCE = 30.0
PAUSE = 0.02


class Busy(SurveyError):
    """Another process holds what is needed, for longer than was waited."""


@contextmanager
def locked(
    path: Path, *, shared: bool = False, seconds: float = PATIENCE
) -> Iterator[None]:
    """Hold `path` locked during the block, alone or with others that share it.

    Raises `Busy` after `seconds`, and `SurveyError` where the file cannot be written.
    """
    with writing(path.parent):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not wait_for(handle, shared=shared, seconds=seconds):
            raise Busy(
                f"the model store is in use{_by(path)}",
                where=str(path.parent),
                remedy=f"Waited {seconds:g} s: try again when that is done.",
            )
        with suppress(OSError):  # a courtesy: a full disk must not keep models on it
            os.ftruncate(handle, 0)
            if not shared:
                os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def wait_for(
    handle: int,
    *,
    shared: bool = False,
    seconds: float = PATIENCE,
    progress: Callable[[], object] = bool,
) -> bool:
    """Whether the open file could be locked; `seconds` start anew with any progress."""
    mode = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
    seen, deadline = progress(), time.monotonic() + seconds
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(handle, mode)
            return True
        now = progress()
        if now != seen:
            seen, deadline = now, time.monotonic() + seconds
        if time.monotonic() >= deadline:
            return False
        time.sleep(PAUSE)


def _by(path: Path) -> str:
    """Who holds the lock, where they said so."""
    with suppress(OSError):
        holder = path.read_text(errors="replace").strip()
        return f" by process {holder}" if holder.isdecimal() else ""
    return ""
