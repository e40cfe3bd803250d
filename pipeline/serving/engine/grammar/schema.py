"""A JSON schema → GBNF. Whatever the grammar lets through fits the schema.

The other way round does not hold: properties come in the order of the schema, unnamed
ones only where no property is named, numbers have up to 15 digits. A keyword that could
not be kept to is refused, never ignored; those that only describe are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.serving.engine.grammar import kinds, merging
from pipeline.serving.engine.grammar.quoting import quoted
from pipeline.serving.engine.refusal import Refused

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
BASIS = {
    "ws": r'(" " | "\n" [ \t]{0,20})?',
    # What is allowed, not what is forbidden: llama.cpp refuses the first byte of a
    # character as soon as one of those that begin with it is forbidden.
    "char": r'[ !#-\[\]-~\u0080-\uD7FF\uE000-\U0010FFFF] | "\\" ["\\/bfnrt]',
    "string": r'"\"" char* "\""',
    "integer": r'"-"? ("0" | [1-9] [0-9]{0,14})',
    "number": r'integer ("." [0-9]{1,10})? ([eE] [+-]? [0-9]{1,2})?',
    "boolean": r'"true" | "false"',
    "null": r'"null"',
    "value": "object | array | string | number | boolean | null",
    "object": r'"{" ws (pair ("," ws pair)*)? ws "}"',
    "pair": 'string ":" ws value',
    "array": '"[" ws (value ("," ws value)*)? ws "]"',
    # Days that every month has.
    "date": '[0-9]{4} "-" month "-" ("0" [1-9] | "1" [0-9] | "2" [0-8])',
    "month": '"0" [1-9] | "1" [0-2]',
    "time": '([01] [0-9] | "2" [0-3]) (":" [0-5] [0-9]){2} ("." [0-9]{1,6})? "Z"',
}
# Keywords that a grammar of this kind cannot keep to.
REFUSED = frozenset((
    "not", "if", "then", "else", "dependentSchemas", "dependentRequired",
    "dependencies", "contains", "minContains", "maxContains", "uniqueItems",
    "minProperties", "maxProperties", "propertyNames", "patternProperties",
    "unevaluatedProperties", "unevaluatedItems", "multipleOf", "$dynamicRef",
    "$recursiveRef",
))  # fmt: skip
HARMLESS = {"uniqueItems": False, "minProperties": 0, "unevaluatedProperties": True}


def grammar_of(schema: Any, param: str) -> str:
    """The grammar of a schema's values; raises `Refused` for what it cannot keep to."""
    rules = Rules()
    return rules.text(rules.value(schema, param))


def grammar_of_objects() -> str:
    """The grammar of any JSON object."""
    return Rules().text("object")


