"""A folder of models, in Docker Model Runner's layout: its store can be read in place.

    layout.json               {"version": "1.0.0"}
    models.json               the models: ID, tags, files; replaced at once, the truth
    blobs/sha256/<hex>        layers and configs, one copy whatever uses it
    manifests/sha256/<hex>    manifests as they were received
    bundles/sha256/<hex>/     a model's files under the names engines expect (links)
    .lock  .adding            held by who changes models.json; by who brings new blobs

Reading takes no lock and writes nothing. A change makes files first and names them in
models.json last, a removal the other way round: whenever it ends, every model named is
whole, and what is not named can be collected. Only where a disk is too full to write
models.json does a removal delete first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from pipeline.errors import DataError, NotFound, SurveyError
from pipeline.project import writing
from pipeline.serving import artifact
from pipeline.serving.artifact import Config, Descriptor, Manifest, modelpack
from pipeline.serving.artifact.package import Package
from pipeline.serving.artifact.reference import (
    InvalidName,
    looks_like_digest,
    looks_like_id,
    parse,
    short_id,
)
from pipeline.serving.store.blobs import (
    blob_path,
    has_blob,
    manifest_path,
    put_bytes,
    put_file,
)
from pipeline.serving.store.index import (
    Entry,
    created_layout,
    read_index,
    replace_synced,
    tagged,
    write_index,
)
from pipeline.serving.store.lock import PATIENCE, locked

CONFIG_READERS = {
    artifact.CONFIG_V01: artifact.read_config,
    artifact.CONFIG_V02: artifact.read_config,
    modelpack.CONFIG: modelpack.read_config,
}
PULL_AGAIN = "Pull or package the model again."


class Unsupported(DataError):
    """An artifact of a kind that is not a model's."""


class Store(msgspec.Struct, frozen=True):
    """A folder in the layout above, and how long to wait for others."""

    root: Path
    patience: float = PATIENCE


class Model(msgspec.Struct, frozen=True):
    """A model in the store, with what it says of itself."""

    entry: Entry
    manifest: Manifest
    config: Config

    @property
    def id(self) -> str:
        """Its digest."""
        return self.entry.id

    def layers(self, kind: str) -> tuple[Descriptor, ...]:
        """Its layers of one of Docker's media types, whichever format it is in."""
        return tuple(x for x in self.manifest.layers if modelpack.kind(x) == kind)


def open_store(root: Path, patience: float = PATIENCE) -> Store:
    """The store in this folder, made if there is none.

    Raises `DataError` for a folder that holds something else, or a later layout.
    """
    with writing(root):
        created_layout(root)
    return Store(root, patience)


def entries(store: Store) -> tuple[Entry, ...]:
    """All models, in the order they came."""
    return read_index(store.root)


def find(store: Store, name: str) -> Entry:
    """The model of this name, tag, digest or ID; raises `NotFound`."""
    known = entries(store)
    text = name.strip()
    if looks_like_digest(text) or looks_like_id(text):
        start = text if looks_like_digest(text) else f"sha256:{text}"
        found = [entry for entry in known if entry.id.startswith(start)]
        if len(found) > 1:
            what = f"'{text}' begins the ID of {len(found)} models"
            raise SurveyError(what, remedy="Write all 64 digits, or a name.")
        if found:
            return found[0]
    if not looks_like_digest(text):
        wanted = parse(text)
        for entry in known:
            if entry.id == wanted.digest or wanted.full in entry.names():
                return entry
    tags = [parse(tag).short for entry in known for tag in entry.names()]
    raise NotFound.among("model", text, tags)


def load(store: Store, entry: Entry) -> Model:
    """A model with manifest and config, both verified; raises `DataError`."""
    raw = _read(manifest_path(store.root, entry.id))
    if not artifact.is_digest_of(entry.id, raw):
        raise _damaged(manifest_path(store.root, entry.id))
    manifest = artifact.read_manifest(raw, entry.id)
    path = blob_path(store.root, manifest.config.digest)
    config = _read(path)
    if not artifact.is_digest_of(manifest.config.digest, config):
        raise _damaged(path)
    return Model(entry, manifest, read_config(manifest, config))


def licenses(store: Store, model: Model) -> tuple[str, ...]:
    """The text of the model's licences."""
    paths = [blob_path(store.root, x.digest) for x in model.layers(artifact.LICENSE)]
    return tuple(_read(path).decode("utf-8", "replace") for path in paths)


def disk_usage(store: Store) -> int:
    """Bytes that blobs take, unfinished ones too; bundles are links to them."""
    return sum(path.stat().st_size for path in (store.root / "blobs").glob("*/*"))


