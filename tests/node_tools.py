"""Programs from npm that tests use: other people's clients, and axe-core."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from registries import need

NODE = Path(__file__).parent / "node"


@cache
def installed() -> Path:
    """A copy of `NODE` with what its lock file names, made once a machine."""
    need("npm")
    known = b"".join(path.read_bytes() for path in sorted(NODE.iterdir()))
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cached / "stateof" / f"node-{hashlib.sha256(known).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")  # tests run side by side
    shutil.copytree(NODE, aside)
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"],
        cwd=aside,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(aside)
        pytest.skip(f"npm cannot install: {done.stderr[-300:]}")
    try:
        aside.rename(folder)
    except OSError:  # another was quicker
        shutil.rmtree(aside)
    return folder
