"""Where the sums of a survey are added up: in DuckDB here, or on another engine.

An engine runs the same SQL texts (`pipeline/sql/answered.sql`, `sums.sql`) over the
same Parquet files. Sums are of decimals, so every engine finds the same ones, in
whatever order it adds them; what follows from them is worked out here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow

# A SELECT over `answered` and `weighed` → its rows, as what may stand after FROM.
Source = Callable[[str], str]


def shown(engine: str) -> str:
    """An engine's name as it may be said: the rest of a URL may hold a token."""
    return engine.partition("/;")[0]


def here(query: str) -> str:
    """The rows of a query over DuckDB's own tables."""
    return f"({query})"


class Engine(Protocol):
    """Runs SQL over Parquet files. All raise `SurveyError` for what goes wrong."""

    def see(self, table: str, path: Path) -> None:
        """Let a Parquet file, or a folder of them, be a table."""

    def view(self, name: str, query: str) -> None:
        """Let a query be a table, which many others read."""

    def rows(self, query: str) -> pyarrow.Table:
        """The rows of a query."""

    def close(self) -> None:
        """Let go of the engine."""
