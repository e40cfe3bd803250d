"""OpenAI's messages, checked and made into what chat templates expect."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pipeline.serving.engine.refusal import Refused

ROLES = ("system", "developer", "user", "assistant", "tool")
Message = dict[str, Any]


def checked(messages: Sequence[Message]) -> list[Message]:
    """The messages with one text each; raises `Refused` naming the one at fault."""
    return [_message(m, f"messages[{i}]") for i, m in enumerate(messages)]


def without_tools(messages: Sequence[Message], instruction: str) -> list[Message]:
    """The same for a template that does not know of tools: all said as text."""
    told = [_as_text(message) for message in messages]
    if not instruction:
        return told
    if told[0]["role"] == "system":
        head = {**told[0], "content": f"{told[0]['content']}\n\n{instruction}"}
        return [head, *told[1:]]
    return [{"role": "system", "content": instruction}, *told]


def _message(message: Message, where: str) -> Message:
    role = message.get("role")
    if role not in ROLES:
        what = f"{where}.role is {role!r}: it must be one of {', '.join(ROLES)}."
        raise Refused(what, param=f"{where}.role")
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise Refused(f"{where}.tool_calls must be a list.", param=where)
    content = _text(message.get("content"), where)
    if content is None and role != "assistant":
        raise Refused(f"{where}.content is missing.", param=f"{where}.content")
    made = {**message, "content": content or ""}
    # Templates are older than the name "developer".
    made["role"] = "system" if role == "developer" else role
    made.pop("tool_calls", None)
    if calls:
        place = f"{where}.tool_calls"
        made["tool_calls"] = [_call(c, f"{place}[{i}]") for i, c in enumerate(calls)]
    return made


def _text(content: Any, where: str) -> str | None:
    """A message's text, its parts joined."""
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list):
        what = f"{where}.content must be text or a list of parts."
        raise Refused(what, param=f"{where}.content")
    parts = []
    for i, part in enumerate(content):
        text = part.get("text") if isinstance(part, dict) else None
        if not isinstance(text, str) or part.get("type") != "text":
            what = f"{where}.content[{i}] is no text: this model takes nothing else."
            raise Refused(what, param=f"{where}.content[{i}]")
        parts.append(text)
    return "\n".join(parts)


def _call(call: Any, where: str) -> Message:
    """A call that was made before; arguments as an object, as templates print them."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Refused(f"{where} names no function.", param=where)
    arguments = function.get("arguments") or {}
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
            # As the prompt will have it; half of a UTF-16 pair has no bytes.
            json.dumps(arguments, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            what = f"{where}.function.arguments is no valid JSON."
            raise Refused(what, param=where) from None
    made = {"name": function["name"], "arguments": arguments}
    return {"id": call.get("id", ""), "type": "function", "function": made}


def _as_text(message: Message) -> Message:
    """Calls and their results as the text that `tools.instruction` speaks of."""
    if message["role"] == "tool":
        content = f"<tool_response>\n{message['content']}\n</tool_response>"
        return {"role": "user", "content": content}
    calls = [
        f"<tool_call>\n{json.dumps(call['function'])}\n</tool_call>"
        for call in message.get("tool_calls", ())
    ]
    return {
        "role": message["role"],
        "content": "\n".join(filter(None, (message["content"], *calls))),
    }
