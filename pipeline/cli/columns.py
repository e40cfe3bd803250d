"""Tables, sizes and ages as Docker's command line writes them."""

from __future__ import annotations

from collections.abc import Sequence

SPANS = (
    (60, "second", 1),
    (3600, "minute", 60),
    (86400, "hour", 3600),
    (14 * 86400, "day", 86400),
    (60 * 86400, "week", 7 * 86400),
    (730 * 86400, "month", 30 * 86400),
)
YEAR = 365 * 86400


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with its head, columns two spaces apart."""
    lines = [head, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def size(count: float) -> str:
    """Bytes in decimal units: 98.4 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def span(seconds: float) -> str:
    """A time span in its largest unit: 3 weeks."""
    for limit, unit, length in SPANS:
        if seconds < limit:
            count = max(int(seconds // length), 0)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{int(seconds // YEAR)} years"
