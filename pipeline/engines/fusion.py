"""DataFusion, in this process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.engines.faults import asked

if TYPE_CHECKING:
    import pyarrow


class DataFusion:
    """An engine of `pipeline.engines`."""

    def __init__(self) -> None:
        from datafusion import SessionContext

        self.context = SessionContext()

    def see(self, table: str, path: Path) -> None:
        """Let a Parquet file, or a folder of them, be a table."""
        with asked("datafusion", str(path)):
            self.context.register_parquet(table, str(path))

    def view(self, name: str, query: str) -> None:
        """Let a query be a table."""
        with asked("datafusion"):
            self.context.register_view(name, self.context.sql(query))

    def rows(self, query: str) -> pyarrow.Table:
        """The rows of a query."""
        with asked("datafusion"):
            return self.context.sql(query).to_arrow_table()

    def close(self) -> None:
        """Nothing is held but memory."""
