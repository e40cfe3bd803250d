"""One worker with a tiny model: what OpenAI's clients may ask, and what they get."""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.engine_worker import Worker, needs_engine, worker

pytestmark = needs_engine

CONTEXT = 1024
ALL_DIGITS = 'root ::= "<" [0-9]{12} ">"'
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": f"{name} a city",
            "parameters": {
                "type": "object",
                "properties": {"city": {"enum": ["Bern", "Oslo"]}},
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    }
    for name in ("find", "leave")
]


@pytest.fixture(scope="module")
def tiny(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    weights = shared / "models/tiny/tiny.gguf"
    folder = tmp_path_factory.mktemp("engine")
    with worker(folder, weights, context=CONTEXT) as started:
        yield started


@pytest.fixture(scope="module")
def embedder(
    shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    weights = shared / "models/tiny/tiny.gguf"
    folder = tmp_path_factory.mktemp("embedder")
    with worker(folder, weights, mode="embedding", context=64) as started:
        yield started


def refusal(answer: Any) -> dict[str, Any]:
    """The error of an answer that must be one, in OpenAI's shape."""
    assert answer.status_code == 400, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    return error


def events(worker: Worker, path: str, **body: Any) -> list[dict[str, Any]]:
    """The chunks of a stream, which must end as it should."""
    answer = worker.post(path, **body, stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in answer.text.split("\n\n") if line]
    assert lines.pop() == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def text(choice: dict[str, Any]) -> str:
    found: str = choice["message"]["content"]
    return found


def test_a_chat_is_answered_in_openai_s_shape(tiny: Worker) -> None:
    body = tiny.chat(model="any", max_tokens=5, temperature=0)
    assert body["object"] == "chat.completion"
    assert body["model"] == "any"
    assert body["id"].startswith("chatcmpl-")
    (choice,) = body["choices"]
    assert choice["index"] == 0
    assert choice["finish_reason"] == "length"
    assert choice["logprobs"] is None
    assert choice["message"]["role"] == "assistant"
    usage = body["usage"]
    assert usage["completion_tokens"] == 5
    # Each character is a token, as is the space that this vocabulary begins with.
    assert usage["prompt_tokens"] == len(" <|user|>Hi\n<|assistant|>")
    assert usage["total_tokens"] == usage["prompt_tokens"] + 5


def test_a_completion_has_16_tokens_unless_told_otherwise(tiny: Worker) -> None:
    body = tiny.completion(prompt="Hello", temperature=0)
    assert body["object"] == "text_completion"
    assert body["usage"]["completion_tokens"] == 16
    assert body["choices"][0]["finish_reason"] == "length"
    assert tiny.completion(prompt="Hello", max_tokens=0)["choices"][0]["text"] == ""


def test_a_chat_may_fill_the_context(tiny: Worker) -> None:
    body = tiny.chat(temperature=0)
    assert body["usage"]["total_tokens"] == CONTEXT
    assert body["choices"][0]["finish_reason"] == "length"


def test_max_completion_tokens_is_the_newer_name(tiny: Worker) -> None:
    assert tiny.chat(max_completion_tokens=3)["usage"]["completion_tokens"] == 3


def test_a_stream_says_what_the_whole_answer_says(tiny: Worker) -> None:
    asked: dict[str, Any] = {"temperature": 0, "max_tokens": 40}
    messages = [{"role": "user", "content": "Hé ☃"}]
    whole = tiny.chat(messages=messages, **asked)
    chunks = events(tiny, "chat/completions", messages=messages, **asked)
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert deltas[-1] == {}
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"
    assert "".join(d.get("content", "") for d in deltas) == text(whole["choices"][0])
    assert "usage" not in chunks[0]


def test_a_stream_counts_tokens_when_asked(tiny: Worker) -> None:
    options = {"include_usage": True}
    for path, body in (
        ("completions", {"prompt": "Hello"}),
        ("chat/completions", {"messages": [{"role": "user", "content": "Hello"}]}),
    ):
        asked = {**body, "max_tokens": 4, "stream_options": options}
        *chunks, last = events(tiny, path, **asked)
        assert [chunk["usage"] for chunk in chunks] == [None] * len(chunks)
        assert last["choices"] == []
        assert last["usage"]["completion_tokens"] == 4


def test_characters_are_whole_in_every_chunk(tiny: Worker) -> None:
    """The grammars have tokens of one byte make characters of two to four."""
    for characters in ("é☃", "\U0001f600"):
        asked = {"grammar": f"root ::= [{characters}]{{20}}", "max_tokens": 200}
        chunks = events(tiny, "completions", prompt="x", **asked)
        parts = [chunk["choices"][0]["text"] for chunk in chunks]
        assert len("".join(parts)) == 20
        assert set("".join(parts)) == set(characters)


def test_the_same_seed_gives_the_same_text(tiny: Worker) -> None:
    def drawn(seed: int) -> str:
        choice = tiny.completion(prompt="Hello", seed=seed, max_tokens=30)["choices"][0]
        return str(choice["text"])

    first = drawn(7)
    assert drawn(8) != first
    assert drawn(7) == first
    assert drawn(-1) == drawn(-1)
    assert drawn(2**40) == drawn(2**40)


def test_without_a_seed_texts_differ(tiny: Worker) -> None:
    drawn = {
        tiny.completion(prompt="Hello", max_tokens=30)["choices"][0]["text"]
        for _ in range(3)
    }
    assert len(drawn) == 3


def test_n_gives_as_many_answers(tiny: Worker) -> None:
    body = tiny.chat(n=3, seed=1, max_tokens=20)
    assert [choice["index"] for choice in body["choices"]] == [0, 1, 2]
    assert len({text(choice) for choice in body["choices"]}) == 3
    assert body["usage"]["completion_tokens"] == 60
    one = tiny.chat(n=1, seed=1, max_tokens=20)
    assert text(one["choices"][0]) == text(body["choices"][0])
    assert body["usage"]["prompt_tokens"] == one["usage"]["prompt_tokens"]
    chunks = events(
        tiny, "chat/completions", messages=[{"role": "user", "content": "Hi"}],
        n=3, seed=1, max_tokens=20,
    )  # fmt: skip
    for choice in body["choices"]:
        said = [
            c["choices"][0]["delta"].get("content", "")
            for c in chunks
            if c["choices"][0]["index"] == choice["index"]
        ]
        assert "".join(said) == text(choice)


def test_prompts_may_be_texts_or_tokens_one_or_many(tiny: Worker) -> None:
    asked: dict[str, Any] = {"temperature": 0, "max_tokens": 8}
    one = tiny.completion(prompt="Hello", **asked)["choices"][0]["text"]
    two = tiny.completion(prompt=["Hello", "World"], n=2, **asked)
    assert [choice["index"] for choice in two["choices"]] == [0, 1, 2, 3]
    assert [choice["text"] for choice in two["choices"]][:2] == [one, one]
    # <s> and one token a byte, as the vocabulary has it: ▁ stands first.
    hello = [1, 259, *(259 + ord(c) - 32 for c in "Hello")]
    assert tiny.completion(prompt=hello, **asked)["choices"][0]["text"] == one
    lists = tiny.completion(prompt=[hello, hello], **asked)
    assert [choice["text"] for choice in lists["choices"]] == [one, one]


def test_a_stop_ends_the_text_before_it(tiny: Worker) -> None:
    asked = {"prompt": "Hello", "temperature": 0, "max_tokens": 60}
    whole = tiny.completion(**asked)["choices"][0]["text"]
    # Tokens are characters or bytes, so this stop runs over four of them.
    stop = whole[20:24]
    body = tiny.completion(**asked, stop=stop)
    assert body["choices"][0]["text"] == whole[: whole.index(stop)]
    assert body["choices"][0]["finish_reason"] == "stop"
    many = tiny.completion(**asked, stop=["never written", stop, ""])
    assert many["choices"][0]["text"] == whole[: whole.index(stop)]
    chunks = events(tiny, "completions", **asked, stop=[stop])
    streamed = "".join(chunk["choices"][0]["text"] for chunk in chunks)
    assert streamed == whole[: whole.index(stop)]
    assert tiny.completion(**asked, stop="\0never")["choices"][0]["text"] == whole


def test_bias_bans_and_forces_tokens(tiny: Worker) -> None:
    x = 259 + ord("x") - 32
    forced = tiny.completion(prompt="Hello", logit_bias={str(x): 100}, max_tokens=4)
    assert forced["choices"][0]["text"] == "xxxx"
    asked = {"prompt": "Hello", "temperature": 0, "max_tokens": 1, "logprobs": 0}
    likeliest = tiny.completion(**asked)
    token = likeliest["choices"][0]["logprobs"]["tokens"][0]
    every = tiny.completion(**asked, logit_bias={str(259 + ord(token) - 32): -100})
    assert every["choices"][0]["text"] != likeliest["choices"][0]["text"]


def test_penalties_keep_a_token_from_coming_again(tiny: Worker) -> None:
    x, y = (str(259 + ord(c) - 32) for c in "xy")
    asked = {"prompt": "a", "logit_bias": {x: 52, y: 50}, "max_tokens": 6}

    def written(**more: float) -> str:
        body = tiny.completion(**asked, temperature=0, **more)
        return str(body["choices"][0]["text"])

    assert written() == "xxxxxx"
    assert written(presence_penalty=2) in ("xyxxxx", "xxxxxx", "xyyyyy")
    assert set(written(frequency_penalty=2)) == {"x", "y"}
    assert set(written(repeat_penalty=1.5)) >= {"x", "y"}


@pytest.mark.parametrize(
    "narrow", [{"top_k": 1}, {"top_p": 0.0}, {"min_p": 1.0}, {"temperature": 0}]
)
def test_one_candidate_is_the_likeliest(tiny: Worker, narrow: dict[str, float]) -> None:
    asked = {"prompt": "Hello", "max_tokens": 20}
    drawn = tiny.completion(**asked, seed=5, **narrow)["choices"][0]["text"]
    assert drawn == tiny.completion(**asked, temperature=0)["choices"][0]["text"]


def test_logprobs_of_a_chat(tiny: Worker) -> None:
    body = tiny.chat(max_tokens=6, temperature=0, logprobs=True, top_logprobs=3)
    (choice,) = body["choices"]
    marks = choice["logprobs"]["content"]
    assert len(marks) == 6
    for mark in marks:
        top = mark["top_logprobs"]
        assert [t["logprob"] for t in top] == sorted(
            (t["logprob"] for t in top), reverse=True
        )
        assert top[0]["bytes"] == mark["bytes"]
        assert top[0]["logprob"] == mark["logprob"] < 0
    said = b"".join(bytes(mark["bytes"]) for mark in marks)
    assert said.decode("utf-8", "replace") == text(choice)
    chunks = events(
        tiny, "chat/completions", messages=[{"role": "user", "content": "Hi"}],
        max_tokens=6, temperature=0, logprobs=True, top_logprobs=3,
    )  # fmt: skip
    streamed = [
        mark
        for chunk in chunks
        for mark in (chunk["choices"][0]["logprobs"] or {"content": []})["content"]
    ]
    assert streamed == marks


def test_logprobs_of_a_completion(tiny: Worker) -> None:
    body = tiny.completion(prompt="Hello", max_tokens=5, temperature=0, logprobs=20)
    found = body["choices"][0]["logprobs"]
    assert set(found) == {"tokens", "token_logprobs", "top_logprobs", "text_offset"}
    assert len(found["tokens"]) == 5


def test_marks_of_a_stop_are_left_out_with_its_text(tiny: Worker) -> None:
    asked = {"prompt": "Hello", "temperature": 0, "max_tokens": 40, "logprobs": 0}
    whole = tiny.completion(**asked)["choices"][0]
    stop = whole["text"][10:13]
    cut = tiny.completion(**asked, stop=stop)["choices"][0]
    offsets = cut["logprobs"]["text_offset"]
    assert offsets == whole["logprobs"]["text_offset"][: len(offsets)]
    assert max(offsets) < len(cut["text"])


def test_echo_gives_the_prompt_first(tiny: Worker) -> None:
    plain = tiny.completion(prompt="Hello", temperature=0)["choices"][0]["text"]
    echoed = tiny.completion(prompt="Hello", temperature=0, echo=True)
    assert echoed["choices"][0]["text"].strip() == f"Hello{plain}".strip()


def test_an_answer_keeps_to_a_grammar(tiny: Worker) -> None:
    for temperature in (0, 1):
        body = tiny.completion(
            prompt="x", grammar=ALL_DIGITS, temperature=temperature, max_tokens=99
        )
        (choice,) = body["choices"]
        assert choice["finish_reason"] == "stop"
        assert len(choice["text"]) == 14
        assert choice["text"][1:-1].isdigit()
    assert (
        tiny.completion(prompt="x", grammar='root ::= "yes"')["choices"][0]["text"]
        == "yes"
    )


def test_a_json_schema_is_kept_to(tiny: Worker) -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 10},
            "age": {"type": "integer", "minimum": 18, "maximum": 99},
            "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 3},
        },
        "required": ["name", "age", "tags"],
        "additionalProperties": False,
    }
    forms = (
        {"type": "json_schema", "json_schema": {"name": "p", "schema": schema}},
        {"type": "json_object", "schema": schema},
    )
    for seed, form in enumerate(forms):
        body = tiny.chat(response_format=form, seed=seed)
        assert body["choices"][0]["finish_reason"] == "stop"
        jsonschema.validate(json.loads(text(body["choices"][0])), schema)


