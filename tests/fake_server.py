"""Chat servers that behave as told: well, badly, slowly or with lies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Body = dict[str, Any]
Reply = tuple[int, str]
Answer = Callable[[Body], Reply]


def completion(text: str) -> Reply:
    """A well-formed answer."""
    return 200, json.dumps({"choices": [{"message": {"content": text}}]})


def enums(body: Body) -> list[list[str]]:
    """The sentences that the request's schema allows, for each claim."""
    form = body.get("response_format", {})
    made = form.get("json_schema", form).get("schema", {})
    return [offer["enum"] for offer in made.get("properties", {}).values()]


def obedient(body: Body) -> Reply:
    """Takes the last of the sentences offered for each claim."""
    return completion(
        json.dumps({f"s{i}": e[-1] for i, e in enumerate(enums(body), 1)})
    )


def listed(body: Body) -> list[str]:
    """The sentences that a larger model may list in any order."""
    form = body.get("response_format", {})
    made = form.get("json_schema", form).get("schema", {})
    return list(made["properties"]["sentences"]["items"]["enum"])


class Server:
    """Where it listens, and the requests it got."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[Body] = []


@contextmanager
def fake_server(
    answer: Answer, *, drip: float = 0.0, model: Body | None = None
) -> Iterator[Server]:
    """A server while the block runs; `drip` seconds pass before each byte.

    `model` is what its list of models says of the only one.
    """

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            self._send(200, json.dumps({"data": [model or {"id": "fake-1"}]}))

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = json.loads(self.rfile.read(length))
            server.requests.append(body)
            self._send(*answer(body))

        def _send(self, status: int, text: str) -> None:
            content = text.encode()
            with suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                for i in range(len(content)) if drip else ():
                    time.sleep(drip)
                    self.wfile.write(content[i : i + 1])
                if not drip:
                    self.wfile.write(content)

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    httpd.block_on_close = False
    server = Server(f"http://127.0.0.1:{httpd.server_address[1]}/v1")
    thread = Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
