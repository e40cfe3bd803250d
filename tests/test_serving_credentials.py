"""Docker's credentials: whose they are, and where they are kept."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from pipeline.errors import DataError, Missing
from pipeline.serving.distribution.credentials import Credentials, lookup

HUB = "https://index.docker.io/v1/"


def config(folder: Path, **fields: object) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(fields))
    return path


def auth(pair: str) -> dict[str, str]:
    return {"auth": base64.b64encode(pair.encode()).decode()}


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A credential helper that knows one server, and writes down who asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "docker-credential-test"
    program.write_text(
        f"""#!/bin/sh
read -r server || true
echo "$1 $server" >> {folder}/asked
case "$server" in
  known.example.com) echo '{{"Username":"ann","Secret":"secret"}}' ;;
  token.example.com) echo '{{"Username":"<token>","Secret":"identity"}}' ;;
  {HUB}) echo '{{"Username":"hub","Secret":"secret"}}' ;;
  broken.example.com) echo 'no JSON' ;;
  locked.example.com) echo 'the keychain is locked' >&2; exit 1 ;;
  *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
"""
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "asked"


def test_without_a_config_there_are_none(tmp_path: Path) -> None:
    assert lookup("registry.example.com", tmp_path / "config.json") is None


def test_a_password_may_have_colons(tmp_path: Path) -> None:
    path = config(tmp_path, auths={"registry.example.com": auth("ann:a:b")})
    assert lookup("registry.example.com", path) == Credentials("ann", "a:b")


@pytest.mark.parametrize(
    "key",
    [
        "registry.example.com:5000",
        "https://registry.example.com:5000",
        "https://registry.example.com:5000/v1/",
        "http://Registry.Example.com:5000/v2",
    ],
)
def test_a_registry_is_found_however_it_is_written(tmp_path: Path, key: str) -> None:
    path = config(tmp_path, auths={key: auth("ann:x")})
    assert lookup("registry.example.com:5000", path) == Credentials("ann", "x")
    assert lookup("registry.example.com", path) is None
    assert lookup("registry.example.com:5001", path) is None


@pytest.mark.parametrize("key", [HUB, "docker.io", "registry-1.docker.io"])
def test_docker_hub_has_several_names(tmp_path: Path, key: str) -> None:
    path = config(tmp_path, auths={key: auth("ann:x")})
    assert lookup("docker.io", path) == Credentials("ann", "x")


def test_tokens_are_read_too(tmp_path: Path) -> None:
    auths = {"a.example.com": {"identitytoken": "i"}}
    auths["b.example.com"] = {"registrytoken": "r"}
    auths["c.example.com"] = {}
    path = config(tmp_path, auths=auths, credHelpers=None)
    assert lookup("a.example.com", path) == Credentials(identity_token="i")
    assert lookup("b.example.com", path) == Credentials(registry_token="r")
    assert lookup("c.example.com", path) is None


def test_the_folder_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(tmp_path, auths={"registry.example.com": auth("ann:x")})
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert lookup("registry.example.com") == Credentials("ann", "x")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"auths": 1}', '{"auths": {"a": 1}}'])
def test_a_config_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"config\.json"):
        lookup("a", path)


def test_an_entry_that_is_not_base64_is_not_quoted(tmp_path: Path) -> None:
    path = config(tmp_path, auths={"a.example.com": {"auth": "my-secret!"}})
    with pytest.raises(DataError) as caught:
        lookup("a.example.com", path)
    assert "my-secret" not in str(caught.value)


def test_a_helper_is_asked_for_its_registry(tmp_path: Path, helper: Path) -> None:
    path = config(tmp_path, credHelpers={"known.example.com": "test"})
    assert lookup("known.example.com", path) == Credentials("ann", "secret")
    assert lookup("other.example.com", path) is None
    assert helper.read_text() == "get known.example.com\n"


def test_a_store_is_asked_for_all_and_auths_come_after(
    tmp_path: Path, helper: Path
) -> None:
    auths = {"other.example.com": auth("bob:x"), "known.example.com": auth("bob:x")}
    path = config(tmp_path, credsStore="test", auths=auths)
    assert lookup("docker.io", path) == Credentials("hub", "secret")
    assert lookup("known.example.com", path) == Credentials("ann", "secret")
    assert lookup("other.example.com", path) == Credentials("bob", "x")
    assert lookup("none.example.com", path) is None
    assert f"get {HUB}" in helper.read_text()


def test_a_helper_may_give_an_identity_token(tmp_path: Path, helper: Path) -> None:
    path = config(tmp_path, credsStore="test")
    found = lookup("token.example.com", path)
    assert found == Credentials(identity_token="identity")


@pytest.mark.parametrize("registry", ["broken.example.com", "locked.example.com"])
def test_a_helper_that_fails_is_named(
    tmp_path: Path, helper: Path, registry: str
) -> None:
    path = config(tmp_path, credsStore="test")
    with pytest.raises(Missing, match="docker-credential-test does not work"):
        lookup(registry, path)


def test_a_helper_that_is_not_installed_is_named(tmp_path: Path, helper: Path) -> None:
    path = config(tmp_path, credsStore="absent")
    with pytest.raises(Missing, match=r"docker-credential-absent .* not installed"):
        lookup("known.example.com", path)


@pytest.mark.parametrize("name", ["../evil", "a b", "-x", "a/b"])
def test_a_helper_s_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="no helper's name"):
        lookup("known.example.com", config(tmp_path, credsStore=name))


def test_secrets_are_not_shown() -> None:
    shown = repr(Credentials("ann", "secret", "identity", "token"))
    assert shown == "Credentials('ann', …)"
