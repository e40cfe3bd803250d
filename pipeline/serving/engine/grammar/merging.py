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
ALL = frozenset(("object", "array", "string", "integer", "number", "boolean", "null"))
IMPLIED = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "string": ("pattern", "minLength", "maxLength", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}
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


def merged(schemas: Sequence[Any]) -> Any:
    """One schema for what fits all; raises `Clash`."""
    made: dict[str, Any] = {}
    if any(_closes_out(schema, other) for schema in schemas for other in schemas):
        raise Clash("'additionalProperties' of one part leaves out those of another")
    for schema in schemas:
        if schema is False:
            return False
        for word, value in ({} if schema is True else schema).items():
            if word not in DESCRIBING:
                made[word] = _both(word, made[word], value) if word in made else value
    return made


def _closes_out(schema: Any, other: Any) -> bool:
    """Whether one schema has something against properties that another names.

    `additionalProperties` is about those that its own schema does not name.
    """
    if not isinstance(schema, dict) or not isinstance(other, dict):
        return False
    closed = schema.get("additionalProperties", True) is not True
    named = other.get("properties", {}).keys() | set(other.get("required", ()))
    return closed and not named <= schema.get("properties", {}).keys()


def _both(word: str, one: Any, other: Any) -> Any:
    """A keyword's value that says what both say."""
    if one == other:
        return one
    if word == "properties":
        shared = {n: {"allOf": [one[n], other[n]]} for n in one.keys() & other.keys()}
        return {**one, **other, **shared}
    if word == "required":
        return list(dict.fromkeys([*one, *other]))
    if word == "type":
        both = types({"type": one}) & types({"type": other})
        return sorted(both - {"integer"} if "number" in both else both)
    if word == "enum":
        return [value for value in one if value in other]
    if word in LOWEST:
        return min(one, other)
    if word in HIGHEST:
        return max(one, other)
    if word == "additionalProperties" and True in (one, other):
        return other if one is True else one
    if word == "allOf":
        return [*one, *other]
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
        return {json.dumps(schema["const"], sort_keys=True)}
    if "enum" in schema:
        return {json.dumps(value, sort_keys=True) for value in schema["enum"]}
    return None
