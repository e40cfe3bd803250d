"""Results as pandas frames that say, in a notebook, what they are of and on what base.

A `Table` is a DataFrame in every respect; only how it shows itself is its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from pipeline.definition import Survey

PERCENT = {
    "estimate", "low", "high", "se", "difference", "unadjusted", "estimate_from",
    "estimate_to", "change", "composition", "rate", "composition_se", "rate_se",
    "before", "target", "after",
}  # fmt: skip
WHOLE = ("n", "n_from", "n_to", "n_model", "count", "rank", "tests")
# Said once above the table where all rows have the same.
CONTEXT = ("wave", "question", "statistic", "by", "method", "df", "item")
REPEATED = ("domain", "versus", "term")  # codes, where their labels are shown too
LETTERS = (
    "A letter names a lower column: p under .05, capital .001,"
    " adjusted by Holm within a row. * small base, ** too small to test."
)


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
        head, *notes = self.caption or ("",)
        body = str(self.shown().to_html(index=False, border=0))
        return _framed(head, self.context(), body, notes)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """HTML for a notebook, and text with the same words for a terminal."""
        head, *notes = self.caption or ("",)
        said = [head, self.context(), "", str(self.shown().to_string(index=False)), ""]
        return {
            "text/html": self._repr_html_(),
            "text/plain": "\n".join([*filter(None, said[:2]), *said[2:], *notes]),
        }

    def context(self) -> str:
        """What all rows have in common, in one line."""
        shown = pd.DataFrame(self).replace("", None)
        said = [(c, shown[c].iloc[0]) for c in self._same() if len(shown)]
        return " · ".join(_word(c, value) for c, value in said if not pd.isna(value))

    def _same(self) -> list[str]:
        return [c for c in CONTEXT if c in self and self[c].nunique(dropna=False) < 2]

    def shown(self) -> pd.DataFrame:
        """The rows as they are read: labels for codes, shares in percent."""
        shown = pd.DataFrame(self).replace("", None)
        labelled = [c for c in REPEATED if f"{c}_label" in shown]
        empty = [c for c in shown if not shown[c].notna().any()]
        kept = shown.drop(columns={*self._same(), *labelled, *empty} & {*shown})
        labels = [c for c in kept if str(c).endswith("_label")]
        kept = kept[[*labels, *(c for c in kept if c not in labels)]]
        kinds = shown.get(
            "statistic", pd.Series("share" if self.shares else "", kept.index)
        )
        return pd.DataFrame(
            {
                str(c).replace("_label", "").replace("_", " "): [
                    _text(str(c), value, share=kind == "share")
                    for value, kind in zip(kept[c], kinds, strict=True)
                ]
                for c in kept
            }
        )


class Crosstab(Table):
    """A crosstab, one tidy row a cell; shown with answers down and columns across."""

    @property
    def _constructor(self) -> type[Crosstab]:
        return Crosstab

    def _repr_html_(self) -> str:
        """Shares in percent with their letters, and the bases below."""
        cells = self.wide()
        if cells is None:
            return str(pd.DataFrame(self).to_html())
        head, *notes = self.caption or ("",)
        return _framed(head, "", str(cells.to_html(border=0)), [*notes, LETTERS])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """HTML for a notebook, and text with the same words for a terminal."""
        cells = self.wide()
        text = str((pd.DataFrame(self) if cells is None else cells).to_string())
        said = [*self.caption[:1], "", text, "", *self.caption[1:]]
        said += [] if cells is None else [LETTERS]
        return {"text/html": self._repr_html_(), "text/plain": "\n".join(said)}

    def wide(self) -> pd.DataFrame | None:
        """Answers down and columns across; none where columns of it were taken away."""
        cells = pd.DataFrame(self)
        if not {"letter", "domain_label", "term_label", "n"} <= set(cells):
            return None
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
        return pd.DataFrame({k: v | bases[k] for k, v in wide.items()}).fillna("")


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


def overview(survey: Survey) -> str:
    """What a survey has to be asked for, as HTML: waves, questions, dimensions."""
    waves = ", ".join(wave.id for wave in survey.waves)
    splits = ", ".join(
        f"<code>{escape(d.id)}</code> ({escape(d.label)})" for d in survey.dimensions
    )
    rows = [
        {"question": q.id, "kind": q.kind, "wording": q.text} for q in survey.questions
    ]
    body = str(pd.DataFrame(rows).to_html(index=False, border=0))
    notes = [f"Waves: {waves}.", survey.notice]
    by = f"<p>Dimensions: {splits or 'none'}</p>"
    return _framed(survey.title, "", body + by, [note for note in notes if note])


def _framed(head: str, context: str, body: str, notes: Sequence[str]) -> str:
    """A heading above a table, notes below."""
    first = f"<br>{escape(context)}" if context else ""
    below = "".join(f"<p><small>{escape(note)}</small></p>" for note in notes)
    return f"<p><strong>{escape(head)}</strong>{first}</p>{body}{below}"


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
