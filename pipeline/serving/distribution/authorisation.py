"""What is shown to a registry that asks who one is: a password, or a token for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pipeline.serving.distribution import answers, tokens
from pipeline.serving.distribution.registry import Registry

if TYPE_CHECKING:
    import httpx

LARGEST_TOKEN = 1 << 20


def answer_challenge(
    registry: Registry, scope: str, response: httpx.Response, shown: str
) -> None:
    """Find what to show for a scope instead of `shown`, which was not enough.

    Requests that wait for the same token get it from the first. Raises `Denied` if
    there is nothing to show.
    """
    challenge = tokens.read_challenge(response.headers.get_list("WWW-Authenticate"))
    with registry.asking:
        if registry.shown(scope) == shown:
            registry.show(scope, _answer(registry, challenge, scope, shown))


def _answer(
    registry: Registry, challenge: tokens.Challenge | None, scope: str, shown: str
) -> tokens.Shown:
    known = registry.credentials()
    if challenge is None:
        raise denied(registry)
    if challenge.scheme == "basic":
        if shown or known is None or not known.basic:
            raise denied(registry)
        return tokens.Shown(known.basic)
    if known and known.registry_token and not shown:
        return tokens.Shown(f"Bearer {known.registry_token}")
    return _token(registry, challenge, scope)


def _token(registry: Registry, challenge: tokens.Challenge, scope: str) -> tokens.Shown:
    """A token for a scope; raises `Denied` where the token server gives none."""
    known = registry.credentials()
    request = tokens.token_request(
        challenge, scope, registry.base, known, registry.insecure
    )
    headers = {"Authorization": request.authorization} if request.authorization else {}
    client = registry.client(request.url)
    asked = client.build_request(
        "POST" if request.form else "GET",
        request.url,
        headers=headers,
        data=request.form or None,
    )
    response = client.send(asked, stream=True)
    try:
        deadline = time.monotonic() + registry.patience.whole
        if response.status_code in (400, 401, 403):
            raise denied(registry, request.withheld)
        if response.status_code != 200:
            raise answers.error_of(response, response.url.host, deadline)
        body = answers.bounded(response, LARGEST_TOKEN, deadline)
    finally:
        response.close()
    return tokens.read_token(body, response.url.host)


def denied(registry: Registry, withheld: bool = False) -> tokens.Denied:
    """That the registry did not let us, whatever it was shown."""
    known = registry.credentials() is not None
    return tokens.denied(registry.name, known, "", withheld)
