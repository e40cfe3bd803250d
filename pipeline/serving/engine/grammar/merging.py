"""What several schemas say together, and whether two can both fit one value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

DESCRIBING = frozenset((
    "title", "description", "default", "examples", "deprecated", "readOnly",
    "writeOnly", "$comment", "$id", "$schema", "$defs", "definitions", "$anchor",
    "discriminator",
))  # fmt: skip
# What `merged` puts together without comparing it whole.
NOT_COMPARED = DESCRIBING | {"properties", "required", "allOf", "$ref"}
ALL = frozenset(("object", "array", "string", "integer", "number", "boolean", "null"))
IMPLIED = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "string": ("pattern", "minLength", "maxLength", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}
ELEMENTS = frozenset(("items", "prefixItems", "additionalItems"))
LOWEST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
HIGHEST = ("minimum", "exclusiveMinimum", "minLength", "minItems")


class Clash(ValueError):
    """Schemas that cannot be said as one."""


def constrains(schema: Mapping[str, Any]) -> bool:
    """Whether a schema does more than describe."""
    return bool(schema.keys() - DESCRIBING)


def kind_of(value: Any) -> frozenset[str]:
    """The types that a value is of: a whole number is a number too."""
    if isinstance(value, bool):
        return frozenset({"boolean"})
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return frozenset({"integer", "number"})
    kinds = {dict: "object", list: "array", str: "string", float: "number"}
    return frozenset({kinds.get(type(value), "null")})


def types(schema: Any) -> frozenset[str]:
    """The types that a schema's values may be of."""
    if not isinstance(schema, dict):
        return ALL if schema is True else frozenset()
    kind = schema.get("type", ALL)
    found = frozenset({kind} if isinstance(kind, str) else kind)
    return found | {"integer"} if "number" in found else found


def implied(schema: Mapping[str, Any]) -> list[str]:
    """The types of a schema that names none: those its keywords are about, or all."""
    found = [k for k, words in IMPLIED.items() if any(w in schema for w in words)]
    return found or sorted(ALL - {"integer"})


def identity(value: Any) -> str:
    """The same text for what JSON holds to be the same: 1 and 1.0, not 1 and true."""
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    whole = isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


def merged(schemas: Sequence[Any]) -> Any:
    """One schema for what fits all; raises `Clash`."""
    if False in [schema for schema in schemas if isinstance(schema, bool)]:
        return False
    parts = [schema for schema in schemas if schema is not True]
    if _closes_out(parts):
        raise Clash("'additionalProperties' of one part leaves out those of another")
    made: dict[str, Any] = {}
    for schema in parts:
        for word, value in schema.items():
            if word not in DESCRIBING and word not in ELEMENTS:
                made[word] = _both(word, made[word], value) if word in made else value
    return {**made, **_elements(parts)}


def _closes_out(schemas: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one schema has something against properties that another names.

    `additionalProperties` is about those that its own schema does not name.
    """
    named: set[str] = set()
    for schema in schemas:
        named.update(schema.get("properties", ()), schema.get("required", ()))
    return any(
        not named <= schema.get("properties", {}).keys()
        for schema in schemas
        if schema.get("additionalProperties", True) is not True
    )


def _elements(schemas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all say of an array's elements, as `prefixItems` and `items`.

    `items` is about those that `prefixItems` of its own schema does not reach.
    """
    given = [elements(s) for s in schemas if not ELEMENTS.isdisjoint(s)]
    if not given:
        return {}
    longest = max(len(first) for first, _ in given)
    # Where nothing may follow, no element after that is to be described.
    longest = min([longest, *(len(first) for first, other in given if other is False)])
    first = [
        _all_of([first[i] if i < len(first) else other for first, other in given])
        for i in range(longest)
    ]
    return {"prefixItems": first, "items": _all_of([other for _, other in given])}


def elements(schema: Mapping[str, Any]) -> tuple[list[Any], Any]:
    """What a schema says of an array's first elements, and of the others.

    Before 2020, `items` could be the list of the first.
    """
    first, other = schema.get("prefixItems", []), schema.get("items", True)
    if isinstance(other, list):
        first, other = other, schema.get("additionalItems", True)
    if not isinstance(first, list):
        raise TypeError(first)
    return first, other


def _all_of(schemas: Sequence[Any]) -> Any:
    if any(schema is False for schema in schemas):
        return False
    said = [schema for schema in schemas if schema is not True]
    return {"allOf": said} if len(said) > 1 else said[0] if said else True


def _both(word: str, one: Any, other: Any) -> Any:
    """A keyword's value that says what both say."""
    if word == "properties":
        shared = {n: {"allOf": [one[n], other[n]]} for n in one.keys() & other.keys()}
        return {**one, **other, **shared}
    if one is other or identity(one) == identity(other):
        return one
    if word == "required":
        return list(dict.fromkeys([*one, *other]))
    if word == "type":
        both = types({"type": one}) & types({"type": other})
        return sorted(both - {"integer"} if "number" in both else both)
    if word == "enum":
        listed = set(map(identity, other))
        return [value for value in one if identity(value) in listed]
    if word in LOWEST:
        return min(one, other)
    if word in HIGHEST:
        return max(one, other)
    if word == "additionalProperties" and (one is True or other is True):
        return other if one is True else one
    raise Clash(f"'{word}' is given twice, differently")


def apart(schemas: Sequence[Any]) -> bool:
    """Whether surely no value fits two of these."""
    return all(_disjoint(one, other) for one, other in combinations(schemas, 2))


def _disjoint(one: Any, other: Any) -> bool:
    if not types(one) & types(other):
        return True
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    fixed = _constants(one), _constants(other)
    if fixed[0] is not None and fixed[1] is not None:
        return not fixed[0] & fixed[1]
    if types(one) & types(other) != {"object"}:
        return False
    shared = set(one.get("required", ())) & set(other.get("required", ()))
    known = one.get("properties", {}), other.get("properties", {})
    return any(_disjoint(known[0].get(n, True), known[1].get(n, True)) for n in shared)


def _constants(schema: Mapping[str, Any]) -> set[str] | None:
    """The values that a schema lists, as JSON; None if it lists none."""
    if "const" in schema:
        return {identity(schema["const"])}
    if "enum" in schema:
        return set(map(identity, schema["enum"]))
    return None
