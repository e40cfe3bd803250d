"""The service's HTTP API: models on this machine behind OpenAI's API and Docker's.

    client ──► doors (Host, Origin, key) ──► /models…       store, registries
                                         ├─► /engines/…/v1  scheduler ──► engine
                                         └─► /engines/ps …  what runs, logs, metrics

Nothing here loads a model or imports an engine: an engine is a process of its own, and
what kills it does not kill the service.
"""

from __future__ import annotations

from importlib.metadata import version

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from pipeline.errors import SurveyError
from pipeline.serving.api import answers, engines, models, openai, transfers
from pipeline.serving.api.doors import Doors, Guard
from pipeline.serving.api.metrics import metrics
from pipeline.serving.api.service import Service

NAME = "/models/{name:path}"
OPENAI = ("/engines/{engine}/v1", "/engines/v1", "/v1")


async def health(request: Request) -> Response:
    """That the service answers."""
    return JSONResponse({"status": "ok"})


async def about(request: Request) -> Response:
    """Which version this is."""
    return JSONResponse({"version": version("stateof")})


async def root(request: Request) -> Response:
    """A word for whoever looks whether something is here."""
    return PlainTextResponse("stateof serves models here\n")


def application(service: Service, doors: Doors) -> ASGIApp:
    """The service as an ASGI application."""
    app = Starlette(
        routes=[*_models(), *_engines(), *_openai()],
        exception_handlers={
            SurveyError: answers.failed,
            HTTPException: answers.unknown,
            Exception: answers.broken,
        },
    )
    app.state.service = service
    app.router.redirect_slashes = False
    return Guard(app, doors, service.traffic)


def _models() -> list[Route]:
    return [
        Route("/models", models.list_models),
        Route("/models/create", transfers.create_model, methods=["POST"]),
        Route(f"{NAME}/tag", models.tag_model, methods=["POST"]),
        Route(f"{NAME}/push", transfers.push_model, methods=["POST"]),
        Route(f"{NAME}/repackage", models.repackage_model, methods=["POST"]),
        Route(NAME, models.get_model),
        Route(NAME, models.delete_model, methods=["DELETE"]),
    ]


def _engines() -> list[Route]:
    return [
        Route("/", root),
        Route("/health", health),
        Route("/version", about),
        Route("/metrics", metrics),
        Route("/logs", engines.logs),
        Route("/engines/ps", engines.list_running),
        Route("/engines/df", engines.disk_usage),
        Route("/engines/status", engines.engine_status),
        Route("/engines/unload", engines.unload, methods=["POST"]),
        Route("/engines/_configure", engines.configure, methods=["POST"]),
        Route("/engines/{engine}/_configure", engines.configure, methods=["POST"]),
    ]


def _openai() -> list[Route]:
    found = []
    for base in OPENAI:
        found += [
            Route(f"{base}/models", openai.list_openai),
            Route(f"{base}/models/{{name:path}}", openai.get_openai),
            Route(f"{base}/chat/completions", openai.infer, methods=["POST"]),
            Route(f"{base}/completions", openai.infer, methods=["POST"]),
            Route(f"{base}/embeddings", openai.infer, methods=["POST"]),
        ]
    return found
