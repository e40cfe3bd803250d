"""What clients ask, checked field by field; fields that are not known are let be.

The declared types are the check: msgspec says which field is wrong and how, and the
refusal names it. `null` means the default, as OpenAI's clients send it.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from pipeline.serving.engine.refusal import Refused

MOST_CHOICES = 128
MOST_STOPS = 64
MOST_INPUTS = 2048
LARGEST = 1 << 31
HALF = "A text in the body has half of a character: \\ud800 to \\udfff come in pairs."

Object = dict[str, Any]
Penalty = Annotated[float, Meta(ge=-2, le=2)]
Bias = dict[str, Annotated[float, Meta(ge=-100, le=100)]]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1, le=LARGEST)]
Tokens = list[Annotated[int, Meta(ge=0, le=LARGEST)]]
Stops = str | Annotated[list[str], Meta(max_length=MOST_STOPS)]


class StreamOptions(msgspec.Struct, frozen=True):
    """What a stream holds besides text."""

    include_usage: bool | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What chats and completions have in common."""

    model: str = ""
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Meta(ge=0, le=LARGEST)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Share | None = None
    top_k: Annotated[int, Meta(ge=-1, le=LARGEST)] | None = None
    min_p: Share | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    repeat_penalty: Annotated[float, Meta(gt=0, le=10)] | None = None
    logit_bias: Bias | None = None
    seed: int | None = None
    stop: Stops | None = None
    n: Annotated[int, Meta(ge=1, le=MOST_CHOICES)] | None = None
    grammar: str | None = None
    response_format: Object | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts that end an answer."""
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(stop for stop in stops if stop)

    @property
    def with_usage(self) -> bool:
        """Whether a stream ends with the count of tokens."""
        return bool(self.stream_options and self.stream_options.include_usage)


class Chat(Request, frozen=True, kw_only=True):
    """POST /v1/chat/completions."""

    messages: Annotated[list[Object], Meta(min_length=1)]
    max_completion_tokens: Count | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    tools: list[Object] | None = None
    tool_choice: Literal["none", "auto", "required"] | Object | None = None


class Completion(Request, frozen=True, kw_only=True):
    """POST /v1/completions."""

    prompt: str | list[Any]
    logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    echo: bool | None = None
    suffix: str | None = None
    best_of: Annotated[int, Meta(ge=1, le=MOST_CHOICES)] | None = None

    @property
    def prompts(self) -> list[str | list[int]]:
        """The prompts: texts, or tokens; raises `Refused`."""
        return _texts(self.prompt, "prompt")


class Embeddings(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/embeddings."""

    input: str | list[Any]
    model: str = ""
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Count | None = None

    @property
    def inputs(self) -> list[str | list[int]]:
        """The texts, or their tokens; raises `Refused`."""
        inputs = _texts(self.input, "input")
        if not all(inputs):
            raise Refused("An input is empty.", param="input")
        return inputs


Asked = TypeVar("Asked", Chat, Completion, Embeddings)


def read(body: bytes, kind: type[Asked]) -> Asked:
    """The request in a body; raises `Refused` naming the field that is wrong."""
    try:
        asked = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from None
    except UnicodeDecodeError as error:
        raise Refused(f"The body is not in UTF-8: {error.reason}.") from None
    except (msgspec.DecodeError, RecursionError) as error:
        if _has_half(body):
            raise Refused(HALF) from None
        raise Refused(f"The body is no valid JSON: {error}") from None
    if isinstance(asked, Completion):
        _check(asked)
    return asked


def _has_half(body: bytes) -> bool:
    """Whether it is half of a UTF-16 pair that a body is refused for."""
    try:
        json.dumps(json.loads(body.decode()), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def _check(asked: Completion) -> None:
    """What is not done is said, as against left out."""
    if asked.best_of is not None and asked.best_of > (asked.n or 1):
        raise Refused("best_of above n is not supported.", param="best_of")
    if asked.suffix:
        raise Refused("suffix is not supported.", param="suffix")
    if asked.echo and asked.logprobs is not None:
        what = "echo with logprobs is not supported: prompts are not scored."
        raise Refused(what, param="echo")


def _refusal(message: str) -> Refused:
    """msgspec's "Expected `int`, got `str` - at `$.n`" for who wrote the request."""
    what, _, path = message.partition(" - at ")
    param = path.strip("`").removeprefix("$").removeprefix(".")
    if missing := re.search(r"missing required field `(\w+)`", what):
        param = ".".join(filter(None, (param, missing[1])))
    head = f"Invalid value for '{param}': " if param else "Invalid body: "
    return Refused(head + what[0].lower() + what[1:] + ".", param=param)


def _texts(value: str | list[Any], param: str) -> list[str | list[int]]:
    """One text, some texts, one text's tokens or some texts' tokens, as a list."""
    if isinstance(value, str):
        return [value]
    if value and all(isinstance(item, int) for item in value):
        value = [value]
    if not value or len(value) > MOST_INPUTS:
        raise Refused(f"'{param}' needs 1 to {MOST_INPUTS} texts.", param=param)
    try:
        return msgspec.convert(value, list[str | Tokens])
    except msgspec.ValidationError as error:
        what = f"Invalid value for '{param}': {error}. Give texts or lists of tokens."
        raise Refused(what, param=param) from None
