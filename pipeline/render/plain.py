"""Text for files that cannot hold every character, or have room for so many."""

from __future__ import annotations

import unicodedata

LONGEST = 60  # letters of a label in a chart or a table
UNHELD = {"Cc", "Cs", "Cn"}  # control characters, halves of pairs, what is none


def plain(text: str) -> str:
    """On one line, without what XML cannot hold."""
    kept = (" " if unicodedata.category(c) in UNHELD else c for c in text)
    return " ".join("".join(kept).split())


def short(label: str, most: int = LONGEST) -> str:
    """`plain`, and cut where it leaves no room for the chart."""
    label = plain(label)
    return label if len(label) <= most else f"{label[: most - 1].rstrip()}…"
