"""A registry's challenge and the answer to it.

    401  WWW-Authenticate: Bearer realm="https://auth…/token",service="…",scope="…"
         GET realm?service=…&scope=…  →  {"token": "…", "expires_in": 300}
    401  WWW-Authenticate: Basic realm="…"

A scope says what may be done where: `repository:ai/gemma3:pull,push`. Each needs a
token of its own.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from pipeline.errors import DataError, Missing
from pipeline.serving.distribution.credentials import Credentials
from pipeline.serving.distribution.origins import followed, trusts

if TYPE_CHECKING:
    import httpx

CLIENT = "stateof"
PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))')
TOKEN = re.compile(r"[\x21-\x7e]{1,65536}")
SHORTEST_LIFE = 60.0
MARGIN = 10.0


class Denied(Missing):
    """The registry wants credentials, or others than those it was shown."""


class Challenge(msgspec.Struct, frozen=True):
    """What a registry asks for: `scheme` is basic or bearer."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""


class TokenRequest(msgspec.Struct, frozen=True):
    """The request that gets a token; `withheld` if credentials may not go there."""

    url: httpx.URL
    authorization: str = ""
    form: dict[str, str] = {}
    withheld: bool = False


class Shown(msgspec.Struct, frozen=True):
    """An Authorization header and when it loses its worth."""

    header: str
    until: float = float("inf")

    @property
    def holds(self) -> bool:
        """Whether it can still be shown."""
        return time.monotonic() < self.until


class _Answer(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None
    expires_in: float | None = None


def read_challenge(headers: Sequence[str]) -> Challenge | None:
    """The challenge in WWW-Authenticate headers, a bearer's if there are several."""
    found = {}
    for header in headers:
        scheme, _, rest = header.strip().partition(" ")
        values = {k.lower(): v or bare for k, v, bare in PARAMETER.findall(rest)}
        found[scheme.lower()] = Challenge(
            scheme.lower(),
            values.get("realm", ""),
            values.get("service", ""),
            values.get("scope", ""),
        )
    return found.get("bearer") or found.get("basic")


def merged(*scopes: str) -> tuple[str, ...]:
    """One scope for each repository, with all actions that any of these name."""
    actions: dict[str, list[str]] = {}
    for scope in " ".join(scopes).split():
        resource, _, named = scope.rpartition(":")
        known = actions.setdefault(resource, [])
        known.extend(x for x in named.split(",") if x not in known)
    return tuple(f"{resource}:{','.join(x)}" for resource, x in actions.items())


def token_request(
    challenge: Challenge,
    scope: str,
    registry: httpx.URL,
    credentials: Credentials | None,
    insecure: bool = False,
) -> TokenRequest:
    """How to ask for a token; raises `DataError` for a realm that may not be asked."""
    realm = followed(registry, challenge.realm, insecure)
    scopes = merged(scope, challenge.scope)
    trusted = trusts(registry, realm)
    known = credentials if trusted else None
    withheld = credentials is not None and not trusted
    if known and known.identity_token:
        form = {
            "grant_type": "refresh_token",
            "service": challenge.service,
            "client_id": CLIENT,
            "scope": " ".join(scopes),
            "refresh_token": known.identity_token,
        }
        return TokenRequest(realm, form=form)
    query = [("service", challenge.service)] if challenge.service else []
    query += [("scope", one) for one in scopes]
    url = realm.copy_with(params=[*realm.params.multi_items(), *query], fragment=None)
    return TokenRequest(url, known.basic if known else "", withheld=withheld)


def read_token(body: bytes, where: str) -> Shown:
    """The token in a token server's answer; raises `DataError`."""
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        answer = _Answer()
    token = answer.token or answer.access_token or ""
    if not TOKEN.fullmatch(token):
        remedy = "Ask who runs the registry."
        raise DataError("the token server gave no token", where=where, remedy=remedy)
    life = max(answer.expires_in or SHORTEST_LIFE, SHORTEST_LIFE) - MARGIN
    return Shown(f"Bearer {token}", time.monotonic() + life)


def denied(registry: str, credentials: bool, said: str, withheld: bool) -> Denied:
    """That access was refused, in words that fit what was shown."""
    if withheld:
        what = "its token server is of another domain: no password was sent there"
        remedy = "Ask who runs the registry for an address that has its own."
    elif credentials:
        what = "the registry refuses these credentials, or what they may do is less"
        remedy = f"Log in as someone who may: docker login {registry}."
    else:
        what = "the registry wants to know who asks; or there is no such model"
        remedy = f"Check the name, or log in: docker login {registry}."
    return Denied(f"{what} ({said})" if said else what, where=registry, remedy=remedy)
