"""How large a served model is: told by its server, else by its name, else unknown."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipeline.serving.chat import Endpoint
from pipeline.serving.size import labelled, parameters


@contextmanager
def told(answers: dict[str, object]) -> Iterator[str]:
    """A server with an answer for some paths."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            content = json.dumps(answers.get(self.path)).encode()
            self.send_response(200 if self.path in answers else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}/v1"
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


ANSWERS: dict[str, dict[str, object]] = {
    "llama.cpp": {
        "/v1/models": {"data": [{"id": "big", "meta": {"n_params": 7_615_616_512}}]}
    },
    "Docker Model Runner": {
        "/v1/models": {"data": [{"id": "big", "owned_by": "docker"}]},
        "/models": [{"tags": ["big"], "config": {"parameters": "7.62 B"}}],
    },
    "Ollama": {
        "/v1/models": {"data": [{"id": "big", "owned_by": "library"}]},
        "/api/tags": {
            "models": [{"name": "big", "details": {"parameter_size": "7.6B"}}]
        },
    },
}


@pytest.mark.parametrize("server", ANSWERS)
def test_servers_tell_it_each_in_its_place(server: str) -> None:
    with told(ANSWERS[server]) as url:
        assert parameters(Endpoint(url=url, model="big"), 5) // 100_000_000 in (75, 76)
        assert parameters(Endpoint(url=url, model="another"), 5) == 0


def test_a_name_tells_it_where_a_server_does_not() -> None:
    with told({"/v1/models": {"data": [{"id": "qwen2.5-7b-instruct"}]}}) as url:
        assert parameters(Endpoint(url=url, model="qwen2.5-7b-instruct"), 5) == 7e9


def test_a_server_that_does_not_answer_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        assert parameters(Endpoint(url=url, model="any-7b"), 0.05) == 7e9


def test_no_server_and_nonsense_tell_nothing() -> None:
    assert parameters(Endpoint(url="http://127.0.0.1:9/v1", model="x"), 5) == 0
    odd = {"/v1/models": {"data": [{"id": "x", "meta": {"n_params": "lots"}}, 3]}}
    with told(odd) as url:
        assert parameters(Endpoint(url=url, model="x"), 5) == 0


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("SmolLM2-135M-Instruct", 135_000_000),
        ("llama3.2:3b", 3_000_000_000),
        ("ai/qwen2.5:0.5B-F16", 500_000_000),
        ("Qwen/Qwen3-30B-A3B", 30_000_000_000),
        ("361.82 M", 361_820_000),
        ("phi-4", 0),
        ("gpt-4o", 0),
        ("b7b", 0),
    ],
)
def test_a_size_label_is_a_number_with_its_unit(name: str, count: int) -> None:
    assert labelled(name) == count
