"""Where requests may go: what a registry says is not obeyed blindly.

A registry names other addresses: where to get a token, where a blob is, where to
upload. Only http and https are followed, never from https down to http, plain http
only on this machine or when told, and from elsewhere never to this machine.
Credentials are for the origin they belong to and for nothing else.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from pipeline.errors import DataError
from pipeline.serving.artifact.reference import DOCKER_HUB

if TYPE_CHECKING:
    import httpx

HUB_HOST = "registry-1.docker.io"
REFUSED = "Nothing was sent there; ask who runs the registry."


def address(registry: str, insecure: bool = False) -> httpx.URL:
    """The base address of a registry: https, or http on this machine or when told."""
    import httpx

    if registry == DOCKER_HUB:
        return httpx.URL(f"https://{HUB_HOST}")
    try:
        url = httpx.URL(f"https://{registry}")
    except httpx.InvalidURL as error:
        what = f"'{registry[:80]}' is not a host: {error}"
        raise DataError(what, remedy="Check the model's name.") from None
    plain = insecure or is_here(url.host)
    return url.copy_with(scheme="http") if plain else url


def followed(source: httpx.URL, target: str, insecure: bool = False) -> httpx.URL:
    """The address that `source` names, if it may be asked; raises `DataError`."""
    import httpx

    try:
        url = source.join(target)
    except (httpx.InvalidURL, ValueError):
        raise _refused(source, target, "that is no address") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise _refused(source, target, "only https is followed")
    if url.userinfo:
        raise _refused(source, target, "it carries a password")
    if _is_private_to_here(url.host) and not _is_private_to_here(source.host):
        raise _refused(source, target, "that is an address of this machine")
    if url.scheme == "http" and source.scheme == "https":
        raise _refused(source, target, "it leads from https to plain http")
    if url.scheme == "http" and not (insecure or is_here(url.host)):
        raise _refused(source, target, "it is plain http")
    return url


def same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    """Whether scheme, host and port are the same."""
    return _origin(one) == _origin(other)


def trusts(registry: httpx.URL, realm: httpx.URL) -> bool:
    """Whether a registry's credentials may go to its token server.

    To the same host on any port, and within the domain that the registry is in:
    registry-1.docker.io has its tokens from auth.docker.io.
    """
    if registry.scheme == "https" and realm.scheme != "https":
        return False
    if registry.host == realm.host or (is_here(registry.host) and is_here(realm.host)):
        return True
    if _address(registry.host) or _address(realm.host):
        return False
    domain = registry.host.partition(".")[2]
    within = realm.host.endswith(f".{registry.host}")
    beside = "." in domain and f".{realm.host}".endswith(f".{domain}")
    return within or beside


def is_here(host: str) -> bool:
    """Whether a host is this machine by its very name, however it is written."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    found = _address(name)
    return found is not None and found.is_loopback


def _is_private_to_here(host: str) -> bool:
    """Whether only this machine or its hoster answers at that address."""
    found = _address(host)
    near = found is not None and (found.is_link_local or found.is_unspecified)
    return near or is_here(host)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address a host is written as: also 127.1 and 2130706433, as resolvers do."""
    with suppress(ValueError):
        found = ipaddress.ip_address(host.partition("%")[0])
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        return mapped or found
    with suppress(OSError, ValueError):
        return ipaddress.IPv4Address(socket.inet_aton(host))
    return None


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or {"http": 80}.get(url.scheme, 443)


def _refused(source: httpx.URL, target: str, why: str) -> DataError:
    shown = target.partition("?")[0]
    shown = "".join(c if c.isprintable() else "?" for c in shown)[:120]
    what = f"the registry leads to '{shown}', which is refused: {why}"
    return DataError(what, where=source.host, remedy=REFUSED)
