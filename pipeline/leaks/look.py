"""All looks at what a survey has published, one folder at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from pipeline.definition import Survey
from pipeline.errors import Missing
from pipeline.leaks.books import book_leaks
from pipeline.leaks.differences import base_leaks
from pipeline.leaks.figures import figure_leaks
from pipeline.leaks.reading import Leak, read_folder
from pipeline.leaks.texts import text_leaks
from pipeline.outline import Outline


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of one folder, what was not, and what it gives away."""

    folder: str
    estimates: int
    texts: int
    unread: tuple[str, ...]
    leaks: tuple[Leak, ...]


def look(
    survey: Survey,
    build: Path,
    folder: Path,
    outlines: Sequence[Outline],
    words: Sequence[str],
) -> Looked:
    """Read a published folder and hold it against the build.

    `words` are the definitions' texts, which are the publisher's own. Raises `Missing`
    if there is no build or nothing published, `DataError` for a damaged file.
    """
    for path in (build / "estimates.parquet", build / "texts.parquet", folder):
        if not path.exists():
            raise Missing(
                "is not there",
                where=str(path),
                remedy=f"Run: stateof run {survey.id} --no-draft",
            )
    found = read_folder(folder)
    marks = [m.text for o in outlines for s in o.sections for m in s.quotes]
    leaks = [
        *figure_leaks(survey, build, found),
        *base_leaks(survey, build, found),
        *book_leaks(survey.min_base, folder),
        *text_leaks(build, found, marks, words),
    ]
    return Looked(
        folder=str(folder),
        estimates=len(found.shown),
        texts=len(found.said),
        unread=tuple(found.unread),
        leaks=tuple(dict.fromkeys(leaks)),
    )
