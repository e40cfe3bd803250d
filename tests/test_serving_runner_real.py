"""The scheduler with real engines, real models and this machine's memory."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx
import psutil
import pytest

from pipeline.serving.artifact.package import package
from pipeline.serving.runner import (
    XLLAMACPP,
    Config,
    EngineFailed,
    Lease,
    Local,
    Scheduler,
)
from pipeline.serving.runner.budget import Memory
from pipeline.serving.runner.plan import Plan, planned
from pipeline.serving.store import Store, add_package, open_store
from tests.engine_worker import needs_engine, needs_model, smollm2
from tests.staged import Shelf

MIB = 1 << 20
PROMPT = {"model": "tiny", "prompt": "one two", "max_tokens": 4, "temperature": 0}
pytestmark = [needs_engine, pytest.mark.slow, pytest.mark.model]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "models")


def packaged(store: Store, weights: Path, name: str) -> str:
    return add_package(store, package(weights), [name]).id


def plan_of(store: Store, model: str, config: Config) -> Plan:
    return planned(store, Local(), model, "completion", config, store.root / "spare")


@asynccontextmanager
async def scheduled(
    store: Store, memory: Memory | None = None, **engines: Local
) -> AsyncIterator[Scheduler]:
    known, folder = engines or {"llama": Local()}, store.root.parent / "run"
    async with Scheduler(store, known, folder, memory=memory) as scheduler:
        yield scheduler


async def completed(lease: Lease) -> str:
    answer = await lease.client.post("/v1/completions", json=PROMPT)
    assert answer.status_code == 200, answer.text
    text: str = answer.json()["choices"][0]["text"]
    return text


def worker_processes() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def test_a_model_answers_is_unloaded_and_answers_the_same(
    store: Store, shared: Path
) -> None:
    """Whole or in parts; nothing is left in the end."""
    before = worker_processes()
    tiny = shared / "models/tiny"
    whole = packaged(store, tiny / "tiny.gguf", "whole")
    parts = packaged(store, tiny / "tiny-split-00001-of-00003.gguf", "parts")

    async def play() -> None:
        texts = []
        async with scheduled(store) as scheduler:
            for model in (whole, parts, whole):
                async with scheduler.lease("llama", model, "completion") as lease:
                    texts.append(await completed(lease))
                assert await scheduler.unload(all=True) == 1
            async with scheduler.lease("llama", whole, "embedding") as lease:
                body = {"model": "x", "input": "one"}
                answer = await lease.client.post("/v1/embeddings", json=body)
                assert answer.status_code == 200
        assert texts[0] == texts[1] == texts[2] != ""

    asyncio.run(play())
    assert worker_processes() == before
    assert not list((store.root.parent / "run").rglob("*.sock"))


def test_models_that_do_not_fit_together_are_all_answered(
    store: Store, shared: Path
) -> None:
    """Twelve requests at once for two models, with memory for one."""
    tiny = shared / "models/tiny"
    whole = packaged(store, tiny / "tiny.gguf", "whole")
    parts = packaged(store, tiny / "tiny-split-00001-of-00003.gguf", "parts")
    need = plan_of(store, whole, Config()).estimate.total

    async def play() -> None:
        async with scheduled(store, Shelf(need * 3 // 2)) as scheduler:

            async def ask(model: str) -> str:
                async with scheduler.lease("llama", model, "completion") as lease:
                    loaded = [x for x in scheduler.running() if not x.loading]
                    assert [x.model for x in loaded] == [model]
                    return await completed(lease)

            order = [whole, whole, parts, whole, parts, parts] * 2
            texts = await asyncio.gather(*map(ask, order))
        assert len(texts) == 12
        assert len(set(texts)) == 1

    asyncio.run(play())


def test_a_model_that_cannot_be_loaded_says_why(store: Store, shared: Path) -> None:
    """The dummy of Docker's tests: a sound header, and no model behind it."""
    model = packaged(store, shared / "models/tiny/dummy.gguf", "dummy")

    async def play() -> None:
        async with scheduled(store) as scheduler:
            with pytest.raises(EngineFailed, match="cannot be served") as caught:
                async with scheduler.lease("llama", model, "completion"):
                    pass
            assert "status 1" in caught.value.what

    asyncio.run(play())


def test_a_worker_killed_in_the_middle_of_an_answer_is_replaced(
    store: Store, shared: Path
) -> None:
    model = packaged(store, shared / "models/tiny/tiny.gguf", "tiny")
    body = PROMPT | {"max_tokens": 900, "stream": True}

    async def play() -> None:
        async with scheduled(store) as scheduler:
            before = worker_processes()
            async with scheduler.lease("llama", model, "completion") as lease:
                (pid,) = worker_processes() - before
                asked = lease.client.stream("POST", "/v1/completions", json=body)
                async with asked as answer:
                    parts = answer.aiter_bytes()
                    await anext(parts)
                    os.kill(pid, signal.SIGKILL)
                    with pytest.raises(httpx.TransportError) as caught:
                        assert [part async for part in parts] == []
                cause = await lease.cause(caught.value)
                assert "killed (signal 9): estimate" in cause.what
            async with scheduler.lease("llama", model, "completion") as lease:
                assert await completed(lease)

    asyncio.run(play())


@needs_model
@pytest.mark.parametrize("context", [512, 2048])
def test_a_full_context_takes_what_was_estimated(store: Store, context: int) -> None:
    """SmolLM2's resident memory with a prompt that fills its context, within 15 %."""
    model = packaged(store, smollm2(), "smollm2")
    config = Config(context=context)
    plan = plan_of(store, model, config)
    body = PROMPT | {"prompt": [42] * (context - 8)}

    async def play() -> int:
        async with scheduled(store) as scheduler:
            scheduler.configure(model, "completion", config)
            before = worker_processes()
            async with scheduler.lease("llama", model, "completion") as lease:
                answer = await lease.client.post("/v1/completions", json=body)
                assert answer.status_code == 200, answer.text
                (pid,) = worker_processes() - before
                return int(psutil.Process(pid).memory_info().rss)

    resident = asyncio.run(play())
    assert plan.estimate.total == pytest.approx(resident, rel=0.15)


@pytest.mark.skipif(
    find_spec("xllamacpp") is None,
    reason="xllamacpp is not installed: pip install xllamacpp",
)
def test_another_engine_answers_on_the_same_paths(store: Store, shared: Path) -> None:
    model = packaged(store, shared / "models/tiny/tiny.gguf", "tiny")

    async def play() -> None:
        async with scheduled(store, llama=Local(), other=XLLAMACPP) as scheduler:
            texts = set()
            for engine in ("llama", "other"):
                async with scheduler.lease(engine, model, "completion") as lease:
                    texts.add(await completed(lease))
            assert len(texts) == 1, "llama.cpp's words do not depend on the server"
            assert {one.engine for one in scheduler.running()} == {"llama", "other"}

    asyncio.run(play())
