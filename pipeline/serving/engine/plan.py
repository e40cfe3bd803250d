"""A request → what is to be written: defaults filled in, the language of the answer.

Nothing here needs the model, so that a request that is wrong is refused at once.
"""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from pipeline.serving.engine import messages, tools
from pipeline.serving.engine.grammar import gbnf
from pipeline.serving.engine.grammar.schema import grammar_of, grammar_of_objects
from pipeline.serving.engine.refusal import Refused
from pipeline.serving.engine.requests import Chat, Completion, Request
from pipeline.serving.engine.sampling import SEEDS, Sampling

# OpenAI's default of /v1/completions; a chat may fill the context.
COMPLETION_TOKENS = 16


class Plan(msgspec.Struct, frozen=True):
    """Answers to write: `n` to each prompt.

    `prompts`: texts or tokens; none for a chat, which has `conversation`. `most`:
    tokens at most, None for as many as there is room for. `top`: how many of the
    likeliest tokens to name with each, None to name none.
    """

    sampling: Sampling
    stops: tuple[str, ...]
    n: int
    most: int | None
    top: int | None
    prompts: tuple[str | list[int], ...] = ()
    conversation: tuple[dict[str, Any], ...] = ()
    offer: tools.Offer = tools.Offer()
    echo: bool = False


def of_chat(asked: Chat) -> Plan:
    """What a chat asks; raises `Refused`."""
    if asked.top_logprobs is not None and not asked.logprobs:
        what = "top_logprobs needs logprobs to be true."
        raise Refused(what, param="top_logprobs")
    if asked.max_tokens == 0:
        raise Refused("max_tokens must be at least 1.", param="max_tokens")
    offered = tools.offer(asked)
    grammar = _grammar(asked)
    if offered.must:
        if grammar:
            what = "A call is required, so the answer cannot have another form."
            raise Refused(what, param="tool_choice")
        grammar = tools.grammar(offered)
    return Plan(
        sampling=_sampling(asked, grammar),
        stops=asked.stops,
        n=asked.n or 1,
        most=asked.max_completion_tokens or asked.max_tokens,
        top=(asked.top_logprobs or 0) if asked.logprobs else None,
        conversation=tuple(messages.checked(asked.messages)),
        offer=offered,
    )


def of_completion(asked: Completion) -> Plan:
    """What a completion asks; raises `Refused`."""
    return Plan(
        sampling=_sampling(asked, _grammar(asked)),
        stops=asked.stops,
        n=asked.n or 1,
        most=COMPLETION_TOKENS if asked.max_tokens is None else asked.max_tokens,
        top=asked.logprobs,
        prompts=tuple(asked.prompts),
        echo=bool(asked.echo),
    )


def _sampling(asked: Request, grammar: str) -> Sampling:
    """The sampling asked for; what was not said is OpenAI's default."""
    names = (
        "temperature", "top_p", "top_k", "min_p", "presence_penalty",
        "frequency_penalty", "repeat_penalty",
    )  # fmt: skip
    said = {n: v for n in names if (v := getattr(asked, n)) is not None}
    seed = secrets.randbelow(SEEDS) if asked.seed is None else asked.seed
    return Sampling(**said, bias=_bias(asked), seed=seed, grammar=grammar)


def _bias(asked: Request) -> tuple[tuple[int, float], ...]:
    bias = asked.logit_bias or {}
    if wrong := [key for key in bias if not key.isascii() or not key.isdigit()]:
        what = f"logit_bias needs the numbers of tokens, not {wrong[0]!r}."
        raise Refused(what, param="logit_bias")
    return tuple((int(key), value) for key, value in bias.items())


def _grammar(asked: Request) -> str:
    """The language that the answer must be in, "" for any; raises `Refused`."""
    form = asked.response_format or {}
    kind = form.get("type", "text")
    if asked.grammar:
        if kind != "text":
            what = "Give a grammar or a response_format, not both."
            raise Refused(what, param="grammar")
        return gbnf.check(asked.grammar)
    if kind == "text":
        return ""
    param = "response_format"
    if kind == "json_object":
        # With a schema in it: llama-cpp-python's way of saying what json_schema says.
        schema = form.get("schema")
        return grammar_of_objects() if schema is None else grammar_of(schema, param)
    if kind != "json_schema":
        what = f"response_format.type is {kind!r}: text, json_object or json_schema."
        raise Refused(what, param="response_format.type")
    named = form.get("json_schema")
    if not isinstance(named, dict) or "schema" not in named:
        what = "response_format.json_schema needs a 'schema'."
        raise Refused(what, param="response_format.json_schema")
    return grammar_of(named["schema"], param)
