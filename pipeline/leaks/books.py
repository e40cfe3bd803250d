"""A tables book: columns on few people, and values where the base is hidden."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.leaks.reading import Leak

BASE = "n"  # what begins the row of bases


def book_leaks(least: int, folder: Path) -> Iterator[Leak]:
    """Look at every sheet of every book in a folder; `least` is the smallest base."""
    from python_calamine import CalamineWorkbook

    for path in sorted(folder.rglob("*.xlsx")):
        book = CalamineWorkbook.from_path(path)
        name = path.relative_to(folder).as_posix()
        for sheet in book.sheet_names:
            rows = book.get_sheet_by_name(sheet).to_python()
            for what in _sheet(least, rows):
                yield Leak(file=name, where=sheet, what=what)


def _sheet(least: int, rows: list[list[Any]]) -> Iterator[str]:
    bases = next((row for row in rows if row and row[0] == BASE), None)
    for place, base in enumerate(bases or []):
        if not place:
            continue
        values = [row[place] for row in rows if row is not bases]
        numbers = [v for v in values if isinstance(v, float | int)]
        if isinstance(base, float | int) and 0 < base < least:
            yield f"column {place + 1} rests on {base:g}, under {least}"
        elif not isinstance(base, float | int) and numbers:
            yield f"column {place + 1} has {numbers[0]:g} where its base is hidden"