def read_config(manifest: Manifest, raw: bytes) -> Config:
    """The config of either format; raises `Unsupported` for what is no model."""
    media = manifest.config.media_type
    if media not in CONFIG_READERS:
        what = f"not a model: its config is of type '{media[:100]}'"
        known = " or ".join(CONFIG_READERS)
        raise Unsupported(what, where=manifest.id, remedy=f"Models have {known}.")
    return CONFIG_READERS[media](raw, manifest.config.digest)


@contextmanager
def adding(store: Store) -> Iterator[None]:
    """While blobs come that no model has yet, so that none is collected meanwhile."""
    with locked(store.root / ".adding", shared=True, seconds=store.patience):
        yield


@contextmanager
def changing(store: Store) -> Iterator[None]:
    """While models.json is changed, by one at a time."""
    with locked(store.root / ".lock", seconds=store.patience), writing(store.root):
        yield


def add_package(store: Store, package: Package, tags: Sequence[str] = ()) -> Entry:
    """Store a package under these names; files copied, each blob once."""
    with adding(store):
        for source in package.sources:
            put_file(store.root, source.layer, source.path)
        return add(store, package.manifest, package.config, tags)


def add(
    store: Store, manifest: Manifest, config: bytes, tags: Sequence[str] = ()
) -> Entry:
    """Make a model of layers that are here; call it within `adding`.

    A name moves here from the model that had it. Raises `DataError` if a layer is not
    here or the config is not the manifest's; then nothing is changed.
    """
    names = [parse(tag).full for tag in tags]
    read_config(manifest, config)
    missing = [x.digest for x in manifest.layers if not has_blob(store.root, x)]
    if missing:
        what = f"{len(missing)} layers have not come: {missing[0]}"
        raise DataError(what, where=manifest.id, remedy=PULL_AGAIN)
    with changing(store):
        before = read_index(store.root)
        with _undone(store.root, manifest, _new_files(store.root, manifest)):
            put_bytes(store.root, manifest.config, config)
            replace_synced(manifest_path(store.root, manifest.id), manifest.raw)
            entry = _entry(before, manifest)
            _check_names(before, entry, names)
            after = tagged(before, entry, names)
            write_index(store.root, after)
    return next(entry for entry in after if entry.id == manifest.id)


def tag(store: Store, name: str, new: str) -> Entry:
    """Give a model another name; raises `NotFound`."""
    full = parse(new).full
    with changing(store):
        entry, before = find(store, name), read_index(store.root)
        _check_names(before, entry, [full])
        after = tagged(before, entry, [full])
        write_index(store.root, after)
    return next(found for found in after if found.id == entry.id)


def _check_names(known: Sequence[Entry], entry: Entry, names: Sequence[str]) -> None:
    """Raises `InvalidName` for a name by which another model goes as its ID."""
    for other in known:
        digits = other.id.removeprefix("sha256:")
        taken = {parse(text).full for text in (digits, short_id(digits))}
        if other.id != entry.id and taken & set(names):
            what = f"'{short_id(digits)}' is the ID of another model"
            raise InvalidName(what, remedy="Give a name that cannot be taken for it.")


def _entry(known: Sequence[Entry], manifest: Manifest) -> Entry:
    """The model's entry, as it was or new; files in Docker's order."""
    for entry in known:
        if entry.id == manifest.id:
            return entry
    digests = [layer.digest for layer in manifest.layers] + [manifest.config.digest]
    return Entry(manifest.id, (), tuple(dict.fromkeys(digests)))


def _new_files(root: Path, manifest: Manifest) -> list[Path]:
    """The files that adding this model makes, as against finds."""
    paths = blob_path(root, manifest.config.digest), manifest_path(root, manifest.id)
    return [path for path in paths if not path.exists()]


@contextmanager
def _undone(root: Path, manifest: Manifest, made: Sequence[Path]) -> Iterator[None]:
    """Delete these files if the block fails, unless the model is named after all.

    Layers stay: they are sound and costly.
    """
    try:
        yield
    except BaseException:
        if all(entry.id != manifest.id for entry in read_index(root)):
            for path in made:
                path.unlink(missing_ok=True)
        raise


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        what = "a file of the model is missing"
        raise DataError(what, where=str(path), remedy=PULL_AGAIN) from None


def _damaged(path: Path) -> DataError:
    what = "a file of the model is not what its name says"
    return DataError(what, where=str(path), remedy=PULL_AGAIN)
