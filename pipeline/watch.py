"""Waiting for a change to what a survey's reports are made of.

Files are told apart by size and time of change, and looked at a few times a second: a
survey has few of them, and this works on every system and file system.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline.charts.brand import FILE as BRAND
from pipeline.project import Project

EVERY = 0.2  # seconds between two looks; a change has come to rest when two are equal

Files = dict[Path, tuple[int, int]]


def looking(project: Project, survey_id: str, raw: Path) -> Callable[[], Files]:
    """A look at the survey's definition and exports, the reports and the brand."""
    home = project.survey(survey_id)

    def look() -> Files:
        return dict(_states(_sources(project, home, raw)))

    return look


def _sources(project: Project, home: Path, raw: Path) -> Iterator[Path]:
    yield from home.glob("*.toml")
    yield from raw.rglob("*")
    yield from project.reports()
    yield project.root / BRAND
    yield from project.root.glob("*.svg")  # a brand's logo


def _states(paths: Iterator[Path]) -> Iterator[tuple[Path, tuple[int, int]]]:
    """Size and time of change; what editors leave while they write is passed over."""
    for path in paths:
        if path.name.startswith(".") or path.name.endswith("~"):
            continue
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        if path.is_file():
            yield path, (found.st_size, found.st_mtime_ns)


def changed(look: Callable[[], Files], known: Files) -> tuple[Files, list[Path]]:
    """Wait for files that differ from those known, and until they are at rest.

    Returns what there is now, and the paths that are new, gone or not as they were.
    """
    last = known
    while True:
        now = look()
        if now == last != known:
            paths = sorted(now.keys() | known.keys())
            return now, [path for path in paths if now.get(path) != known.get(path)]
        last = now
        time.sleep(EVERY)
