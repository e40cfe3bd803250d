"""Names of models: Docker's tables, and what is no name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.serving.artifact.reference import (
    InvalidName,
    looks_like_digest,
    looks_like_id,
    normalise,
    parse,
    short_id,
)

HEX = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def no_default_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEFAULT_REGISTRY", raising=False)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("gemma3", "ai/gemma3:latest"),
        ("gemma3:v1", "ai/gemma3:v1"),
        ("myorg/model", "myorg/model:latest"),
        ("myorg/model:v2", "myorg/model:v2"),
        ("ai/gemma3:latest", "ai/gemma3:latest"),
        ("docker.io/ai/gemma3", "ai/gemma3:latest"),
        ("index.docker.io/ai/gemma3", "ai/gemma3:latest"),
        ("registry.example.com/model", "registry.example.com/model:latest"),
        ("registry.example.com/model:v1", "registry.example.com/model:v1"),
        ("REGISTRY.example.com/me/model", "registry.example.com/me/model:latest"),
        ("localhost:5000/me/model:1.0", "localhost:5000/me/model:1.0"),
        ("localhost/model", "localhost/model:latest"),
        ("[::1]:5000/me/model", "[::1]:5000/me/model:latest"),
        ("1234567890ab", "1234567890ab"),
        (HEX, HEX),
        (f"sha256:{HEX}", f"sha256:{HEX}"),
        ("", ""),
        ("   ", ""),
        ("  gemma3  ", "ai/gemma3:latest"),
        ("model:", "ai/model:latest"),
        ("myorg/model:", "myorg/model:latest"),
        ("abc123", "ai/abc123:latest"),
        ("model-xyz", "ai/model-xyz:latest"),
        ("MyModel", "ai/mymodel:latest"),
        ("hf.co/org/model", "huggingface.co/org/model:latest"),
        ("hf.co/Org/Model-GGUF:Q4_K_M", "huggingface.co/Org/Model-GGUF:Q4_K_M"),
        ("huggingface.co/org/model", "huggingface.co/org/model:latest"),
        (f"ai/x@sha256:{HEX}", f"ai/x@sha256:{HEX}"),
        (f"ai/x:v1@sha256:{HEX}", f"ai/x@sha256:{HEX}"),
    ],
)
def test_a_name_is_completed_as_docker_completes_it(name: str, shown: str) -> None:
    assert normalise(name) == shown


@pytest.mark.parametrize(
    ("text", "is_id"),
    [
        ("1234567890ab", True),
        (HEX, True),
        ("12345", False),
        (HEX + "0", False),
        ("12345678xyz9", False),
        ("1234567890AB", False),
        ("", False),
    ],
)
def test_an_id_is_twelve_or_sixty_four_digits(text: str, is_id: bool) -> None:
    assert looks_like_id(text) is is_id


@pytest.mark.parametrize(
    ("text", "is_digest"),
    [
        (f"sha256:{HEX}", True),
        (HEX, False),
        (f"sha512:{HEX}", False),
        ("sha256:invalid", False),
        ("sha256:1234567890ab", False),
        (f"sha256:{HEX.upper()}", False),
        ("sha256:", False),
        ("", False),
    ],
)
def test_a_digest_is_whole_or_none(text: str, is_digest: bool) -> None:
    assert looks_like_digest(text) is is_digest


def test_the_full_name_has_the_registry_and_the_short_one_has_not() -> None:
    assert parse("gemma3").full == "docker.io/ai/gemma3:latest"
    assert parse("gemma3").short == "ai/gemma3:latest"
    assert parse("docker.io/gemma3").full == "docker.io/library/gemma3:latest"
    assert short_id(f"sha256:{HEX}") == "0123456789ab"


def test_names_without_a_host_are_in_the_default_registry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DEFAULT_REGISTRY", "127.0.0.1:5000")
    assert parse("gemma3").full == "127.0.0.1:5000/ai/gemma3:latest"
    assert parse("gemma3", "ghcr.io").full == "ghcr.io/ai/gemma3:latest"
    assert parse("quay.io/me/x").full == "quay.io/me/x:latest"


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a/../b",
        "hf.co/../x",
        "hf.co/a/..",
        "a//b",
        "/a",
        "a/",
        ":tag",
        "model:a b",
        "model:-x",
        "model@sha256:12",
        "model@",
        "a\x00b",
        "a\nb/c",
        "http://host/x",
        "-flag",
        "x" * 300,
        "ho_st.com:99999999/x",
    ],
)
def test_what_cannot_be_a_name_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(InvalidName) as caught:
        parse(name)
    assert "is not a model's name" in caught.value.what
    assert "me/model:v2" in caught.value.remedy
    assert len(caught.value.what) < 300


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_name_within_its_folder_or_refused(text: str) -> None:
    try:
        found = parse(text, "docker.io")
    except InvalidName:
        return
    assert ".." not in found.full.split("/")
    assert parse(found.full) == found
    assert parse(found.short, "docker.io") == found
