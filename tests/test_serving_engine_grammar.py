"""What a grammar lets through fits the schema; what would end llama.cpp is refused.

The judges are llama.cpp's own grammars (what they let through) and `jsonschema` (what
fits), neither of which shares code with ours.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.serving.engine.grammar import gbnf
from pipeline.serving.engine.grammar.numbers import integers, numbers
from pipeline.serving.engine.grammar.schema import grammar_of, grammar_of_objects
from pipeline.serving.engine.refusal import Refused
from tests.engine_worker import needs_engine
from tests.grammar_oracle import Oracle

pytestmark = [needs_engine, pytest.mark.slow]


@pytest.fixture(scope="module")
def oracle(shared: Path) -> Oracle:
    return Oracle(shared / "models/tiny/tiny.gguf")


PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 8},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "mail": {"type": "string", "pattern": "^[a-z]+@[a-z]{2,5}\\.(com|org)$"},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
}
SCHEMAS: dict[str, Any] = {
    "person": PERSON,
    "any": {},
    "title only": {"title": "whatever"},
    "object": {"type": "object"},
    "map": {"type": "object", "additionalProperties": {"type": "boolean"}},
    "closed": {"type": "object", "additionalProperties": False},
    "all optional": {
        "type": "object",
        "properties": {n: {"const": 1} for n in "abc"},
    },
    "required but not described": {"type": "object", "required": ["x"]},
    "odd names": {
        "type": "object",
        "properties": {'q"\\\n': {"type": "null"}, "é 日本": {"const": 'a"\\b'}},
        "required": ['q"\\\n', "é 日本"],
    },
    "array": {"type": "array", "items": {"type": "boolean"}},
    "two to four": {
        "type": "array",
        "items": {"const": 0},
        "minItems": 2,
        "maxItems": 4,
    },
    "none": {"type": "array", "items": {"const": 0}, "maxItems": 0},
    "tuple": {
        "type": "array",
        "prefixItems": [{"type": "boolean"}, {"type": "null"}],
        "items": False,
        "minItems": 1,
    },
    "tuple and more": {
        "type": "array",
        "prefixItems": [{"type": "boolean"}, {"type": "null"}],
        "items": {"const": "x"},
        "minItems": 3,
        "maxItems": 5,
    },
    "enum": {"enum": ["a", 1, None, {"k": [True]}]},
    "typed enum": {"type": "string", "enum": ["a", 1, "b"]},
    "nullable": {"type": ["string", "null"], "maxLength": 3},
    "union": {"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 2}]},
    "union and rest": {
        "type": "object",
        "properties": {"a": {"const": 1}},
        "required": ["a"],
        "anyOf": [{"required": ["b"]}, {"properties": {"c": {"const": 2}}}],
    },
    "tagged": {
        "oneOf": [
            {
                "type": "object",
                "properties": {"kind": {"const": kind}, "v": {"type": inner}},
                "required": ["kind", "v"],
            }
            for kind, inner in (("flag", "boolean"), ("nothing", "null"))
        ]
    },
    "all of": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "boolean"}}},
            {"properties": {"a": {"type": ["boolean", "null"]}}, "required": ["a"]},
        ]
    },
    "tree": {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "v": {"type": "boolean"},
                    "left": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                },
                "required": ["v", "left"],
            }
        },
        "$ref": "#/$defs/node",
    },
    "pointed to and more": {
        "$defs": {"a b": {"type": "integer", "minimum": 0, "maximum": 9}},
        "allOf": [{"$ref": "#/$defs/a%20b", "minimum": 7}],
    },
    "one pointed to and more": {
        "$defs": {"a": {"type": "integer", "minimum": 0, "maximum": 9}},
        "anyOf": [{"$ref": "#/$defs/a", "minimum": 7}, {"type": "null"}],
    },
    "elements in two parts": {
        "allOf": [
            {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "null"}]},
            {"prefixItems": [{"minimum": 5, "type": "number"}], "items": False},
            {"minItems": 1.0},
        ]
    },
    "first and other elements": {
        "allOf": [
            {"type": "array", "items": {"type": ["null", "boolean"]}, "minItems": 2},
            {"prefixItems": [{"type": ["integer", "null"]}], "maxItems": 3.0},
        ]
    },
    "one of two is left": {
        "type": "string",
        "anyOf": [{"type": "integer"}, {"maxLength": 2}, {"minLength": 3}],
        "maxLength": 2,
    },
    "a failing branch that points back": {
        "$defs": {
            "a": {
                "type": "object",
                "properties": {"b": {"$ref": "#/$defs/b"}, "x": False},
            },
            "b": {"type": "array", "items": {"$ref": "#/$defs/c"}, "maxItems": 2},
            "c": {"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]},
        },
        "anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}],
    },
    "same in JSON": {"allOf": [{"enum": [True, 1, 2.5]}, {"enum": [1.0, False, 2.5]}]},
    "numbers": {"type": "number", "minimum": -1.5, "exclusiveMaximum": 12},
    "over and under": {"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 8},
    "a date": {"type": "string", "format": "date"},
    "a moment": {"type": "string", "format": "date-time"},
    "an id": {"type": "string", "format": "uuid"},
    "an email": {"type": "string", "format": "email"},
    "an IPv4 address": {"type": "string", "format": "ipv4"},
    "an IPv6 address": {"type": "string", "format": "ipv6"},
    "found within": {"type": "string", "pattern": "ab?c"},
    "classes": {
        "type": "string",
        "pattern": '^\\d{3}-[^a-z\\s]\\W["\\\\](x|y)?z{0,2}$',
    },
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_a_grammar_lets_through_fits_its_schema(oracle: Oracle, name: str) -> None:
    schema = SCHEMAS[name]
    grammar = grammar_of(schema, "response_format")
    checker = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.FormatChecker()
    )
    texts = [oracle.written(grammar, seed) for seed in range(25)]
    whole = [text for text in texts if text is not None]
    assert whole or name == "found within", "its beginning may be any text"
    for text in whole:
        checker.validate(json.loads(text))


FITTING = [
    ("person", {"name": "Ada", "age": 36}),
    ("person", {"name": "Zoë ☃", "age": 120, "mail": "zoe@snow.org"}),
    ("any", [1, {"a": [None, -2.5e3]}, "x"]),
    ("all optional", {}),
    ("all optional", {"b": 1}),
    ("all optional", {"a": 1, "c": 1}),
    ("two to four", [0, 0, 0]),
    ("tuple", [True]),
    ("tuple and more", [True, None, "x", "x"]),
    ("tagged", {"kind": "nothing", "v": None}),
    ("union and rest", {"a": 1, "b": "any"}),
    ("tree", {"v": True, "left": {"v": False, "left": None}}),
    ("numbers", 11.75),
    ("numbers", -0.25),
    ("a date", "2024-02-28"),
    ("found within", "..abc.."),
    ("odd names", {'q"\\\n': None, "é 日本": 'a"\\b'}),
]


@pytest.mark.parametrize(("name", "value"), FITTING)
def test_values_that_fit_can_be_written(oracle: Oracle, name: str, value: Any) -> None:
    grammar = grammar_of(SCHEMAS[name], "response_format")
    for indent, apart in ((None, (",", ":")), (None, (", ", ": ")), (2, (",", ": "))):
        text = json.dumps(value, ensure_ascii=False, indent=indent, separators=apart)
        assert oracle.taken(grammar, text), text


@settings(max_examples=60, deadline=None)
@given(st.integers(-1300, 1300), st.integers(0, 1300), st.data())
def test_integers_of_a_range_are_exactly_those(
    oracle: Oracle, low: int, more: int, data: st.DataObject
) -> None:
    grammar = f"root ::= {integers(low, low + more)}"
    near = st.one_of(
        st.integers(low - 30, low + more + 30),
        st.sampled_from([low - 1, low, low + more, low + more + 1, 0]),
    )
    for value in data.draw(st.lists(near, min_size=5, max_size=5)):
        assert oracle.taken(grammar, str(value)) == (low <= value <= low + more)


@settings(max_examples=60, deadline=None)
@given(st.floats(-50, 50), st.floats(0, 40), st.booleans(), st.booleans(), st.data())
def test_numbers_of_a_range_lie_in_it(
    oracle: Oracle,
    low: float,
    more: float,
    over: bool,
    under: bool,
    data: st.DataObject,
) -> None:
    high = low + more
    made = numbers(low, high, over=over, under=under)
    if not made:
        return
    for seed in range(4):
        value = float(oracle.written(f"root ::= {made}", seed) or "nan")
        assert low < value if over else low <= value
        assert value < high if under else value <= high


def test_any_object_is_written_under_json_object(oracle: Oracle) -> None:
    grammar = grammar_of_objects()
    assert oracle.taken(grammar, '{"a": [1, {"b": null}], "c": "é"}')
    assert not oracle.taken(grammar, "[1]")


REFUSED_SCHEMAS = [
    ({"type": "banana"}, "type 'banana' is not known"),
    ({"not": {"type": "string"}}, "'not' is not supported"),
    ({"type": "array", "uniqueItems": True}, "'uniqueItems' is not supported"),
    ({"type": "integer", "multipleOf": 3}, "'multipleOf' is not supported"),
    ({"$ref": "#/$defs/none"}, "points to nothing"),
    ({"$ref": "https://elsewhere/schema"}, "points to nothing"),
    ({"$ref": "#"}, r"\$ref '#' leads back to itself"),
    ({"allOf": [{"$ref": "#"}]}, r"\$ref '#' leads back to itself"),
    ({"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "leads back to itself"),
    ({"$ref": "#word"}, "only # and #/… are known"),
    ({"$defs": {"l": [True]}, "$ref": "#/$defs/l/-1"}, "points to nothing"),
    ({"$defs": {"a": {"$anchor": "w"}}, "$ref": "#w"}, "only # and #/… are known"),
    ({"properties": {"a": {"$id": "x", "$ref": "#/b"}}}, "inner '\\$id'"),
    ({"$defs": {"a": {"$id": "x", "b": {}}}, "$ref": "#/$defs/a/b"}, "inner '\\$id'"),
    ({"type": "string", "format": "color"}, "format 'color' is not among date"),
    ({"type": "string", "format": "date", "maxLength": 10}, "beside each other"),
    ({"format": "date", "pattern": "^a$"}, "beside each other"),
    ({"type": "string", "pattern": 5}, "malformed"),
    ({"required": [1]}, "malformed"),
    ({"enum": "abc"}, "malformed"),
    ({"type": "string", "maxLength": True}, "must be 0 to 2000"),
    ({"allOf": [{"const": True}, {"const": 1}]}, "given twice"),
    ({"const": True, "enum": [1, 0]}, "no constant fits"),
    ({"oneOf": [{"const": 1}, {"const": 1.0}]}, "may overlap"),
    ({"type": "null", "anyOf": [{"type": "string"}, {"const": 5}]}, "'type' is|no "),
    ({"anyOf": [False]}, "nothing fits it"),
    ({"enum": ["x" * 300_000]}, "too large"),
    ({"type": "array", "items": [{"maxLength": 2000}] * 500}, "too large"),
    ({"type": "string", "pattern": "(?=a)b"}, "assert is not supported"),
    ({"type": "string", "pattern": "("}, "pattern '\\('"),
    ({"type": "integer", "minimum": 3, "maximum": 2}, "no number lies in its range"),
    ({"type": "string", "minLength": 3, "maxLength": 2}, "minLength is above"),
    ({"type": "string", "maxLength": 10**6}, "must be 0 to 2000"),
    ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "may overlap"),
    ({"properties": 5}, "malformed"),
    ({"type": 5}, "malformed"),
    ({"anyOf": "x"}, "malformed"),
    ({"type": "object", "required": ["a"], "additionalProperties": False}, "required"),
    (
        {"allOf": [{"additionalProperties": False}, {"required": ["b"]}]},
        "leaves out those of another",
    ),
    (False, "nothing fits it"),
    ("x", "malformed"),
    ({"type": "object", "properties": {"a": {"enum": []}}}, "at #/properties/a"),
]


@pytest.mark.parametrize(("schema", "words"), REFUSED_SCHEMAS)
def test_a_schema_that_cannot_be_kept_to_is_refused(schema: Any, words: str) -> None:
    with pytest.raises(Refused, match=words) as caught:
        gbnf.check(grammar_of(schema, "response_format"))
    assert caught.value.http == 400


def crossed(depth: int) -> dict[str, Any]:
    """Two chains that hold each other, in different order: 2 to the depth paths."""
    ends = {f"a{depth}": {"type": "string"}, f"b{depth}": {"maxLength": 3}}
    links = {
        f"{name}{i}": {"allOf": [{"$ref": f"#/$defs/{n}{i + 1}"} for n in order]}
        for i in range(depth)
        for name, order in (("a", "ab"), ("b", "ba"))
    }
    return {"$defs": {**links, **ends}, "$ref": "#/$defs/a0"}


def test_what_is_pointed_to_again_and_again_is_merged_once(oracle: Oracle) -> None:
    grammar = grammar_of(crossed(30), "response_format")
    assert oracle.taken(grammar, '"abc"')
    assert not oracle.taken(grammar, '"abcd"')


def test_a_schema_that_doubles_at_each_level_is_refused() -> None:
    schema: dict[str, Any] = {"type": "null"}
    for i in range(30):
        schema = {
            "type": "object",
            "anyOf": [{"required": ["p"]}, {"minLength": i}],
            "properties": {"p": schema},
        }
    with pytest.raises(Refused, match="too large"):
        grammar_of(schema, "response_format")


def test_a_list_of_values_is_not_compared_without_end() -> None:
    many = {"enum": [str(i) for i in range(10_000)]}
    both = {"allOf": [{"$ref": "#/$defs/many"}, {"enum": ["x"]}]}
    schema = {"$defs": {"many": many}, "anyOf": [both] * 1000}
    with pytest.raises(Refused, match="too large"):
        grammar_of(schema, "response_format")


def test_a_schema_nested_without_end_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(5000):
        schema = {"type": "array", "items": schema}
    with pytest.raises(Refused, match="nested too deep"):
        grammar_of(schema, "response_format")


WRONG_GRAMMARS = [
    ("", "no rule 'root'"),
    ('start ::= "a"', "no rule 'root'"),
    ('root ::= "a', "line 1"),
    ('root ::= "a"\nroot2 ::= (', "line 2: a '\\(' is not closed"),
    ('root ::= "a")', "closes nothing"),
    ("root ::= nothing", "'nothing', which is not defined"),
    ('root ::= root "a"', "leads back to itself"),
    ('root ::= a root "x" | "y"\na ::= b\nb ::= ""', "leads back to itself"),
    ('root ::= ("a" | b)\nb ::= "c"?  root', "leads back to itself"),
    ('root ::= "\\q"', "is no escape"),
    ("root ::= *", "repeats nothing"),
    ('root ::= "a"{3000}', "more than 2000"),
    ('root ::= "a"{2,1}', "line 1: '.2,1.': the most is less than the least"),
    ("root ::= " + '"a"{2000} ' * 200, "written out, it is too large"),
    (f'root ::= "{"a" * 1000}"{{1000}}', "written out, it is too large"),
    ('root ::= "" +', "repeats nothing"),
    ('root ::= "a"**', "in rule 'root', '\\*' repeats what may be empty"),
    ('root ::= x\nx ::= a*\na ::= ""', "in rule 'x', '\\*' repeats what may be empty"),
    ('root ::= ("a" |)+', "'\\+' repeats what may be empty"),
    ('root ::= "a"{0,3}{2,}', "'.2,.' repeats what may be empty"),
    ('root ::= "a" ::= "b"', "within a rule"),
    ('"a"', "must begin with its name"),
    ("root ::= " + "(" * 5000 + '"a"' + ")" * 5000, "nested more than"),
    ('root ::= "a"\0', "NUL"),
    ('root ::= "' + "a" * 300_000 + '"', "longer than"),
    ("root ::= @", "is not understood"),
]


@pytest.mark.parametrize(("text", "words"), WRONG_GRAMMARS)
def test_a_wrong_grammar_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        gbnf.check(text)


RIGHT_GRAMMARS = [
    ('root ::= "yes" | "no"', "no"),
    ("root ::= [a-z]+ [^0-9\\n]? .", "abc!x"),
    ('# said first\nroot ::=\n  a | # or\n  b\n\na ::= "a"\nb ::= "b" a*', "baa"),
    ('root ::= ("a" "b"\n| "c"){2,3}', "abcab"),
    ('root ::= "a"* ("b" root)?', "aabba"),
    ('root ::= "\\x41\\u00e9\\U0001F600\\"\\\\\\n"', 'Aé\U0001f600"\\\n'),
    ('root ::= "first"\nroot ::= "last"', "last"),
    ('root ::= "[" [\\]\\-] "]"\r\n', "[-]"),
    ('root ::= ("a"? "b"?)+ "c"?{2} "d"{0}', "abbac"),
    ('root ::= "a"{0,3}{2} (b){1,2}\nb ::= c\nc ::= ""', "aaaaa"),
]


@pytest.mark.parametrize(("text", "answer"), RIGHT_GRAMMARS)
def test_a_right_grammar_is_left_as_it_is(
    oracle: Oracle, text: str, answer: str
) -> None:
    assert gbnf.check(text) == text
    assert oracle.taken(text, answer)