def test_a_json_object_begins_as_one(tiny: Worker) -> None:
    form = {"type": "json_object"}
    body = tiny.chat(response_format=form, seed=3, max_tokens=300)
    assert text(body["choices"][0]).startswith("{")
    if body["choices"][0]["finish_reason"] == "stop":
        assert isinstance(json.loads(text(body["choices"][0])), dict)
    assert tiny.chat(response_format={"type": "text"}, max_tokens=2)


def calls(choice: dict[str, Any]) -> list[tuple[str, Any]]:
    return [
        (call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in choice["message"]["tool_calls"]
    ]


def test_a_required_call_fits_its_function(tiny: Worker) -> None:
    for seed in range(3):
        body = tiny.chat(tools=TOOLS, tool_choice="required", seed=seed)
        (choice,) = body["choices"]
        assert choice["finish_reason"] == "tool_calls"
        assert choice["message"]["content"] is None
        ((name, arguments),) = calls(choice)
        assert name in ("find", "leave")
        assert arguments in ({"city": "Bern"}, {"city": "Oslo"})
        assert choice["message"]["tool_calls"][0]["id"].startswith("call_")


def test_a_named_function_is_called(tiny: Worker) -> None:
    named = {"type": "function", "function": {"name": "leave"}}
    for seed in range(3):
        body = tiny.chat(tools=TOOLS, tool_choice=named, seed=seed)
        ((name, _),) = calls(body["choices"][0])
        assert name == "leave"


def test_calls_are_streamed(tiny: Worker) -> None:
    asked: dict[str, Any] = {"tools": TOOLS, "tool_choice": "required", "seed": 4}
    whole = tiny.chat(**asked)["choices"][0]
    messages = [{"role": "user", "content": "Hi"}]
    chunks = events(tiny, "chat/completions", messages=messages, **asked)
    choices = [chunk["choices"][0] for chunk in chunks]
    parts = [c for choice in choices for c in choice["delta"].get("tool_calls", [])]
    assert parts[0]["index"] == 0
    assert parts[0]["type"] == "function"
    assert parts[0]["function"]["name"] == calls(whole)[0][0]
    arguments = "".join(part["function"]["arguments"] for part in parts)
    assert json.loads(arguments) == calls(whole)[0][1]
    assert choices[-1]["finish_reason"] == "tool_calls"
    assert not any(choice["delta"].get("content") for choice in choices)


def test_a_call_that_was_cut_short_says_so(tiny: Worker) -> None:
    body = tiny.chat(tools=TOOLS[:1], tool_choice="required", max_tokens=45)
    (choice,) = body["choices"]
    assert choice["finish_reason"] == "length"
    (call,) = choice["message"]["tool_calls"]
    assert call["function"]["name"] == "find"


def test_a_call_that_a_stop_cut_short_is_not_given_as_made(tiny: Worker) -> None:
    asked: dict[str, Any] = {"tools": TOOLS[:1], "tool_choice": "required"}
    (choice,) = tiny.chat(**asked, stop='"city"')["choices"]
    assert choice["finish_reason"] == "length"
    assert choice["message"]["tool_calls"][0]["function"]["arguments"].strip() == "{"
    (choice,) = tiny.chat(**asked, stop="find")["choices"]
    assert choice["finish_reason"] == "stop"
    assert text(choice) == '{"name": "'
    assert "tool_calls" not in choice["message"]
    (choice,) = tiny.chat(**asked, stop="never written")["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert calls(choice)


def test_without_a_choice_of_tools_there_is_only_text(tiny: Worker) -> None:
    plain = tiny.chat(temperature=0, max_tokens=9)
    told = tiny.chat(tools=TOOLS, tool_choice="none", temperature=0, max_tokens=9)
    assert text(told["choices"][0]) == text(plain["choices"][0])
    offered = tiny.chat(tools=TOOLS[:1], temperature=0, max_tokens=9)
    assert "tool_calls" not in offered["choices"][0]["message"]
    assert offered["usage"]["prompt_tokens"] > plain["usage"]["prompt_tokens"]


def test_a_conversation_with_calls_is_read(tiny: Worker) -> None:
    function = {"name": "find", "arguments": '{"city": "Bern"}'}
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Where"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "1", "content": "Found."},
    ]
    assert tiny.chat(messages=messages, tools=TOOLS[:1], max_tokens=2)


def test_fields_that_are_not_known_are_let_be(tiny: Worker) -> None:
    body = tiny.chat(max_tokens=1, user="me", store=True, metadata={"a": 1}, foo=[1])
    assert body["choices"]


def test_null_means_the_default(tiny: Worker) -> None:
    names = ("temperature", "top_p", "n", "stop", "seed", "logit_bias", "stream")
    assert tiny.chat(max_tokens=1, **dict.fromkeys(names))["choices"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"temperature": 3}, "temperature"),
    ({"temperature": "hot"}, "temperature"),
    ({"temperature": True}, "temperature"),
    ({"top_p": 1.5}, "top_p"),
    ({"n": 0}, "n"),
    ({"n": "two"}, "n"),
    ({"seed": 1.5}, "seed"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_tokens": -1}, "max_tokens"),
    ({"max_completion_tokens": 0}, "max_completion_tokens"),
    ({"stop": 5}, "stop"),
    ({"stop": [5]}, "stop[0]"),
    ({"stream": "yes"}, "stream"),
    ({"logit_bias": {"5": 101}}, "logit_bias[...]"),
    ({"logit_bias": {"x": 1}}, "logit_bias"),
    ({"logit_bias": {"99999": 1}}, "logit_bias"),
    ({"logprobs": 3}, "logprobs"),
    ({"top_logprobs": 3}, "top_logprobs"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    ({"messages": []}, "messages"),
    ({"messages": "Hi"}, "messages"),
    ({"messages": [{"role": "king", "content": "Hi"}]}, "messages[0].role"),
    ({"messages": [{"role": "user"}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        "messages[0].content[0]",
    ),
    ({"response_format": "json"}, "response_format"),
    ({"response_format": {"type": "xml"}}, "response_format.type"),
    (
        {"response_format": {"type": "json_schema", "json_schema": {}}},
        "response_format.json_schema",
    ),
    (
        {"response_format": {"type": "json_object", "schema": {"type": "odd"}}},
        "response_format",
    ),
    ({"grammar": "root ::= oops"}, "grammar"),
    ({"grammar": 5}, "grammar"),
    ({"grammar": ALL_DIGITS, "response_format": {"type": "json_object"}}, "grammar"),
    ({"tools": [{"type": "retrieval"}]}, "tools[0]"),
    ({"tools": [5]}, "tools[0]"),
    ({"tool_choice": "required"}, "tool_choice"),
    ({"tool_choice": "perhaps"}, "tool_choice"),
    (
        {"tools": TOOLS, "tool_choice": {"function": {"name": "nothing"}}},
        "tool_choice",
    ),
    ({"tools": TOOLS, "tool_choice": "required", "grammar": ALL_DIGITS}, "tool_choice"),
]


@pytest.mark.parametrize(("body", "param"), WRONG, ids=lambda x: str(x)[:40])
def test_a_wrong_field_is_named(tiny: Worker, body: dict[str, Any], param: str) -> None:
    messages = [{"role": "user", "content": "Hi"}]
    error = refusal(tiny.post("chat/completions", **{"messages": messages, **body}))
    assert error["param"] == param
    assert error["message"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "prompt"),
        ({"prompt": ""}, None),
        ({"prompt": []}, "prompt"),
        ({"prompt": [1, "x"]}, "prompt"),
        ({"prompt": [99999]}, "prompt"),
        ({"prompt": [-1]}, "prompt"),
        ({"prompt": "x", "suffix": "y"}, "suffix"),
        ({"prompt": "x", "best_of": 3}, "best_of"),
        ({"prompt": "x", "echo": True, "logprobs": 1}, "echo"),
        ({"prompt": "x", "logprobs": 21}, "logprobs"),
        ({"prompt": "x", "grammar": "root ::= <nothing>"}, "grammar"),
    ],
)
def test_a_wrong_completion_is_refused(
    tiny: Worker, body: dict[str, Any], param: str | None
) -> None:
    if param is None:
        # An empty text still has the token that begins every text.
        assert tiny.completion(**body)["usage"]["prompt_tokens"] == 1
    else:
        assert refusal(tiny.post("completions", **body))["param"] == param


@pytest.mark.parametrize(
    "raw", [b"", b"{", b'{"messages": [', b"\xff", b"[]", b"5", b"[" * 100_000]
)
def test_a_body_that_is_no_json_object_is_refused(tiny: Worker, raw: bytes) -> None:
    refusal(tiny.client.post("/v1/chat/completions", content=raw))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"\xff", "UTF-8"),
        (b"\xed\xa0\x80", "UTF-8"),
        (b"\\ud800", "half of a character"),
        (b"\\udc00 and more", "half of a character"),
        (b"\\ud800\\u0041", "half of a character"),
        (b"\\x", "no valid JSON"),
    ],
)
def test_a_text_that_is_no_text_is_refused_with_the_reason(
    tiny: Worker, said: bytes, words: str
) -> None:
    raw = b'{"messages": [{"role": "user", "content": "' + said + b'"}]}'
    answer = tiny.client.post("/v1/chat/completions", content=raw)
    assert words in refusal(answer)["message"]


