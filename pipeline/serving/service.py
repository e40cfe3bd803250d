"""The service that runs models: the one that runs, or one of our own for a while.

Ours listens on a free port of this machine with a key of its own, and ends with the
`with` block, or with this process if that is killed. One that is to stay is started
with `stateof serve`.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from pipeline.errors import Missing, SurveyError
from pipeline.serving.chat import Endpoint, NoAnswer, exchange
from pipeline.serving.embedded import EMBEDDED, REMEDY, Weights, imported
from pipeline.serving.places import api_key, models_folder, service_url
from pipeline.serving.store import open_store

READY_SECONDS = 20.0
ASK_SECONDS = 5.0
STOP_SECONDS = 8.0
PR_SET_PDEATHSIG = 1


class Address(msgspec.Struct, frozen=True):
    """A service: its base address, and the key it asks for."""

    url: str
    key: str = ""

    def endpoint(self, model: str) -> Endpoint:
        """A model of it, to be asked; a grammar is taken as it is."""
        url = f"{self.url}/engines/v1"
        return Endpoint(url=url, model=model, key=self.key, forms=("grammar",))

    def get(self, path: str) -> Any:
        """JSON from a path, None for a 404; raises `NoAnswer`."""
        bare = Endpoint(url=self.url, model="", key=self.key)
        until = time.monotonic() + ASK_SECONDS
        status, content = exchange(bare, "GET", path, b"", until)
        if status == 404:
            return None
        if status != 200:
            why = content[:200].decode(errors="replace")
            raise NoAnswer(f"the service at {self.url} answered {status}: {why}")
        try:
            return json.loads(content)
        except ValueError:
            raise NoAnswer(f"what is at {self.url} does not serve models") from None


def running() -> Address | None:
    """The service at the address known, if one answers there.

    Raises `NoAnswer` if what answers is something else, or wants another key.
    """
    address = Address(service_url(), api_key())
    bare = Endpoint(url=address.url, model="")
    try:
        exchange(bare, "GET", "/health", b"", time.monotonic() + ASK_SECONDS)
    except NoAnswer:
        return None
    status = address.get("/engines/status")
    if not isinstance(status, dict) or not all(
        isinstance(x, str) for x in status.values()
    ):
        raise NoAnswer(f"what is at {address.url} does not serve models")
    return address


@contextmanager
def embedded(
    log: Path, seconds: float, weights: Weights = EMBEDDED
) -> Iterator[Endpoint]:
    """The embedded model, served while the block runs; raises `Missing`.

    A service that runs is used if it has that very model.
    """
    with ExitStack() as stack:
        try:
            model = imported(open_store(models_folder()), weights).id
            address = _having(model)
            if address is None:
                address = stack.enter_context(started(log, seconds))
        except Missing:
            raise
        except SurveyError as error:
            raise Missing(error.what, where=error.where, remedy=error.remedy) from None
        yield address.endpoint(model)


def _having(model: str) -> Address | None:
    """The service that runs, if it has the model."""
    try:
        address = running()
        found = address.get(f"/models/{model}") if address else None
    except NoAnswer:
        return None
    return address if found and found.get("id") == model else None


@contextmanager
def started(log: Path, seconds: float = READY_SECONDS) -> Iterator[Address]:
    """A service of our own, on a free port, while the block runs; raises `Missing`.

    What it and its engines have to say is in `log` at the end.
    """
    key = secrets.token_hex(16)
    log.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="stateof-") as folder, log.open("wb") as output:
        process = subprocess.Popen(
            _command(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            env=os.environ | {"STATEOF_API_KEY": key},
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        try:
            yield Address(_first_line(process, min(seconds, READY_SECONDS), log), key)
        finally:
            _stop(process)
            for path in sorted(Path(folder).glob("*.log")):
                output.write(path.read_bytes())


def _command(folder: str) -> list[str]:
    return [sys.executable, "-m", "pipeline", "serve", "--port=0", f"--folder={folder}"]


def _end_with_parent() -> None:
    """Have the kernel end the service should this process be killed."""
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _first_line(process: subprocess.Popen[bytes], seconds: float, log: Path) -> str:
    """What the service says when it is ready: its address."""
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], seconds)[0]:
        raise Missing(
            f"the model service was not ready in {seconds:.0f} s", remedy=REMEDY
        )
    line = process.stdout.readline().decode().strip()
    if not line:
        remedy = f"Its last words are in {log}."
        raise Missing("the model service ended while starting", remedy=remedy)
    return line


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
