"""What a worker is told when it starts: one JSON argument. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Count = Annotated[int, msgspec.Meta(ge=1)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model on one socket.

    `socket`: a path whose folder only its owner may enter. `weights`: the first GGUF
    file of the model. `context`: how many tokens a prompt and its answer may have.
    `threads` generate, `batch_threads` read prompts. `template`: a file, or "" for the
    model's own. `projector`: images, which are refused. `adapters`: LoRA files.
    """

    socket: str
    weights: str
    mode: Literal["completion", "embedding"]
    context: Count
    threads: Count = 1
    batch_threads: Count = 2
    template: str = ""
    projector: str = ""
    adapters: tuple[str, ...] = ()
