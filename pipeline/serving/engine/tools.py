"""Functions that a client offers, and the model's calls of them.

A call is written `{"name": …, "arguments": {…}}`, by most models between `<tool_call>`
and `</tool_call>` (Hermes, Qwen), by Llama 3 bare and with "parameters". A call that is
required is written under a grammar, so that its arguments fit the function's schema.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from pipeline.serving.engine.grammar.schema import Rules
from pipeline.serving.engine.refusal import Refused
from pipeline.serving.engine.requests import Chat

OPEN, CLOSE = "<tool_call>", "</tool_call>"


class Function(msgspec.Struct, frozen=True):
    """A function that is offered."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Call(msgspec.Struct, frozen=True):
    """A function called; `arguments` is JSON, `whole` or as far as it got."""

    name: str
    arguments: str
    whole: bool = True
    id: str = msgspec.field(default_factory=lambda: f"call_{secrets.token_hex(12)}")


class Offer(msgspec.Struct, frozen=True):
    """What may be called (nothing: no tools), and whether it must be."""

    functions: tuple[Function, ...] = ()
    tools: tuple[dict[str, Any], ...] = ()
    must: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """What can be called."""
        return tuple(function.name for function in self.functions)


def offer(asked: Chat) -> Offer:
    """What a request offers; raises `Refused`."""
    functions = tuple(_function(t, i) for i, t in enumerate(asked.tools or ()))
    tools = tuple(asked.tools or ())
    choice = asked.tool_choice
    if choice in ("none", "auto", None):
        return Offer() if choice == "none" else Offer(functions, tools)
    if choice != "required":
        functions = _named(choice, functions)
    if not functions:
        what = "tool_choice asks for a call, but no tools are given."
        raise Refused(what, param="tool_choice")
    return Offer(functions, tools, must=True)


def instruction(offered: Offer) -> str:
    """What a model is told whose template does not know of tools."""
    listed = "\n".join(json.dumps(tool) for tool in offered.tools)
    return (
        f"You can call these functions:\n<tools>\n{listed}\n</tools>\n"
        f'To call one, answer with {OPEN}{{"name": "…", "arguments": {{…}}}}{CLOSE} '
        "and nothing else."
    )


def grammar(offered: Offer) -> str:
    """The language of one call of one of these functions."""
    rules, calls = Rules(), []
    for i, function in enumerate(offered.functions):
        where = f"tools[{i}].function.parameters"
        schema = {"type": "object", **(function.parameters or {})}
        head = json.dumps(_head(function.name))
        calls.append(f'{head} {rules.value(schema, where)} "}}"')
    return rules.text(" | ".join(calls))


class Reader:
    """Finds calls in a text as it grows; `text` is what is no call."""

    def __init__(self, offered: Offer) -> None:
        self._offered = offered
        self._held = ""

    def add(self, text: str) -> str:
        """What of the text so far can be said, as it is part of no call."""
        if not self._offered.functions:
            return text
        self._held += text
        if self._offered.must or self._held.lstrip().startswith("{"):
            return ""
        at = self._held.find(OPEN)
        if at < 0:
            at = len(self._held) - _begun(self._held, OPEN)
            if not self._held.strip():
                return ""
        said, self._held = self._held[:at], self._held[at:]
        return said

    def end(self) -> tuple[str, list[Call]]:
        """What is left to be said, and the calls."""
        held, self._held = self._held, ""
        if self._offered.must:
            call = self._required(held)
            return ("", [call]) if call else (held, [])
        found = [_call(part, self._offered.names) for part in _written(held)]
        calls = [call for call in found if call is not None]
        return ("", calls) if calls and len(calls) == len(found) else (held, [])

    def _required(self, text: str) -> Call | None:
        """The call in a text of `grammar`; None if it was cut short in its name."""
        heads = ((name, _head(name)) for name in self._offered.names)
        fits = [(name, head) for name, head in heads if text.startswith(head)]
        if not fits:
            return None
        name, head = max(fits, key=lambda fit: len(fit[1]))
        whole = _call(text, (name,)) is not None
        return Call(name, text[len(head) : -1 if whole else None], whole)


def _head(name: str) -> str:
    """How a required call begins."""
    return f'{{"name": {json.dumps(name)}, "arguments": '


def _function(tool: Any, i: int) -> Function:
    try:
        kind: Literal["function"] = msgspec.convert(
            tool.get("type", "function"), Literal["function"]
        )
        return msgspec.convert(tool.get(kind), Function)
    except msgspec.ValidationError as error:
        raise Refused(
            f"tools[{i}] is no function: {error}", param=f"tools[{i}]"
        ) from None


def _named(choice: Any, functions: Sequence[Function]) -> tuple[Function, ...]:
    """The one function that must be called."""
    function = choice.get("function") if isinstance(choice, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    found = tuple(f for f in functions if f.name == name)
    if not found:
        what = f"tool_choice names a function that is not among the tools: {name!r}."
        raise Refused(what, param="tool_choice")
    return found


def _written(text: str) -> list[str]:
    """The parts of a text that are to be calls."""
    if OPEN not in text:
        return [text]
    return [part.split(CLOSE)[0] for part in text.split(OPEN)[1:]]


def _call(text: str, names: Sequence[str]) -> Call | None:
    """The call that a text is, None if it is none."""
    try:
        made = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(made, dict) or made.get("name") not in names:
        return None
    arguments = made.get("arguments", made.get("parameters", {}))
    return Call(made["name"], json.dumps(arguments, ensure_ascii=False))


def _begun(text: str, tag: str) -> int:
    """How many characters at the end of a text could begin the tag."""
    lengths = range(min(len(tag) - 1, len(text)), 0, -1)
    return next((n for n in lengths if tag.startswith(text[-n:])), 0)