def test_half_a_character_in_arguments_is_refused(tiny: Worker) -> None:
    function = {"name": "find", "arguments": '{"city": "\\ud800"}'}
    messages = [{"role": "assistant", "tool_calls": [{"function": function}]}]
    error = refusal(tiny.post("chat/completions", messages=messages))
    assert error["param"] == "messages[0].tool_calls[0]"


def test_a_body_of_more_than_10_mib_is_refused(tiny: Worker) -> None:
    huge = [{"role": "user", "content": "x" * (20 << 20)}]
    error = refusal(tiny.post("chat/completions", messages=huge))
    assert error["code"] == "request_too_large"


def test_a_prompt_that_is_too_long_is_refused_and_never_cut(tiny: Worker) -> None:
    # One token begins the text, one is its first space; one must be left to answer.
    fits = tiny.completion(prompt="a" * (CONTEXT - 3), max_tokens=5)
    assert fits["usage"]["prompt_tokens"] == CONTEXT - 1
    assert fits["usage"]["completion_tokens"] == 1
    for prompt in ("a" * (CONTEXT - 2), "a" * 1_000_000, [5] * CONTEXT):
        for stream in (False, True):
            error = refusal(tiny.post("completions", prompt=prompt, stream=stream))
            assert error["code"] == "context_length_exceeded"
            assert str(CONTEXT) in error["message"]


