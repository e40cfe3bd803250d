"""One blob from a registry into a store, whatever happens on the way.

A part that is here is gone on with by Range, if the registry really goes on from
there; else the blob is fetched from its first byte. Trust is in the digest alone.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from pipeline.errors import DataError
from pipeline.serving import artifact
from pipeline.serving.artifact import Descriptor
from pipeline.serving.distribution.answers import Unknown, Unreachable, length_of
from pipeline.serving.distribution.registry import Registry, retried
from pipeline.serving.distribution.transport import Call, opened
from pipeline.serving.store import Store
from pipeline.serving.store.blobs import AGAIN, Incoming, receiving

if TYPE_CHECKING:
    import httpx

LEAST = 16 << 10
RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)", re.ASCII)


class Progress(msgspec.Struct, frozen=True):
    """How far a blob is: `current` of its `size` bytes; `total` are all blobs'.

    Where a registry cannot go on from where it broke off, `current` goes back.
    """

    mode: Literal["pull", "push"]
    digest: str
    size: int
    current: int
    total: int


Report = Callable[[Progress], None]


class Meter:
    """Tells how far blobs are, one call at a time, and ends work that was stopped."""

    def __init__(
        self,
        registry: Registry,
        mode: Literal["pull", "push"],
        blobs: Sequence[Descriptor],
        report: Report | None,
    ) -> None:
        self.moved = 0
        self._registry, self._mode = registry, mode
        self._total = sum(blob.size for blob in blobs)
        self._report, self._lock = report, threading.Lock()

    def at(self, blob: Descriptor, current: int, moved: int = 0) -> None:
        """A blob is at `current`, `moved` bytes further; raises `Stopped`."""
        self._registry.check()
        with self._lock:
            self.moved += moved
            if self._report:
                self._report(
                    Progress(self._mode, blob.digest, blob.size, current, self._total)
                )


def fetch_blob(
    registry: Registry, repository: str, store: Store, blob: Descriptor, meter: Meter
) -> None:
    """Bring a blob into the store; one that is here is only told.

    Raises `DataError` if what comes is not the blob, or none does, and otherwise as
    `transport.ask` does.
    """
    resumed = False
    try:
        with receiving(store.root, blob, seconds=store.patience) as incoming:
            resumed = 0 < incoming.at < blob.size
            meter.at(blob, incoming.at)
            _fill(registry, repository, incoming, meter)
    except Unknown:
        what = "the registry does not have a layer that the manifest names"
        raise DataError(what, where=blob.digest, remedy=artifact.REFUSED) from None
    except DataError:
        if not resumed:
            raise
        # The part that was here may have been at fault: once more, without it.
        with receiving(store.root, blob, seconds=store.patience) as incoming:
            if not incoming.complete:
                incoming.restart()
                _fill(registry, repository, incoming, meter)


def _fill(
    registry: Registry, repository: str, incoming: Incoming, meter: Meter
) -> None:
    """Bring what is missing, in as many answers as it takes while it gets on."""
    furthest, ranges = incoming.at, True
    while not incoming.complete:
        if not ranges:
            incoming.restart()
        goes_on = retried(
            registry,
            lambda: _take(registry, repository, incoming, meter),
            lambda: incoming.at,
        )
        if not goes_on and ranges:
            ranges = False
        elif incoming.at <= furthest:
            return  # the store says what is missing
        furthest = max(furthest, incoming.at)


def _take(
    registry: Registry, repository: str, incoming: Incoming, meter: Meter
) -> bool:
    """Write what one answer brings; False if it does not go on from where we are."""
    blob, start = incoming.blob, incoming.at
    call = Call(
        "GET",
        f"/v2/{repository}/blobs/{blob.digest}",
        f"repository:{repository}:pull",
        headers={"Range": f"bytes={start}-"} if start else {},
        expected=(200, 206, 416) if start else (200,),
    )
    with opened(registry, call) as response:
        if response.status_code == 200:
            _check_length(response, blob)
            if start:
                incoming.restart()
        elif not _continues(response, start, blob.size):
            return False
        _write(response, incoming, meter, registry.patience.stall)
    return True


def _write(
    response: httpx.Response, incoming: Incoming, meter: Meter, stall: float
) -> None:
    """Write what comes; raises `Unreachable` if in `stall` seconds it is next to none.

    The time-out of the connection does not see a registry that sends single bytes.
    """
    enough, deadline = incoming.at + LEAST, time.monotonic() + stall
    for data in response.iter_raw():
        incoming.write(data)
        meter.at(incoming.blob, incoming.at, len(data))
        if incoming.at >= enough:
            enough, deadline = incoming.at + LEAST, time.monotonic() + stall
        elif time.monotonic() > deadline and not incoming.complete:
            what = f"less than {LEAST:,} bytes came in {stall:g} s"
            raise Unreachable(what, where=response.url.host)


def _continues(response: httpx.Response, start: int, size: int) -> bool:
    """Whether an answer is the blob's bytes from `start` on, by its Content-Range."""
    match = RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if response.status_code != 206 or not match:
        return False
    first, last, total = match.groups()
    whole = total in ("*", str(size))
    return whole and int(first) == start and start <= int(last) < size


def _check_length(response: httpx.Response, blob: Descriptor) -> None:
    """That an answer announces as many bytes as the manifest."""
    length = length_of(response)
    if length is not None and length != blob.size:
        what = f"the registry has {length:,} bytes where the manifest says "
        what += f"{blob.size:,}"
        raise DataError(what, where=blob.digest, remedy=AGAIN)
