"""python -m pipeline.serving.engine '<settings as JSON>'"""

from __future__ import annotations

import os
import socket
import sys

import msgspec

from pipeline.errors import Missing
from pipeline.serving.engine.process import end_plainly, settle
from pipeline.serving.engine.settings import Settings

STOP_SECONDS = 1


def main(arguments: list[str]) -> None:
    """Serve until told to stop."""
    settle(os.getppid())
    try:
        settings = msgspec.json.decode(arguments[0], type=Settings)
        if settings.projector:
            what = "images are not supported: leave the projector out"
            raise Missing(what, where=settings.projector)
        door = _listening(settings.socket)
    except (IndexError, OSError, msgspec.DecodeError, Missing) as error:
        end_plainly(error)
    _serve(settings, door)


def _listening(path: str) -> socket.socket:
    """A socket for its owner only; its path is there once it takes connections."""
    door, aside = socket.socket(socket.AF_UNIX), f"{path}.new"
    if os.path.exists(aside):
        os.unlink(aside)
    door.bind(aside)
    os.chmod(aside, 0o600)
    door.listen(2048)
    os.rename(aside, path)
    return door


def _serve(settings: Settings, door: socket.socket) -> None:
    import uvicorn

    from pipeline.serving.engine.server import application

    config = uvicorn.Config(
        application(settings),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_keep_alive=600,
    )
    uvicorn.Server(config).run(sockets=[door])


if __name__ == "__main__":
    main(sys.argv[1:])
