"""Where models are kept, and where the service that runs them can be found.

    $MODELS_PATH             the store; else $XDG_DATA_HOME/stateof/models,
                             else ~/.local/share/stateof/models
    $MODEL_RUNNER_HOST       the service's address; else http://127.0.0.1:12434
    $STATEOF_API_KEY         the key that it asks for
    $INSECURE_REGISTRY       true: plain HTTP to registries elsewhere
    $XDG_RUNTIME_DIR/stateof its Unix socket and logs; else <tmp>/stateof-<user>

MODELS_PATH and MODEL_RUNNER_HOST are Docker Model Runner's names, as the store has its
layout. Its own store, ~/.docker/models, is not ours by default: Docker takes no lock
when it writes there, so that two writers could lose each other's models.
MODELS_PATH=~/.docker/models says that it is meant.
"""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

from pipeline.errors import SurveyError
from pipeline.project import writing

PORT = 12434
SOCKET = "models.sock"


def models_folder() -> Path:
    """The store's folder."""
    named = os.environ.get("MODELS_PATH")
    if named:
        return Path(named).expanduser()
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local/share") / "stateof/models"


def service_url() -> str:
    """The address of the service, without a slash at its end."""
    named = os.environ.get("MODEL_RUNNER_HOST", "").rstrip("/")
    if named and "://" not in named:
        named = f"http://{named}"
    return named or f"http://127.0.0.1:{PORT}"


def api_key() -> str:
    """The key that the service asks for, empty if it asks for none."""
    return os.environ.get("STATEOF_API_KEY", "")


def run_folder() -> Path:
    """The folder for the socket and logs of the user's service."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "stateof"
    return Path(tempfile.gettempdir()) / f"stateof-{os.getuid()}"


def make_private(folder: Path) -> Path:
    """Make a folder that only its owner can enter; raises `SurveyError`."""
    with writing(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    # A link of somebody else's in /tmp may lead to any folder of ours.
    owners = {found.st_uid, folder.lstat().st_uid}
    if owners != {os.getuid()} or found.st_mode & 0o077:
        what = "others can enter the folder, or it is theirs"
        remedy = "Close it with chmod 700, or set XDG_RUNTIME_DIR to one of yours."
        raise SurveyError(what, where=str(folder), remedy=remedy)
    return folder


def insecure() -> bool:
    """Whether registries on other machines may be spoken to in plain HTTP."""
    return os.environ.get("INSECURE_REGISTRY", "").lower() in ("1", "t", "true")


def engine_size() -> int:
    """Bytes of the default engine's libraries; its package is not imported."""
    spec = find_spec("llama_cpp")
    folders = spec.submodule_search_locations if spec else None
    files = [p for folder in folders or () for p in Path(folder).glob("lib/*")]
    return sum(path.stat().st_size for path in files if path.is_file())
