"""Models to and from registries: any that speak the OCI distribution protocol.

    resolve   name → the manifest and config that a registry has for it
    pull      registry → store, layers in parallel
    push      store → registry, layers in parallel, the manifest last

A manifest goes through as the bytes it is. Nothing is named in the store, or in the
registry, before every layer of it is there and was found to be what its digest says.
Plain HTTP is spoken on this machine only, or when told (`insecure`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path

import msgspec

from pipeline.errors import unwritable
from pipeline.serving import store as stores
from pipeline.serving.artifact import Descriptor
from pipeline.serving.artifact.reference import (
    InvalidName,
    Reference,
    looks_like_digest,
    looks_like_id,
    parse,
)
from pipeline.serving.distribution.blobs import Meter, Progress, Report, fetch_blob
from pipeline.serving.distribution.credentials import Credentials
from pipeline.serving.distribution.manifest import Remote, put_manifest, resolved
from pipeline.serving.distribution.registry import (
    THREADS,
    Patience,
    Registry,
    connected,
)
from pipeline.serving.distribution.upload import send_blob
from pipeline.serving.store import Store
from pipeline.serving.store.blobs import UNFINISHED, blob_path, has_blob
from pipeline.serving.store.index import Entry

__all__ = ["Progress", "Remote", "Transfer", "pull", "push", "resolve"]


class Transfer(msgspec.Struct, frozen=True):
    """What was pulled or pushed: the model, its name, bytes that went over the wire."""

    reference: Reference
    entry: Entry
    moved: int


def resolve(
    name: str,
    *,
    insecure: bool = False,
    credentials: Credentials | None = None,
    patience: Patience | None = None,
) -> Remote:
    """What a registry has under this name; no layer is fetched.

    Raises `InvalidName`, `answers.Unknown`, `tokens.Denied`, `answers.Unreachable`,
    and `DataError` for what is no sound model (`Unsupported`: of another kind).
    """
    reference = _remote_name(name)
    with connected(reference.registry, insecure, patience, credentials) as registry:
        return resolved(registry, reference)


def pull(
    store: Store,
    name: str,
    *,
    progress: Report | None = None,
    insecure: bool = False,
    credentials: Credentials | None = None,
    patience: Patience | None = None,
) -> Transfer:
    """Bring a model into the store under its name; layers that are here stay.

    `progress` is told how far each layer is, from several threads, one at a time; what
    it raises ends the pull. A pull that ends early is gone on with by the next.
    Credentials are docker's unless given. Raises as `resolve` does, and `SurveyError`
    for a full disk.
    """
    reference = _remote_name(name)
    session = connected(reference.registry, insecure, patience, credentials)
    with session as registry, stores.adding(store):
        remote = resolved(registry, reference)
        layers = _distinct(remote.manifest.layers)
        _check_room(store, layers)
        meter = Meter(registry, "pull", layers, progress)
        _in_parallel(
            registry,
            lambda x: fetch_blob(registry, reference.repository, store, x, meter),
            layers,
        )
        names = [] if reference.digest else [reference.full]
        entry = stores.add(store, remote.manifest, remote.raw_config, names)
        return Transfer(reference, entry, meter.moved)


def push(
    store: Store,
    name: str,
    *,
    progress: Report | None = None,
    insecure: bool = False,
    credentials: Credentials | None = None,
    patience: Patience | None = None,
) -> Transfer:
    """Bring a model of the store to the registry in its name.

    What the registry has is not sent: in this repository, or in another that the store
    has a name for. Raises `NotFound` if the store has no such model, else as `pull`.
    """
    reference = _remote_name(name)
    session = connected(reference.registry, insecure, patience, credentials)
    with session as registry, stores.adding(store):
        entry = stores.find(store, name)
        manifest = stores.load(store, entry).manifest
        blobs = _distinct((*manifest.layers, manifest.config))
        meter = Meter(registry, "push", blobs, progress)

        def send(blob: Descriptor) -> None:
            known = _elsewhere(store, reference, blob)
            send_blob(registry, reference.repository, store.root, blob, meter, known)

        _in_parallel(registry, send, blobs)
        put_manifest(registry, reference, manifest)
        return Transfer(reference, entry, meter.moved)


def _remote_name(name: str) -> Reference:
    """The reference; an ID names a model in the store, and no place in a registry."""
    text = name.strip()
    if looks_like_id(text) or looks_like_digest(text):
        what = f"'{text[:80]}' is an ID, and does not say where"
        raise InvalidName(what, remedy="Give the model a name first: tag.")
    return parse(text)


def _elsewhere(store: Store, to: Reference, blob: Descriptor) -> str:
    """Another repository of the same registry that may have the blob, or nothing."""
    for entry in stores.entries(store):
        for name in entry.names() if blob.digest in entry.files else ():
            known = parse(name)
            if known.registry == to.registry and known.repository != to.repository:
                return known.repository
    return ""


def _distinct(blobs: Iterable[Descriptor]) -> tuple[Descriptor, ...]:
    return tuple({(blob.digest, blob.size): blob for blob in blobs}.values())


def _check_room(store: Store, layers: Sequence[Descriptor]) -> None:
    """That the disk has room for what is missing; raises `SurveyError`."""
    missing = [x for x in layers if not has_blob(store.root, x)]
    needed = sum(x.size - _unfinished_size(store.root, x) for x in missing)
    free = shutil.disk_usage(store.root).free
    if needed > free:
        why = f"{needed:,} bytes are to come, there is not that much space left"
        raise unwritable(why, str(store.root))


def _unfinished_size(root: Path, blob: Descriptor) -> int:
    """Bytes of a blob that an earlier attempt has brought."""
    path = blob_path(root, blob.digest)
    with suppress(OSError):
        return path.with_name(path.name + UNFINISHED).stat().st_size
    return 0


def _in_parallel(
    registry: Registry, work: Callable[[Descriptor], None], blobs: Sequence[Descriptor]
) -> None:
    """Do all of it, a few at a time; the first failure ends the rest and is raised."""
    with ThreadPoolExecutor(THREADS) as pool:
        futures = [pool.submit(work, blob) for blob in blobs]
        try:
            for done in as_completed(futures):
                done.result()
        except BaseException:
            registry.stop.set()
            for future in futures:
                future.cancel()
            raise
