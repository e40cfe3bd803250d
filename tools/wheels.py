"""Wheels of the packages that are published as source only, built once per machine.

They are kept in `$XDG_CACHE_HOME/stateof/wheels` (`~/.cache/stateof/wheels`), one
folder per thing that decides what comes out of the compiler. A wheel is built aside
and renamed into place, so a folder never holds half of one.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.environment import create_venv, install_locked, pip_settings
from tools.lockfile import Pin, read_lock
from tools.steps import SetupError, clock, run_step, say

# What the build of the model engine leaves out: images (the narrative needs text
# only), and libraries that it would pick up if the machine happens to have them.
LLAMA_OPTIONS = "-DLLAVA_BUILD=OFF -DLLAMA_OPENSSL=OFF"


@dataclass(frozen=True)
class Source:
    """A package that has to be built here."""

    compiled: bool
    options: str = ""  # CMake's
    settings: tuple[str, ...] = ()  # the build backend's
    expect: str = ""


SOURCES = {
    "antlr4-python3-runtime": Source(compiled=False),
    "llama-cpp-python": Source(
        compiled=True,
        options=LLAMA_OPTIONS,
        settings=("build.verbose=false",),
        expect=": about 5 minutes on 2 cores, once per machine",
    ),
}


def provide_wheel(pin: Pin, build_lock: Path) -> Path:
    """The wheel of a source-only package: the kept one, or a new one."""
    folder = _cache() / _key(pin)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return _kept(folder) or _built(pin, build_lock, folder)
    except OSError as error:
        raise SetupError(
            f"cannot keep wheels in {folder.parent}: {error}.\n"
            "Set XDG_CACHE_HOME to a folder that can be written."
        ) from error


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    return root / "stateof" / "wheels"


def _key(pin: Pin) -> str:
    """Name of the folder: all that decides what comes out of the compiler.

    The code is tuned to the processor it is compiled on and links to its C library,
    so a home folder shared between machines must not mix them up.
    """
    decides = [
        *pin.hashes,
        SOURCES[pin.name].options,
        os.environ.get("CMAKE_ARGS", ""),
        sys.platform,
        platform.machine(),
        "".join(platform.libc_ver()),
        _processor(),
    ]
    digest = hashlib.sha256("\n".join(decides).encode()).hexdigest()
    return f"{pin.name}-{pin.version}-{digest[:16]}"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    first = text.split("\n\n", 1)[0].splitlines()
    wanted = ("vendor_id", "cpu family", "model", "flags", "CPU ", "Features")
    return "\n".join(line for line in first if line.startswith(wanted))


def _kept(folder: Path) -> Path | None:
    """A wheel in the folder that this Python can install."""
    here = f"-cp{sys.version_info.major}{sys.version_info.minor}-"
    return next(
        (
            wheel
            for wheel in sorted(folder.glob("*.whl"))
            if "-py3-none-" in wheel.name or here in wheel.name
        ),
        None,
    )


def _built(pin: Pin, build_lock: Path, folder: Path) -> Path:
    if SOURCES[pin.name].compiled:
        _check_compiler(pin)
    with _one_at_a_time(folder.parent):
        wheel = _kept(folder)  # another set-up may have built it in the meantime
        return wheel or _build(pin, build_lock, folder)


def _check_compiler(pin: Pin) -> None:
    for variable, names in (
        ("CC", ("cc", "gcc", "clang")),
        ("CXX", ("c++", "g++", "clang++")),
    ):
        wanted = os.environ.get(variable, "").split()[:1] or names
        if not any(shutil.which(name) for name in wanted):
            raise SetupError(
                f"{pin.name} is compiled here, and there is no {' or '.join(wanted)}.\n"
                "Install a C and C++ compiler (Debian, Ubuntu: apt-get install g++; "
                "Fedora: dnf install gcc-c++;\nmacOS: xcode-select --install), "
                "or name yours in CC and CXX."
            )


@contextlib.contextmanager
def _one_at_a_time(cache: Path) -> Iterator[None]:
    with (cache / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  waiting for another set-up, which is building a wheel")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left in cache.glob(".building-*"):  # by a set-up that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield


def _build(pin: Pin, build_lock: Path, folder: Path) -> Path:
    """Build from the source file whose hash is in the lock, with locked tools."""
    source = SOURCES[pin.name]
    start = time.monotonic()
    say(f"  building {pin.name} {pin.version} from its source{source.expect}")
    with tempfile.TemporaryDirectory(prefix=".building-", dir=folder.parent) as name:
        scratch = Path(name)
        python = create_venv(scratch / "tools")
        install_locked(python, build_lock.read_text(encoding="utf-8"))
        request = scratch / "request.txt"
        request.write_text(pin.text, encoding="utf-8")
        command = [
            *(python, "-m", "pip", "wheel", "--verbose", "--wheel-dir", scratch),
            *("--no-deps", "--no-build-isolation", "--no-binary", pin.name),
            *("--require-hashes", "--requirement", request),
            *(f"--config-settings={setting}" for setting in source.settings),
        ]
        env = _build_settings(scratch, python.parent, source.options)
        run_step(f"building {pin.name}", command, env)
        wheel = next(scratch.glob("*.whl"))
        folder.mkdir(exist_ok=True)
        kept = wheel.replace(folder / wheel.name)
    if source.compiled:
        say(f"    built in {clock(time.monotonic() - start)}, kept in {folder.parent}")
    return kept


def _build_settings(scratch: Path, tools: Path, options: str) -> dict[str, str]:
    return {
        **pip_settings(),
        "CMAKE_ARGS": f"{options} {os.environ.get('CMAKE_ARGS', '')}".strip(),
        "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count() or 1),
        "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "TMPDIR": str(scratch),
    }


def requirement_lines(lock: Path, build_lock: Path) -> str:
    """The lock's text, each source-only package replaced by the wheel built of it."""
    return "".join(
        _wheel_line(pin, provide_wheel(pin, build_lock))
        if pin.name in SOURCES
        else pin.text
        for pin in read_lock(lock)
    )


def _wheel_line(pin: Pin, wheel: Path) -> str:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"{pin.name} @ {wheel.as_uri()} --hash=sha256:{digest}\n"
