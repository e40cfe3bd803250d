"""A registry as it is talked to: its address, connection, patience and tokens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeVar

import msgspec

from pipeline.serving.distribution import tokens
from pipeline.serving.distribution.answers import Stopped, Unreachable
from pipeline.serving.distribution.credentials import Credentials, lookup
from pipeline.serving.distribution.origins import address, is_here

if TYPE_CHECKING:
    import httpx

THREADS = 4
PROGRESS = 1 << 20
T = TypeVar("T")


class Patience(msgspec.Struct, frozen=True):
    """Seconds to wait, and how often to try."""

    connect: float = 10.0
    stall: float = 30.0  # without a byte
    commit: float = 300.0  # while a registry checks what it was sent
    whole: float = 120.0  # for a small document
    attempts: int = 4
    pause: float = 0.5  # doubled every time
    longest_pause: float = 30.0


class Registry:
    """A registry as it is talked to: connections, patience, tokens got so far."""

    def __init__(
        self,
        name: str,
        held: ExitStack,
        *,
        insecure: bool = False,
        patience: Patience | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        self.name, self.insecure = name, insecure
        self.base = address(name, insecure)
        self.patience = patience or Patience()
        self.stop, self.asking = threading.Event(), threading.Lock()
        self._held, self._connecting = held, threading.Lock()
        self._clients: dict[tuple[bool, bool], httpx.Client] = {}
        self._given, self._looked = credentials, credentials is not None
        self._shown: dict[str, tokens.Shown] = {}

    def client(self, url: httpx.URL) -> httpx.Client:
        """The connections for an address, made when first needed.

        Certificates take 35 ms to load, and are of no use to plain HTTP on this
        machine; proxies are taken from the environment for other machines.
        """
        kind = url.scheme == "https", is_here(url.host)
        with self._connecting:
            if kind not in self._clients:
                made = _client(
                    self.patience, secure=kind != (False, True), here=kind[1]
                )
                self._clients[kind] = self._held.enter_context(made)
            return self._clients[kind]

    def credentials(self) -> Credentials | None:
        """Those given, or docker's: looked up when first asked for."""
        if not self._looked:
            self._given, self._looked = lookup(self.name), True
        return self._given

    def shown(self, scope: str) -> str:
        """The Authorization header for a scope, as far as one is known to hold."""
        found = self._shown.get(scope)
        return found.header if found and found.holds else ""

    def show(self, scope: str, shown: tokens.Shown) -> None:
        """Remember what is to be shown for a scope."""
        self._shown[scope] = shown

    def check(self) -> None:
        """Raise `Stopped` if another part of the work has failed."""
        if self.stop.is_set():
            raise Stopped("broken off", where=self.name)


@contextmanager
def connected(
    name: str,
    insecure: bool = False,
    patience: Patience | None = None,
    credentials: Credentials | None = None,
) -> Iterator[Registry]:
    """A registry by its name in references, while the block runs."""
    with ExitStack() as held:
        yield Registry(
            name, held, insecure=insecure, patience=patience, credentials=credentials
        )


def retried(
    registry: Registry, action: Callable[[], T], progress: Callable[[], int] = int
) -> T:
    """What `action` gives, tried again while it raises `Unreachable`.

    The attempts are counted anew whenever `progress` has got a megabyte further.
    """
    patience = registry.patience
    failed, furthest = 0, progress()
    while True:
        try:
            return action()
        except Unreachable as error:
            if progress() >= furthest + PROGRESS:
                failed, furthest = 0, progress()
            failed += 1
            if error.hopeless or failed >= patience.attempts:
                raise
            pause = max(patience.pause * 2 ** (failed - 1), error.after)
        registry.stop.wait(min(pause, patience.longest_pause))
        registry.check()


def _client(patience: Patience, *, secure: bool, here: bool) -> httpx.Client:
    import httpx

    return httpx.Client(
        verify=secure,
        trust_env=not here,
        timeout=httpx.Timeout(patience.stall, connect=patience.connect, pool=None),
        limits=httpx.Limits(max_connections=THREADS * 2),
        headers={"User-Agent": tokens.CLIENT, "Accept-Encoding": "identity"},
    )
