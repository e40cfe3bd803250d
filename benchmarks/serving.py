"""What the service costs: `python -m benchmarks.serving`.

The embedded model, SmolLM2-135M-Instruct, in a store of its own. Read the figures as
ratios: each is a median, on whatever else the machine does.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import psutil

from pipeline.serving import store as stores
from pipeline.serving.api import application
from pipeline.serving.api.doors import Doors
from pipeline.serving.api.service import Service
from pipeline.serving.artifact.package import with_context
from pipeline.serving.artifact.reference import parse
from pipeline.serving.embedded import EMBEDDED, imported
from pipeline.serving.runner import Local, Scheduler
from pipeline.serving.runner.budget import Taken
from pipeline.serving.runner.plan import Config, planned
from pipeline.serving.store import Store, open_store
from pipeline.serving.store.blobs import blob_path

STARTS = 5
FIRST_TOKENS = 20
AT_ONCE = 64
SWITCHES = 6
WORD = re.compile(r'"content": ?"[^"]')
PROMPT = "Name three colours of the rainbow, and say where each is seen in nature."


class Place:
    """A folder with the model, and a service of it."""

    def __init__(self, root: Path) -> None:
        self.root, self.models = root, root / "models"
        self.store = open_store(self.models)
        imported(self.store)

    def start(self) -> tuple[subprocess.Popen[str], str, float]:
        """The service's process, its address, and the seconds until it was ready."""
        began = time.perf_counter()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pipeline", "serve", "--port", "0"),
                *("--folder", str(self.root / "run")),
            ],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"MODELS_PATH": str(self.models)},
        )
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        return process, url, time.perf_counter() - began


def main() -> None:
    """Print a line for each figure."""
    with tempfile.TemporaryDirectory(prefix="stateof-") as folder:
        place = Place(Path(folder))
        starts = [ready(place) for _ in range(STARTS)]
        line("service ready", statistics.median(starts), "s")
        process, url, _ = place.start()
        try:
            line("resident when idle", memory(process), "MB")
            with httpx.Client(base_url=url, timeout=600) as client:
                measure(client, place)
            line("resident after all that", memory(process), "MB")
        finally:
            process.terminate()
            process.communicate()
        asyncio.run(switching(place))


def measure(client: httpx.Client, place: Place) -> None:
    """What a warm model answers, through the service and directly."""
    first_token(client)
    (socket,) = (place.root / "run" / "workers").glob("*.sock")
    transport = httpx.HTTPTransport(uds=str(socket))
    with httpx.Client(transport=transport, base_url="http://engine") as direct:
        pairs = [
            (first_token(client), first_token(direct)) for _ in range(FIRST_TOKENS)
        ]
    through, engine = (statistics.median(x) * 1000 for x in zip(*pairs, strict=True))
    line("first token through the service", through, "ms")
    line("first token of the engine", engine, "ms")
    line("the service's part", through - engine, "ms")
    seconds, lost = at_once(client)
    line(f"{AT_ONCE} requests at once, of 8 tokens", seconds, "s")
    line("of them not answered", lost, "")


def ready(place: Place) -> float:
    """Seconds until a service listens."""
    process, _, seconds = place.start()
    process.terminate()
    process.communicate()
    return seconds


def memory(process: subprocess.Popen[str]) -> float:
    """Megabytes that the service's own process has resident."""
    return float(psutil.Process(process.pid).memory_info().rss / 1e6)


def body(**more: Any) -> dict[str, Any]:
    """A request."""
    talk = [{"role": "user", "content": PROMPT}]
    return {"model": EMBEDDED.tag, "messages": talk, "temperature": 0} | more


def first_token(client: httpx.Client) -> float:
    """Seconds until the first word of a streamed answer."""
    began, seconds = time.perf_counter(), 0.0
    asked = body(stream=True, max_tokens=4)
    with client.stream("POST", "/v1/chat/completions", json=asked) as answer:
        for text in answer.iter_lines():
            if WORD.search(text) and not seconds:
                seconds = time.perf_counter() - began
    return seconds


def at_once(client: httpx.Client) -> tuple[float, int]:
    """Seconds for many requests at once, and how many were not answered."""
    good: list[int] = []

    def ask() -> None:
        answer = client.post("/v1/chat/completions", json=body(max_tokens=8))
        good.append(answer.status_code)

    began = time.perf_counter()
    threads = [threading.Thread(target=ask) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, AT_ONCE - good.count(200)


class Small:
    """A machine with room for one of the models."""

    def __init__(self, most: int) -> None:
        self.most = most

    def total(self) -> int:
        """Bytes there are."""
        return self.most

    def free(self, taken: Iterable[Taken]) -> int:
        """Bytes left."""
        return self.most - sum(one.estimate for one in taken)


async def switching(place: Place) -> None:
    """Two models that do not fit together, asked in turns by several clients."""
    other = smaller(place.store)
    model = stores.find(place.store, EMBEDDED.tag).id
    plan = planned(place.store, Local(), model, "completion", Config())
    room = Small(int(plan.estimate.total * 1.2))
    folder = place.root / "small"
    async with Scheduler(place.store, {"llama.cpp": Local()}, folder, memory=room) as s:
        app = application(Service(place.store, s, folder), Doors())
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", timeout=None
        ) as client:
            began = time.perf_counter()
            answers = await asyncio.gather(
                *(
                    client.post(
                        "/v1/chat/completions",
                        json=body(max_tokens=8) | {"model": name},
                    )
                    for name in [EMBEDDED.tag, other] * SWITCHES
                )
            )
            seconds = time.perf_counter() - began
    refused = sum(answer.status_code != 200 for answer in answers)
    line(f"{len(answers)} requests to two models that do not fit", seconds, "s")
    line("of them refused", refused, "")


def smaller(store: Store) -> str:
    """The same weights as a model of less context; its name."""
    model = stores.load(store, stores.find(store, EMBEDDED.tag))
    raw = blob_path(store.root, model.manifest.config.digest).read_bytes()
    name = "stateof/smollm2:small"
    made = with_context(model.manifest, raw, 2048)
    stores.add_package(store, made, [parse(name).full])
    return name


def line(what: str, value: float, unit: str) -> None:
    """A figure."""
    shown = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    print(f"{shown:>10} {unit:<3} {what}", flush=True)


if __name__ == "__main__":
    main()
