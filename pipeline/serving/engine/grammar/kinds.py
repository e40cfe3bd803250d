"""Objects, arrays, strings and numbers of a schema → GBNF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.serving.engine.grammar import merging
from pipeline.serving.engine.grammar.basis import FORMATS
from pipeline.serving.engine.grammar.numbers import integers, numbers, whole_bounds
from pipeline.serving.engine.grammar.pattern import Unclear, string_matching
from pipeline.serving.engine.grammar.quoting import quoted

if TYPE_CHECKING:
    from pipeline.serving.engine.grammar.schema import Rules

Schema = Mapping[str, Any]
MOST_COUNTED = 2000


def object_of(rules: Rules, schema: Schema, path: str) -> str:
    named = schema.get("properties", {})
    needed = schema.get("required", [])
    if not isinstance(named, dict) or not _are_names(needed):
        raise rules.refused("properties or required are malformed", path)
    other = schema.get("additionalProperties", True)
    missing = [name for name in needed if name not in named]
    if missing and other is False:
        what = f"'{missing[0]}' is required and not allowed"
        raise rules.impossible(what, path)
    named = named | dict.fromkeys(missing, other)
    if not named and other is True:
        return "object"
    if not named and other is not False:
        value = rules.within(other, f"{path}/additionalProperties")
        pair = f'string ":" ws {value}'
        return rules.add(f'"{{" ws ({pair} ("," ws {pair})*)? ws "}}"')
    pairs, needed = [], frozenset(needed)
    for name, inner in named.items():
        value = rules.within(inner, f"{path}/properties/{name}")
        key = quoted(name)
        pairs.append((rules.add(f'{key} ":" ws {value}'), name in needed))
    return rules.add(f'"{{" ws {_pairs(rules, pairs)} "}}"')


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _pairs(rules: Rules, pairs: Sequence[tuple[str, bool]]) -> str:
    """Properties in order, some of which may be left out: built from the last.

    `first`: what may follow where none was written yet; `later`: after one was.
    """
    first, later = '""', "ws"
    for pair, needed in reversed(pairs):
        with_first = f"{pair} {later}"
        with_later = f'"," ws {pair} {later}'
        first = rules.add(with_first if needed else f"{with_first} | {first}")
        later = rules.add(with_later if needed else f"{with_later} | {later}")
    return first


def array_of(rules: Rules, schema: Schema, path: str) -> str:
    given, items = merging.elements(schema)
    low, high = _counts(rules, schema, "Items", path)
    first = [rules.within(s, f"{path}/prefixItems/{i}") for i, s in enumerate(given)]
    if items is False:
        high = len(first) if high is None else min(high, len(first))
        other = ""
    else:
        other = rules.within(items, f"{path}/items")
    if high is not None and low > high:
        raise rules.impossible("no array is of that length", path)
    return rules.add(f'"[" ws {_elements(first, other, low, high)} ws "]"')


def _elements(first: Sequence[str], other: str, low: int, high: int | None) -> str:
    """`first` ones in their order, then others: from `low` to `high` in all."""
    if high == 0:
        return '""'
    first = first if high is None else first[:high]
    most = "" if high is None else high - max(len(first), 1)
    least = max(low - max(len(first), 1), 0)
    body = ""
    if other and most != 0:
        body = f' ("," ws {other}){{{least},{most}}}'
    if not first:
        all_of = f"{other}{body}"
        return all_of if low else f"({all_of})?"
    for i in range(len(first) - 1, 0, -1):
        tail = f' "," ws {first[i]}{body}'
        body = tail if i < low else f" ({tail.strip()})?"
    return f"{first[0]}{body}" if low else f"({first[0]}{body})?"


def string_of(rules: Rules, schema: Schema, path: str) -> str:
    low, high = _counts(rules, schema, "Length", path)
    pattern, form = schema.get("pattern"), schema.get("format")
    counted = low > 0 or high is not None
    if (pattern is not None) + (form is not None) + counted > 1:
        what = "pattern, format and a length beside each other are not supported"
        raise rules.refused(what, path)
    if pattern is not None:
        try:
            inner = string_matching(pattern, "char")
        except Unclear as error:
            raise rules.refused(f"pattern {pattern!r}: {error}", path) from None
    elif form is not None:
        if form not in FORMATS:
            known = ", ".join(FORMATS)
            raise rules.refused(f"format {form!r} is not among {known}", path)
        inner = FORMATS[form]
    elif counted:
        inner = f"char{{{low},{'' if high is None else high}}}"
    else:
        return "string"
    return rules.add(f'"\\"" {inner} "\\""')


def _counts(
    rules: Rules, schema: Schema, word: str, path: str
) -> tuple[int, int | None]:
    low, high = schema.get(f"min{word}") or 0, schema.get(f"max{word}")
    for count in (low, 0 if high is None else high):
        whole = "integer" in merging.kind_of(count)
        if not whole or not 0 <= count <= MOST_COUNTED:
            what = f"min{word}, max{word} must be 0 to {MOST_COUNTED}"
            raise rules.refused(what, path)
    low, high = int(low), None if high is None else int(high)
    if high is not None and low > high:
        raise rules.impossible(f"min{word} is above max{word}", path)
    return low, high


def number_of(rules: Rules, schema: Schema, path: str, kind: str) -> str:
    low, high, over, under = _bounds(rules, schema, path)
    if low is None and high is None:
        return kind
    if kind == "integer":
        made = integers(*whole_bounds(low, high, over, under))
    else:
        made = numbers(low, high, over=over, under=under)
    if not made:
        raise rules.impossible("no number lies in its range", path)
    return rules.add(made)


def _bounds(
    rules: Rules, schema: Schema, path: str
) -> tuple[float | None, float | None, bool, bool]:
    """The range, and whether its ends are left out."""
    words = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    low, high, above, below = (schema.get(word) for word in words)
    for bound in (low, high, above, below):
        if bound is not None and not merging.kind_of(bound) & {"number"}:
            raise rules.refused(f"{bound!r} is no bound of numbers", path)
    over = above is not None and (low is None or above >= low)
    under = below is not None and (high is None or below <= high)
    return above if over else low, below if under else high, over, under
