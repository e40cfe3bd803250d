"""Challenges and tokens, by their texts."""

from __future__ import annotations

import httpx
import pytest

from pipeline.errors import DataError
from pipeline.serving.distribution.credentials import Credentials
from pipeline.serving.distribution.tokens import (
    Challenge,
    merged,
    read_challenge,
    read_token,
    token_request,
)

HUB = httpx.URL("https://registry-1.docker.io")
ANN = Credentials("ann", "secret")
PULL = "repository:a/b:pull"
ASKED = Challenge(
    "bearer",
    "https://auth.docker.io/token",
    "registry.docker.io",
    "repository:a/b:pull",
)


def test_a_challenge_is_read_whatever_its_order_and_case() -> None:
    header = 'bEARER scope="repository:a/b:pull,push", Realm="https://x/t",service=s'
    expected = Challenge("bearer", "https://x/t", "s", "repository:a/b:pull,push")
    assert read_challenge([header]) == expected


def test_a_token_is_preferred_to_a_password() -> None:
    found = read_challenge(['Basic realm="r"', 'Bearer realm="https://x/t"'])
    assert found is not None
    assert found.scheme == "bearer"
    assert read_challenge(['Negotiate realm="r"']) is None
    assert read_challenge([]) is None


def test_scopes_of_one_repository_become_one() -> None:
    asked = merged("repository:a/b:pull", "repository:a/b:pull,push repository:c:pull")
    assert asked == ("repository:a/b:pull,push", "repository:c:pull")


def test_a_token_is_asked_for_as_docker_does() -> None:
    request = token_request(ASKED, "repository:a/b:pull,push", HUB, ANN)
    assert request.authorization == ANN.basic
    assert str(request.url) == (
        "https://auth.docker.io/token?service=registry.docker.io"
        "&scope=repository%3Aa%2Fb%3Apull%2Cpush"
    )
    assert token_request(ASKED, "", HUB, None).authorization == ""


def test_an_identity_token_is_exchanged_in_a_form() -> None:
    request = token_request(ASKED, "", HUB, Credentials(identity_token="i"))
    assert str(request.url) == "https://auth.docker.io/token"
    assert request.form["refresh_token"] == "i"
    assert request.form["scope"] == "repository:a/b:pull"


def test_another_domain_is_asked_without_a_password() -> None:
    challenge = Challenge("bearer", "https://tokens.example.com/t")
    request = token_request(challenge, "", HUB, ANN)
    assert (request.authorization, request.form) == ("", {})
    assert request.withheld


@pytest.mark.parametrize("realm", ["http://auth.docker.io/t", "file:///x"])
def test_an_unsafe_realm_is_not_asked(realm: str) -> None:
    with pytest.raises(DataError, match="which is refused"):
        token_request(Challenge("bearer", realm), "", HUB, ANN)


@pytest.mark.parametrize("body", [b'{"token":"abc"}', b'{"access_token":"abc"}'])
def test_a_token_has_either_name(body: bytes) -> None:
    found = read_token(body, "x")
    assert found.header == "Bearer abc"
    assert found.holds


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"token":""}', b'{"token":"a\\nb"}', b'{"token":1}']
)
def test_what_is_no_token_is_refused(body: bytes) -> None:
    with pytest.raises(DataError, match="gave no token"):
        read_token(body, "x")
