"""Several folders made aside and put in place together, or none of them.

Each is exchanged with the one it replaces by a rename, which is whole at any instant.
Between two renames a crash can leave a new report beside an old build, never a mixture
inside one of them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.errors import unwritable
from pipeline.render.publish import staged, swap, sync


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """An empty folder that can take the place of `target`; gone when the block ends."""
    target = target.resolve()  # A link stays one.
    if target.exists() and not target.is_dir():
        raise unwritable("a file has the folder's name", str(target))
    for pattern in (f".{target.name}.[0-9]*", f"..{target.name}.[0-9]*"):
        for left in target.parent.glob(pattern):
            if not _at_work(left.suffix[1:]):
                shutil.rmtree(left, ignore_errors=True)
    try:
        with staged(target) as folder:
            yield folder
    finally:
        # What was drawn for it by another process after the work was broken off.
        for left in target.parent.glob(f"..{target.name}.{os.getpid()}.*"):
            shutil.rmtree(left, ignore_errors=True)


def _at_work(process: str) -> bool:
    """Is the run that made a folder still at work, or was it killed?"""
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def carry(old: Path, new: Path) -> None:
    """Give the files of a cache a second name, so that the old one stays whole."""
    if old.is_dir():
        shutil.copytree(old, new, copy_function=link)


def link(old: str | Path, new: str | Path) -> None:
    """Give a file a second name, or copy it where there are no hard links."""
    try:
        os.link(old, new)
    except OSError:
        shutil.copy2(old, new)


def put_in_place(made: Mapping[Path, Path]) -> None:
    """Exchange each target with the folder made for it, or none of them."""
    for folder in made.values():
        sync(folder)
    done: list[tuple[Path, Path]] = []
    try:
        for target, folder in made.items():
            place = target.resolve()
            swap(folder, place)
            done.append((folder, place))
    except BaseException:
        for folder, place in reversed(done):
            with suppress(OSError):
                _undo(folder, place)
        raise


def _undo(folder: Path, place: Path) -> None:
    if folder.exists():  # holds what was in place before
        swap(folder, place)
    else:
        place.rename(folder)
