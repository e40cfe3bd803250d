"""Clients that leave cost nobody: their work stops, and others get their turn."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.engine_worker import (
    Worker,
    needs_engine,
    needs_model,
    smollm2,
    start,
    wait_until_ready,
    worker,
)

pytestmark = needs_engine
LONG: dict[str, Any] = {"prompt": "Hi", "n": 100, "max_tokens": 900, "temperature": 0}


@pytest.fixture(scope="module")
def tiny(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    weights = shared / "models/tiny/tiny.gguf"
    folder = tmp_path_factory.mktemp("engine")
    with worker(folder, weights, context=1024) as started:
        yield started


def asked(worker: Worker, **body: Any) -> socket.socket:
    """A connection on which a completion has been asked for."""
    raw = json.dumps(body).encode()
    head = f"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(raw)}"
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(worker.socket)
    connection.sendall(head.encode() + b"\r\n\r\n" + raw)
    return connection


def metric(worker: Worker, name: str) -> float:
    lines = worker.client.get("/metrics").text.splitlines()
    return next(float(x.split()[1]) for x in lines if x.startswith(f"engine_{name} "))


def wait_for(worker: Worker, name: str, value: float) -> None:
    """Until one of the worker's metrics is at least so much."""
    deadline = time.monotonic() + 30
    while metric(worker, name) < value:
        assert time.monotonic() < deadline, f"{name} never was {value}"


@pytest.mark.parametrize("stream", [False, True])
def test_writing_stops_when_the_client_leaves(tiny: Worker, stream: bool) -> None:
    stopped = metric(tiny, "stopped_total")
    written = metric(tiny, "generated_tokens_total")
    connection = asked(tiny, **LONG, stream=stream)
    if stream:
        assert connection.recv(10)
    wait_for(tiny, "requests_running", 1)
    connection.close()
    wait_for(tiny, "stopped_total", stopped + 1)
    assert metric(tiny, "generated_tokens_total") - written < 100 * 900
    assert tiny.completion(prompt="Hi", max_tokens=2)["choices"]


def test_who_leaves_the_line_is_passed_over(tiny: Worker) -> None:
    first = asked(tiny, **LONG)
    wait_for(tiny, "requests_running", 1)
    done = metric(tiny, "requests_total")
    second, third = asked(tiny, **LONG), asked(tiny, prompt="Hi", max_tokens=1)
    wait_for(tiny, "requests_waiting", 2)
    second.close()
    first.close()
    assert third.recv(12) == b"HTTP/1.1 200"
    third.close()
    # The first was begun and stopped, the third answered, the second never begun.
    assert metric(tiny, "requests_total") == done + 2


def test_64_requests_at_once_are_all_answered_in_order(tiny: Worker) -> None:
    """Each asks for its own number; they are sent in order, on one connection each."""
    answers: list[int] = []

    def ask(number: int) -> str:
        grammar = f'root ::= "{number}"'
        body = tiny.completion(prompt="Hi", grammar=grammar, max_tokens=9)
        answers.append(number)
        return str(body["choices"][0]["text"])

    blocker = asked(tiny, **LONG)
    wait_for(tiny, "requests_running", 1)
    with ThreadPoolExecutor(64) as pool:
        futures = []
        for number in range(64):
            futures.append(pool.submit(ask, number))
            wait_for(tiny, "requests_waiting", number + 1)
        blocker.close()
        assert [future.result() for future in futures] == [str(n) for n in range(64)]
    assert len(answers) == 64


def test_a_stream_is_not_cut_by_another_request(tiny: Worker) -> None:
    body = {"prompt": "Hi", "max_tokens": 300, "temperature": 0, "stream": True}
    with tiny.client.stream("POST", "/v1/completions", json=body) as stream:
        lines = stream.iter_lines()
        next(lines)
        other = asked(tiny, prompt="Hi", max_tokens=1)
        rest = [line for line in lines if line]
    assert rest[-1] == "data: [DONE]"
    assert json.loads(rest[-2].removeprefix("data: "))["choices"][0]["finish_reason"]
    assert other.recv(12) == b"HTTP/1.1 200"
    other.close()


@needs_model
@pytest.mark.slow
@pytest.mark.model
def test_reading_a_prompt_stops_when_the_client_leaves(tmp_path: Path) -> None:
    with worker(tmp_path, smollm2(), context=8192) as started:
        words = "Numbers and words, words and numbers. " * 900
        connection = asked(started, prompt=words, max_tokens=1)
        wait_for(started, "requests_running", 1)
        connection.close()
        wait_for(started, "stopped_total", 1)
        assert metric(started, "prompt_tokens_total") == 0
        answer = started.completion(prompt="One, two,", max_tokens=3, temperature=0)
        assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] == 0


@pytest.mark.slow
def test_a_request_that_cannot_be_stopped_ends_the_worker(
    shared: Path, tmp_path: Path
) -> None:
    """llama.cpp takes hours over this grammar, within one call."""
    started = start(tmp_path, shared / "models/tiny/tiny.gguf")
    try:
        wait_until_ready(started)
        # The prompt is known, so that there is no reading which could be stopped.
        started.completion(prompt="x", max_tokens=1)
        endless = asked(started, prompt="x", grammar="root ::= " + '"a"? ' * 20_000)
        wait_for(started, "requests_running", 1)
        endless.close()
        assert started.process.wait(60) == 1
    finally:
        started.client.close()
        started.process.kill()
        started.process.wait()
    assert "could not be stopped" in started.log.read_text().splitlines()[-1]
