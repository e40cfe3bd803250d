"""A JSON schema → GBNF. Whatever the grammar lets through fits the schema.

The other way round does not hold: properties come in the order of the schema, unnamed
ones only where no property is named, numbers have up to 15 digits. A keyword that could
not be kept to is refused, never ignored; those that only describe are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

import msgspec

from pipeline.serving.engine.grammar import gbnf, kinds, merging, pointing
from pipeline.serving.engine.grammar.basis import BASIS
from pipeline.serving.engine.grammar.quoting import quoted
from pipeline.serving.engine.refusal import Refused

# As bytes of JSON; and how often a schema, or a part of an allOf, may be looked at.
LARGEST = 1 << 18
MOST_STEPS = 20_000
TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
# Keywords that a grammar of this kind cannot keep to.
REFUSED = frozenset((
    "not", "if", "then", "else", "dependentSchemas", "dependentRequired",
    "dependencies", "contains", "minContains", "maxContains", "uniqueItems",
    "minProperties", "maxProperties", "propertyNames", "patternProperties",
    "unevaluatedProperties", "unevaluatedItems", "multipleOf", "$dynamicRef",
    "$recursiveRef",
))  # fmt: skip
HARMLESS = {"uniqueItems": False, "minProperties": 0, "unevaluatedProperties": True}


class Impossible(Refused):
    """A schema that no value fits."""


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
        # References being followed, since the last object or array was entered.
        self._open: frozenset[str] = frozenset()
        self._steps = 0
        self._whole: Any = {}
        self._param = ""

    def text(self, root: str) -> str:
        """The grammar whose answers are `root`; raises `Refused` for a large one."""
        lines = [f"root ::= {root}"]
        lines += [f"{name} ::= {body}" for name, body in self._rules.items()]
        text = "\n".join(lines)
        try:
            gbnf.examine(text)
        except gbnf.Unusable as error:
            raise self.refused(f"as a grammar, {error}", "#") from None
        return text

    def value(self, schema: Any, param: str) -> str:
        """The rule of a schema's values; `param` names the schema in refusals."""
        self._whole, self._param = schema, param
        try:
            if len(msgspec.json.encode(schema)) > LARGEST:
                raise self._too_large()
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
        return Refused(self._why(what, path), param=self._param)

    def impossible(self, what: str, path: str) -> Impossible:
        """That nothing fits a schema, and where in it."""
        return Impossible(self._why(what, path), param=self._param)

    def _why(self, what: str, path: str) -> str:
        place = "" if path == "#" else f" at {path}"
        return f"The schema cannot be kept to{place}: {what}."

    def _too_large(self) -> Refused:
        return self.refused("it is too large: make it smaller or less nested", "#")

    def _step(self, compared: Any = None) -> None:
        """Count some work, with what is compared; raises `Refused` for too much."""
        self._steps += 1 + len(msgspec.json.encode(compared)) // 100
        if self._steps > MOST_STEPS:
            raise self._too_large()

    def within(self, schema: Any, path: str) -> str:
        """The rule of a part of an object or array, which may lead back to it."""
        outer, self._open = self._open, frozenset()
        try:
            return self.value_at(schema, path)
        finally:
            self._open = outer

    def value_at(self, schema: Any, path: str) -> str:
        """The rule of what fits a schema."""
        self._step()
        if schema is True:
            return "value"
        if schema is False:
            raise self.impossible("nothing fits it", path)
        if not merging.constrains(schema):
            return "value"
        self._check_keywords(schema, path)
        if "$ref" in schema and not merging.constrains(_without(schema, "$ref")):
            return self._reference(schema["$ref"], path)
        if "$ref" in schema or "allOf" in schema:
            return self.value_at(self._merged([schema], path), path)
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
        try:
            pointing.check_base(self._whole, schema)
        except pointing.Nowhere as error:
            raise self.refused(str(error), path) from None

    def _target(self, reference: str, path: str) -> Any:
        """The schema that `#/…` points to."""
        try:
            return pointing.target(self._whole, reference)
        except pointing.Nowhere as error:
            raise self.refused(str(error), path) from None

    def _reference(self, reference: str, path: str) -> str:
        """The rule of what is pointed to; its name is known before it is made."""
        self._check_open(reference, self._open, path)
        key = (self._param, reference)
        if key not in self._references:
            target = self._target(reference, path)
            name = self._references[key] = self.add("")
            outer, self._open = self._open, self._open | {reference}
            try:
                self._rules[name] = self.value_at(target, reference)
            finally:
                self._open = outer
        return self._references[key]

    def _check_open(self, reference: str, opened: Set[str], path: str) -> None:
        if reference in opened:
            raise self.refused(f"$ref {reference!r} leads back to itself", path)

    def _merged(self, schemas: Sequence[Any], path: str) -> Any:
        """One schema, without $ref and allOf, of what fits all of these."""
        done: set[str] = set()
        parts = [
            part
            for schema in schemas
            for part in self._parts(schema, path, self._open, done)
        ]
        try:
            return merging.merged(parts)
        except merging.Clash as clash:
            raise self.impossible(str(clash), path) from None

    def _parts(
        self, schema: Any, path: str, opened: frozenset[str], done: set[str]
    ) -> Iterator[Any]:
        """What a schema says itself and what it points to or has in allOf.

        `opened`: the references that led here; `done`: those that need not be
        followed again.
        """
        self._step()
        if not isinstance(schema, dict):
            yield schema
            return
        self._check_keywords(schema, path)
        self._step({w: schema[w] for w in schema.keys() - merging.NOT_COMPARED})
        if "$ref" in schema:
            reference = schema["$ref"]
            self._check_open(reference, opened, path)
            if reference not in done:
                target = self._target(reference, path)
                yield from self._parts(target, path, opened | {reference}, done)
                done.add(reference)
        for inner in schema.get("allOf", ()):
            yield from self._parts(inner, path, opened, done)
        yield _without(schema, "$ref", "allOf")

    def _union(self, schema: Mapping[str, Any], word: str, path: str) -> str:
        """What fits any of the alternatives and the rest of the schema.

        An alternative that the rest rules out is left out.
        """
        rest, branches = _without(schema, word), schema[word]
        if word == "oneOf" and not merging.apart(
            [self._merged([branch], path) for branch in branches]
        ):
            what = "alternatives of 'oneOf' may overlap: use 'anyOf'"
            raise self.refused(what, path)
        rules, why = [], self.impossible("nothing fits it", path)
        for i, branch in enumerate(branches):
            place = f"{path}/{word}/{i}"
            before = len(self._rules), len(self._references)
            try:
                if merging.constrains(rest):
                    branch = self._merged([branch, rest], place)
                rules.append(self.value_at(branch, place))
            except Impossible as impossible:
                why = impossible
                self._forget(*before)
        if not rules:
            raise why
        return self.add(" | ".join(rules))

    def _forget(self, rules: int, references: int) -> None:
        """Drop the latest rules and references, down to so many."""
        while len(self._rules) > rules:
            self._rules.popitem()
        while len(self._references) > references:
            self._references.popitem()

    def _constant(self, schema: Mapping[str, Any], path: str) -> str:
        if merging.constrains(_without(schema, "const", "enum", "type")):
            raise self.refused("'enum' beside other keywords is not supported", path)
        types = merging.types(schema)
        values = [schema["const"]] if "const" in schema else schema["enum"]
        if not isinstance(values, list):
            raise self.refused("enum is malformed", path)
        self._step(schema)
        listed = set(map(merging.identity, schema.get("enum", values)))
        fits = [
            quoted(value)
            for value in values
            if merging.kind_of(value) & types and merging.identity(value) in listed
        ]
        if not fits:
            raise self.impossible("no constant fits it", path)
        return self.add(" | ".join(fits))

    def _typed(self, schema: Mapping[str, Any], path: str) -> str:
        types = schema.get("type", merging.implied(schema))
        listed = [types] if isinstance(types, str) else types
        if types == []:
            raise self.impossible("it is of no type", path)
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
