"""A crosswalk as a file to be reviewed: what is the same, what breaks, what is new."""

from __future__ import annotations

from pipeline.drafting.crosswalk import Crossing, Pair
from pipeline.drafting.nouns import Choice
from pipeline.drafting.toml import (
    comment,
    listed,
    option_line,
    question_table,
    quoted,
    wave_table,
)


def write_crosswalk(found: Crossing) -> str:
    """The text of crosswalk-<wave>.toml."""
    parts = [
        _head(found),
        wave_table(found.draft, "[wave]"),
        *(_pair(pair) for pair in found.pairs),
        *(question_table(g, found.draft.wave.id, "added") for g in found.added),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _head(found: Crossing) -> str:
    wave = found.draft.wave
    lines = [
        f"# A draft, made by `stateof init` from {', '.join(wave.files)}:"
        f" {found.draft.rows:,} rows, read as {found.draft.read_as}.",
        '# Review each question: comparable = "yes" draws a trend, "break" shows the'
        " wave without",
        '# one and gives the reason, "no" leaves the question out of this wave.',
    ]
    if found.missing:
        lines.append(f"# Not found in this wave: {', '.join(found.missing)}")
    return "\n".join(lines)


def _pair(pair: Pair) -> str:
    one = pair.crossed
    columns = one.columns
    where = quoted(columns) if isinstance(columns, str) else listed(columns)
    lines = [
        f"# {pair.sure}: {comment(pair.evidence)}; {pair.guess.answered:,} answered",
        f"# this wave: {comment(pair.guess.text)}",
        "[[question]]",
        f"id = {quoted(one.id)}",
        f"columns = {where}",
        f"comparable = {quoted(one.comparable)}",
    ]
    if one.reason:
        lines.append(f"reason = {quoted(one.reason)}")
    if one.gone:
        lines.append(f"gone = {listed(one.gone)}")
    if one.new:
        counts = {choice.label: choice.count for choice in pair.guess.choices}
        lines += ["new = ["]
        for option in one.new:
            assert not isinstance(option.raw, dict)
            choice = Choice(
                code=option.code,
                label=option.label,
                raw=option.raw,
                missing=option.missing,
                write_in=option.write_in,
                count=counts.get(option.label, 0),
            )
            lines.append(option_line(choice))
        lines.append("]")
    if one.options:
        # Last, as a table of its own: one line a code is easier to review.
        lines.append("[question.options]")
        lines += [f"{code} = {listed(texts)}" for code, texts in one.options.items()]
    return "\n".join(lines)
