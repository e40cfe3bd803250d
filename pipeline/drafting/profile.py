"""What is in a column: how many cells, which texts and how often."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.ingest.columns import number
from pipeline.load import plain

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST = 2000  # texts that are looked at; the most frequent ones
DATE = re.compile(
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
    r"([T ,]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?)?"
    r"( ?(Z|[-+]\d{2}:?\d{2}|[A-Z]{3,4}([-+]\d{1,2})?))*"
)


class Profile:
    """A column's texts with their counts, the most frequent first.

    `filled` cells have a text, `distinct` is how many different ones there are.
    """

    def __init__(self, filled: int, distinct: int, texts: list[tuple[str, int]]):
        self.filled, self.distinct, self.texts = filled, distinct, texts

    @cached_property
    def seen(self) -> int:
        """The cells whose texts are in `texts`."""
        return sum(count for _, count in self.texts)

    def share(self, pattern: re.Pattern[str]) -> float:
        """The share of cells that are wholly of this form."""
        return self.like(lambda text: bool(pattern.fullmatch(text)))

    def like(self, test: Callable[[str], bool]) -> float:
        """The share of cells whose text passes a test."""
        hits = sum(count for text, count in self.texts if test(text.strip()))
        return hits / self.seen if self.seen else 0.0

    @cached_property
    def numbers(self) -> list[tuple[float, int]]:
        """The texts that are numbers, as numbers, in order."""
        found = []
        for text, count in self.texts:
            value = number(text.strip())
            if value.is_finite():
                found.append((float(value), count))
        return sorted(found)

    @cached_property
    def numeric(self) -> float:
        """The share of cells that are numbers."""
        hits = sum(count for _, count in self.numbers)
        return hits / self.seen if self.seen else 0.0

    @cached_property
    def dated(self) -> float:
        """The share of cells that are dates."""
        return self.share(DATE)

    def quantile(self, at: float) -> float:
        """A number under which this share of the numbers lie."""
        total = sum(count for _, count in self.numbers)
        passed = 0
        for value, count in self.numbers:
            passed += count
            if passed >= at * total:
                return value
        return 0.0

    def with_texts(self, change: Callable[[str], str]) -> Profile:
        """The same with every text changed; those that become the same are one."""
        counts: Counter[str] = Counter()
        for text, count in self.texts:
            counts[change(text)] += count
        gone = len(self.texts) - len(counts)
        return Profile(self.filled, self.distinct - gone, counts.most_common())

    def without(self, missing: set[str]) -> Profile:
        """The same without the texts that are no answer."""
        kept = [(t, n) for t, n in self.texts if plain(t) not in missing]
        gone = self.seen - sum(count for _, count in kept)
        return Profile(
            self.filled - gone, self.distinct - len(self.texts) + len(kept), kept
        )


def profile(con: DuckDBPyConnection, column: int) -> Profile:
    """The profile of one column of the table `raw`."""
    cell = f"c{column}"
    rows = con.execute(
        "SELECT text, times, sum(times) OVER (), count(*) OVER () FROM"
        f" (SELECT {cell} AS text, count(*) AS times FROM raw"
        f" WHERE {cell} IS NOT NULL AND trim({cell}) <> '' GROUP BY 1)"
        f" ORDER BY times DESC, text LIMIT {MOST}"
    ).fetchall()
    if not rows:
        return Profile(0, 0, [])
    return Profile(int(rows[0][2]), int(rows[0][3]), [(t, n) for t, n, *_ in rows])
