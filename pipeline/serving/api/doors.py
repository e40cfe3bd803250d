"""Who may come in: nobody from a page of another site, beyond this machine only by key.

A page in a browser can send requests to this machine, and by DNS rebinding under a name
of its own that leads here. So a Host must be one of ours, and an Origin, where there is
one, too. On the Unix socket the file's mode decides instead of the Host.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import time
from collections import Counter, defaultdict
from contextlib import suppress

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.serving.api.answers import refused

ORIGINS = tuple(
    f"{scheme}://{host}:*"
    for scheme in ("http", "https")
    for host in ("localhost", "127.0.0.1", "[::1]")
)
PUBLIC = ("/health",)
PREFLIGHT_SECONDS = 600
HEADERS = "Authorization, Content-Type"
ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[^/:\[\]]+)(?::(\d+|\*))?")


class Doors(msgspec.Struct, frozen=True):
    """A key, `hosts` beyond this machine's, origins (`https://a.example:*`).

    `beyond` says that other machines can reach us: they may use any address of ours.
    """

    key: str = ""
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ORIGINS
    beyond: bool = False


class Traffic:
    """Requests so far, by handler and status, with the seconds they took."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.open = 0


class Guard:
    """The application behind its doors."""

    def __init__(self, app: ASGIApp, doors: Doors, traffic: Traffic) -> None:
        self.app, self.doors, self.traffic = app, doors, traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answer = _stopped(scope, headers, self.doors) or _preflight(scope, headers)
        reply = self._counted(scope, _shared(headers, self.doors, send))
        started = time.monotonic()
        self.traffic.open += 1
        try:
            await (answer or self.app)(scope, receive, reply)
        finally:
            self.traffic.open -= 1
            self.traffic.seconds[_handler(scope)] += time.monotonic() - started

    def _counted(self, scope: Scope, send: Send) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.traffic.requests[_handler(scope), message["status"]] += 1
            await send(message)

        return counted


def _stopped(scope: Scope, headers: Headers, doors: Doors) -> Response | None:
    """The answer to who may not come in."""
    path, origin = scope["path"], headers.get("origin")
    if not _by_socket(scope) and not is_ours(headers.get("host", ""), doors):
        text = "Host not allowed: name it with --allow-host if it is one of ours"
        return refused(path, 403, text)
    if origin is not None and not may_ask(origin, doors.origins):
        return refused(path, 403, "Origin not allowed")
    asks = scope["method"] == "OPTIONS" or path in PUBLIC
    if doors.key and not asks and not _has_key(headers, doors.key):
        text = "an API key is needed: Authorization: Bearer KEY"
        return refused(path, 401, text, {"WWW-Authenticate": "Bearer"})
    return None


def _preflight(scope: Scope, headers: Headers) -> Response | None:
    """The answer to a browser that asks whether it may ask."""
    if scope["method"] != "OPTIONS":
        return None
    wanted = headers.get("access-control-request-headers", HEADERS)
    allowed = {
        "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
        "Access-Control-Allow-Headers": wanted,
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }
    return Response(status_code=204, headers=allowed)


def _shared(headers: Headers, doors: Doors, send: Send) -> Send:
    """Let pages of an allowed origin read the answer."""
    origin = headers.get("origin")
    if origin is None:
        return send
    allowed = may_ask(origin, doors.origins)

    async def shared(message: Message) -> None:
        if message["type"] == "http.response.start":
            named = MutableHeaders(scope=message)
            named.add_vary_header("Origin")
            if allowed:
                named["Access-Control-Allow-Origin"] = origin
        await send(message)

    return shared


def is_ours(host: str, doors: Doors) -> bool:
    """Whether a Host header is this machine's, or one of the names given."""
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(:\d{1,5})?", host.strip().lower())
    name = match[1].rstrip(".") if match else ""
    if name == "localhost" or (name and name in {h.lower() for h in doors.hosts}):
        return True
    with suppress(ValueError):
        address = ipaddress.ip_address(name.strip("[]"))
        return doors.beyond or address.is_loopback
    return False


def may_ask(origin: str, allowed: tuple[str, ...]) -> bool:
    """Whether an origin is one of those allowed; the port `*` is any, or none."""
    return any(pattern == "*" or _matches(origin, pattern) for pattern in allowed)


def _matches(origin: str, pattern: str) -> bool:
    asked, known = (ORIGIN.fullmatch(text.lower()) for text in (origin, pattern))
    if not asked or not known:
        return False
    same = asked.group(1, 2) == known.group(1, 2)
    return same and known[3] in ("*", asked[3])


def _has_key(headers: Headers, key: str) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    same = hmac.compare_digest(given.strip().encode(), key.encode())
    return same and scheme.lower() == "bearer"


def _by_socket(scope: Scope) -> bool:
    """Whether a request came over a Unix socket, which has no port."""
    server = scope.get("server")
    return server is not None and server[1] is None


def _handler(scope: Scope) -> str:
    """The name of what answers a request: few, whatever is asked for."""
    return getattr(scope.get("endpoint"), "__name__", "none")
