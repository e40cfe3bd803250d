"""Checking a store: that every model is whole, and what is there that none uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from pipeline.errors import DataError
from pipeline.serving import artifact
from pipeline.serving.artifact import Descriptor, Manifest
from pipeline.serving.store import Store
from pipeline.serving.store.blobs import (
    UNFINISHED,
    blob_path,
    bundle_path,
    digest_of_file,
    manifest_path,
)
from pipeline.serving.store.index import ROOMS, Entry, read_index

Kind = Literal["missing", "damaged", "extra", "unfinished", "index"]


class Problem(msgspec.Struct, frozen=True):
    """Something amiss: what kind, which path under the store, why, whose."""

    kind: Kind
    path: str
    why: str
    model: str = ""
    size: int = 0


def fsck(store: Store, *, verify: bool = True) -> tuple[Problem, ...]:
    """All that is amiss; with `verify` every blob is read and its digest compared.

    `missing`, `damaged` and `index` harm a model, `extra` and `unfinished` only take
    room. Changes nothing; raises `DataError` if models.json cannot be read.
    """
    models = read_index(store.root)
    manifests = {entry.id: _manifest(store.root, entry) for entry in models}
    found = list(_names(models))
    for entry in models:
        manifest = manifests[entry.id]
        if isinstance(manifest, Problem):
            found.append(manifest)
        else:
            found += _files(entry, manifest)
    found += _blobs(store.root, manifests, verify)
    found += _unused(store.root, models, manifests)
    return tuple(found)


def _manifest(root: Path, entry: Entry) -> Manifest | Problem:
    path = manifest_path(root, entry.id)
    shown = str(path.relative_to(root))
    try:
        raw = path.read_bytes()
    except OSError:
        return Problem("missing", shown, "the manifest is not there", entry.id)
    if not artifact.is_digest_of(entry.id, raw):
        return Problem("damaged", shown, "the manifest has another digest", entry.id)
    try:
        return artifact.read_manifest(raw, entry.id)
    except DataError as error:
        return Problem("damaged", shown, error.what, entry.id)


def _names(models: Sequence[Entry]) -> Iterator[Problem]:
    """Names and IDs that are listed twice."""
    for name, count in Counter(n for x in models for n in x.names()).items():
        if count > 1:
            yield Problem("index", "models.json", f"'{name}' names {count} models")
    for digest, count in Counter(x.id for x in models).items():
        if count > 1:
            why = f"the model is listed {count} times"
            yield Problem("index", "models.json", why, digest)


def _files(entry: Entry, manifest: Manifest) -> Iterator[Problem]:
    listed = {blob.digest for blob in (manifest.config, *manifest.layers)}
    if listed != set(entry.files):
        why = "the files listed are not the manifest's"
        yield Problem("index", "models.json", why, entry.id)


def _blobs(
    root: Path, manifests: dict[str, Manifest | Problem], verify: bool
) -> Iterator[Problem]:
    """Blobs that are missing or not what they should be, each looked at once."""
    seen: set[str] = set()
    for model, manifest in manifests.items():
        if isinstance(manifest, Problem):
            continue
        for blob in (manifest.config, *manifest.layers):
            if blob.digest not in seen:
                seen.add(blob.digest)
                yield from _blob(root, blob, model, verify)


def _blob(root: Path, blob: Descriptor, model: str, verify: bool) -> Iterator[Problem]:
    path = blob_path(root, blob.digest)
    shown = str(path.relative_to(root))
    if not path.is_file():
        yield Problem("missing", shown, "the blob is not there", model)
        return
    size = path.stat().st_size
    if size != blob.size:
        why = f"it has {size:,} bytes, not {blob.size:,}"
        yield Problem("damaged", shown, why, model, size)
    elif verify:
        algorithm = blob.digest.partition(":")[0]
        if digest_of_file(path, algorithm) != blob.digest:
            yield Problem("damaged", shown, "it has another digest", model, size)


def _unused(
    root: Path,
    models: Sequence[Entry],
    manifests: dict[str, Manifest | Problem],
) -> Iterator[Problem]:
    """Files that no model uses; what a damaged model lists is still used."""
    used = {blob_path(root, digest) for x in models for digest in x.files}
    for manifest in manifests.values():
        if isinstance(manifest, Manifest):
            blobs = (manifest.config, *manifest.layers)
            used |= {blob_path(root, blob.digest) for blob in blobs}
    for entry in models:
        used |= {manifest_path(root, entry.id), bundle_path(root, entry.id)}
    for path in sorted(root.glob(".*.json.*")):
        why = "left by a process that was killed"
        yield Problem("extra", path.name, why, size=path.stat().st_size)
    for room in ROOMS:
        for path in sorted((root / room).glob("*/*")):
            if path not in used:
                yield _extra(root, path)


def _extra(root: Path, path: Path) -> Problem:
    shown = str(path.relative_to(root))
    if path.is_dir():
        return Problem("extra", shown, "the bundle of a model that is gone")
    size = path.stat().st_size
    if path.suffix == UNFINISHED:
        return Problem("unfinished", shown, "a transfer was broken off", size=size)
    return Problem("extra", shown, "no model uses it", size=size)
