"""Change a published folder all at once, or not at all."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pipeline.render import document
from pipeline.render.forms import write_form
from pipeline.render.html import render_share
from pipeline.report import Report

AT_FDCWD = -100
RENAME_EXCHANGE = 2


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """An empty folder beside `target` to draw figures in; gone when the block ends."""
    _mend(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(
    report: Report,
    staging: Path,
    target: Path,
    check: Callable[[str, Report], None] | None = None,
) -> Path:
    """Add page and document to the figures in `staging`; put it in place of `target`.

    Returns the page. Until the very last step `target` stays as it was; `check` is
    given the page before, and raises if it must not be published.
    """
    write_form(report, staging, "html")
    for figure in (f for section in report.sections for f in section.figures):
        share = staging / "figures" / f"{figure.id}.html"
        share.write_text(render_share(report, figure, staging), encoding="utf-8")
    if check is not None:
        check((staging / "index.html").read_text(encoding="utf-8"), report)
    document.write(report, staging)
    sync(staging)
    swap(staging, target)
    return target / "index.html"


def sync(folder: Path) -> None:
    """Have the disk take all files in `folder`; one by one takes ten times as long."""
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(_sync, (path for path in folder.rglob("*") if path.is_file())))


def _sync(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def swap(staging: Path, target: Path) -> None:
    """Give `staging` the name `target`, and what was there the name `staging`.

    Linux exchanges two names in one step. Elsewhere there is an instant without
    `target`, after which either the new folder or the old one is there.
    """
    if not target.exists():
        staging.rename(target)
        return
    if _exchange(staging, target):
        return
    old = _old(target)
    target.rename(old)
    try:
        staging.rename(target)
    except OSError:
        old.rename(target)
        raise
    old.rename(staging)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names at once where the system and its file system can."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    names = os.fsencode(one), os.fsencode(other)
    done = rename(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE)
    return bool(done == 0)


def _mend(target: Path) -> None:
    """Bring back the old folder if a crash fell between the two renames."""
    old = _old(target)
    if old.exists() and not target.exists():
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")
