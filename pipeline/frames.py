"""Results as pandas frames that say, in a notebook, what they are of and on what base.

A `Table` is a DataFrame in every respect; only how it shows itself is its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

PERCENT = ("estimate", "low", "high", "se", "difference", "difference_se")
WHOLE = ("n", "count", "rank", "tests")
# Said once above the table where all rows have the same.
CONTEXT = ("wave", "question", "statistic", "by", "method", "df", "item")
REPEATED = ("domain", "term", "flag")  # codes, where their labels are shown too


class Table(pd.DataFrame):
    """Estimates, one tidy row each, with a caption: wording, base, how to read it."""

    _metadata = ["caption"]  # noqa: RUF012 - pandas reads it from the class

    caption: tuple[str, ...] = ()

    @property
    def _constructor(self) -> type[Table]:
        return Table

    def _repr_html_(self) -> str:
        """The caption, then the rows with shares in percent."""
        shown = pd.DataFrame(self)
        constant = [
            c for c in CONTEXT if c in shown and shown[c].nunique(dropna=False) == 1
        ]
        context = " · ".join(_word(c, shown[c].iloc[0]) for c in constant if len(shown))
        labelled = [c for c in REPEATED if f"{c}_label" in shown or c == "flag"]
        empty = [c for c in shown if not shown[c].notna().any()]
        texts = shown.drop(columns={*constant, *labelled, *empty})
        share = "statistic" not in shown or set(shown["statistic"]) <= {"share"}
        cells = {
            str(c): [_text(str(c), v, share=share) for v in texts[c]] for c in texts
        }
        head, *notes = self.caption or ("",)
        above = f"<p><strong>{escape(head)}</strong><br>{escape(context)}</p>"
        below = "".join(f"<p><small>{escape(note)}</small></p>" for note in notes)
        body = pd.DataFrame(cells).rename(columns=lambda c: c.replace("_", " "))
        return above + str(body.to_html(index=False, border=0)) + below


def table(
    rows: Iterable[Mapping[str, Any]], caption: Sequence[str], columns: Sequence[str]
) -> Table:
    """Rows as a table with these columns, also where there is no row."""
    found = Table(list(rows), columns=list(columns))
    found.caption = tuple(line for line in caption if line)
    return found


def _word(column: str, value: object) -> str:
    return f"{column} {value:g}" if isinstance(value, float) else str(value)


def _text(column: str, value: Any, *, share: bool) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return value
    if column in WHOLE:
        return f"{int(value):,}"
    if column.startswith("p_"):
        return f"{value:.4f}" if value >= 0.0001 else "< 0.0001"
    if share and column in PERCENT:
        return f"{100 * value:.1f} %"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)
