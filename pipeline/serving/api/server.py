"""Running the service: sockets, logs, and an orderly end.

It listens on this machine only, unless told otherwise; then there must be a key. Its
folder has the Unix socket, its logs and what engines need; a lock in it sees to it that
there is one service a folder.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from pipeline.errors import SurveyError
from pipeline.project import writing
from pipeline.serving.api import application
from pipeline.serving.api.doors import Doors
from pipeline.serving.api.service import SERVICE_LOG, Service
from pipeline.serving.distribution.origins import is_here
from pipeline.serving.places import PORT, SOCKET, make_private
from pipeline.serving.runner import XLLAMACPP, Engine, Local, Remote, Scheduler
from pipeline.serving.store import Store
from pipeline.serving.store.lock import Busy, locked

LOCAL: dict[str, Engine] = {"llama.cpp": Local(), "xllamacpp": XLLAMACPP}
LARGEST_LOG = 4 << 20
GRACE_SECONDS = 3
KEEP_ALIVE_SECONDS = 60


class Place(msgspec.Struct, frozen=True):
    """Where a service listens, and the folder for its socket and logs.

    `remotes` are engines that are servers elsewhere: name → address and key.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = PORT
    remotes: dict[str, tuple[str, str]] = {}


def serve(
    store: Store, place: Place, doors: Doors, ready: Callable[[str], None]
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is called once, with the address.

    Raises `SurveyError` where it cannot or may not listen.
    """
    beyond = not is_here(place.host)
    if beyond and not doors.key:
        what = "other machines can come in there, and no key is asked for"
        remedy = "Set STATEOF_API_KEY, or leave --host out."
        raise Unguarded(what, where=place.host, remedy=remedy)
    doors = msgspec.structs.replace(doors, beyond=beyond)
    with _only_one(make_private(place.folder)), _logged(place.folder / SERVICE_LOG):
        listening = _tcp(place.host, place.port)
        url = _url(place.host, listening.getsockname()[1])
        path = place.folder / SOCKET
        with listening, _unix(path) as local:
            sockets, said = [listening, local], partial(ready, url)
            try:
                asyncio.run(_run(store, place, doors, sockets, said))
            finally:
                path.unlink(missing_ok=True)


class Unguarded(SurveyError):
    """A service for other machines that would let anyone in."""

    status = 2


async def _run(
    store: Store,
    place: Place,
    doors: Doors,
    sockets: list[socket.socket],
    ready: Callable[[], None],
) -> None:
    asyncio.get_running_loop().set_exception_handler(told)
    async with Scheduler(store, _engines(place), place.folder) as scheduler:
        app = application(Service(store, scheduler, place.folder), doors)
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        await _Server(config, ready).serve(sockets)


def told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what a callback failed with, as a fault unless it is known to be none.

    anyio sets a future that is cancelled already, where a request is left at the moment
    at which its engine's socket has something to say.
    """
    late = isinstance(context.get("exception"), asyncio.InvalidStateError)
    if late and context["message"].endswith("Future.set_result(None)"):
        logging.getLogger(__name__).info("an engine spoke as its client left")
    else:
        loop.default_exception_handler(context)


def _engines(place: Place) -> dict[str, Engine]:
    """The engines by name, the default first."""
    remotes = {n: Remote(url=url, key=key) for n, (url, key) in place.remotes.items()}
    return {**LOCAL, **remotes}


class _Server(uvicorn.Server):
    """uvicorn's, which says when it is ready and leaves the end to us."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn would raise the signal again before the engines are ended."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


def _tcp(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.create_server(address[:2], family=family)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        what = f"cannot listen on {host}:{port}: {why}"
        raise SurveyError(
            what, remedy="End what listens there, or name another --port."
        ) from None
    # What is accepted inherits it: else the body of an answer is held back until the
    # client has acknowledged the head, some 40 ms later.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


@contextmanager
def _unix(path: Path) -> Iterator[socket.socket]:
    """A socket that only its owner may use; one left by a dead service is replaced."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as made:
        try:
            made.bind(str(path))
        except OSError as error:
            what = f"cannot listen there: {error.strerror or error}"
            remedy = "Name a --folder with a shorter path."
            raise SurveyError(what, where=str(path), remedy=remedy) from None
        path.chmod(0o600)
        yield made


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    try:
        with locked(folder / ".lock", seconds=0):
            yield
    except Busy:
        what = "a service runs in this folder already"
        remedy = "Use that one, end it, or name another --folder and --port."
        raise SurveyError(what, where=str(folder), remedy=remedy) from None


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """The log of requests and of what went wrong in a file; the latter said, too."""
    with writing(path.parent):
        file = RotatingFileHandler(path, maxBytes=LARGEST_LOG, backupCount=1)
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    said = logging.StreamHandler(sys.stderr)
    said.setLevel(logging.WARNING)
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    root.handlers[:] = [file, said]
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.level, root.handlers[:] = before
        with suppress(OSError):
            file.close()


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
