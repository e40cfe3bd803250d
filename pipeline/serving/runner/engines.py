"""The kinds of engine that a model can be run by.

    Local    a program on this machine: one process a model, on a Unix socket
    Remote   a server elsewhere that speaks OpenAI's API and has its own models

A local program speaks OpenAI's API too, and says at /health when it is ready: our own
worker does, and so does llama.cpp's own server, in the package xllamacpp.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version

import httpx
import msgspec

from pipeline.errors import Missing
from pipeline.serving.engine.settings import Settings

SECRET = ("_API_KEY", "_TOKEN", "_PASSWORD", "_SECRET")


class Local(msgspec.Struct, frozen=True):
    """A program that is told its settings and answers on the socket named there.

    `package` is the Python package that it needs; `images`: whether it can see them.
    """

    program: tuple[str, ...] = (sys.executable, "-m", "pipeline.serving.engine")
    package: str = "llama-cpp-python"
    images: bool = False

    def command(self, settings: Settings) -> list[str]:
        """The command that starts it."""
        return [*self.program, msgspec.json.encode(settings).decode()]

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
XLLAMACPP = Local(
    program=(sys.executable, "-m", "pipeline.serving.runner.xllamacpp"),
    package="xllamacpp",
    images=True,
)


def environment() -> dict[str, str]:
    """What a worker may know of this process's environment: no secret."""
    return {k: v for k, v in os.environ.items() if not k.upper().endswith(SECRET)}
