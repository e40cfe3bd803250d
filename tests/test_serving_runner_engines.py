"""Servers elsewhere as engines, and what is known of the builds that are here."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import httpx
import pytest

from pipeline.errors import Missing
from pipeline.serving.runner import XLLAMACPP, Local, Remote, Scheduler, doctor
from pipeline.serving.store import open_store
from tests.engine_worker import needs_engine
from tests.fake_server import fake_server, obedient

INFO = "CUDA : ARCHS = 800 | F16 = 0 | CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 0 | "


def talk(folder: Path, remote: Remote, calls: int = 1) -> list[httpx.Response]:
    """So many requests at once to an engine elsewhere; no process is started."""

    async def one(scheduler: Scheduler, all_here: asyncio.Barrier) -> httpx.Response:
        async with scheduler.lease("far", "their-model", "completion") as lease:
            await all_here.wait()
            body = {"model": "their-model", "messages": []}
            try:
                return await lease.client.post("/v1/chat/completions", json=body)
            except httpx.TransportError as error:
                raise await lease.cause(error) from None

    async def play() -> list[httpx.Response]:
        store = open_store(folder / "models")
        async with Scheduler(store, {"far": remote}, folder / "run") as scheduler:
            barrier = asyncio.Barrier(calls)
            found = await asyncio.gather(
                *(one(scheduler, barrier) for _ in range(calls))
            )
            assert scheduler.running() == []
            assert await scheduler.unload(all=True) == 0
            return found

    return asyncio.run(play())


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/"])
def test_a_server_elsewhere_is_an_engine(tmp_path: Path, end: str) -> None:
    with fake_server(obedient) as server:
        url = server.url.rstrip("/").removesuffix("/v1") + end
        (answer,) = talk(tmp_path, Remote(url, "sesame"))
    assert answer.status_code == 200
    assert server.requests == [{"model": "their-model", "messages": []}]
    assert answer.request.headers["authorization"] == "Bearer sesame"
    assert answer.request.url.path == "/v1/chat/completions"


def test_a_server_elsewhere_takes_many_requests_at_once(tmp_path: Path) -> None:
    with fake_server(obedient) as server:
        answers = talk(tmp_path, Remote(server.url), calls=4)
    assert len(answers) == len(server.requests) == 4
    assert "authorization" not in answers[0].request.headers


def test_a_server_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Missing, match="did not answer") as caught:
        talk(tmp_path, Remote(f"http://127.0.0.1:{port}/v1"))
    assert caught.value.where == f"http://127.0.0.1:{port}"


def test_the_state_of_an_engine_is_told_in_a_line() -> None:
    assert Remote("https://far.example/v1", "key").status() == (
        "remote: https://far.example/v1"
    )
    assert Local(package="msgspec").status().startswith("running: msgspec 0.")
    missing = Local(package="no-such-package")
    assert missing.status() == "not installed: no-such-package is not here"
    nowhere = Local(program=("no-such-program",))
    assert nowhere.status() == "not installed: there is no program 'no-such-program'"
    assert "xllamacpp" in XLLAMACPP.status()


@needs_engine
def test_the_build_that_is_here_is_examined() -> None:
    found = doctor.build()
    assert "CPU" in found.backends
    assert found.version == doctor.build().version
    (first, *rest) = doctor.told(found, [])
    assert first.startswith(f"llama-cpp-python {found.version}: ")
    assert rest == []


def test_a_build_that_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    (tmp_path / "llama_cpp.py").write_text("raise OSError('libcuda is not here')")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} "$@"\n')
    python.chmod(0o700)
    with pytest.raises(Missing, match="libcuda is not here"):
        doctor.build(str(python))


def test_what_a_build_can_do_is_read_from_its_own_words() -> None:
    found = doctor.Build("0.3.36", gpu=True, info=INFO)
    assert found.backends == ("CUDA", "CPU")
    assert found.features == ("SSE3", "AVX2")
    assert doctor.told(found, ["CUDA"]) == [
        "llama-cpp-python 0.3.36: GPU and CPU (SSE3 AVX2)"
    ]


def test_the_command_for_a_faster_build_is_given() -> None:
    found = doctor.Build("0.3.36", gpu=False, info=INFO)
    lines = doctor.told(found, ["CUDA", "Vulkan"])
    cuda, vulkan = (line for line in lines if "CMAKE_ARGS" in line)
    assert cuda.strip() == (
        f'CMAKE_ARGS="-DGGML_CUDA=on" {sys.executable} -m pip install '
        "--force-reinstall --no-deps --no-cache-dir --no-binary llama-cpp-python "
        "llama-cpp-python==0.3.36"
    )
    assert "-DGGML_VULKAN=on" in vulkan


def test_gpus_are_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(doctor, "NVIDIA", tmp_path / "version")
    monkeypatch.setattr(doctor, "CARDS", tmp_path)
    monkeypatch.setattr(doctor, "find_library", lambda name: "libvulkan.so.1")
    monkeypatch.setattr("sys.platform", "linux")
    assert doctor.gpus() == []
    (tmp_path / "renderD128").touch()
    assert doctor.gpus() == ["Vulkan"]
    (tmp_path / "version").touch()
    assert doctor.gpus() == ["CUDA", "Vulkan"]
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert "Metal" in doctor.gpus()
