"""Virtual environments that hold what a lock names: pip, kept to its hashes."""

import importlib.util
import os
import sys
import tempfile
from pathlib import Path

from tools.steps import SetupError, run_step

# Settings of the person's own pip that would put the files elsewhere, or take others.
UNWANTED = ("CONSTRAINT", "NO_BINARY", "ONLY_BINARY", "PREFIX", "ROOT", "TARGET")


def create_venv(folder: Path) -> Path:
    """A new virtual environment; returns its Python."""
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError(
            f"{sys.executable} comes without venv's ensurepip.\n"
            "Install it (Debian, Ubuntu: apt-get install python3-venv), or name a "
            "Python that has it:\nmake PYTHON=/path/to/python3.11 ..."
        )
    # The base Python: `make` may run inside the very environment that is made anew.
    base = getattr(sys, "_base_executable", sys.executable)
    run_step(f"creating {folder}", [base, "-m", "venv", "--clear", folder])
    return folder / "bin" / "python"


def install_locked(python: Path, requirements: str) -> None:
    """Install wheels only, each with the hash that the requirements give it."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(requirements)
        file.flush()
        pip(
            python,
            *("install", "--quiet", "--no-deps", "--only-binary", ":all:"),
            *("--require-hashes", "--requirement", file.name),
        )


def pip(python: Path, *arguments: str | Path) -> None:
    """Run an environment's pip, quietly unless it fails."""
    command = [python, "-m", "pip", *arguments]
    run_step(f"pip {arguments[0]}", command, pip_settings())


def pip_settings() -> dict[str, str]:
    """This process's variables, with pip made to install into the environment."""
    drop = {f"PIP_{name}" for name in UNWANTED}
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    return {
        **kept,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_USER": "0",
    }
