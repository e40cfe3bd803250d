"""The kinds of engine that a model can be run by.

    Local    a program on this machine: one process a model, on a Unix socket
    Remote   a server elsewhere that speaks OpenAI's API and has its own models

A local program speaks OpenAI's API too, and says at /health when it is ready: our own
worker does, and so does llama.cpp's server, in whichever build is installed.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version

import httpx
import msgspec

from pipeline.errors import Missing
from pipeline.serving.engine.settings import Settings

# Two threads that read a prompt may share their cores with others: while one waits for
# the other, it must not spin.
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE"}
SECRET = ("_API_KEY", "_TOKEN", "_PASSWORD", "_SECRET")


def as_json(settings: Settings) -> list[str]:
    """What our own worker is told."""
    return [msgspec.json.encode(settings).decode()]


def as_flags(settings: Settings) -> list[str]:
    """What llama.cpp's own server is told; it takes a path as a host for a socket."""
    files = {"--chat-template-file": settings.template, "--mmproj": settings.projector}
    given = {name: value for name, value in files.items() if value}
    flags = {
        "--host": settings.socket,
        "--model": settings.weights,
        "--ctx-size": str(settings.context),
        "--threads": str(settings.threads),
        "--threads-batch": str(settings.batch_threads),
        "--parallel": "1",
        "--flash-attn": "on",
        **given,
    }
    words = [word for pair in flags.items() for word in pair]
    words += [word for path in settings.adapters for word in ("--lora", path)]
    embeds = settings.mode == "embedding"
    return [*words, "--metrics", "--jinja", *(["--embeddings"] if embeds else [])]


class Local(msgspec.Struct, frozen=True):
    """A program that is told its settings and answers on the socket named there.

    `package` is the Python package that it needs.
    """

    program: tuple[str, ...] = (sys.executable, "-m", "pipeline.serving.engine")
    package: str = "llama-cpp-python"
    arguments: Callable[[Settings], Sequence[str]] = as_json

    def command(self, settings: Settings) -> list[str]:
        """The command that starts it."""
        return [*self.program, *self.arguments(settings)]

    def status(self) -> str:
        """In a line: whether it is there, and which version."""
        try:
            found = self._found()
        except Missing as missing:
            return f"not installed: {missing.what}"
        return f"running: {found}"

    def check(self) -> None:
        """Raises `Missing` if it cannot be started."""
        self._found()

    def _found(self) -> str:
        program = self.program[0]
        if shutil.which(program) is None:
            what = f"there is no program '{program}'"
            raise Missing(what, remedy="Install it, or choose another engine.")
        if not self.package:
            return program
        try:
            return f"{self.package} {version(self.package)}"
        except PackageNotFoundError:
            remedy = f"Install it: {sys.executable} -m pip install {self.package}"
            raise Missing(f"{self.package} is not here", remedy=remedy) from None


class Remote(msgspec.Struct, frozen=True):
    """A server by its base address (with or without /v1) and key, "" for none."""

    url: str
    key: str = ""

    def status(self) -> str:
        """In a line: where it is."""
        return f"remote: {self.url}"

    def client(self) -> httpx.AsyncClient:
        """A client for it; its owner closes it."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        base = self.url.rstrip("/").removesuffix("/v1")
        timeout = httpx.Timeout(None, connect=10.0)
        return httpx.AsyncClient(base_url=base, headers=headers, timeout=timeout)


Engine = Local | Remote
LLAMA_SERVER = Local(program=("llama-server",), package="", arguments=as_flags)


def environment() -> dict[str, str]:
    """What a worker may know of this process's environment: no secret."""
    kept = {k: v for k, v in os.environ.items() if not k.upper().endswith(SECRET)}
    return ENVIRONMENT | kept
