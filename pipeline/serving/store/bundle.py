"""A model's files under the names that engines expect, without a second copy.

    bundles/sha256/<hex>/config.json     what the model is, from its config
    bundles/sha256/<hex>/model/          model.gguf, or model-00001-of-00003.gguf …,
                                         model.mmproj, template.jinja, adapter.gguf …

The files are hard links to the blobs, so an engine maps the very pages of the one copy;
where links cannot be made, symbolic links, and copies where those cannot be either.
File names in a published artifact are not used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shutil import copy2

import msgspec

from pipeline.errors import DataError
from pipeline.project import replace_file, writing
from pipeline.serving import artifact
from pipeline.serving.artifact import Descriptor, modelpack
from pipeline.serving.artifact.package import SHARD
from pipeline.serving.store import PULL_AGAIN, Model, Store, Unsupported
from pipeline.serving.store.blobs import blob_path, bundle_path, has_blob
from pipeline.serving.store.lock import locked

KINDS = (artifact.GGUF, artifact.PROJECTOR, artifact.TEMPLATE, artifact.ADAPTER)


class Bundle(msgspec.Struct, frozen=True):
    """A model's files in a folder; `weights` is the file to load: the first shard."""

    folder: Path
    weights: Path
    template: Path | None = None
    projector: Path | None = None
    adapters: tuple[Path, ...] = ()


def bundle(store: Store, model: Model, into: Path | None = None) -> Bundle:
    """The model's bundle, made or completed where it is not whole.

    `into` is another folder for it, where the store cannot be written to. Raises
    `DataError` if the model has no GGUF weights or a layer is missing.
    """
    folder = into or bundle_path(store.root, model.id)
    files = {folder / "model" / name: layer for layer, name in _named(model)}
    described = _described(model, store.root)
    if not _is_ready(store.root, folder, files, described):
        with writing(folder):
            (folder / "model").mkdir(parents=True, exist_ok=True)
        with locked(folder / ".lock", seconds=store.patience), writing(folder):
            for target, layer in files.items():
                _place(store.root, layer, target)
            replace_file(folder / "config.json", described)
    found = {kind: _of_kind(files, kind) for kind in KINDS}
    return Bundle(
        folder=folder,
        weights=found[artifact.GGUF][0],
        template=next(iter(found[artifact.TEMPLATE]), None),
        projector=next(iter(found[artifact.PROJECTOR]), None),
        adapters=found[artifact.ADAPTER],
    )


def _of_kind(files: dict[Path, Descriptor], kind: str) -> tuple[Path, ...]:
    return tuple(path for path, layer in files.items() if modelpack.kind(layer) == kind)


def _named(model: Model) -> Iterator[tuple[Descriptor, str]]:
    weights = _in_order(model.layers(artifact.GGUF))
    if not weights:
        types = ", ".join(sorted({x.media_type for x in model.manifest.layers}))
        what = "the model has no GGUF weights that are stored as they are"
        raise Unsupported(what, where=model.id, remedy=f"Its layers are {types}.")
    for number, layer in enumerate(weights, 1):
        many = f"model-{number:05}-of-{len(weights):05}.gguf"
        yield layer, many if len(weights) > 1 else "model.gguf"
    for layer in model.layers(artifact.PROJECTOR)[:1]:
        yield layer, "model.mmproj"
    for layer in model.layers(artifact.TEMPLATE)[:1]:
        yield layer, "template.jinja"
    for number, layer in enumerate(model.layers(artifact.ADAPTER), 1):
        yield layer, f"adapter-{number}.gguf" if number > 1 else "adapter.gguf"


def _in_order(weights: tuple[Descriptor, ...]) -> list[Descriptor]:
    """Shards by the number in their name, where all have one; else as they are."""
    numbered = []
    for layer in weights:
        match = SHARD.fullmatch(layer.path.rpartition("/")[2])
        if not match:
            return list(weights)
        numbered.append((int(match["number"]), layer))
    return [layer for _, layer in sorted(numbered, key=lambda pair: pair[0])]


def _place(root: Path, layer: Descriptor, target: Path) -> None:
    """Have `target` be the blob, whatever was there; it is never half of it."""
    blob = _present(root, layer)
    if _is_whole(blob, target):
        return
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        _link(blob, aside)
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def _present(root: Path, blob: Descriptor) -> Path:
    if not has_blob(root, blob):
        what = "a file of the model is missing or cut short"
        raise DataError(what, where=blob.digest, remedy=PULL_AGAIN)
    return blob_path(root, blob.digest)


def _is_whole(blob: Path, target: Path) -> bool:
    """Whether `target` is the blob itself, or its copy, which has its time."""
    with suppress(OSError):
        own, theirs = target.stat(), blob.stat()
        same = (own.st_size, own.st_mtime_ns) == (theirs.st_size, theirs.st_mtime_ns)
        return same or os.path.samestat(own, theirs)
    return False


def _link(blob: Path, aside: Path) -> None:
    aside.unlink(missing_ok=True)
    for make in (os.link, os.symlink):
        with suppress(OSError):
            make(blob.resolve(), aside)
            return
    copy2(blob, aside)


def _described(model: Model, root: Path) -> bytes:
    """config.json as Docker Model Runner writes it: the model's part of the config."""
    content = _present(root, model.manifest.config).read_bytes()
    if model.manifest.config.media_type != modelpack.CONFIG:
        content = artifact.encode(msgspec.json.decode(content).get("config"))
    return content + b"\n"


def _is_ready(
    root: Path, folder: Path, files: dict[Path, Descriptor], described: bytes
) -> bool:
    """Whether nothing is to be done, so that nothing need be written or locked."""
    config = folder / "config.json"
    return all(
        _is_whole(blob_path(root, layer.digest), target)
        for target, layer in files.items()
    ) and (config.is_file() and config.read_bytes() == described)
