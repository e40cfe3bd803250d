"""The README's section on serving, followed as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import copy

import pytest
from registries import docker_registry, need
from services import ROOT, Running, service

from pipeline.serving.artifact import digest_of
from pipeline.serving.store import find, open_store


class Reader:
    """Someone who reads the section, on a machine with a model file and a registry."""

    def __init__(self, folder: Path, served: Running, registry: str) -> None:
        self.folder, self.registry = folder, registry
        (folder / "stateof").write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -m pipeline "$@"\n'
        )
        (folder / "stateof").chmod(0o755)
        self.places = {
            "http://127.0.0.1:12434": served.url,
            "localhost:5000": registry,
            "stateof serve &": "stateof model status",  # it was started for the test
        }
        self.env = {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "MODELS_PATH": str(folder / "models"),
            "MODEL_RUNNER_HOST": served.url,
        }

    def follow(self, language: str, text: str) -> str:
        """Do what a block says; it must succeed."""
        for place, here in self.places.items():
            text = text.replace(place, here)
        program = {"sh": ["bash", "-euo", "pipefail"], "python": [sys.executable]}
        done = subprocess.run(
            [*program[language], "-c", text],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def reader(tmp_path: Path, shared: Path) -> Iterator[Reader]:
    """A reader with the tiny model as model.gguf."""
    for program in ("skopeo", "curl"):
        need(program)
    copy(shared / "models/tiny/tiny.gguf", tmp_path / "model.gguf")
    copy(ROOT / "LICENSE", tmp_path)
    with ExitStack() as stack:
        registry = stack.enter_context(docker_registry(tmp_path / "registry"))
        served = stack.enter_context(
            service(tmp_path / "run", models=tmp_path / "models")
        )
        yield Reader(tmp_path, served, registry)


def blocks() -> list[tuple[str, str]]:
    """The section's blocks: language and text."""
    text = (ROOT / "README.md").read_text()
    section = text.partition("## Serve a model\n")[2].partition("\n## ")[0]
    found = re.findall(r"```(\w+)\n(.*?)```", section, re.S)
    return [(language, block) for language, block in found]


@pytest.mark.slow
def test_the_section_can_be_followed(reader: Reader) -> None:
    first, chat, more, to_and_fro = blocks()
    assert reader.follow(*first).startswith("sha256:")
    assert reader.follow(*chat).strip()
    said = reader.follow(*more)
    assert "data: [DONE]" in said
    assert "team/model:v1" in said.splitlines()[-1]  # what ps shows
    reader.follow(*to_and_fro)
    raw = subprocess.run(
        [
            *("skopeo", "inspect", "--raw", "--tls-verify=false"),
            f"docker://{reader.registry}/team/model:v1",
        ],
        capture_output=True,
        check=True,
    ).stdout
    store = open_store(reader.folder / "models")
    assert digest_of(raw) == find(store, "team/model:v1").id
