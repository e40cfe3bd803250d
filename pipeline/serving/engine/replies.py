"""What the engine told → OpenAI's JSON, whole or as a stream of server-sent events."""

from __future__ import annotations

import base64
import secrets
import time
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from pipeline.serving.engine.events import (
    Delta,
    Done,
    Ended,
    Event,
    Failed,
    Mark,
    Usage,
    Vectors,
)

Json = dict[str, Any]
LAST = b"data: [DONE]\n\n"


class Reply(msgspec.Struct, frozen=True):
    """The frame of an answer, whole or in chunks."""

    kind: Literal["chat", "completion"]
    model: str
    marked: bool
    with_usage: bool = False
    id: str = msgspec.field(default_factory=lambda: secrets.token_hex(12))
    created: int = msgspec.field(default_factory=lambda: int(time.time()))

    def whole(self, events: Sequence[Event]) -> Json:
        """One body of all that was told."""
        reasons = {e.index: e.reason for e in events if isinstance(e, Ended)}
        choices = []
        for index, reason in sorted(reasons.items()):
            parts = [e for e in events if isinstance(e, Delta) and e.index == index]
            choices.append(self._choice(index, _joined(index, parts), reason))
        usage = next(e.usage for e in events if isinstance(e, Done))
        return {**self._frame(""), "choices": choices, "usage": _usage(usage)}

    def chunks(self, event: Event) -> Iterator[bytes]:
        """The lines of a stream that tell an event."""
        if isinstance(event, Delta):
            yield self._chunk(self._part(event))
        elif isinstance(event, Ended):
            yield self._chunk(self._end(event))
        elif isinstance(event, Failed):
            yield _line(event.refusal.body())
        elif isinstance(event, Done):
            if self.with_usage:
                told = {"choices": [], "usage": _usage(event.usage)}
                yield _line({**self._frame(".chunk"), **told})
            yield LAST

    def opening(self, index: int) -> bytes:
        """The line before the first of a chat's answer: who speaks."""
        delta = {"role": "assistant", "content": ""}
        return self._chunk(self._in_choice(index, {"delta": delta}))

    def _frame(self, chunk: str) -> Json:
        chat = self.kind == "chat"
        return {
            "id": f"{'chatcmpl' if chat else 'cmpl'}-{self.id}",
            "object": f"chat.completion{chunk}" if chat else "text_completion",
            "created": self.created,
            "model": self.model,
        }

    def _chunk(self, choice: Json) -> bytes:
        usage = {"usage": None} if self.with_usage else {}
        return _line({**self._frame(".chunk"), "choices": [choice], **usage})

    def _in_choice(self, index: int, said: Json, reason: str | None = None) -> Json:
        return {"index": index, **said, "logprobs": None, "finish_reason": reason}

    def _part(self, part: Delta) -> Json:
        """A choice of a chunk that holds a part of an answer."""
        if self.kind == "completion":
            choice = self._in_choice(part.index, {"text": part.text})
        else:
            calls = [{"index": i, **_call(c)} for i, c in enumerate(part.calls)]
            said: Json = {"content": part.text} if part.text or part.marks else {}
            said |= {"tool_calls": calls} if calls else {}
            choice = self._in_choice(part.index, {"delta": said})
        return {**choice, "logprobs": self._logprobs(part.marks) or None}

    def _end(self, ended: Ended) -> Json:
        said: Json = {"text": ""} if self.kind == "completion" else {"delta": {}}
        return self._in_choice(ended.index, said, ended.reason)

    def _choice(self, index: int, part: Delta, reason: str) -> Json:
        """A choice of a whole answer."""
        marks = self._logprobs(part.marks) if self.marked else None
        if self.kind == "completion":
            said: Json = {"text": part.text}
        else:
            said = {"role": "assistant", "content": part.text or None, "refusal": None}
            if part.calls:
                said["tool_calls"] = [_call(call) for call in part.calls]
            else:
                said["content"] = part.text
            said = {"message": said}
        return {**self._in_choice(index, said, reason), "logprobs": marks}

    def _logprobs(self, marks: Sequence[Mark]) -> Json:
        if self.kind == "completion":
            return _completion_logprobs(marks) if self.marked else {}
        return {"content": [_chat_mark(m) for m in marks]} if marks else {}


def embeddings(told: Vectors, model: str, form: str) -> Json:
    """The body of an answer to /v1/embeddings; `form` is float or base64."""
    data = [
        {"object": "embedding", "index": i, "embedding": _vector(raw, form)}
        for i, raw in enumerate(told.vectors)
    ]
    tokens = told.usage.prompt
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": model, "usage": usage}


def _vector(raw: bytes, form: str) -> str | list[float]:
    if form == "base64":
        return base64.b64encode(raw).decode()
    return array("f", raw).tolist()


def _joined(index: int, parts: Sequence[Delta]) -> Delta:
    return Delta(
        index,
        "".join(part.text for part in parts),
        tuple(mark for part in parts for mark in part.marks),
        tuple(call for part in parts for call in part.calls),
    )


def _usage(usage: Usage) -> Json:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.written,
        "total_tokens": usage.prompt + usage.written,
        "prompt_tokens_details": {"cached_tokens": usage.known},
    }


def _call(call: Any) -> Json:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _chat_mark(mark: Mark) -> Json:
    top = [_chat_token(token, logprob) for token, logprob in mark.top]
    return {**_chat_token(mark.token, mark.logprob), "top_logprobs": top}


def _chat_token(token: bytes, logprob: float) -> Json:
    return {"token": _name(token), "logprob": logprob, "bytes": list(token)}


def _completion_logprobs(marks: Sequence[Mark]) -> Json:
    return {
        "tokens": [_name(mark.token) for mark in marks],
        "token_logprobs": [mark.logprob for mark in marks],
        "top_logprobs": [
            {_name(t): p for t, p in ((mark.token, mark.logprob), *mark.top)}
            for mark in marks
        ],
        "text_offset": [mark.offset for mark in marks],
    }


def _name(token: bytes) -> str:
    """A token as text; one that is a part of a character, by its bytes."""
    try:
        return token.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in token)


def _line(body: Json) -> bytes:
    return b"data: " + msgspec.json.encode(body) + b"\n\n"