def test_unknown_paths_and_methods_are_answered_in_the_same_shape(
    tiny: Worker,
) -> None:
    lost = tiny.client.get("/v1/nothing")
    assert lost.status_code == 404
    assert lost.json()["error"]["message"]
    assert tiny.client.get("/v1/completions").status_code == 405
    assert "mode 'completion'" in refusal(tiny.post("embeddings", input="x"))["message"]


def test_what_was_done_is_counted(tiny: Worker) -> None:
    def counted() -> dict[str, float]:
        lines = tiny.client.get("/metrics").text.splitlines()
        return {k: float(v) for k, v in (x.split() for x in lines if x[0] != "#")}

    before = counted()
    usage = tiny.completion(prompt="a new prompt", max_tokens=7)["usage"]
    after = counted()
    assert after["engine_requests_total"] == before["engine_requests_total"] + 1
    assert after["engine_generated_tokens_total"] == (
        before["engine_generated_tokens_total"] + 7
    )
    assert after["engine_prompt_tokens_total"] == before[
        "engine_prompt_tokens_total"
    ] + (usage["prompt_tokens"] - usage["prompt_tokens_details"]["cached_tokens"])
    assert after["engine_busy_seconds_total"] > before["engine_busy_seconds_total"]
    assert after["engine_requests_waiting"] == 0


