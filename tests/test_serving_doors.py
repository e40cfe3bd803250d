"""Who may come in: Host names, origins and keys, as tables."""

from __future__ import annotations

import pytest

from pipeline.serving.api.doors import ORIGINS, Doors, is_ours, may_ask


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:12434",
        "LOCALHOST.",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.9.9.9",
        "[::1]",
        "[::1]:12434",
        "models",
        "Models:12434",
    ],
)
def test_names_of_this_machine_and_those_given_are_ours(host: str) -> None:
    assert is_ours(host, Doors(hosts=("models",)))


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:12434",
        "localhost.evil.example",
        "evil.localhost.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "192.168.1.7",
        "0.0.0.0",
        "[fe80::1]",
        "localhost:evil",
        "localhost:80:80",
        "models.evil.example",
        "2130706433",
    ],
)
def test_a_foreign_name_is_not_ours_wherever_it_leads(host: str) -> None:
    assert not is_ours(host, Doors(hosts=("models",)))


def test_open_to_others_any_address_is_ours_but_no_name() -> None:
    doors = Doors(key="k", beyond=True)
    assert is_ours("192.168.1.7:12434", doors)
    assert not is_ours("evil.example", doors)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost", True),
        ("http://localhost:3000", True),
        ("https://127.0.0.1:8443", True),
        ("http://[::1]:5173", True),
        ("http://evil.example", False),
        ("http://localhost.evil.example:3000", False),
        ("http://localhost:3000.evil.example", False),
        ("http://evil.example/http://localhost", False),
        ("null", False),
        ("", False),
        ("file://", False),
        ("ftp://localhost", False),
    ],
)
def test_pages_of_this_machine_may_ask_on_any_port(origin: str, allowed: bool) -> None:
    assert may_ask(origin, ORIGINS) is allowed


def test_an_origin_given_with_a_port_is_that_port_only() -> None:
    given = ("https://a.example:8443", "https://b.example")
    assert may_ask("https://a.example:8443", given)
    assert not may_ask("https://a.example", given)
    assert not may_ask("http://a.example:8443", given)
    assert may_ask("https://b.example", given)
    assert not may_ask("https://b.example:8443", given)
    assert may_ask("https://anywhere.example", ("*",))
