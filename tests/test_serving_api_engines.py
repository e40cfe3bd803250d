"""What becomes of requests when the engine ends, or the model goes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect, Request

from pipeline.serving.api import application
from pipeline.serving.api.answers import BadRequest
from pipeline.serving.api.bodies import read
from pipeline.serving.api.doors import Doors
from pipeline.serving.api.server import told
from pipeline.serving.api.service import Service
from pipeline.serving.store.remove import remove
from tests.staged import MEBIBYTE, Stage, staged

ASKED = {"model": "a", "hold": True}


def client(stage: Stage) -> httpx.AsyncClient:
    """A client of the service on a stage."""
    served = application(Service(stage.store, stage.scheduler, stage.folder), Doors())
    transport = httpx.ASGITransport(served)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


def asking(of: httpx.AsyncClient) -> asyncio.Task[httpx.Response]:
    """A request that its engine holds until it is told to answer."""
    return asyncio.create_task(of.post("/v1/completions", json=ASKED))


def problem(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()["error"]
    return found


@staged
async def test_a_request_that_was_not_begun_goes_to_the_next_engine(
    stage: Stage,
) -> None:
    """The engine gives itself up over the one before, whose client has left."""
    stage.model("a")
    async with client(stage) as asked:
        leaving = asking(asked)
        first = await stage.ready()
        await first.asked()
        leaving.cancel()
        bystander, later = asking(asked), asking(asked)
        await first.asked()
        first.say("exit 1 a request could not be stopped")
        second = await stage.ready()
        for one in (bystander, later):
            await second.asked()
            assert not later.done(), "they keep their order"
            second.say("answer")
            answer = await one
            assert answer.status_code == 200
            assert answer.json()["pid"] == second.pid


@staged
async def test_a_request_that_its_engine_ends_over_is_not_made_again(
    stage: Stage,
) -> None:
    stage.model("a")
    async with client(stage) as asked:
        request = asking(asked)
        actor = await stage.ready()
        await actor.asked()
        actor.say("exit 1 a hole")
        answer = await request
    assert answer.status_code == 500
    assert problem(answer)["code"] == "engine_ended"
    assert problem(answer)["message"].startswith("a (fake-")
    assert len(stage.seen) == 1


@staged
async def test_what_never_fits_is_named_as_it_was_asked_for(stage: Stage) -> None:
    stage.model("a")
    stage.memory.all = MEBIBYTE
    async with client(stage) as asked:
        answer = await asking(asked)
    assert answer.status_code == 507
    assert problem(answer)["message"].startswith("a (fake-")


@staged
async def test_a_model_deleted_while_it_loads_is_not_found(stage: Stage) -> None:
    stage.model("a")
    async with client(stage) as asked:
        requests = [asking(asked) for _ in range(2)]
        await stage.actor()
        assert (await asked.delete("/models/a")).status_code == 200
        for request in requests:
            answer = await request
            assert answer.status_code == 404
            assert problem(answer)["code"] == "model_not_found"
            assert problem(answer)["message"].count("a (fake-") == 1
        assert (await asked.get("/engines/ps")).json() == []


@staged
async def test_a_model_deleted_by_another_process_leaves_memory(stage: Stage) -> None:
    actor = await stage.loaded(stage.model("a"))
    remove(stage.store, "a")
    async with client(stage) as asked:
        assert (await asked.get("/engines/ps")).json() == []
    await actor.gone()


def test_an_engine_that_speaks_as_its_client_leaves_is_no_fault(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

    async def engine(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.put_nowait(writer)

    def fault() -> None:
        raise ValueError("a fault")

    async def play() -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        loop.set_exception_handler(told)
        path = tmp_path / "s"
        transport = httpx.AsyncHTTPTransport(uds=str(path))
        async with (
            await asyncio.start_unix_server(engine, path),
            httpx.AsyncClient(transport=transport, base_url="http://engine") as of,
        ):
            request = asyncio.create_task(of.get("/"))
            writer = await asked.get()
            for _ in range(20):  # until the request waits for its answer
                await asyncio.sleep(0)
            writer.write(b"HTTP/1.1 204 -\r\n\r\n")
            loop.call_soon(request.cancel)  # before the loop learns of those words
            await asyncio.wait({request})
            loop.call_soon(fault)
            loop.call_soon(done.set)
            await done.wait()
            writer.close()

    with caplog.at_level("INFO", logger="pipeline"):
        asyncio.run(play())
    assert "an engine spoke as its client left" in caplog.messages
    faults = [r for r in caplog.records if r.levelname == "ERROR"]
    assert ["fault()" in r.getMessage() for r in faults] == [True]


def test_a_client_that_leaves_while_it_sends_is_no_fault_of_the_service() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(ClientDisconnect):
        asyncio.run(request.body())
    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(BadRequest, match="left"):
        asyncio.run(read(request))
