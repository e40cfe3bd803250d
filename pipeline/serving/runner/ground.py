"""What all that runs models stands on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from pipeline.errors import NotFound
from pipeline.serving import store as stores
from pipeline.serving.runner.budget import Memory
from pipeline.serving.runner.engines import Local
from pipeline.serving.runner.slot import Key
from pipeline.serving.runner.worker import Clock
from pipeline.serving.store import Store


class Ground(msgspec.Struct, frozen=True):
    """Where models, engines, memory and time are; `folder` has logs."""

    store: Store
    engines: Mapping[str, Local]
    memory: Memory
    clock: Clock
    sockets: Path
    folder: Path

    def log(self, key: Key) -> Path:
        """Where a worker's output is."""
        return self.folder / f"{key}.log"

    def lacks(self, key: Key) -> NotFound | None:
        """The error for a model that has been deleted meanwhile."""
        if any(entry.id == key.model for entry in stores.entries(self.store)):
            return None
        return NotFound("the model has been deleted", where=str(key))
