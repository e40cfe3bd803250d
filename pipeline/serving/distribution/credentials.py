"""Who one is at a registry: what `docker login` has left in docker's config.json.

    credHelpers   {"registry.example.com": "name"}   asks docker-credential-name
    credsStore    "name"                             the same, for every other registry
    auths         {"registry.example.com": {"auth": base64 of "user:password"}}

The folder is $DOCKER_CONFIG, else ~/.docker. A secret is never in an error or a repr.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from pipeline.errors import DataError, Missing
from pipeline.serving.artifact.reference import DOCKER_HUB, HUB_NAMES

HUB_SERVER = "https://index.docker.io/v1/"
HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
HELPER_SECONDS = 30.0
TOKEN_USER = "<token>"  # what helpers give as the name beside an identity token

T = TypeVar("T")


class Credentials(msgspec.Struct, frozen=True):
    """A name and password, or an identity token, or a token for the registry itself."""

    username: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.username!r}, …)"

    @property
    def basic(self) -> str:
        """The header that says name and password; empty without a name."""
        if not self.username:
            return ""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


class _Auth(msgspec.Struct):
    auth: str = ""
    username: str = ""
    password: str = ""
    identitytoken: str = ""
    registrytoken: str = ""


class _Config(msgspec.Struct):
    auths: dict[str, _Auth] = {}
    cred_helpers: dict[str, str] = msgspec.field(name="credHelpers", default={})
    creds_store: str = msgspec.field(name="credsStore", default="")


class _Helped(msgspec.Struct):
    Username: str = ""
    Secret: str = ""


def config_path() -> Path:
    """Where docker keeps its config."""
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def lookup(registry: str, path: Path | None = None) -> Credentials | None:
    """The credentials for a registry, None if there are none.

    Raises `DataError` for a config that cannot be read, `Missing` for a helper that
    is not there or fails.
    """
    path = path or config_path()
    config = _read(path)
    helper = _of_host(config.cred_helpers, registry) or config.creds_store
    found = _ask(helper, registry, path) if helper else None
    if found:
        return found
    entry = _of_host(config.auths, registry)
    return _stored(entry, path) if entry else None


def _of_host(entries: Mapping[str, T], registry: str) -> T | None:
    """The entry for this registry, whether its key is a host or an address."""
    exact = HUB_SERVER if registry == DOCKER_HUB else registry
    if exact in entries:
        return entries[exact]
    return next((e for key, e in entries.items() if _host(key) == registry), None)


def _host(key: str) -> str:
    host = key.partition("://")[2] or key
    host = host.partition("/")[0].lower()
    return DOCKER_HUB if host in HUB_NAMES else host


def _read(path: Path) -> _Config:
    try:
        given = json.loads(path.read_bytes())
        fields = {key: value for key, value in given.items() if value is not None}
        return msgspec.convert(fields, _Config)
    except (FileNotFoundError, NotADirectoryError):
        return _Config()
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        # Not the error's own text: it may quote what stands in the file.
        what = f"docker's config cannot be read: {type(error).__name__}"
        remedy = "Correct it, or write it anew with docker login."
        raise DataError(what, where=str(path), remedy=remedy) from None


def _stored(entry: _Auth, path: Path) -> Credentials | None:
    username, password = entry.username, entry.password
    if entry.auth:
        try:
            pair = base64.b64decode(entry.auth, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            what = "an entry of auths is not base64 of a name and a password"
            remedy = "Write it anew with docker login."
            raise DataError(what, where=str(path), remedy=remedy) from None
        username, _, password = pair.partition(":")
        password = password.strip("\0")
    found = Credentials(username, password, entry.identitytoken, entry.registrytoken)
    return found if found != Credentials() else None


def _ask(helper: str, registry: str, path: Path) -> Credentials | None:
    """What docker-credential-<helper> answers, by its protocol on stdin and stdout."""
    if not HELPER.fullmatch(helper):
        remedy = "A helper's name has letters, digits, dots, dashes and underscores."
        raise DataError("that is no helper's name", where=str(path), remedy=remedy)
    program = f"docker-credential-{helper}"
    server = HUB_SERVER if registry == DOCKER_HUB else registry
    try:
        done = subprocess.run(
            [program, "get"],
            input=server.encode(),
            capture_output=True,
            timeout=HELPER_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise _helper_failed(program, "it is not installed", path) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _helper_failed(program, type(error).__name__, path) from None
    said = (done.stdout or done.stderr).decode("utf-8", "replace")
    if done.returncode:
        if "not found" in said.lower():
            return None
        raise _helper_failed(program, f"exit status {done.returncode}", path)
    try:
        answer = msgspec.json.decode(done.stdout, type=_Helped)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _helper_failed(program, "its answer is not JSON", path) from None
    if answer.Username == TOKEN_USER:
        return Credentials(identity_token=answer.Secret)
    return Credentials(answer.Username, answer.Secret) if answer.Secret else None


def _helper_failed(program: str, why: str, path: Path) -> Missing:
    what = f"the credential helper {program} does not work: {why}"
    remedy = "Install or repair it, or take it out of docker's config."
    return Missing(what, where=str(path), remedy=remedy)
