"""One request to a registry: sent, authorised, redirected, and tried again.

    request  ─►  401  ─►  token for the scope  ─►  request again
             ─►  307  ─►  the other address, without Authorization if of another host
             ─►  429, 5xx, broken off, nothing for a while  ─►  wait, request again
             ─►  the answer, whose status is one of those expected

What is sent again was never half done: a blob on its way in goes on from where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from pipeline.errors import DataError
from pipeline.serving.distribution import answers
from pipeline.serving.distribution.authorisation import answer_challenge, denied
from pipeline.serving.distribution.origins import followed, same_origin
from pipeline.serving.distribution.registry import Registry, retried

if TYPE_CHECKING:
    import httpx

MOST_REDIRECTS = 5
MOST_CHALLENGES = 2


class Call(msgspec.Struct, frozen=True):
    """A request. `at` is a path below the registry, or an address that it gave."""

    method: str
    at: str
    scope: str
    headers: dict[str, str] = {}
    body: bytes | Callable[[], Iterable[bytes]] = b""
    expected: tuple[int, ...] = (200,)
    commit: bool = False


class Answer(msgspec.Struct, frozen=True):
    """A small answer, read in full."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str

    @property
    def address(self) -> str:
        """Where it came from, without what may be signed or secret."""
        return self.url.partition("?")[0]


def ask(registry: Registry, call: Call, limit: int = answers.LARGEST_TEXT) -> Answer:
    """The answer to a call, of at most `limit` bytes, tried again where that helps.

    Raises `Unreachable`, `tokens.Denied`, `answers.Unknown`, `answers.Refused`,
    and `DataError` for an answer that is longer or leads astray.
    """
    return retried(registry, lambda: ask_once(registry, call, limit))


def ask_once(
    registry: Registry, call: Call, limit: int = answers.LARGEST_TEXT
) -> Answer:
    """As `ask`, but tried once."""
    with opened(registry, call) as response:
        body = b""
        if call.method != "HEAD":
            deadline = time.monotonic() + registry.patience.whole
            body = answers.bounded(response, limit, deadline)
        headers = dict(response.headers)
        return Answer(response.status_code, headers, body, str(response.url))


@contextmanager
def opened(registry: Registry, call: Call) -> Iterator[httpx.Response]:
    """The answer to a call, its body still to be read; tried once.

    Raises as `ask` does; what breaks off in the block is `Unreachable`.
    """
    with answers.told(registry.name):
        response = _authorised(registry, call)
        try:
            if response.status_code not in call.expected:
                deadline = time.monotonic() + registry.patience.stall
                raise answers.error_of(response, registry.name, deadline)
            yield response
        finally:
            response.close()


def _authorised(registry: Registry, call: Call) -> httpx.Response:
    """The answer, after showing what the registry asks for."""
    for _ in range(MOST_CHALLENGES):
        shown = registry.shown(call.scope)
        response = _redirected(registry, call, shown)
        if response.status_code != 401 or not same_origin(response.url, registry.base):
            return response
        response.close()
        registry.check()
        answer_challenge(registry, call.scope, response, shown)
    response = _redirected(registry, call, registry.shown(call.scope))
    if response.status_code == 401:
        response.close()
        raise denied(registry)
    return response


def _redirected(registry: Registry, call: Call, shown: str) -> httpx.Response:
    """The answer, after following where the registry leads."""
    url = followed(registry.base, call.at, registry.insecure)
    for _ in range(MOST_REDIRECTS + 1):
        response = _sent(registry, call, url, shown)
        if not response.has_redirect_location:
            return response
        response.close()
        again = (301, 302, 303, 307, 308) if _reads(call) else (307, 308)
        if response.status_code not in again:
            return response
        url = followed(url, response.headers["Location"], registry.insecure)
    what = f"more than {MOST_REDIRECTS} redirects"
    raise DataError(what, where=registry.name, remedy="Ask who runs the registry.")


def _sent(registry: Registry, call: Call, url: httpx.URL, shown: str) -> httpx.Response:
    """The answer from this address; Authorization is only for the registry itself."""
    headers = dict(call.headers)
    if shown and same_origin(url, registry.base):
        headers["Authorization"] = shown
    client = registry.client(url)
    timeout = client.timeout.as_dict()
    if call.commit:
        timeout["read"] = registry.patience.commit
    request = client.build_request(
        call.method,
        url,
        headers=headers,
        content=call.body if isinstance(call.body, bytes) else call.body(),
        extensions={"timeout": timeout},
    )
    return client.send(request, stream=True)


def _reads(call: Call) -> bool:
    return call.method in ("GET", "HEAD")
