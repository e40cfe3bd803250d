"""One question to an OpenAI-compatible chat server, answered in time or not at all.

A grammar or schema is asked for in the ways that servers take it, best first, and what
worked is kept for the next question (`Speech.form`): our own service takes `grammar`,
LM Studio answers 400 to `json_object`, others ignore both.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from pipeline.errors import Missing

Form = Literal["grammar", "json_schema", "json_object", "none"]

CONNECT_SECONDS = 2.0
LONGEST_REPLY = 1 << 20
SEED = 20250101
ABOUT_FORM = (
    "response_format",
    "json_schema",
    "json_object",
    "grammar",
    "schema",
    "literal_error",
)


class Endpoint(msgspec.Struct, frozen=True):
    """A server of one model: its base address (`http://127.0.0.1:1234/v1`)."""

    url: str
    model: str
    key: str = ""
    forms: tuple[Form, ...] = ("json_schema", "json_object", "none")


class Question(msgspec.Struct, frozen=True):
    """What is asked, and the language that the answer must keep to."""

    messages: tuple[dict[str, str], ...]
    grammar: str
    schema: dict[str, Any]
    max_tokens: int


class Speech:
    """An endpoint and the form of constraint that it was found to take."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.form: Form = endpoint.forms[0]

    def ask(self, question: Question, seconds: float) -> str:
        """The reply's text; raises `NoAnswer`."""
        deadline = time.monotonic() + seconds
        forms = self.endpoint.forms
        for form in forms[forms.index(self.form) :]:
            try:
                reply = _post(
                    self.endpoint, _body(self.endpoint, question, form), deadline
                )
            except NoAnswer as error:
                if not error.form_refused or form == forms[-1]:
                    raise
                continue
            self.form = form
            return reply
        raise AssertionError("the last form returns or raises")


class NoAnswer(Missing):
    """The server gave no answer that can be read; `form_refused`: try another form."""

    def __init__(
        self, what: str, *, remedy: str = "", form_refused: bool = False
    ) -> None:
        super().__init__(what, remedy=remedy)
        self.form_refused = form_refused


def _body(endpoint: Endpoint, question: Question, form: Form) -> dict[str, Any]:
    named = {"name": "summary", "schema": question.schema, "strict": True}
    forms: Mapping[Form, dict[str, Any]] = {
        "grammar": {"grammar": question.grammar},
        "json_schema": {
            "response_format": {"type": "json_schema", "json_schema": named}
        },
        "json_object": {
            "response_format": {"type": "json_object", "schema": question.schema}
        },
        "none": {},
    }
    return {
        "model": endpoint.model,
        "messages": list(question.messages),
        "max_tokens": question.max_tokens,
        "temperature": 0,
        "seed": SEED,
        "stream": False,
        **forms[form],
    }


def _post(endpoint: Endpoint, body: Mapping[str, Any], deadline: float) -> str:
    status, content = exchange(
        endpoint, "POST", "/chat/completions", json.dumps(body).encode(), deadline
    )
    if status != 200:
        said = content[:500].decode(errors="replace")
        refused = any(word in said for word in ABOUT_FORM)
        raise NoAnswer(f"the model server answered {status}", form_refused=refused)
    return _text_of(content)


def _text_of(content: bytes) -> str:
    try:
        text = json.loads(content)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError):
        text = None
    if not isinstance(text, str):
        raise NoAnswer("the model server's answer is no chat completion")
    return text


def exchange(
    endpoint: Endpoint, method: str, path: str, body: bytes, deadline: float
) -> tuple[int, bytes]:
    """Status and content of one request; raises `NoAnswer` once the deadline is over.

    A socket's timeout starts anew with every byte, so a server that drips would never
    meet it. A timer shuts the socket down instead.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise NoAnswer("there was no time left to ask the model")
    connection, base = _connection(endpoint, min(CONNECT_SECONDS, seconds))
    headers = {"Content-Type": "application/json"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    timer: threading.Timer | None = None
    try:
        connection.connect()
        # Kept here: the connection forgets its socket once a reply has begun.
        timer = threading.Timer(seconds, _cut, [connection.sock])
        connection.sock.settimeout(seconds)
        timer.start()
        connection.request(method, f"{base}{path}", body, headers)
        response = connection.getresponse()
        return response.status, response.read(LONGEST_REPLY)
    except (OSError, HTTPException, ValueError) as error:
        late = time.monotonic() >= deadline
        what = f"did not answer within {seconds:.0f} s" if late else "cannot be reached"
        detail = "" if late else f" ({type(error).__name__})"
        raise NoAnswer(f"the model server {what}{detail}") from None
    finally:
        if timer is not None:
            timer.cancel()
        connection.close()


def _connection(endpoint: Endpoint, seconds: float) -> tuple[HTTPConnection, str]:
    """A connection still to be opened, and the path before every request's."""
    try:
        address = urlsplit(endpoint.url)
        kind = {"http": HTTPConnection, "https": HTTPSConnection}[address.scheme]
        host, port = address.hostname or "", address.port
    except (ValueError, KeyError):
        host = ""
    if not host:
        raise NoAnswer(
            f"'{endpoint.url}' is no http address",
            remedy="An endpoint looks like http://127.0.0.1:1234/v1.",
        )
    return kind(host, port, timeout=seconds), address.path.rstrip("/")


def _cut(open_socket: socket.socket) -> None:
    with suppress(OSError):
        open_socket.shutdown(socket.SHUT_RDWR)


def first_model(endpoint: Endpoint, seconds: float) -> str:
    """The id of the first model that the server lists; raises `NoAnswer`."""
    status, content = exchange(
        endpoint, "GET", "/models", b"", time.monotonic() + seconds
    )
    if status != 200:
        raise NoAnswer(f"the model server answered {status}")
    try:
        names: Sequence[Any] = [m["id"] for m in json.loads(content)["data"]]
    except (ValueError, LookupError, TypeError):
        names = []
    if not names or not isinstance(names[0], str):
        raise NoAnswer("the model server lists no model")
    return names[0]
