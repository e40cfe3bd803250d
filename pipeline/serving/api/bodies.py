"""Request bodies: never more than 10 MiB in memory, whatever was announced."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from pipeline.serving.api.answers import BadRequest

LARGEST = 10 << 20
DRAINED = 64 << 20

T = TypeVar("T")


async def read(request: Request) -> bytes:
    """The body; raises `BadRequest` if it is too large.

    What comes after the limit is read and dropped up to a second limit: a client that
    is still sending would not see the answer.
    """
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > DRAINED:
                break
            if size <= LARGEST:
                parts.append(part)
            else:
                parts.clear()
    except ClientDisconnect:  # nobody reads the answer; it is no fault of ours
        raise BadRequest("the client left before it had sent its request") from None
    if size > LARGEST:
        raise BadRequest(f"request too large: at most {LARGEST >> 20} MiB are taken")
    return b"".join(parts)


async def read_json(request: Request, kind: type[T]) -> T:
    """The body as JSON of a kind; an empty one is that of all defaults."""
    return decoded(await read(request) or b"{}", kind)


def decoded(body: bytes, kind: type[T]) -> T:
    """JSON of a kind; raises `BadRequest`."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"invalid request: {error}") from None
