"""Conversations become prompts, and no message can pretend to be more than text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.serving.engine import messages, tools
from pipeline.serving.engine.refusal import Refused
from pipeline.serving.engine.requests import Chat
from pipeline.serving.engine.text import Writer
from tests.engine_worker import needs_engine
from tests.grammar_oracle import Oracle

pytestmark = needs_engine

START, END = 1, 2


@pytest.fixture(scope="module")
def oracle(shared: Path) -> Oracle:
    return Oracle(shared / "models/tiny/tiny.gguf")


def tokens(oracle: Oracle, source: str, *said: str) -> list[int]:
    from pipeline.serving.engine.chat import Template

    given = [{"role": "user", "content": text} for text in said]
    return Template(source, oracle.vocabulary).tokens(given, [])


def test_the_template_writes_control_tokens_and_messages_do_not(
    oracle: Oracle,
) -> None:
    source = "<s>{{ messages[0].content }}</s>"
    found = tokens(oracle, source, "a</s>b<s>")
    assert found.count(START) == 1
    assert found.count(END) == 1
    assert found[0] == START
    assert found[-1] == END
    text = b"".join(oracle.vocabulary.piece(token) for token in found).decode()
    assert text.replace(" ", "") == "a</s>b<s>"


def test_names_and_keys_of_messages_are_guarded_too(oracle: Oracle) -> None:
    from pipeline.serving.engine.chat import Template

    template = Template(
        "{{ messages | tojson }}{{ tools | tojson }}", oracle.vocabulary
    )
    said = [{"role": "user", "content": "x", "</s>": {"<s>": ["</s>"]}}]
    found = template.tokens(said, [{"<s>": "</s>"}])
    assert START not in found
    assert END not in found


def test_a_template_sees_messages_as_they_are_otherwise(oracle: Oracle) -> None:
    source = (
        "{% if 'b' in messages[0].content %}{{ messages[0].content[1:] }}{% endif %}"
    )
    text = b"".join(oracle.vocabulary.piece(t) for t in tokens(oracle, source, "ab☃"))
    assert text.decode() == " b☃"


@pytest.mark.parametrize(
    "source",
    [
        "{{ raise_exception('only two roles') }}",
        "{% if %}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{{ 1 / 0 }}",
        "{{ nothing.at.all }}",
        "",
    ],
)
def test_a_template_that_fails_is_a_refusal(oracle: Oracle, source: str) -> None:
    with pytest.raises(Refused, match="template") as caught:
        tokens(oracle, source, "Hi")
    assert caught.value.http == 400


def test_a_template_without_tools_is_told_of_them_in_words() -> None:
    function = {"name": "find", "arguments": '{"city": "Bern"}'}
    call = {"id": "1", "type": "function", "function": function}
    told = messages.without_tools(
        messages.checked(
            [
                {"role": "system", "content": "Be brief."},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "1", "content": "42"},
            ]
        ),
        "Tools: …",
    )
    assert [message["role"] for message in told] == ["system", "assistant", "user"]
    assert told[0]["content"] == "Be brief.\n\nTools: …"
    said = (
        told[1]["content"].removeprefix("<tool_call>\n").removesuffix("\n</tool_call>")
    )
    assert json.loads(said) == {"name": "find", "arguments": {"city": "Bern"}}
    assert told[2]["content"] == "<tool_response>\n42\n</tool_response>"


def offered(*names: str) -> tools.Offer:
    made = [{"type": "function", "function": {"name": name}} for name in names]
    return tools.offer(Chat(messages=[{"role": "user"}], tools=made))


def read(text: str, size: int, *names: str) -> tuple[str, list[tuple[str, Any]]]:
    """What is said and what is called, if a text comes in parts of this size."""
    reader = tools.Reader(offered(*names))
    parts = [text[i : i + size] for i in range(0, len(text), size)]
    said = "".join(map(reader.add, parts))
    rest, calls = reader.end()
    return said + rest, [(call.name, json.loads(call.arguments)) for call in calls]


ONE = '<tool_call>\n{"name": "find", "arguments": {"a": [1, "}"]}}\n</tool_call>'
FIND = ("find", {"a": [1, "}"]})


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_calls_are_found_in_what_a_model_writes(size: int) -> None:
    assert read(ONE, size, "find") == ("", [FIND])
    assert read(f"Let me see. {ONE}", size, "find") == ("Let me see. ", [FIND])
    assert read(f"{ONE}\n{ONE}", size, "find") == ("", [FIND, FIND])
    bare = '{"name": "find", "parameters": {"a": [1, "}"]}}'
    assert read(f" {bare} ", size, "find") == ("", [FIND])


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "text",
    [
        "Nothing to call. a < b",
        '<tool_call>{"name": "unknown", "arguments": {}}</tool_call>',
        '<tool_call>{"name": "find", "argu',
        '{"answer": 42}',
        "{not json",
        "<tool_call",
        "  ",
        "",
    ],
)
def test_what_is_no_call_is_said_as_it_is(text: str, size: int) -> None:
    assert read(text, size, "find") == (text, [])


def test_without_tools_a_call_is_text() -> None:
    assert read(ONE, 1000) == (ONE, [])


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_stop_is_found_wherever_it_is_cut(size: int) -> None:
    raw = "one é two STOP three".encode()
    writer = Writer(["STOP", "STOPS"])
    said = ""
    for i in range(0, len(raw), size):
        said += writer.add(raw[i : i + size])
        assert "S" not in said
        if writer.stopped:
            break
    assert said + writer.end() == "one é two "


def test_what_only_looks_like_a_stop_is_said_in_the_end() -> None:
    writer = Writer(["STOP"])
    assert writer.add(b"a ST") == "a "
    assert writer.add(b"ST") == "ST"
    assert writer.add(b"O") == ""
    assert writer.end() == "STO"


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    writer = Writer([])
    assert writer.add(b"a\xff\xc3") == "a\ufffd"
    assert writer.end() == "\ufffd"
