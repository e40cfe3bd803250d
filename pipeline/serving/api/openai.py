"""/engines/{engine}/v1, /engines/v1 and /v1: OpenAI's API, answered by an engine.

A request waits for its engine as long as its client does. What the engine answers goes
on as it comes; if client or engine leave, the other's work ends.
"""

from __future__ import annotations

import asyncio
from copy import copy
from typing import Any, Literal
from urllib.parse import quote

import httpx
import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from pipeline.errors import Missing, SurveyError
from pipeline.serving import store as stores
from pipeline.serving.api.answers import STATUS, BadRequest, error_object, said
from pipeline.serving.api.bodies import decoded, read
from pipeline.serving.api.service import Service
from pipeline.serving.artifact.reference import parse
from pipeline.serving.runner import Lease, Remote, Scheduler
from pipeline.serving.shapes import created, sound
from pipeline.serving.store import Model

Mode = Literal["completion", "embedding"]
EVENTS = "text/event-stream"
OWNER = "docker"


class _Asked(msgspec.Struct):
    model: str = ""


async def list_openai(request: Request) -> Response:
    """The models of an engine, as OpenAI lists models."""
    service = Service.of(request)
    engine = service.engine(request)
    if isinstance(service.scheduler.engines[engine], Remote):
        return Relay(service.scheduler, engine, "", "/v1/models", None)
    found = [_listed(model) for model in sound(service.store)]
    return JSONResponse({"object": "list", "data": found})


async def get_openai(request: Request) -> Response:
    """One model, as OpenAI shows it."""
    service = Service.of(request)
    engine, name = service.engine(request), request.path_params["name"]
    if isinstance(service.scheduler.engines[engine], Remote):
        return Relay(service.scheduler, engine, "", f"/v1/models/{quote(name)}", None)
    entry = stores.find(service.store, name)
    return JSONResponse(_listed(stores.load(service.store, entry)))


async def infer(request: Request) -> Response:
    """Completions and embeddings."""
    service = Service.of(request)
    engine = service.engine(request)
    body = await read(request)
    asked = name = decoded(body, _Asked).model
    if not name:
        raise BadRequest("model is required", code="missing_model")
    if not isinstance(service.scheduler.engines[engine], Remote):
        # Read here and not in a thread, so that requests keep the order they came in.
        name = stores.find(service.store, name).id
    path = request.url.path[request.url.path.index("/v1/") :]
    return Relay(service.scheduler, engine, name, path, body, asked)


class Relay(Response):
    """An engine's answer on its way to the client.

    It is read as fast as the engine gives it, and waits here for a client that is
    slower, so that the engine is free for the next one.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        engine: str,
        model: str,
        path: str,
        content: bytes | None,
        asked: str = "",
    ) -> None:
        self.scheduler, self.engine, self.model = scheduler, engine, model
        self.path, self.content, self.asked = path, content, asked
        self.waiting: asyncio.Queue[Message | Exception] = asyncio.Queue()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, unless the client leaves before it is done."""
        given = asyncio.create_task(self._give(send))
        left = asyncio.create_task(_left(receive))
        tasks = (given, left, asyncio.create_task(self._take()))
        try:
            await asyncio.wait((given, left), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if not given.cancelled():
            given.result()

    async def _give(self, send: Send) -> None:
        """Send what is waiting to the client, or raise it if it is an error."""
        more = True
        while more:
            message = await self.waiting.get()
            if isinstance(message, Exception):
                raise message
            await send(message)
            more = message["type"] == "http.response.start" or message["more_body"]

    async def _take(self) -> None:
        """Have the engine answer; the end is given on when it is free again."""
        mode: Mode = "completion"
        if self.path.endswith("/embeddings"):
            mode = "embedding"
        turn, last = 0, None
        try:
            while last is None:
                leased = self.scheduler.lease(self.engine, self.model, mode, turn)
                async with leased as lease:
                    try:
                        last = await self._read(lease)
                    except httpx.TransportError as error:
                        cause, turn = await lease.cause(error), lease.turn
                        if not lease.unbegun():
                            raise _ended(cause) from None
            for message in last:
                self.waiting.put_nowait(message)
        except SurveyError as error:
            self.waiting.put_nowait(_named(error, self.asked))
        except Exception as error:
            self.waiting.put_nowait(error)

    async def _read(self, lease: Lease) -> list[Message]:
        """Give on what comes of a stream; the whole of another answer is returned."""
        put = self.waiting.put_nowait
        headers = {"Content-Type": "application/json"}
        method = "GET" if self.content is None else "POST"
        async with lease.client.stream(
            method, self.path, content=self.content, headers=headers
        ) as answer:
            kind = answer.headers.get("content-type", "application/json")
            if not kind.startswith(EVENTS):
                body = await answer.aread()
                start = _start(answer.status_code, kind, len(body))
                return [start, _part(body, more=False)]
            put(_start(answer.status_code, kind))
            try:
                async for part in answer.aiter_raw():
                    put(_part(part, more=True))
            except httpx.TransportError as error:
                cause = _named(await lease.cause(error), self.asked)
                put(_part(_event(cause), more=True))
            return [_part(b"", more=False)]


class Ended(SurveyError):
    """An engine that ended before it had answered."""

    code = "engine_ended"


class NotReached(SurveyError):
    """A server elsewhere that did not answer."""

    code = "engine_not_reached"


STATUS[NotReached] = 502


def _ended(cause: SurveyError) -> SurveyError:
    kind = NotReached if isinstance(cause, Missing) else Ended
    return kind(cause.what, where=cause.where, remedy=cause.remedy)


def _named(error: SurveyError, asked: str) -> SurveyError:
    """The error, with the model by the name that was asked for."""
    named, name = copy(error), asked[:80]
    if name:
        named.where = f"{name} ({error.where})" if error.where else name
    return named


def _start(status: int, kind: str, length: int | None = None) -> Message:
    headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": status, "headers": headers}


def _part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


def _event(error: SurveyError) -> bytes:
    """The event that tells of an engine that ended, in a stream that has begun."""
    problem = {"error": error_object(500, said(error), Ended.code)}
    return b"\n\ndata: " + msgspec.json.encode(problem) + b"\n\n"


async def _left(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _listed(model: Model) -> dict[str, Any]:
    names, config = model.entry.names(), model.config.model
    facts = {
        "context_window": config.context_size,
        "architecture": config.architecture,
        "parameters": config.parameters,
        "quantization": config.quantization,
        "size": config.size,
    }
    return {
        "id": parse(names[0]).short if names else model.id,
        "object": "model",
        "created": created(model.config),
        "owned_by": OWNER,
        "dmr": {key: value for key, value in facts.items() if value},
    }
