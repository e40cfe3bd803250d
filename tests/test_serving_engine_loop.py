"""The loop that answers never computes: others are served while a schema is read."""

from __future__ import annotations

import asyncio
import threading
from typing import NoReturn

import httpx
import pytest

from pipeline.serving.engine import plan
from pipeline.serving.engine.refusal import Refused
from pipeline.serving.engine.server import application
from pipeline.serving.engine.settings import Settings
from tests.engine_worker import needs_engine

pytestmark = needs_engine
PATIENCE = 30
BODIES = {
    "chat/completions": {"messages": [{"role": "user", "content": "x"}]},
    "completions": {"prompt": "x"},
}


@pytest.mark.parametrize("path", BODIES)
def test_others_are_answered_while_a_request_is_planned(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = threading.Event(), threading.Event()

    def planned(_: object) -> NoReturn:
        begun.set()
        assert go.wait(PATIENCE), "nobody else was answered meanwhile"
        raise Refused("at last")

    async def asked() -> httpx.Response:
        given = Settings(socket="", weights="", mode="completion", context=512)
        transport = httpx.ASGITransport(application(given))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as to:
            slow = asyncio.create_task(to.post(f"/v1/{path}", json=BODIES[path]))
            assert await asyncio.to_thread(begun.wait, PATIENCE)
            assert (await to.get("/health")).status_code == 503
            go.set()
            return await slow

    monkeypatch.setattr(plan, "of_chat", planned)
    monkeypatch.setattr(plan, "of_completion", planned)
    assert "at last" in asyncio.run(asked()).text