class Rules:
    """A grammar as it is put together: rules by name, each made once."""

    def __init__(self) -> None:
        self._rules = dict(BASIS)
        self._references: dict[tuple[str, str], str] = {}
        self._whole: Any = {}
        self._param = ""

    def text(self, root: str) -> str:
        """The grammar whose answers are `root`."""
        lines = [f"root ::= {root}"]
        lines += [f"{name} ::= {body}" for name, body in self._rules.items()]
        return "\n".join(lines)

    def value(self, schema: Any, param: str) -> str:
        """The rule of a schema's values; `param` names the schema in refusals."""
        self._whole, self._param = schema, param
        try:
            return self.value_at(schema, "#")
        except RecursionError:
            raise self.refused("it is nested too deep", "#") from None
        # A schema may be wrong in any place: a list where an object should be …
        except (TypeError, AttributeError, KeyError, ValueError):
            raise self.refused("it is malformed", "#") from None

    def add(self, body: str) -> str:
        """A new rule; its name."""
        name = f"r{len(self._rules)}"
        self._rules[name] = body
        return name

    def refused(self, what: str, path: str) -> Refused:
        """That a schema cannot be kept to, and where in it."""
        place = "" if path == "#" else f" at {path}"
        return Refused(
            f"The schema cannot be kept to{place}: {what}.", param=self._param
        )

    def value_at(self, schema: Any, path: str) -> str:
        """The rule of what fits a schema."""
        if schema is True:
            return "value"
        if schema is False:
            raise self.refused("nothing fits it", path)
        if not merging.constrains(schema):
            return "value"
        self._check_keywords(schema, path)
        if "$ref" in schema:
            rest = _without(schema, "$ref")
            if merging.constrains(rest):
                return self._merged([{"$ref": schema["$ref"]}, rest], path)
            return self._reference(schema["$ref"], path)
        if "allOf" in schema:
            return self._merged([*schema["allOf"], _without(schema, "allOf")], path)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return self._union(schema, word, path)
        if "const" in schema or "enum" in schema:
            return self._constant(schema, path)
        return self._typed(schema, path)

    def _check_keywords(self, schema: Mapping[str, Any], path: str) -> None:
        for word in schema.keys() & REFUSED:
            if word not in HARMLESS or schema[word] != HARMLESS[word]:
                raise self.refused(f"'{word}' is not supported", path)

    def _target(self, reference: Any, path: str) -> Any:
        """The schema that `#/…` points to."""
        found = self._whole
        try:
            if not reference.startswith("#"):
                raise KeyError
            for step in reference[1:].split("/")[1:]:
                key = step.replace("~1", "/").replace("~0", "~")
                found = found[int(key)] if isinstance(found, list) else found[key]
        except (KeyError, IndexError, ValueError, TypeError, AttributeError):
            what = f"$ref {reference!r} points to nothing in it"
            raise self.refused(what, path) from None
        return found

    def _reference(self, reference: str, path: str) -> str:
        """The rule of what is pointed to; its name is known before it is made."""
        key = (self._param, reference)
        if key not in self._references:
            target = self._target(reference, path)
            name = self._references[key] = self.add("")
            self._rules[name] = self.value_at(target, reference)
        return self._references[key]

    def _merged(self, schemas: Sequence[Any], path: str) -> str:
        """What fits all of these schemas."""
        try:
            all_of = merging.merged([self._followed(s, path) for s in schemas])
        except merging.Clash as clash:
            raise self.refused(str(clash), path) from None
        return self.value_at(all_of, path)

    def _followed(self, schema: Any, path: str) -> Any:
        """The schema, or what it points to."""
        if isinstance(schema, dict) and "$ref" in schema:
            return self._target(schema["$ref"], path)
        return schema

    def _union(self, schema: Mapping[str, Any], word: str, path: str) -> str:
        """What fits any of the alternatives and the rest of the schema."""
        rest, branches = _without(schema, word), schema[word]
        found = [self._followed(branch, path) for branch in branches]
        if word == "oneOf" and not merging.apart(found):
            what = "alternatives of 'oneOf' may overlap: use 'anyOf'"
            raise self.refused(what, path)
        rules = [
            self._merged([branch, rest], f"{path}/{word}/{i}")
            if merging.constrains(rest)
            else self.value_at(branch, f"{path}/{word}/{i}")
            for i, branch in enumerate(branches)
        ]
        return self.add(" | ".join(rules))

    def _constant(self, schema: Mapping[str, Any], path: str) -> str:
        if merging.constrains(_without(schema, "const", "enum", "type")):
            raise self.refused("'enum' beside other keywords is not supported", path)
        types = merging.types(schema)
        values = [schema["const"]] if "const" in schema else schema["enum"]
        fits = [
            quoted(value)
            for value in values
            if merging.kind_of(value) & types and value in schema.get("enum", values)
        ]
        if not fits:
            raise self.refused("no constant fits it", path)
        return self.add(" | ".join(fits))

    def _typed(self, schema: Mapping[str, Any], path: str) -> str:
        types = schema.get("type", merging.implied(schema))
        listed = [types] if isinstance(types, str) else types
        if not listed or any(name not in TYPES for name in listed):
            raise self.refused(f"type {types!r} is not known", path)
        rules = [self._of_kind(kind, schema, path) for kind in listed]
        return rules[0] if len(rules) == 1 else self.add(" | ".join(rules))

    def _of_kind(self, kind: str, schema: Mapping[str, Any], path: str) -> str:
        if kind in ("integer", "number"):
            return kinds.number_of(self, schema, path, kind)
        made = {
            "object": kinds.object_of,
            "array": kinds.array_of,
            "string": kinds.string_of,
        }
        return made[kind](self, schema, path) if kind in made else kind


def _without(schema: Mapping[str, Any], *words: str) -> dict[str, Any]:
    return {word: value for word, value in schema.items() if word not in words}
