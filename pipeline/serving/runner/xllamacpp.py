"""A second engine on this machine: llama.cpp's own server, from the package xllamacpp.

    python -m pipeline.serving.runner.xllamacpp '<settings as JSON>'

It answers the same paths on the same kind of socket as our own worker, with llama.cpp's
own templates, tools and sampling.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec

from pipeline.serving.engine.process import end_plainly, settle
from pipeline.serving.engine.settings import Settings
from pipeline.serving.runner.estimate import BATCH


def main(arguments: list[str]) -> None:
    """Serve until told to stop."""
    settle(os.getppid())
    try:
        settings = msgspec.json.decode(arguments[0], type=Settings)
        import xllamacpp

        server = xllamacpp.Server(_told(xllamacpp.CommonParams(), settings))
    except (IndexError, ImportError, RuntimeError, OSError, ValueError) as error:
        end_plainly(error)
    signal.pause()  # the server has threads of its own
    del server


def _told(params: Any, settings: Settings) -> Any:
    params.hostnames = [settings.socket]
    params.model.path = settings.weights
    params.mmproj.path = settings.projector
    params.n_ctx = settings.context
    params.n_parallel = 1
    params.cpuparams.n_threads = settings.threads
    params.cpuparams_batch.n_threads = settings.batch_threads
    params.cache_ram_mib = 0  # else it keeps up to 8 GiB of prompts
    params.endpoint_metrics = True
    params.use_jinja = True
    params.embedding = settings.mode == "embedding"
    params.n_batch = settings.context if params.embedding else BATCH
    params.n_ubatch = params.n_batch
    if settings.template:
        params.chat_template = Path(settings.template).read_text(encoding="utf-8")
    return params


if __name__ == "__main__":
    main(sys.argv[1:])
