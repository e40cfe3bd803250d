"""models.json and layout.json: which models a store has, and that it is one.

Both are written as Docker Model Runner writes them and replaced at once, so that a
reader without a lock sees the old list or the new one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import DataError
from pipeline.project import replace_file
from pipeline.serving.artifact import check_digest
from pipeline.serving.artifact.reference import InvalidName, parse
from pipeline.serving.store.blobs import sync_folder

LAYOUT, INDEX = "layout.json", "models.json"
VERSION = "1.0.0"
ROOMS = ("blobs", "manifests", "bundles")
PARTS = {LAYOUT, INDEX, *ROOMS, "lost+found"}


class Entry(msgspec.Struct, frozen=True):
    """A model in models.json: names in full, digests of layers and config."""

    id: str
    tags: tuple[str, ...]
    files: tuple[str, ...]

    def names(self) -> tuple[str, ...]:
        """Its names in full; one that cannot be read as a name is left out."""
        found = []
        for tag in self.tags:
            with suppress(InvalidName):
                found.append(parse(tag).full)
        return tuple(found)


class _Entry(msgspec.Struct):
    id: str
    tags: tuple[str, ...] | None = None
    files: tuple[str, ...] | None = None


class _Index(msgspec.Struct):
    models: tuple[_Entry, ...] | None = None


class _Layout(msgspec.Struct):
    version: str = ""


def created_layout(root: Path) -> None:
    """Make the folder a store if it is empty; `DataError` if it is something else."""
    if (root / LAYOUT).is_file():
        _check_version(root / LAYOUT)
        return
    root.mkdir(parents=True, exist_ok=True)
    foreign = sorted(
        path.name
        for path in root.iterdir()
        if path.name not in PARTS and not path.name.startswith(".")
    )
    if foreign:
        what = f"the folder is not a model store: it holds '{foreign[0]}'"
        remedy = "Name an empty folder, or one that has a layout.json."
        raise DataError(what, where=str(root), remedy=remedy)
    for room in ROOMS:
        (root / room / "sha256").mkdir(parents=True, exist_ok=True)
        sync_folder(root / room)
    replace_synced(root / LAYOUT, _indented({"version": VERSION}))


def read_index(root: Path) -> tuple[Entry, ...]:
    """The models; raises `DataError` if the list cannot be read or trusted."""
    path = root / INDEX
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Index).models or ()
    except FileNotFoundError:
        return ()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error)) from None
    for entry in found:
        for digest in (entry.id, *(entry.files or ())):
            check_digest(digest, str(path))
    return tuple(Entry(x.id, x.tags or (), x.files or ()) for x in found)


def write_index(root: Path, models: Sequence[Entry]) -> None:
    """Replace the list of models."""
    listed = [
        {"id": x.id, "tags": list(x.tags), "files": list(x.files)} for x in models
    ]
    replace_synced(root / INDEX, _indented({"models": listed}))


def tagged(
    models: Sequence[Entry], entry: Entry, names: Sequence[str]
) -> tuple[Entry, ...]:
    """The models with `entry` among them, these names moved to it."""
    rest = untagged(models, names)
    kept = next((x for x in models if x.id == entry.id), entry)
    more = [name for name in dict.fromkeys(names) if name not in kept.names()]
    changed = msgspec.structs.replace(kept, tags=(*kept.tags, *more))
    if all(x.id != entry.id for x in rest):
        return (*rest, changed)
    return tuple(changed if x.id == entry.id else x for x in rest)


def untagged(models: Sequence[Entry], names: Sequence[str]) -> tuple[Entry, ...]:
    """The models without these names."""
    return tuple(
        msgspec.structs.replace(
            x, tags=tuple(t for t in x.tags if _full(t) not in names)
        )
        for x in models
    )


def replace_synced(path: Path, content: bytes) -> None:
    """Replace a file so that it is the old or the new one, after a power cut too."""
    replace_file(path, content)
    sync_folder(path.parent)


def _full(tag: str) -> str:
    with suppress(InvalidName):
        return parse(tag).full
    return tag


def _check_version(path: Path) -> None:
    try:
        version = msgspec.json.decode(path.read_bytes(), type=_Layout).version
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error)) from None
    if version.partition(".")[0] != VERSION.partition(".")[0]:
        what = f"the store's layout is version '{version}', not {VERSION}"
        remedy = "Use a newer release, or another folder."
        raise DataError(what, where=str(path), remedy=remedy)


def _unreadable(path: Path, why: str) -> DataError:
    remedy = "Restore the file from a copy; blobs and manifests are untouched."
    return DataError(f"cannot be read: {why}", where=str(path), remedy=remedy)


def _indented(value: dict[str, Any]) -> bytes:
    """As Go's MarshalIndent with two spaces, without a final newline."""
    return json.dumps(value, indent=2, ensure_ascii=False).encode()
