"""Asking a model on the terminal, and printing its answer as it comes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pipeline.errors import Missing, SurveyError

if TYPE_CHECKING:
    import httpx

BYE = ("/bye", "/exit")


def chat(client: httpx.Client, model: str) -> None:
    """Ask and answer until /bye or the end of the input.

    What cannot be answered, as when the talk no longer fits the model, ends the talk
    and not the command.
    """
    import readline  # noqa: F401  (arrow keys in input())

    talk: list[dict[str, str]] = []
    while True:
        try:
            asked = input("> ").strip()
        except EOFError:
            print()
            return
        if asked in BYE:
            return
        if asked:
            talk.append({"role": "user", "content": asked})
            try:
                said = answer(client, model, talk)
            except Missing:
                raise
            except SurveyError as error:
                print(f"{error}\nThe talk begins anew.", file=sys.stderr)
                talk.clear()
                continue
            talk.append({"role": "assistant", "content": said})


def answer(client: httpx.Client, model: str, talk: list[dict[str, str]]) -> str:
    """Print the answer as it comes, and give it back."""
    import httpx

    body = {"model": model, "messages": talk, "stream": True}
    parts: list[str] = []
    try:
        with client.stream("POST", "/engines/v1/chat/completions", json=body) as reply:
            if reply.is_error:
                raise SurveyError(_problem(reply.read()))
            for text in _texts(_lines(reply.iter_text())):
                print(text, end="", flush=True)
                parts.append(text)
    except httpx.TransportError as error:
        raise Missing(f"the service broke off: {error}") from None
    print()
    return "".join(parts)


def _lines(parts: Iterable[str]) -> Iterator[str]:
    """Lines, which only a line feed ends: an answer may have other breaks in it."""
    rest = ""
    for part in parts:
        *whole, rest = (rest + part).split("\n")
        yield from whole
    yield rest


def _texts(lines: Iterator[str]) -> Iterator[str]:
    """The words in a stream of events; raises `SurveyError` for an error in it."""
    for line in lines:
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:") or data == "[DONE]":
            continue
        event = json.loads(data)
        if "error" in event:
            raise SurveyError(event["error"]["message"])
        for choice in event["choices"]:
            yield choice["delta"].get("content") or ""


def _problem(content: bytes) -> str:
    try:
        return str(json.loads(content)["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return content[:500].decode(errors="replace")
