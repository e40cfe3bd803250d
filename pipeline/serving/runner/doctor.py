"""Which build of llama.cpp is here, and how to get one that uses this machine's GPU.

The library is asked in a process of its own: loading it takes time and memory, and a
build for another machine can end the process that loads it. What it can use, our worker
uses: a build for a GPU has all of a model there.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from ctypes.util import find_library
from pathlib import Path

import msgspec

from pipeline.errors import Missing

PACKAGE = "llama-cpp-python"
PROBE_SECONDS = 60
PROBE = """
import json, llama_cpp
info = llama_cpp.llama_print_system_info().decode()
offload = bool(llama_cpp.llama_supports_gpu_offload())
print(json.dumps({"version": llama_cpp.__version__, "gpu": offload, "info": info}))
"""
NVIDIA, CARDS = Path("/proc/driver/nvidia/version"), Path("/dev/dri")
# What each kind of GPU needs: the build's switch, and a program that must be there.
KINDS = {
    "CUDA": ("GGML_CUDA", "nvcc"),
    "Metal": ("GGML_METAL", "clang"),
    "Vulkan": ("GGML_VULKAN", "glslc"),
}


class Build(msgspec.Struct, frozen=True):
    """An installed build; `info` is llama.cpp's own "CPU : AVX2 = 1 | …"."""

    version: str
    gpu: bool
    info: str

    @property
    def backends(self) -> tuple[str, ...]:
        """What it can compute with: CPU, CUDA …"""
        names = (part.partition(" : ") for part in self.info.split(" | "))
        return tuple(name.strip() for name, colon, _ in names if colon)

    @property
    def features(self) -> tuple[str, ...]:
        """What it uses of them: AVX2 …"""
        parts = (part.rpartition(" : ")[2] for part in self.info.split(" | "))
        pairs = (part.partition(" = ") for part in parts)
        return tuple(name for name, _, value in pairs if value.strip() == "1")


def build(python: str = sys.executable) -> Build:
    """The build that a Python has; raises `Missing`, with what it said instead."""
    done = subprocess.run(
        [python, "-c", PROBE],
        capture_output=True,
        text=True,
        timeout=PROBE_SECONDS,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        remedy = f"Install it: {sys.executable} -m pip install {PACKAGE}"
        raise Missing(f"{PACKAGE} cannot be used: {last}", remedy=remedy)
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Build)


def gpus() -> list[str]:
    """The kinds of GPU that this machine seems to have, the fastest first."""
    found = []
    if shutil.which("nvidia-smi") or NVIDIA.exists():
        found.append("CUDA")
    if sys.platform == "darwin" and platform.machine() == "arm64":
        found.append("Metal")
    if find_library("vulkan") and any(CARDS.glob("renderD*")):
        found.append("Vulkan")
    return found


def command(kind: str, version: str) -> str:
    """What to type for a build of this version that uses this kind of GPU."""
    switch = f'CMAKE_ARGS="-D{KINDS[kind][0]}=on"'
    install = f"{sys.executable} -m pip install --force-reinstall --no-deps"
    source = f"--no-cache-dir --no-binary {PACKAGE}"
    return f"{switch} {install} {source} {PACKAGE}=={version}"


def told(found: Build, kinds: Iterable[str]) -> list[str]:
    """The build in a line, and for each kind of GPU how to have it used."""
    uses = "GPU and CPU" if found.gpu else "CPU only"
    features = " ".join(found.features)
    lines = [f"{PACKAGE} {found.version}: {uses} ({features})"]
    for kind in () if found.gpu else kinds:
        lines.append(f"This machine can use {kind}. For a build that does:")
        needed = KINDS[kind][1]
        if shutil.which(needed) is None:
            lines.append(f"  install {needed} and a C++ compiler, then")
        lines.append(f"  {command(kind, found.version)}")
    return lines
