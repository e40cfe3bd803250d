"""Results as pandas frames that say, in a notebook, what they are of and on what base.

A `Table` is a DataFrame in every respect; only how it shows itself is its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

PERCENT = {
    "estimate", "low", "high", "se", "difference", "unadjusted", "estimate_from",
    "estimate_to", "change", "composition", "rate", "composition_se", "rate_se",
    "before", "target", "after",
}  # fmt: skip
WHOLE = ("n", "n_from", "n_to", "n_model", "count", "rank", "tests")
# Said once above the table where all rows have the same.
CONTEXT = ("wave", "question", "statistic", "by", "method", "df", "item")
REPEATED = ("domain", "versus", "term")  # codes, where their labels are shown too


class Table(pd.DataFrame):
    """Estimates, one tidy row each, with a caption: wording, base, how to read it."""

    _metadata = ["caption", "shares"]  # noqa: RUF012 - pandas reads it from the class

    caption: tuple[str, ...] = ()
    shares: bool = True  # fractions of 1, where no column `statistic` says otherwise

    @property
    def _constructor(self) -> type[Table]:
        return Table

    def _repr_html_(self) -> str:
        """The caption, then the rows with shares in percent."""
        shown = pd.DataFrame(self).replace("", None)
        same = [c for c in CONTEXT if c in shown and shown[c].nunique(dropna=False) < 2]
        said = [shown[c].iloc[0] for c in same if len(shown)]
        context = " · ".join(
            _word(c, v) for c, v in zip(same, said, strict=False) if not pd.isna(v)
        )
        labelled = [c for c in REPEATED if f"{c}_label" in shown]
        empty = [c for c in shown if not shown[c].notna().any()]
        kept = shown.drop(columns={*same, *labelled, *empty} & {*shown})
        labels = [c for c in kept if str(c).endswith("_label")]
        kept = kept[[*labels, *(c for c in kept if c not in labels)]]
        kinds = shown.get(
            "statistic", pd.Series("share" if self.shares else "", kept.index)
        )
        cells = {
            str(c).replace("_label", "").replace("_", " "): [
                _text(str(c), value, share=kind == "share")
                for value, kind in zip(kept[c], kinds, strict=True)
            ]
            for c in kept
        }
        head, *notes = self.caption or ("",)
        above = f"<p><strong>{escape(head)}</strong><br>{escape(context)}</p>"
        below = "".join(f"<p><small>{escape(note)}</small></p>" for note in notes)
        body = pd.DataFrame(cells)
        return above + str(body.to_html(index=False, border=0)) + below


class Crosstab(Table):
    """A crosstab, one tidy row a cell; shown with answers down and columns across."""

    @property
    def _constructor(self) -> type[Crosstab]:
        return Crosstab

    def _repr_html_(self) -> str:
        """Shares in percent with their letters, and the bases below."""
        cells = pd.DataFrame(self)
        if not {"letter", "domain_label", "term_label", "n"} <= set(cells):
            return str(cells.to_html())
        wide: dict[tuple[str, str], dict[str, str]] = {}
        bases: dict[tuple[str, str], dict[str, str]] = {}
        for row in cells.to_dict("records"):
            letter = f" ({row['letter']})" if row["letter"] else ""
            place = (row["by_label"], f"{row['domain_label']}{letter}")
            text = _text("estimate", row["estimate"], share=row["statistic"] == "share")
            mark = row["base"] if row["base"] == "**" else row["letters"]
            column = wide.setdefault(place, {})
            column[row["term_label"] or "Mean"] = f"{text} {mark}".strip()
            bases.setdefault(
                place,
                {
                    "n": f"{int(row['n']):,}{row['base']}",
                    "Effective n": f"{row['n_eff']:,.0f}",
                },
            )
        head, *notes = self.caption or ("",)
        notes = [
            *notes,
            "A letter names a lower column: p under .05, capital .001,"
            " adjusted by Holm within a row. * small base, ** too small to test.",
        ]
        above = f"<p><strong>{escape(head)}</strong></p>"
        below = "".join(f"<p><small>{escape(note)}</small></p>" for note in notes)
        body = pd.DataFrame({k: v | bases[k] for k, v in wide.items()}).fillna("")
        return above + str(body.to_html(border=0)) + below


def crosstab(rows: Iterable[Mapping[str, Any]], caption: Sequence[str]) -> Crosstab:
    """Cells as a crosstab."""
    found = Crosstab(list(rows))
    found.caption = tuple(line for line in caption if line)
    return found


def table(
    rows: Iterable[Mapping[str, Any]],
    caption: Sequence[str],
    columns: Sequence[str],
    *,
    shares: bool = True,
) -> Table:
    """Rows as a table with these columns, also where there is no row."""
    found = Table(list(rows), columns=list(columns))
    found.shares = shares
    found.caption = tuple(line for line in caption if line)
    return found


def _word(column: str, value: object) -> str:
    return f"{column} {value:g}" if isinstance(value, float) else str(value)


def _text(column: str, value: Any, *, share: bool) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, str):
        return value
    if column in WHOLE:
        return f"{int(value):,}"
    if column.startswith("p_"):
        return f"{value:.4f}" if value >= 0.0001 else "< 0.0001"
    if share and column in PERCENT:
        return f"{100 * value:.1f}%"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)
