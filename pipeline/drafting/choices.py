"""The options of a question: from the texts that were given, or from labelled codes."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from pipeline.drafting.codes import code_for
from pipeline.drafting.nouns import Choice
from pipeline.ingest.formats.variables import Variable, tidy
from pipeline.ingest.repairs import repaired
from pipeline.load import plain

REFUSED = re.compile(
    r"(i )?(would )?(prefer|rather|choose) not( to)?( say| answer| disclose)?.*"
    r"|(no answer|not answered|refused?|declined?( to answer)?|keine angabe"
    r"|unknown / not reported|\(?no response\)?)\.?",
    re.IGNORECASE,
)
OTHER = re.compile(r"other\b.*|sonstige.*|autres?\b.*|otr[oa]s?\b.*", re.IGNORECASE)
LAST = re.compile(
    r"(other|none|don.?t know|do not know|not sure|unsure|unknown|n/?a\b).*",
    re.IGNORECASE,
)
UNDER = re.compile(r"\s*([<≤]|under|less|fewer|up to|below)", re.IGNORECASE)
OVER = re.compile(r"\s*([>≥]|over|more)|\+\s*$", re.IGNORECASE)


def from_texts(texts: Iterable[tuple[str, int]]) -> tuple[Choice, ...]:
    """One choice for each text, spellings that differ by case and spaces put together.

    Ranges of numbers come in their order; the rest by how often they were given, with
    "other" and "don't know" last.
    """
    found: dict[str, Choice] = {}
    for text, count in texts:
        key = plain(text)
        if key in found:
            same = found[key]
            found[key] = _more(same, count)
        else:
            taken = {choice.code for choice in found.values()}
            found[key] = choice(text, count, taken)
    return tuple(_in_order(list(found.values())))


def choice(text: str, count: int, taken: Iterable[str]) -> Choice:
    """A text that was given, as an option; `raw` keeps what `label` tidies."""
    label = tidy(text) or text.strip()
    # A label has to mean what the cell says: only spaces may be tidied without `raw`.
    raw = () if plain(label) == plain(text) else (text,)
    return Choice(
        code=code_for(label, taken),
        label=label,
        count=count,
        raw=raw,
        missing=bool(REFUSED.fullmatch(label)),
        note=_damage(label),
    )


def _damage(label: str) -> str:
    new = repaired(label, ("dates", "quotes", "mojibake"))
    return f"perhaps {new}" if new != label else ""


def _more(one: Choice, count: int) -> Choice:
    return msgspec.structs.replace(one, count=one.count + count)


def from_labels(
    variable: Variable, texts: Iterable[tuple[str, int]]
) -> tuple[Choice, ...]:
    """One choice for each labelled code, in the order of codes, and for each text that
    has no label. Codes with the same label are one choice."""
    counts = {plain(text): count for text, count in texts}
    missing = {plain(code) for code in variable.missing}
    logical = {"0": "false", "1": "true"} if "true" in counts else {}
    found: dict[str, Choice] = {}
    for code, label in variable.labels:
        codes = dict.fromkeys((code, logical.get(code, code)))
        one = Choice(
            code="",
            label=label or code,
            count=sum(counts.pop(plain(c), 0) for c in codes),
            raw=tuple(c for c in codes if plain(c) != plain(label)),
            missing=plain(code) in missing or bool(REFUSED.fullmatch(label)),
            note="declared missing" if plain(code) in missing else "",
        )
        _add(found, one)
    for text, count in sorted(counts.items()):
        gone = text in missing
        note = "declared missing" if gone else "has no label in the file"
        _add(found, Choice(code="", label=text, count=count, missing=gone, note=note))
    listed = list(found.values())
    ranges = is_ranges(one.label for one in listed)
    return _clear(tuple(_in_order(listed) if ranges else listed))


def _add(found: dict[str, Choice], one: Choice) -> None:
    """Add a choice; one that has the same label takes its codes."""
    key = plain(one.label)
    if key not in found:
        code = code_for(one.label, {choice.code for choice in found.values()})
        found[key] = msgspec.structs.replace(one, code=code)
        return
    found[key] = msgspec.structs.replace(
        found[key],
        count=found[key].count + one.count,
        raw=(*found[key].raw, *one.raw),
        note="several codes have this label",
    )


def _clear(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Codes that no other option's `raw` means: "2" must not be two things."""
    meant = {plain(text): c.code for c in choices for text in (c.label, *c.raw)}
    clear: list[Choice] = []
    for one in choices:
        taken = {c.code for c in clear} | {t for t, c in meant.items() if c != one.code}
        if one.code in taken:
            code = code_for(f"is {one.label}", taken)
            one = msgspec.structs.replace(one, code=code)
        clear.append(one)
    return tuple(clear)


def _in_order(choices: list[Choice]) -> list[Choice]:
    if is_ranges(c.label for c in choices):
        return sorted(choices, key=lambda c: (bool(LAST.fullmatch(c.label)), _at(c)))
    return sorted(
        choices, key=lambda c: (bool(LAST.match(c.label)), c.missing, -c.count)
    )


def is_ranges(labels: Iterable[str]) -> bool:
    """Are most of the labels ranges of numbers, such as "10-49" and "Over 5,000"?"""
    listed = [label for label in labels if not LAST.match(label)]
    counted = [label for label in listed if re.search(r"\d", label)]
    return len(counted) > 2 and len(counted) * 10 >= len(listed) * 8


def _at(one: Choice) -> float:
    said = repaired(one.label, ("dates",))
    found = re.search(r"\d+(\.\d+)?", re.sub(r"(?<=\d)[,'](?=\d{3})", "", said))
    if not found:
        return -1.0
    step = -0.5 if UNDER.match(said) else 0.5 if OVER.search(said) else 0.0
    return float(found[0]) + step
