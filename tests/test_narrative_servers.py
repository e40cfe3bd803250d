"""Servers answer in their own ways; each gets a draft out of the same request."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.narrative.draft import ModelChoice
from pipeline.narrative.stage import draft
from tests.fake_server import Body, Reply, completion, fake_server, obedient
from tests.narrative_sample import SURVEY
from tests.small import quiet
from tests.test_narrative_draft import build, report  # noqa: F401


def kind(body: Body) -> str:
    """The form of answer that is asked for."""
    return str(body.get("response_format", {}).get("type", ""))


def content(body: Body) -> str:
    """What an obedient model says."""
    return str(json.loads(obedient(body)[1])["choices"][0]["message"]["content"])


def extended(text: str, **more: object) -> Reply:
    """A completion with the fields that a server adds."""
    message = {"role": "assistant", "content": text, **more}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return 200, json.dumps({"object": "x", "choices": [choice], "usage": usage})


def ollama(body: Body) -> Reply:
    """Takes json_schema; knows json_object, but not its schema."""
    if kind(body) == "json_schema":
        return extended(content(body), reasoning="Let me think. 99%?")
    return extended('{"text": "AI is everywhere."}')


def lm_studio(body: Body) -> Reply:
    """Refuses json_object with 400."""
    if kind(body) == "json_object":
        what = "'response_format.type' must be 'json_schema' or 'text'"
        return 400, json.dumps({"error": what})
    return extended(content(body), reasoning_content="", tool_calls=[])


def vllm(body: Body) -> Reply:
    """Takes json_schema; thinks aloud before it answers."""
    thought = "<think>\nFirst, the point about 2019.\n</think>\n\n"
    return extended(thought + content(body), reasoning_content=None)


def model_runner(body: Body) -> Reply:
    """Passes json_schema on to its engine, whose answer comes in a fence."""
    return extended(f"```json\n{content(body)}\n```")


def llama_cpp_python(body: Body) -> Reply:
    """Answers 500 to json_schema, and takes the schema with json_object."""
    if kind(body) == "json_schema":
        error = [{"type": "literal_error", "loc": ["body", "response_format", "type"]}]
        return 500, json.dumps({"error": {"message": str(error), "code": None}})
    return extended(content(body))


def plain(body: Body) -> Reply:
    """Knows no forms, and copies the first sentence offered for each point."""
    if "response_format" in body:
        return 400, "unknown field: response_format"
    lines = body["messages"][-1]["content"].splitlines()
    firsts = [b for a, b in pairwise(lines) if a.startswith("Point")]
    return completion("\n".join(line.removeprefix("- ") for line in firsts))


SERVERS: dict[str, Callable[[Body], Reply]] = {
    "Ollama": ollama,
    "LM Studio": lm_studio,
    "vLLM": vllm,
    "Docker Model Runner": model_runner,
    "llama-cpp-python": llama_cpp_python,
    "no forms": plain,
}


@pytest.mark.parametrize("name", SERVERS)
def test_every_section_is_drafted(name: str, build: Path) -> None:  # noqa: F811
    with fake_server(SERVERS[name]) as server:
        choice = ModelChoice(server.url, "fake-1")
        text = draft(SURVEY, [report()], build, choice, quiet).report("mini")
    for section in text.sections:
        assert (section.origin, section.reason) == ("model", "")
        assert all(s.origin == "model" for s in section.summary)
        assert all(s.author == "fake-1" for s in section.summary)
