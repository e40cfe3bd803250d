"""/engines: what runs, how much it takes, ending and configuring it, and its logs.

GET  /engines/ps          what is loaded or loading
GET  /engines/df          bytes on disk
GET  /engines/status      each engine in a line
POST /engines/unload      {"all", "backend", "models"}
POST /engines[/{engine}]/_configure   {"model", "mode", "context-size", …}
GET  /logs                the service's and the engines' last lines
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from pipeline.errors import SurveyError
from pipeline.serving import store as stores
from pipeline.serving.api.answers import BadRequest
from pipeline.serving.api.bodies import read_json
from pipeline.serving.api.service import SERVICE_LOG, Service
from pipeline.serving.artifact.package import LARGEST_CONTEXT
from pipeline.serving.artifact.reference import parse
from pipeline.serving.durations import duration, seconds
from pipeline.serving.places import engine_size
from pipeline.serving.runner import Config, Running
from pipeline.serving.store import Store

LOG_BYTES = 256 << 10
FLAGS = {"--ctx-size": "context", "--threads": "threads"}
MOST = {"context": LARGEST_CONTEXT, "threads": 512}  # the latter is ggml's own limit


class _Unload(msgspec.Struct):
    all: bool = False
    backend: str = ""
    models: tuple[str, ...] = ()


class _Configure(msgspec.Struct, rename="kebab"):
    model: str = ""
    mode: Literal["completion", "embedding"] = "completion"
    context_size: int | None = None
    runtime_flags: tuple[str, ...] = ()
    raw_runtime_flags: str = ""
    keep_alive: str | None = msgspec.field(name="keep_alive", default=None)


async def list_running(request: Request) -> Response:
    """What is loaded or loading."""
    service = Service.of(request)
    names, known = _names(service.store), stores.entries(service.store)
    loaded = {one.model for one in service.scheduler.running()}
    for model in loaded - {entry.id for entry in known}:
        await service.scheduler.forget(model)  # deleted by another process
    running = service.scheduler.running()
    return JSONResponse([_running(one, names.get(one.model, "")) for one in running])


async def disk_usage(request: Request) -> Response:
    """Bytes that models and the default engine take."""
    store = Service.of(request).store
    models, engine = await asyncio.to_thread(
        lambda: (stores.disk_usage(store), engine_size())
    )
    return JSONResponse(
        {"models_disk_usage": models, "default_backend_disk_usage": engine}
    )


async def engine_status(request: Request) -> Response:
    """Each engine in a line."""
    engines = Service.of(request).scheduler.engines
    return JSONResponse({name: engine.status() for name, engine in engines.items()})


async def unload(request: Request) -> Response:
    """End engines that answer nobody."""
    service = Service.of(request)
    asked = await read_json(request, _Unload)
    models = [stores.find(service.store, name).id for name in asked.models]
    count = await service.scheduler.unload(
        all=asked.all, engine=asked.backend, models=models
    )
    return JSONResponse({"unloaded_runners": count})


async def configure(request: Request) -> Response:
    """How a model is to be run from its next load on."""
    service = Service.of(request)
    service.engine(request)
    asked = await read_json(request, _Configure)
    if not asked.model:
        raise BadRequest("model is required")
    model = stores.find(service.store, asked.model).id
    service.scheduler.configure(model, asked.mode, _config(asked))
    return Response(status_code=202)


async def logs(request: Request) -> Response:
    """The last lines of the service and of each engine."""
    folder = Service.of(request).folder
    return PlainTextResponse(await asyncio.to_thread(_tails, folder))


def _names(store: Store) -> dict[str, str]:
    """The first name of each model that has one."""
    return {
        entry.id: parse(entry.names()[0]).short
        for entry in stores.entries(store)
        if entry.names()
    }


def _running(one: Running, name: str) -> dict[str, Any]:
    when = datetime.fromtimestamp(one.last_used, UTC)
    last = when.isoformat().replace("+00:00", "Z")
    shown: dict[str, Any] = {
        "backend_name": one.engine,
        "model_name": name or one.model,
        "mode": one.mode,
        "last_used": last if one.last_used else "0001-01-01T00:00:00Z",
        "in_use": one.in_use,
        "loading": one.loading,
        "keep_alive": duration(one.keep_alive),
    }
    # As Docker has it, what is not so is not said.
    return {key: value for key, value in shown.items() if value is not False}


def _config(asked: _Configure) -> Config:
    flags = [*asked.runtime_flags, *asked.raw_runtime_flags.split()]
    numbers = {"context": asked.context_size} | _numbers(flags)
    for key, number in numbers.items():
        if number is not None and not 0 < number <= MOST[key]:
            raise BadRequest(f"{key}: {number} is not possible")
    try:
        alive = None if asked.keep_alive is None else seconds(asked.keep_alive)
    except SurveyError as error:
        raise BadRequest(f"keep_alive: {error.what}", remedy=error.remedy) from None
    return Config(
        context=numbers["context"], threads=numbers.get("threads"), keep_alive=alive
    )


def _numbers(flags: list[str]) -> dict[str, int | None]:
    """What the flags say that are known: an engine's others are not passed on."""
    words = [part for flag in flags for part in flag.split("=", 1)]
    found: dict[str, int | None] = {}
    for flag, value in zip(words[::2], [*words[1::2], ""], strict=False):
        if flag not in FLAGS or not value.isdecimal() or len(value) > 10:
            known = " or ".join(f"{name} N" for name in FLAGS)
            raise BadRequest(f"runtime flag '{flag[:40]}': there is {known}")
        found[FLAGS[flag]] = int(value)
    return found


def _tails(folder: Path) -> str:
    """The ends of all log files, the service's first."""
    paths = sorted(folder.glob("*.log"), key=lambda p: (p.name != SERVICE_LOG, p.name))
    return "".join(f"==> {path.name} <==\n{_tail(path)}\n" for path in paths)


def _tail(path: Path) -> str:
    with path.open("rb") as handle:
        size = handle.seek(0, 2)
        handle.seek(max(0, size - LOG_BYTES))
        text = handle.read(LOG_BYTES).decode(errors="replace")
    return text if size <= LOG_BYTES else text.partition("\n")[2]
