"""Make .venv hold what a lock file names, and do nothing where it already does.

    python -m tools.bootstrap runtime   what `make report` needs
    python -m tools.bootstrap dev       the same, and what `make test` needs

.venv/stateof.json says what a finished set-up was made from, by contents and not by
date. It is taken away before anything is changed and written last, so an environment
without it is half made and is made anew.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tools.environment import create_venv, install_locked, pip
from tools.lockfile import read_lock
from tools.steps import SetupError, clock, say
from tools.wheels import requirement_lines

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "stateof.json"
LEVELS = ("runtime", "dev")  # each holds the one before it
NOT_LOCKED = {"pip", "setuptools", "stateof"}


def main(arguments: list[str]) -> int:
    """Set up the level that is asked for; the exit status is DESIGN.md's."""
    if len(arguments) != 1 or arguments[0] not in LEVELS:
        say(f"usage: python -m tools.bootstrap {'|'.join(LEVELS)}")
        return 2
    signal.signal(signal.SIGTERM, _stop)
    try:
        ensure(arguments[0])
    except SetupError as error:
        say(f"set-up: {error}")
        return 3
    except KeyboardInterrupt:
        say("set-up: interrupted; the same command takes it up again")
        return 130
    return 0


def ensure(level: str) -> None:
    """Set up unless a finished set-up already covers this level."""
    if _covers(level):
        return
    with _alone():
        if _covers(level):  # what this one waited for has done it
            return
        start = time.monotonic()
        say(f"Setting up .venv with Python {_python()['version']} (once)")
        # What was there stays: `make report` takes no tests' tools away.
        _set_up(max(level, _stamp().get("level", level), key=LEVELS.index))
        say(f"Set-up done in {clock(time.monotonic() - start)}")


def _covers(level: str) -> bool:
    stamp = _stamp()
    return (
        stamp.get("level") in LEVELS[LEVELS.index(level) :]
        and stamp == _wanted(stamp["level"])
        and (VENV / "bin" / "python").exists()
    )


def _stamp() -> dict[str, str]:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _wanted(level: str) -> dict[str, str]:
    """What the stamp of a finished set-up of this level says."""
    files = [ROOT / "pyproject.toml", *(_lock(name) for name in LEVELS)]
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files))
    return {**_python(), "level": level, "made_from": digest.hexdigest()}


def _python() -> dict[str, str]:
    """What an environment cannot survive a change of: its Python, its place."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    return {"version": version, "base": sys.base_prefix, "place": str(VENV)}


def _lock(name: str) -> Path:
    return ROOT / "requirements" / f"{name}.lock"


def _set_up(level: str) -> None:
    lock = _lock(level)
    requirements = requirement_lines(lock, _lock("build"))  # the long part first
    python = _usable_venv()
    names = {pin.name for pin in read_lock(lock)}
    say(f"  installing {len(names)} packages from requirements/{lock.name}")
    install_locked(python, requirements)
    _remove_leftovers(python, names)
    say("  installing stateof itself, in place")
    pip(python, "install", "--quiet", "--no-deps", "--no-build-isolation", "-e", ROOT)
    draft = STAMP.with_suffix(".new")
    draft.write_text(json.dumps(_wanted(level), indent=2) + "\n", encoding="utf-8")
    draft.replace(STAMP)


def _usable_venv() -> Path:
    """The environment as it stands if a set-up of this Python finished, or a new one.

    Its stamp goes first, so that an interruption from here on is noticed.
    """
    whole = _python().items() <= _stamp().items()
    STAMP.unlink(missing_ok=True)
    python = VENV / "bin" / "python"
    return python if whole and python.exists() else create_venv(VENV)


def _remove_leftovers(python: Path, names: set[str]) -> None:
    """Take away what an earlier lock asked for and this one does not."""
    listing = subprocess.run(
        [python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"],
        check=True,
        capture_output=True,
    )
    present = {entry["name"].lower() for entry in json.loads(listing.stdout)}
    keep = names | NOT_LOCKED
    left = sorted(
        name
        for name in present
        if name.replace("_", "-").replace(".", "-") not in keep
    )
    if left:
        say(f"  removing {len(left)} packages that are no longer needed")
        pip(python, "uninstall", "--quiet", "--yes", *left)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Hold the folder, so that two set-ups of one clone take turns."""
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is at work in this folder; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
