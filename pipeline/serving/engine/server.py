"""The worker's socket: requests in, answers out, on a loop that never computes.

    GET  /health  /metrics
    POST /v1/chat/completions  /v1/completions     mode "completion"
    POST /v1/embeddings                            mode "embedding"

Each request stands in line (`queue`) while a watcher waits for its client to go, which
sets the request's flag.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from pipeline.serving.engine import plan, replies
from pipeline.serving.engine.events import Delta, Done, Event, Failed, Vectors
from pipeline.serving.engine.flag import Flag
from pipeline.serving.engine.queue import Job, Queue
from pipeline.serving.engine.refusal import Refused
from pipeline.serving.engine.replies import Reply
from pipeline.serving.engine.requests import Chat, Completion, Embeddings, read
from pipeline.serving.engine.settings import Settings

LARGEST_BODY = 10 << 20
# How long a request may go on after its client has left: tokens are cut from 10 MiB of
# text in 5 seconds.
PATIENCE = 20.0
LAST = (Done, Vectors, Failed)


def application(settings: Settings) -> Starlette:
    """The worker of these settings; its model loads once it is started."""
    doors = Doors(Queue(settings), settings.mode)
    return Starlette(
        routes=[
            Route("/health", doors.health),
            Route("/metrics", doors.metrics),
            Route("/v1/chat/completions", doors.chat, methods=["POST"]),
            Route("/v1/completions", doors.complete, methods=["POST"]),
            Route("/v1/embeddings", doors.embed, methods=["POST"]),
        ],
        exception_handlers={Refused: _refused, HTTPException: _no_door},
        lifespan=doors.open,
    )


class Doors:
    """What is answered at each path."""

    def __init__(self, queue: Queue, mode: str) -> None:
        self._queue, self._mode = queue, mode
        self._flags: set[Flag] = set()

    @asynccontextmanager
    async def open(self, _: Starlette) -> AsyncIterator[None]:
        """Work while the server runs; what is being worked on ends with it."""
        self._queue.start()
        yield
        for flag in self._flags:
            flag.set()

    async def health(self, _: Request) -> Response:
        """200 once the model is loaded, 503 before."""
        ready = self._queue.ready
        return _json({"status": "ok" if ready else "loading"}, 200 if ready else 503)

    async def metrics(self, _: Request) -> Response:
        """What the worker has done."""
        return PlainTextResponse(self._queue.counts.text())

    async def chat(self, request: Request) -> Response:
        """POST /v1/chat/completions."""
        asked = read(await self._body(request, "completion"), Chat)
        reply = Reply("chat", asked.model, bool(asked.logprobs), asked.with_usage)
        # In a thread: a large schema takes seconds, and others are not to wait.
        task = await asyncio.to_thread(plan.of_chat, asked)
        return await self._written(request, task, reply, asked.stream)

    async def complete(self, request: Request) -> Response:
        """POST /v1/completions."""
        asked = read(await self._body(request, "completion"), Completion)
        marked = asked.logprobs is not None
        reply = Reply("completion", asked.model, marked, asked.with_usage)
        task = await asyncio.to_thread(plan.of_completion, asked)
        return await self._written(request, task, reply, asked.stream)

    async def embed(self, request: Request) -> Response:
        """POST /v1/embeddings."""
        asked = read(await self._body(request, "embedding"), Embeddings)
        events = self._events(request, asked)
        async for event in events:
            if isinstance(event, Failed):
                raise event.refusal
            if isinstance(event, Vectors):
                form = asked.encoding_format or "float"
                return _json(replies.embeddings(event, asked.model, form))
        return Response(status_code=499)

    async def _written(
        self, request: Request, task: plan.Plan, reply: Reply, stream: bool | None
    ) -> Response:
        """The answers to a plan: as a stream once it is accepted, or whole."""
        events = self._events(request, task)
        first = await anext(events, None)
        if isinstance(first, Failed):
            await events.aclose()
            raise first.refusal
        if stream and first is not None:
            return Stream(events, reply)
        told = [event async for event in events]
        if told and isinstance(told[-1], Failed):
            raise told[-1].refusal
        # 499: the client has gone; nobody reads it.
        return _json(reply.whole(told)) if told else Response(status_code=499)

    async def _events(
        self, request: Request, task: plan.Plan | Embeddings
    ) -> AsyncGenerator[Event, None]:
        """What the engine tells of a task; ends early when the client goes."""
        told: asyncio.Queue[Event | None] = asyncio.Queue()
        loop, flag = asyncio.get_running_loop(), Flag()

        def tell(event: Event) -> None:
            loop.call_soon_threadsafe(told.put_nowait, event)

        watcher = asyncio.create_task(_gone(request, told))
        self._flags.add(flag)
        job = Job(task, tell, flag)
        self._queue.put(job)
        try:
            while (event := await told.get()) is not None:
                yield event
                if isinstance(event, LAST):
                    return
            loop.call_later(PATIENCE, self._queue.give_up, job)
        finally:
            flag.set()
            self._flags.discard(flag)
            watcher.cancel()

    async def _body(self, request: Request, mode: str) -> bytes:
        """A request's body; raises `Refused` for a large one, or at the wrong door."""
        if mode != self._mode:
            what = f"{request.url.path} is not for a worker in mode '{self._mode}'."
            raise Refused(what)
        body, size = bytearray(), 0
        async for part in request.stream():
            size += len(part)
            if size <= LARGEST_BODY:
                body += part
        if size > LARGEST_BODY:
            what = f"The body is too large: it may have {LARGEST_BODY:,} bytes."
            raise Refused(what, code="request_too_large")
        return bytes(body)


class Stream(Response):
    """Server-sent events, each sent when it is told."""

    def __init__(self, events: AsyncIterator[Event], reply: Reply) -> None:
        super().__init__(media_type="text/event-stream")
        del self.headers["content-length"]
        self.headers["cache-control"] = "no-cache"
        self._events, self._reply = events, reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head, then lines as they come."""
        head = {"type": "http.response.start", "status": 200}
        await send({**head, "headers": self.raw_headers})
        begun: set[int] = set()
        async for event in self._events:
            lines = list(self._reply.chunks(event))
            if self._reply.kind == "chat" and isinstance(event, Delta):
                if event.index not in begun:
                    lines.insert(0, self._reply.opening(event.index))
                begun.add(event.index)
            body = b"".join(lines)
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _gone(request: Request, told: asyncio.Queue[Event | None]) -> None:
    """Wait until the client goes, and say so."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    told.put_nowait(None)


def _json(body: Any, status: int = 200) -> Response:
    raw = msgspec.json.encode(body)
    return Response(raw, status, media_type="application/json")


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _json(error.body(), error.http)


async def _no_door(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    what = f"{request.method} {request.url.path}: {error.detail}."
    return _json(Refused(what, http=error.status_code).body(), error.status_code)
