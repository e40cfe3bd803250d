"""Schemas put together by chance: what is written fits them, as `jsonschema` judges."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from pipeline.serving.engine.grammar.schema import grammar_of
from pipeline.serving.engine.refusal import Refused
from tests.engine_worker import needs_engine
from tests.grammar_oracle import Oracle

pytestmark = [needs_engine, pytest.mark.slow]

Schemas = st.SearchStrategy[Any]
TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
VALUES = (1, 1.0, True, False, 0, None, "a", "b", [1], {"a": 1}, 2.5)
NAMES = st.sampled_from("abc")


@pytest.fixture(scope="module")
def oracle(shared: Path) -> Oracle:
    return Oracle(shared / "models/tiny/tiny.gguf")


def words(needed: Sequence[str] = (), **keywords: Any) -> Schemas:
    """Schemas that have the needed ones of these keywords, and any of the others."""
    fixed = {word: keywords.pop(word) for word in needed}
    return st.fixed_dictionaries(fixed, optional=keywords)


def larger(inner: Schemas) -> Schemas:
    few = st.lists(inner, min_size=1, max_size=3)
    small = st.integers(0, 3)
    return st.one_of(
        words(
            type=st.sampled_from(TYPES),
            properties=st.dictionaries(NAMES, inner, max_size=2),
            required=st.lists(NAMES, max_size=2),
            additionalProperties=st.one_of(st.booleans(), inner),
            prefixItems=st.lists(inner, max_size=2),
            items=inner,
            minItems=small,
            maxItems=st.sampled_from([1, 2, 3.0]),
            minimum=small,
            maxLength=small,
        ),
        words(allOf=few, anyOf=few, oneOf=few, minimum=small, required=st.just(["a"])),
        words(
            ["$ref"],
            **{"$ref": st.sampled_from(["#/$defs/x", "#/$defs/y"])},
            minimum=small,
            maxItems=st.just(1),
            anyOf=few,
        ),
        words(["allOf"], allOf=few),
    )


SCHEMAS = st.recursive(
    st.one_of(
        st.booleans(),
        words(const=st.sampled_from(VALUES)),
        words(enum=st.lists(st.sampled_from(VALUES), min_size=1, max_size=3)),
        words(type=st.sampled_from(TYPES)),
    ),
    larger,
    max_leaves=8,
)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(SCHEMAS, SCHEMAS, SCHEMAS)
def test_whatever_schema_is_taken_is_kept_to(
    oracle: Oracle, root: Any, x: Any, y: Any
) -> None:
    schema = {"$defs": {"x": x, "y": y}, "allOf": [root]}
    try:
        grammar = grammar_of(schema, "response_format")
    except Refused:
        return
    for seed in range(2):
        text = oracle.written(grammar, seed, most=150)
        if text is None:
            continue
        try:
            jsonschema.Draft202012Validator(schema).validate(json.loads(text))
        except RecursionError:
            # It points to itself in an alternative that the rest rules out.
            reject()
