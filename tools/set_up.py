"""Make .venv from the lock files; do nothing if it is already what they say.

Usage: python3 tools/set_up.py runtime|dev

Only the standard library is used, because nothing else is installed yet.
llama-cpp-python is compiled from source, once per machine: its wheel is kept in
${XDG_CACHE_HOME:-~/.cache}/stateof/wheels, and other environments install that file.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
COMPILED = "llama-cpp-python"
# Vision and HTTPS are not used and are a quarter of the work.
BUILD = "-DLLAVA_BUILD=OFF -DLLAMA_OPENSSL=OFF"
# On processors with AMX, llama.cpp's kernels for it crash (llama.cpp issue 20824):
# the model would be loaded and die at the first question. AVX-512 takes their place.
FLAGS = "-U__AMX_INT8__"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stateof"


def main(kind: str) -> None:
    lock = ROOT / "requirements" / f"{kind}.lock"
    stamp = VENV / f"stateof-{kind}"
    wanted = digest(lock, ROOT / "pyproject.toml", Path(__file__))
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    check_machine()
    for old in VENV.glob("stateof-*"):
        old.unlink()  # until all is done, nothing is
    make_environment()
    blocks = re.split(r"\n(?=\S)", lock.read_text())
    compiled = next(b for b in blocks if b.startswith(COMPILED + "=="))
    # Comments say who needs it, which differs between the lock files.
    wheel = compiled_wheel(re.sub(r"\n\s*#.*", "", compiled).strip())
    say(f"installing {len(blocks) - 1} locked packages")
    rest = "\n".join(b for b in blocks if b is not compiled)
    pip_install_locked(rest)
    # Forced: another build of the same version may be there.
    pip("install", "--no-deps", "--no-index", "--force-reinstall", str(wheel))
    pip("install", "--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT))
    stamp.write_text(wanted)
    if kind == "dev":  # holds everything that runtime does
        runtime = ROOT / "requirements" / "runtime.lock"
        text = digest(runtime, ROOT / "pyproject.toml", Path(__file__))
        (VENV / "stateof-runtime").write_text(text)
    say("ready")


def digest(*files: Path) -> str:
    content = b"\0".join(path.read_bytes() for path in files)
    place = f"{VENV}{sys.version}"  # a copied folder still points at the old one
    return hashlib.sha256(content + place.encode()).hexdigest()


def check_machine() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - set-up runs on any Python
        stop(
            f"Python 3.11 or newer is needed, this is {platform.python_version()}.",
            "Name another one: make PYTHON=python3.12 …",
        )
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang")) or not any(
        shutil.which(name) for name in ("c++", "g++", "clang++")
    ):
        stop(
            "a C and a C++ compiler are needed to build llama-cpp-python.",
            "On Debian or Ubuntu: apt install build-essential",
        )


def make_environment() -> None:
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if (VENV / "bin" / "pip").exists() and (VENV / "lib" / version).exists():
        return
    say("making .venv")
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)],
        check=False,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        print(made.stdout + made.stderr, file=sys.stderr)
        stop(
            "Python could not make a virtual environment.",
            "On Debian or Ubuntu: apt install python3-venv",
        )


def compiled_wheel(requirement: str) -> Path:
    """The wheel of llama-cpp-python for this machine, built if it is not there yet."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    key = f"{requirement}{BUILD}{FLAGS}{python}{platform.machine()}{processor()}"
    folder = CACHE / "wheels" / hashlib.sha256(key.encode()).hexdigest()[:16]
    built = list(folder.glob("*.whl"))
    if built:
        say(f"using {built[0].name}, built earlier on this machine")
        return built[0]
    say(
        "building llama-cpp-python from source: 5 to 10 minutes on 2 cores, once per"
        " machine"
    )
    aside = folder.with_name(f"{folder.name}.{os.getpid()}")
    aside.mkdir(parents=True)
    try:
        wanted = aside / "requirement.txt"
        wanted.write_text(requirement + "\n")
        build(
            [
                "wheel",
                "--no-deps",
                "--require-hashes",
                "--no-cache-dir",
                "-w",
                str(aside),
                "-r",
                str(wanted),
            ]
        )
        wanted.unlink()
        if not folder.exists():
            aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return next(folder.glob("*.whl"))


def processor() -> str:
    """What the compiler sees of this processor: a wheel is built for its features."""
    try:
        info = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    return "".join(re.findall(r"^(?:model name|flags)\s*:.*", info, re.M)[:2])


def build(arguments: list[str]) -> None:
    """Run pip, saying every 20 seconds that it is still at work."""
    environment = dict(os.environ)
    environment.setdefault("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count() or 1))
    environment.setdefault("CMAKE_ARGS", BUILD)
    for name in ("CFLAGS", "CXXFLAGS"):
        environment[name] = f"{environment.get(name, '')} {FLAGS}".strip()
    log = CACHE / "build.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(PYTHON), "-m", "pip", *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        try:
            while True:
                try:
                    code = process.wait(timeout=20)
                    break
                except subprocess.TimeoutExpired:
                    minutes, seconds = divmod(int(time.monotonic() - started), 60)
                    say(f"  still building, {minutes}:{seconds:02d}")
        finally:
            process.kill()
    if code:
        print(log.read_text()[-6000:], file=sys.stderr)
        stop("llama-cpp-python did not build.", f"The whole log is in {log}")


def pip_install_locked(text: str) -> None:
    lock = VENV / "locked.txt"
    lock.write_text(text)
    pip("install", "--no-deps", "--require-hashes", "-r", str(lock))


def pip(*arguments: str) -> None:
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        stop("pip failed, see above.", "Run the same make command again to go on.")


def say(text: str) -> None:
    print(f"set-up: {text}", file=sys.stderr, flush=True)


def stop(what: str, remedy: str) -> None:
    sys.exit(f"set-up: {what}\n  {remedy}")


if __name__ == "__main__":
    main(sys.argv[1])
