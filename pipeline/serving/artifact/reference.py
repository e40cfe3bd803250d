"""Names of models, as Docker writes them.

    gemma3                         docker.io/ai/gemma3:latest
    me/model:v2                    docker.io/me/model:v2
    hf.co/Org/Model-GGUF:Q4_K_M    huggingface.co/Org/Model-GGUF:Q4_K_M
    localhost:5000/me/model        localhost:5000/me/model:latest
    ai/gemma3@sha256:…             that very manifest
    1234567890ab                   a model in the store, by its ID (12 or 64 digits)

Repositories are lower case, but for Hugging Face, where case counts.
"""

from __future__ import annotations

import os
import re

import msgspec

from pipeline.errors import SurveyError

DOCKER_HUB = "docker.io"
HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io")
HUGGING_FACE = "huggingface.co"
DEFAULT_NAMESPACE = "ai"
DEFAULT_TAG = "latest"
LONGEST = 255

ID = re.compile(r"[0-9a-f]{12}|[0-9a-f]{64}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
PART_ANY_CASE = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
HOST = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
    r"|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
)


class InvalidName(SurveyError):
    """Text that cannot be the name of a model."""

    status = 2


class Reference(msgspec.Struct, frozen=True):
    """A model's name in full: a tag, or the digest of a manifest."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def full(self) -> str:
        """The name with its registry: what the store writes down."""
        return f"{self.registry}/{self.repository}{self._end}"

    @property
    def short(self) -> str:
        """The name as people write it: without Docker Hub's host."""
        hub = self.registry == DOCKER_HUB
        return f"{self.repository}{self._end}" if hub else self.full

    @property
    def _end(self) -> str:
        return f"@{self.digest}" if self.digest else f":{self.tag}"


def parse(name: str, registry: str | None = None) -> Reference:
    """The reference that `name` stands for; raises `InvalidName`.

    `registry` is where names without a host are (DEFAULT_REGISTRY, else Docker Hub).
    """
    text = name.strip()
    rest, _, digest = text.partition("@")
    if "@" in text and not DIGEST.fullmatch(digest):
        raise _invalid(name, "after '@' comes sha256: and 64 digits of it")
    head, slash, tail = rest.partition("/")
    host = head.lower() if slash and _is_host(head) else ""
    path, tag = _tagged(tail if host else rest)
    if not host:
        host = registry or os.environ.get("DEFAULT_REGISTRY") or DOCKER_HUB
        path = path if "/" in path else f"{DEFAULT_NAMESPACE}/{path}"
    host = _known_host(host.lower())
    if host == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"  # as Docker reads docker.io/name
    path = path if host == HUGGING_FACE else path.lower()
    found = Reference(host, path, "" if digest else tag, digest)
    _check(found, name)
    return found


def normalise(name: str) -> str:
    """The name as Docker shows it; IDs and digests as they are, nothing for nothing."""
    text = name.strip()
    if not text or looks_like_id(text) or looks_like_digest(text):
        return text
    return parse(text, DOCKER_HUB).short


def looks_like_id(text: str) -> bool:
    """Whether this may be a model's ID: 12 or 64 lower-case hexadecimal digits."""
    return ID.fullmatch(text) is not None


def looks_like_digest(text: str) -> bool:
    """Whether this is a whole sha256 digest."""
    return DIGEST.fullmatch(text) is not None


def short_id(digest: str) -> str:
    """The twelve digits by which people know a model."""
    return digest.removeprefix("sha256:")[:12]


def _is_host(text: str) -> bool:
    return "." in text or ":" in text or text.lower() == "localhost"


def _known_host(host: str) -> str:
    """One name for each registry that has several."""
    if host == "hf.co":
        return HUGGING_FACE
    return DOCKER_HUB if host in HUB_NAMES else host


def _tagged(text: str) -> tuple[str, str]:
    path, _, tag = text.partition(":")
    return path, tag or DEFAULT_TAG


def _check(found: Reference, name: str) -> None:
    part = PART_ANY_CASE if found.registry == HUGGING_FACE else PART
    if not HOST.fullmatch(found.registry):
        raise _invalid(name, f"'{found.registry[:80]}' is not a host")
    for piece in found.repository.split("/"):
        if not part.fullmatch(piece):
            raise _invalid(name, f"'{piece[:80]}' cannot be part of a name")
    if found.tag and not TAG.fullmatch(found.tag):
        raise _invalid(name, f"'{found.tag[:80]}' is not a tag")
    if len(found.registry) + len(found.repository) > LONGEST:
        raise _invalid(name, f"it is longer than {LONGEST} characters")


def _invalid(name: str, why: str) -> InvalidName:
    shown = name if len(name) <= 80 else f"{name[:79]}…"
    remedy = "Write it like gemma3, me/model:v2 or registry.example.com/me/model:v2."
    return InvalidName(f"'{shown}' is not a model's name: {why}", remedy=remedy)
