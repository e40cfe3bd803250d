"""Pulls and pushes over HTTP, a line for every step, as Docker's clients read them.

With `Accept: application/json` a line is an object, otherwise text:
    {"type": "progress", "message": "Downloaded: 1.00 MB", "total": 98362432,
     "layer": {"id": "sha256:…", "size": 98362432, "current": 1048576}, "mode": "pull"}
    {"type": "success", "message": "Model pulled successfully", "mode": "pull"}

What goes wrong before the first line is a status, after it a line of type `error`.
A client that leaves ends the transfer; the next one goes on where that broke off.
"""

from __future__ import annotations

import asyncio
import html
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from pipeline.errors import SurveyError
from pipeline.serving import distribution
from pipeline.serving import store as stores
from pipeline.serving.api.answers import BadRequest, said
from pipeline.serving.api.bodies import read_json
from pipeline.serving.api.service import Service
from pipeline.serving.distribution import Progress, Transfer
from pipeline.serving.distribution.answers import Stopped
from pipeline.serving.distribution.credentials import Credentials
from pipeline.serving.places import insecure

Mode = Literal["pull", "push"]
EVERY_SECONDS = 0.1
EVERY_BYTES = 1 << 20
VERBS = {"pull": "Downloaded", "push": "Uploaded"}


class _Create(msgspec.Struct):
    from_: str = msgspec.field(name="from", default="")
    token: str = msgspec.field(name="bearer-token", default="")


class _Push(msgspec.Struct):
    token: str = msgspec.field(name="bearer-token", default="")


async def create_model(request: Request) -> Response:
    """Pull a model."""
    asked = await read_json(request, _Create)
    if not asked.from_:
        raise BadRequest("from is required")
    return await _transferred(request, "pull", asked.from_, asked.token)


async def push_model(request: Request) -> Response:
    """Push a model."""
    asked = await read_json(request, _Push)
    return await _transferred(request, "push", request.path_params["name"], asked.token)


class Work:
    """A transfer in a thread of its own, and the lines that it has for the client."""

    def __init__(self, store: stores.Store, mode: Mode, name: str, token: str) -> None:
        self.store, self.mode, self.name = store, mode, name
        self.lines: asyncio.Queue[dict[str, Any] | SurveyError] = asyncio.Queue()
        self.left = threading.Event()
        self._credentials = Credentials(registry_token=token) if token else None
        self._loop = asyncio.get_running_loop()
        self._told: dict[str, tuple[float, int]] = {}

    def start(self) -> None:
        """Begin; a service that ends does not wait for it, what came so far stays."""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        verbs: dict[Mode, Callable[..., Transfer]] = {
            "pull": distribution.pull,
            "push": distribution.push,
        }
        try:
            done = verbs[self.mode](
                self.store,
                self.name,
                progress=self._progress,
                insecure=insecure(),
                credentials=self._credentials,
            )
            self._put(self._line("success", self._success(done)))
        except SurveyError as error:
            self._put(error)
        except BaseException:
            self._put(SurveyError("the transfer failed by a fault of this program"))
            raise

    def _progress(self, at: Progress) -> None:
        """Called by the transfer's threads, one at a time."""
        if self.left.is_set():
            raise Stopped("the client has left")
        if not at.current and at.size:
            return  # until a byte has moved, it may still be refused
        now = time.monotonic()
        when, before = self._told.get(at.digest, (0.0, 0))
        often = now - when < EVERY_SECONDS and at.current - before < EVERY_BYTES
        if often and at.current != at.size:
            return
        self._told[at.digest] = now, at.current
        text = f"{VERBS[at.mode]}: {at.current / 1024 / 1024:.2f} MB"
        layer = {"id": at.digest, "size": at.size, "current": at.current}
        self._put(self._line("progress", text, total=at.total, layer=layer))

    def _success(self, done: Transfer) -> str:
        if self.mode == "push":
            return "Model pushed successfully"
        if done.moved:
            return "Model pulled successfully"
        size = stores.load(self.store, done.entry).config.model.size
        return f"Using cached model: {size}"

    def _line(self, kind: str, message: str, **more: Any) -> dict[str, Any]:
        return {"type": kind, "message": message, **more, "mode": self.mode}

    def _put(self, line: dict[str, Any] | SurveyError) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.lines.put_nowait, line)


async def _transferred(request: Request, mode: Mode, name: str, token: str) -> Response:
    """The lines of a transfer; raises what ends it before the first."""
    work = Work(Service.of(request).store, mode, name, token)
    as_json = request.headers.get("accept", "") == "application/json"
    work.start()
    try:
        first = await work.lines.get()
    except asyncio.CancelledError:
        work.left.set()
        raise
    if isinstance(first, SurveyError):
        raise first
    kind = "application/json" if as_json else "text/plain"
    return StreamingResponse(_lines(work, first, as_json), media_type=kind)


async def _lines(
    work: Work, first: dict[str, Any], as_json: bool
) -> AsyncIterator[bytes]:
    line: dict[str, Any] | SurveyError = first
    try:
        while True:
            if isinstance(line, SurveyError):
                line = {"type": "error", "message": said(line), "mode": work.mode}
            if as_json:
                yield msgspec.json.encode(line) + b"\n"
            else:
                yield f"{html.escape(line['message'])}\n".encode()
            if line["type"] != "progress":
                return
            line = await work.lines.get()
    finally:
        work.left.set()
