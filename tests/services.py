"""The service as its users start it: `stateof serve`, on a free port."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from pipeline.serving import store as stores
from pipeline.serving.artifact.package import package
from pipeline.serving.store import open_store

ROOT = Path(__file__).parent.parent
START_SECONDS = 30.0
TINY = "ai/tiny"
CREATED = "2025-01-01T00:00:00Z"


class Running:
    """A service that runs: its address, process, folder, and a client of it."""

    def __init__(self, process: subprocess.Popen[str], url: str, folder: Path) -> None:
        self.process, self.url, self.folder = process, url, folder
        self.client = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def workers(self) -> list[psutil.Process]:
        """The processes of its engines, but for those that have just ended."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        return [one for one in found if one.status() != psutil.STATUS_ZOMBIE]

    def ask(
        self, text: str = "hello", model: str = TINY, **more: Any
    ) -> httpx.Response:
        """Have a chat model answer."""
        talk = [{"role": "user", "content": text}]
        body = {"model": model, "messages": talk, "max_tokens": 8} | more
        return self.client.post("/engines/v1/chat/completions", json=body)


@contextmanager
def service(
    folder: Path, *arguments: str, models: Path, env: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """A service of the models in a store while the block runs."""
    known = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "stderr").open("w") as said:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pipeline", "serve", "--port", "0"),
                *("--folder", str(folder), *arguments),
            ],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            env=known | {"MODELS_PATH": str(models)} | dict(env or {}),
        )
    try:
        assert process.stdout is not None
        ready = select.select([process.stdout], [], [], START_SECONDS)[0]
        url = process.stdout.readline().strip() if ready else ""
        if not url:
            pytest.fail(f"no service: {(folder / 'stderr').read_text()[-1000:]}")
        running = Running(process, url, folder)
        with running.client:
            yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def tiny_store(root: Path, shared: Path) -> Path:
    """A store with the tiny model, and where it is."""
    store = open_store(root)
    made = package(shared / "models/tiny/tiny.gguf", created=CREATED)
    stores.add_package(store, made, [f"docker.io/{TINY}:latest"])
    return root


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.02)
