"""A draft as survey.toml: every guess with its evidence, to be read and corrected."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby

from pipeline.definition import Wave
from pipeline.drafting.nouns import Aside, Choice, Draft, Guess, Split

USUAL = 30  # respondents that a published figure should rest on
MANY = 100  # empty columns that are listed one by one


def write(draft: Draft) -> str:
    """The text of survey.toml."""
    parts = [
        _head(draft),
        wave_table(draft),
        *(question_table(guess, draft.wave.id) for guess in draft.guesses),
        *(_split(split, draft) for split in draft.splits),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _head(draft: Draft) -> str:
    lines = [
        f"# A draft, made by `stateof init` from {', '.join(draft.wave.files)}:"
        f" {draft.rows:,} rows, read as {draft.read_as}.",
        "# Behind each guess stands how sure it is (sure, likely, guess) and why.",
        "# Correct what is wrong, then: stateof check " + draft.id,
        "",
        f"id = {quoted(draft.id)}",
        f"title = {quoted(draft.title)}",
        'sample = "opt-in"  # or "probability", if respondents were drawn at random',
        f"min_base = {draft.min_base}  # what fewer people answered is not shown",
    ]
    if draft.min_base < USUAL:
        lines.append(f"# {USUAL} is usual; groups are small here: raise it to publish")
    if draft.duplicates != "error":
        lines.append(f"duplicates = {quoted(draft.duplicates)}")
    lines += [f"# {note}" for note in draft.notes]
    return "\n".join(lines)


def wave_table(draft: Draft, table: str = "[[wave]]") -> str:
    """The wave: how its files are read, and which columns nobody reads."""
    wave = draft.wave
    lines = [
        table,
        f"id = {quoted(wave.id)}",
        f"files = {listed(wave.files)}",
        *_field(draft),
        *_reading(wave),
    ]
    for drop, evidence in draft.drops:
        values = listed(drop.values)
        lines += [
            "drop = [" if drop is draft.drops[0][0] else "",
            f"    {{ reason = {quoted(drop.reason)}, column = {quoted(drop.column)},"
            f" values = {values} }},  # {evidence}",
        ]
    if draft.drops:
        lines.append("]")
    if wave.repair:
        lines.append(f"repair = {listed(wave.repair)}")
    lines += [
        f"# repair = [{quoted(kind)}]  # proposed: {comment(evidence)}"
        for kind, evidence in draft.proposed
        if kind not in wave.repair
    ]
    lines += _unused(draft.asides)
    return "\n".join(line for line in lines if line)


def _field(draft: Draft) -> Iterator[str]:
    """The days in the field, and which column says so; else a request for them."""
    start, end = draft.wave.start, draft.wave.end
    if start is None or end is None:
        yield "# When was it in the field? The export does not say; reports print it."
        yield "# start = YYYY-MM-DD"
        yield "# end = YYYY-MM-DD"
        return
    said = comment(draft.dated)
    yield f'start = {start.isoformat()}  # first and last date in "{said}"'
    yield f"end = {end.isoformat()}"


def _reading(wave: Wave) -> Iterator[str]:
    if wave.format:
        yield f"format = {quoted(wave.format)}"
    if wave.encoding not in ("utf-8", "utf-8-sig"):
        yield f"encoding = {quoted(wave.encoding)}"
    if wave.delimiter != ",":
        yield f"delimiter = {quoted(wave.delimiter)}"
    if wave.header_rows != 1:
        yield f"header_rows = {wave.header_rows}"
    if wave.sheet:
        yield f"sheet = {quoted(wave.sheet)}"
    if wave.respondent:
        yield f"respondent = {quoted(wave.respondent)}"
    if wave.weight:
        yield f"weight = {quoted(wave.weight)}  # likely: by its name, and around 1"
    if wave.missing:
        yield f"missing = {listed(wave.missing)}"


def _unused(asides: Iterable[Aside]) -> Iterator[str]:
    """What no question reads, sorted by why; personal data first."""
    named = [aside for aside in asides if aside.column]
    if not named:
        return
    empty = [aside for aside in named if aside.reason == "empty"]
    if len(empty) > MANY:
        named = [aside for aside in named if aside.reason != "empty"]
    order = ["personal", "technical", "dates", "constant", "empty", "nameless"]
    named.sort(key=lambda aside: order.index(aside.reason))
    yield "unused = ["
    for reason, group in groupby(named, lambda aside: aside.reason):
        yield f"    # {reason}"
        for aside in group:
            yield f"    {quoted(aside.column)},  # {comment(aside.evidence)}"
    if len(empty) > MANY:
        yield f'    "*",  # {len(empty):,} columns in which no cell is filled'
    yield "]"


def question_table(guess: Guess, wave: str, table: str = "question") -> str:
    """One question."""
    columns = guess.columns
    where = quoted(columns) if isinstance(columns, str) else listed(columns)
    lines = [
        f"# {guess.sure}: {comment(guess.evidence)}; {guess.answered:,} answered",
        *(f"# {comment(note)}" for note in guess.notes),
        f"[[{table}]]",
        f"id = {quoted(guess.id)}",
        f"text = {quoted(guess.text)}",
        *([f"title = {quoted(guess.title)}"] if guess.title else []),
        f"kind = {quoted(guess.kind)}",
        f"columns = {{ {_key(wave)} = {where} }}",
    ]
    if guess.separator:
        lines.append(f"separator = {quoted(guess.separator)}")
    if guess.ordered:
        lines.append("ordered = true")
    if guess.unlisted != "error":
        lines.append(f"unlisted = {quoted(guess.unlisted)}")
    if guess.scale:
        low, high, low_label, high_label = guess.scale
        ends = f"low = {low}, high = {high}"
        ends += f", low_label = {quoted(low_label)}" if low_label else ""
        ends += f", high_label = {quoted(high_label)}" if high_label else ""
        lines.append(f"scale = {{ {ends} }}")
    if guess.kind == "numeric":
        limits = (("minimum", guess.minimum), ("maximum", guess.maximum))
        lines += [f"{end} = {_limit(at)}" for end, at in limits if at is not None]
    if guess.choices:
        lines += ["options = [", *(option_line(c) for c in guess.choices), "]"]
    return "\n".join(lines)


def _limit(at: float) -> str:
    return str(int(at)) if at.is_integer() else repr(at)


def option_line(one: Choice) -> str:
    """One option, with how many gave it."""
    parts = [f"code = {quoted(one.code)}", f"label = {quoted(one.label)}"]
    if one.raw:
        parts.append(f"raw = {listed(one.raw)}")
    if one.missing:
        parts.append("missing = true")
    if one.write_in:
        parts.append("write_in = true")
    note = f"; {comment(one.note)}" if one.note else ""
    return f"    {{ {', '.join(parts)} }},  # {one.count:,}{note}"


def _split(split: Split, draft: Draft) -> str:
    lines = [
        f"# {split.sure}: {comment(split.evidence)}",
        "[[dimension]]",
        f"id = {quoted(split.id)}",
        f"label = {quoted(split.label)}",
        f"question = {quoted(split.question)}",
    ]
    if split.top:
        guess = next(g for g in draft.guesses if g.id == split.question)
        labels = {choice.code: choice.label for choice in guess.choices}
        rest = "all_others" if "other" in split.top else "other"
        lines += [
            f"groups = [  # the {len(split.top)} with most answers, and all the rest",
            *(
                f"    {{ code = {quoted(code)}, label = {quoted(labels[code])},"
                f" options = [{quoted(code)}] }},"
                for code in split.top
            ),
            f'    {{ code = "{rest}", label = "All others", options = ["*"] }},',
            "]",
        ]
    return "\n".join(lines)


def quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def listed(texts: Iterable[str]) -> str:
    """A list of TOML strings."""
    return f"[{', '.join(quoted(text) for text in texts)}]"


def _key(wave: str) -> str:
    bare = wave.replace("-", "").replace("_", "").isalnum() and wave.isascii()
    return wave if bare else quoted(wave)


def comment(text: str) -> str:
    """A text that may stand in a comment: one line, not too long."""
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))[:160]