def test_embeddings_have_length_one_and_come_in_order(embedder: Worker) -> None:
    texts = ["one", "two", "one"]
    body = embedder.post("embeddings", input=texts, model="m").json()
    assert body["object"] == "list"
    assert [item["index"] for item in body["data"]] == [0, 1, 2]
    first, second, third = (item["embedding"] for item in body["data"])
    assert len(first) == 64
    for vector in (first, second):
        assert math.isclose(math.hypot(*vector), 1, rel_tol=1e-6)
    assert first == third != second
    # <s>, a space, three letters.
    assert body["usage"] == {"prompt_tokens": 15, "total_tokens": 15}


def test_embeddings_come_as_floats_or_base64(embedder: Worker) -> None:
    floats = embedder.post("embeddings", input="one").json()["data"][0]["embedding"]
    asked = {"input": "one", "encoding_format": "base64"}
    packed = embedder.post("embeddings", **asked).json()["data"][0]["embedding"]
    assert struct.unpack("<64f", base64.b64decode(packed)) == tuple(floats)


def test_tokens_can_be_embedded(embedder: Worker) -> None:
    text_ = embedder.post("embeddings", input="one").json()["data"][0]["embedding"]
    tokens = [1, 259, *(259 + ord(c) - 32 for c in "one")]
    for given in (tokens, [tokens]):
        body = embedder.post("embeddings", input=given).json()
        assert body["data"][0]["embedding"] == text_


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input"),
        ({"input": [1.5]}, "input"),
        ({"input": [99999]}, "input"),
        ({}, "input"),
        ({"input": "x", "encoding_format": "hex"}, "encoding_format"),
        ({"input": "x", "dimensions": 8}, "dimensions"),
    ],
)
def test_a_wrong_embedding_is_refused(
    embedder: Worker, body: dict[str, Any], param: str
) -> None:
    assert refusal(embedder.post("embeddings", **body))["param"] == param


def test_an_input_that_is_too_long_is_refused_and_never_cut(embedder: Worker) -> None:
    assert embedder.post("embeddings", input="a" * 62).status_code == 200
    error = refusal(embedder.post("embeddings", input=["a", "a" * 63]))
    assert error["code"] == "context_length_exceeded"
    chat = embedder.post("chat/completions", messages=[{"role": "user", "content": ""}])
    assert "mode 'embedding'" in refusal(chat)["message"]
