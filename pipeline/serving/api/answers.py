"""What goes wrong, as an HTTP answer: OpenAI's shape under /v1, else Docker's text.

400  the request cannot be read, or is too large
401  no key, or a wrong one; or a registry wants to know who asks
403  a foreign Host or Origin
404  no such model, engine or path
409  in use, or more than was meant
412  an engine is not installed
422  an artifact that is no model
507  it can never fit in memory
"""

from __future__ import annotations

import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pipeline.errors import Missing, NotFound, SurveyError
from pipeline.serving.artifact.reference import InvalidName
from pipeline.serving.distribution.answers import Unreachable
from pipeline.serving.distribution.tokens import Denied
from pipeline.serving.runner import Busy, TooLarge
from pipeline.serving.store import Unsupported
from pipeline.serving.store.lock import Busy as StoreBusy
from pipeline.serving.store.remove import Conflict


class NoEngine(NotFound):
    """A path to an engine that there is not."""

    code = "engine_not_found"


STATUS: dict[type[Exception], int] = {
    InvalidName: 400,
    Denied: 401,
    NotFound: 404,
    Conflict: 409,
    Busy: 409,
    StoreBusy: 409,
    Unreachable: 500,
    Missing: 412,
    Unsupported: 422,
    TooLarge: 507,
    SurveyError: 500,
}
# As Docker's clients know them.
PHRASES = {
    InvalidName: "Invalid model reference",
    Denied: "Unauthorized",
    NotFound: "Model not found",
    NoEngine: "Engine not found",
}
TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
}


class BadRequest(SurveyError):
    """A request that cannot be done as it is; `code` is OpenAI's word for why."""

    def __init__(self, what: str, *, code: str | None = None, remedy: str = "") -> None:
        super().__init__(what, remedy=remedy)
        self.code = code


STATUS[BadRequest] = 400


def said(error: SurveyError) -> str:
    """An error in a line: what happened, where, what to do."""
    head = f"{error.where}: {error.what}" if error.where else error.what
    return f"{head}. {error.remedy}" if error.remedy else head


def status_of(error: SurveyError) -> int:
    """The status of the nearest class that has one."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def failed(request: Request, error: Exception) -> Response:
    """The answer for an error that a handler raised."""
    assert isinstance(error, SurveyError)
    status, text = status_of(error), said(error)
    code = getattr(error, "code", None)
    if is_openai(request.scope["path"]):
        if isinstance(error, NotFound) and code is None:
            code = "model_not_found"
        return openai_error(status, text, code)
    phrase = next((PHRASES[k] for k in type(error).__mro__ if k in PHRASES), "")
    return PlainTextResponse(f"{phrase}: {text}" if phrase else text, status)


def unknown(request: Request, error: Exception) -> Response:
    """The answer where there is no such path or method."""
    assert isinstance(error, HTTPException)
    text = f"{request.method} {request.scope['path'][:200]}: {error.detail.lower()}"
    return refused(request.scope["path"], error.status_code, text, error.headers)


def broken(request: Request, error: Exception) -> Response:
    """The answer where the fault is this program's; the log has the rest."""
    text = f"a fault of the service: {type(error).__name__}; see its log"
    return refused(request.scope["path"], 500, text)


def refused(path: str, status: int, text: str, headers: Any | None = None) -> Response:
    """An answer that says no, in the shape that the path has."""
    if is_openai(path):
        return openai_error(status, text, headers=headers)
    return PlainTextResponse(text, status, headers)


def openai_error(
    status: int, text: str, code: str | None = None, headers: Any | None = None
) -> Response:
    """An error in OpenAI's shape; its clients do not ask again where that is idle."""
    again = {"x-should-retry": "false"} if status >= 500 else {}
    return Response(
        json.dumps({"error": error_object(status, text, code)}, ensure_ascii=False),
        status,
        {**again, **(headers or {})},
        "application/json",
    )


def error_object(status: int, text: str, code: str | None = None) -> dict[str, Any]:
    """What OpenAI's clients read of an error."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    kind = TYPES.get(status, kind)
    return {"message": text, "type": kind, "param": None, "code": code}


def is_openai(path: str) -> bool:
    """Whether a path is of OpenAI's API."""
    return path.startswith("/v1/") or (path.startswith("/engines/") and "/v1/" in path)
