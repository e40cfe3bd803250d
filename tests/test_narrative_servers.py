"""Servers answer in their own ways; each gets a draft out of the same request.

And whatever is wrong with one, or with what its model says, the report is complete and
in time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.narrative import draft as drafting
from pipeline.narrative.draft import ModelChoice
from pipeline.narrative.stage import draft
from tests.fake_server import Answer, Body, Reply, fake_server, obedient
from tests.narrative_sample import SURVEY
from tests.small import quiet
from tests.test_narrative_draft import BOX, SECTIONS, build, report  # noqa: F401
from tests.test_narrative_facts import write_estimates

pytestmark = pytest.mark.slow

Say = Callable[[Body], str]


def kind(body: Body) -> str:
    """The form of answer that is asked for."""
    return str(body.get("response_format", {}).get("type", ""))


def content(body: Body) -> str:
    """What an obedient model says."""
    if "response_format" not in body:
        return first_of_each(body)
    return str(json.loads(obedient(body)[1])["choices"][0]["message"]["content"])


def first_of_each(body: Body) -> str:
    """The first sentence that a prompt offers for each point."""
    lines = body["messages"][-1]["content"].splitlines()
    firsts = [b for a, b in pairwise(lines) if a.startswith("Point")]
    return "\n".join(line.removeprefix("- ") for line in firsts)


def extended(text: str, **more: object) -> Reply:
    """A completion with the fields that a server adds."""
    message = {"role": "assistant", "content": text, **more}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return 200, json.dumps({"object": "x", "choices": [choice], "usage": usage})


def ollama(body: Body, say: Say) -> Reply:
    """Takes json_schema; knows json_object, but not its schema."""
    if kind(body) == "json_schema":
        return extended(say(body), reasoning="Let me think. 99%?")
    return extended('{"text": "AI is everywhere."}')


def lm_studio(body: Body, say: Say) -> Reply:
    """Refuses json_object with 400."""
    if kind(body) == "json_object":
        what = "'response_format.type' must be 'json_schema' or 'text'"
        return 400, json.dumps({"error": what})
    return extended(say(body), reasoning_content="", tool_calls=[])


def vllm(body: Body, say: Say) -> Reply:
    """Takes json_schema; thinks aloud before it answers."""
    thought = "<think>\nFirst, the point about 2019.\n</think>\n\n"
    return extended(thought + say(body), reasoning_content=None)


def model_runner(body: Body, say: Say) -> Reply:
    """Passes json_schema on to its engine, whose answer comes in a fence."""
    return extended(f"```json\n{say(body)}\n```")


def llama_cpp_python(body: Body, say: Say) -> Reply:
    """Answers 500 to json_schema, and takes the schema with json_object."""
    if kind(body) == "json_schema":
        error = [{"type": "literal_error", "loc": ["body", "response_format", "type"]}]
        return 500, json.dumps({"error": {"message": str(error), "code": None}})
    return extended(say(body))


def plain(body: Body, say: Say) -> Reply:
    """Knows no forms."""
    if "response_format" in body:
        return 400, "unknown field: response_format"
    return extended(say(body))


SERVERS: dict[str, Callable[[Body, Say], Reply]] = {
    "Ollama": ollama,
    "LM Studio": lm_studio,
    "vLLM": vllm,
    "Docker Model Runner": model_runner,
    "llama-cpp-python": llama_cpp_python,
    "no forms": plain,
}


@pytest.mark.parametrize("name", SERVERS)
def test_every_section_is_drafted(name: str, build: Path) -> None:  # noqa: F811
    with fake_server(lambda body: SERVERS[name](body, content)) as server:
        choice = ModelChoice(server.url, "fake-1")
        text = draft(SURVEY, [report()], build, choice, quiet).report("mini")
    for section in text.sections:
        assert (section.origin, section.reason) == ("model", "")
        assert all(s.origin == "model" for s in section.summary)
        assert all(s.author == "fake-1" for s in section.summary)


def lie(body: Body) -> str:
    """Another number in whatever is true."""
    texts = [line[2:] for line in body["messages"][-1]["content"].splitlines()]
    known = next(text for text in texts if "22%" in text)
    return content(body).replace("22%", "32%") + known.replace("22%", "32%")


# What a model says wrong, through each server's own way of saying it.
SAID: dict[str, Say] = {
    "wrong enum": lambda _: '{"s1": "AI is the future.", "s2": "It is."}',
    "empty": lambda _: "",
    "prose around JSON": lambda body: f"Sure! Here it is:\n{content(body)}\nMore?",
    "truncated": lambda body: content(body)[: len(content(body)) // 2],
    "lies": lie,
}


def hang(_: Body) -> Reply:
    """Takes longer than anyone waits."""
    time.sleep(3 * BOX)
    return extended("too late")


def refuses(body: Body) -> Reply:
    """Takes no schema, and then writes as it likes."""
    if "response_format" in body:
        return 400, "response_format is not supported"
    return extended("Many people use AI tools.")


# What is wrong with a server; one that hangs or drips does so in its own answers.
BROKEN: dict[str, Callable[[Answer], Answer]] = {
    "500": lambda _: lambda _: (500, "boom"),
    "hang": lambda _: hang,
    "drip": lambda answer: answer,
    "garbage": lambda answer: lambda body: (200, "\x00\xff<html>" + answer(body)[1]),
    "refuses schema": lambda _: refuses,
}


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("fault", [*SAID, *BROKEN])
def test_a_fault_of_any_server_leaves_the_whole_report_in_time(
    name: str,
    fault: str,
    build: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drafting, "ALL_SECONDS", SECTIONS * BOX)

    def answer(body: Body) -> Reply:
        return SERVERS[name](body, SAID.get(fault, content))

    broken = BROKEN.get(fault, lambda a: a)(answer)
    drip = 0.02 if fault == "drip" else 0.0
    started = time.monotonic()
    with fake_server(broken, drip=drip) as server:
        choice = ModelChoice(server.url, "fake-1")
        got = draft(SURVEY, [report()], build, choice, quiet).report("mini")
    assert time.monotonic() - started < 2 * SECTIONS * BOX, "bounded, whatever it does"
    write_estimates(build / "none", [], copy_of=build)
    record = draft(SURVEY, [report()], build / "none", None, quiet).report("mini")
    for section, wanted in zip(got.sections, record.sections, strict=True):
        assert section.origin == "template"
        assert section.reason
        assert section.summary == wanted.summary
