"""What those who use the scheduler get from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx
import msgspec

from pipeline.errors import Missing, SurveyError
from pipeline.serving.runner.estimate import Mode
from pipeline.serving.runner.worker import Worker


@dataclass(frozen=True)
class Lease:
    """The use of a model: a client for its engine, whose paths begin with /v1.

    `cause(error)` is awaited for why an exchange with it broke. Then `unbegun()` says
    whether the engine never began the request, which may be made again: with `turn`,
    the place in line that it has had.
    """

    client: httpx.AsyncClient
    cause: Callable[[httpx.TransportError], Awaitable[SurveyError]]
    unbegun: Callable[[], bool] = bool
    turn: int = 0


class Running(msgspec.Struct, frozen=True):
    """A model in memory or on its way there; times in seconds.

    `last_used` counts from 1970, 0 for never; a `keep_alive` below 0 is for ever.
    """

    engine: str
    model: str
    mode: Mode
    last_used: float
    in_use: bool
    loading: bool
    keep_alive: float


def of_worker(worker: Worker, name: str, limit: Callable[[], int], turn: int) -> Lease:
    """The use of a worker; `limit` is asked for what models may take of memory."""

    async def cause(error: httpx.TransportError) -> SurveyError:
        await worker.ends_soon()
        return worker.failure(name, limit())

    return Lease(worker.client, cause, lambda: worker.gave_up, turn)


def of_remote(client: httpx.AsyncClient) -> Lease:
    """The use of a server elsewhere."""

    async def cause(error: httpx.TransportError) -> SurveyError:
        what = f"the server did not answer: {error or type(error).__name__}"
        remedy = "See that it runs and can be reached from here."
        return Missing(what, where=str(client.base_url), remedy=remedy)

    return Lease(client, cause)
