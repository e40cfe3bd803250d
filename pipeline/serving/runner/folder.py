"""The folder that workers' sockets are in: closed to others, and of one service."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import SurveyError
from pipeline.project import writing
from pipeline.serving.store.lock import Busy, locked

LONGEST = 103  # bytes of a socket's path; Linux takes 107, macOS 103
NAME = "workers"


@contextmanager
def claimed(folder: Path) -> Iterator[Path]:
    """The folder for sockets within `folder`, made, closed, and cleared of old ones.

    It is this process's until the block ends; raises `SurveyError` if it cannot be.
    """
    sockets = folder / NAME
    with writing(sockets):
        sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        sockets.chmod(0o700)
    _check(sockets)
    try:
        with locked(sockets / ".lock", seconds=0):
            _clear(sockets)
            yield sockets
            _clear(sockets)
    except Busy:
        what = "another service runs its models in this folder"
        remedy = "End it, or name another folder."
        raise SurveyError(what, where=str(folder), remedy=remedy) from None


def _check(sockets: Path) -> None:
    if sockets.is_symlink() or sockets.stat().st_uid != os.getuid():
        what = "the folder for sockets is not ours"
        raise SurveyError(what, where=str(sockets), remedy="Name another folder.")
    if len(os.fsencode(sockets / "99999.sock")) > LONGEST:
        what = f"the path is too long for a socket (at most {LONGEST} bytes)"
        raise SurveyError(what, where=str(sockets), remedy="Name a shorter folder.")


def _clear(sockets: Path) -> None:
    """A service that was killed leaves its workers' sockets behind."""
    for path in sockets.glob("*.sock"):
        path.unlink(missing_ok=True)
