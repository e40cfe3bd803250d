"""Which addresses are followed, and which may see credentials."""

from __future__ import annotations

import httpx
import pytest

from pipeline.errors import DataError
from pipeline.serving.distribution.origins import (
    address,
    followed,
    is_here,
    same_origin,
    trusts,
)


@pytest.mark.parametrize(
    ("registry", "insecure", "expected"),
    [
        ("docker.io", False, "https://registry-1.docker.io"),
        ("docker.io", True, "https://registry-1.docker.io"),
        ("registry.example.com", False, "https://registry.example.com"),
        ("registry.example.com:5000", True, "http://registry.example.com:5000"),
        ("localhost:5000", False, "http://localhost:5000"),
        ("127.0.0.1:5000", False, "http://127.0.0.1:5000"),
        ("[::1]:5000", False, "http://[::1]:5000"),
    ],
)
def test_plain_http_is_spoken_here_or_when_told(
    registry: str, insecure: bool, expected: str
) -> None:
    assert str(address(registry, insecure)) == expected


@pytest.mark.parametrize(
    "host",
    ["localhost", "a.localhost", "127.1", "2130706433", "::1", "::ffff:127.0.0.1"],
)
def test_this_machine_is_known_however_it_is_written(host: str) -> None:
    assert is_here(host)


@pytest.mark.parametrize("host", ["localhost.example.com", "128.0.0.1", "10.0.0.1"])
def test_other_machines_are_not_this_one(host: str) -> None:
    assert not is_here(host)


SOURCE = "https://registry.example.com/v2/x"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/other", "https://registry.example.com/other"),
        ("https://blobs.example.net/x?y", "https://blobs.example.net/x?y"),
        ("https://10.0.0.5/x", "https://10.0.0.5/x"),
    ],
)
def test_a_registry_is_followed_elsewhere(target: str, expected: str) -> None:
    assert str(followed(httpx.URL(SOURCE), target)) == expected


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "http://registry.example.com/x",
        "https://127.0.0.1/x",
        "https://0x7f.1/x",
        "https://[::1]/x",
        "https://0.0.0.0/x",
        "https://169.254.169.254/latest",
        "https://user:password@example.net/x",
    ],
)
def test_a_registry_is_not_followed_into_danger(target: str) -> None:
    with pytest.raises(DataError, match="which is refused"):
        followed(httpx.URL(SOURCE), target, insecure=True)


def test_plain_http_elsewhere_is_followed_only_when_told() -> None:
    source, target = httpx.URL("http://localhost:5000"), "http://blobs.example.net/x"
    with pytest.raises(DataError, match="plain http"):
        followed(source, target)
    assert str(followed(source, target, insecure=True)) == target


def test_a_signed_address_is_not_quoted_in_full() -> None:
    with pytest.raises(DataError) as caught:
        followed(httpx.URL(SOURCE), "http://blobs.example.net/x?signature=secret")
    assert "secret" not in str(caught.value)


def test_origins_differ_by_scheme_host_and_port() -> None:
    one = httpx.URL("https://a.example.com/x")
    assert same_origin(one, httpx.URL("https://a.example.com:443/y"))
    for other in ("http://a.example.com", "https://b.example.com"):
        assert not same_origin(one, httpx.URL(other))
    assert not same_origin(one, httpx.URL("https://a.example.com:444"))


@pytest.mark.parametrize(
    ("registry", "realm", "trusted"),
    [
        ("https://registry-1.docker.io", "https://auth.docker.io/token", True),
        ("https://registry.example.com", "https://example.com/jwt/auth", True),
        ("https://example.com", "https://auth.example.com/token", True),
        ("https://example.com", "https://example.com:5001/token", True),
        ("http://127.0.0.1:5000", "http://localhost:5001/token", True),
        ("https://example.com", "https://example.net/token", False),
        ("https://registry.example.com", "https://notexample.com/token", False),
        ("https://example.com", "https://other.com/token", False),
        ("https://example.com", "http://example.com/token", False),
        ("https://10.0.0.1", "https://11.0.0.1/token", False),
    ],
)
def test_passwords_go_to_token_servers_of_the_same_domain(
    registry: str, realm: str, trusted: bool
) -> None:
    assert trusts(httpx.URL(registry), httpx.URL(realm)) is trusted
