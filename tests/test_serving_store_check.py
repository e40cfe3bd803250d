"""fsck and gc: what is amiss, and what is no longer used."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import DataError
from pipeline.serving.store import (
    Store,
    add_package,
    load,
    open_store,
)
from pipeline.serving.store.blobs import blob_path, manifest_path
from pipeline.serving.store.check import fsck
from pipeline.serving.store.remove import Freed, discard_damaged, gc
from tests.small_models import made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", patience=5.0)


def test_fsck_finds_what_is_missing_damaged_and_extra(
    tmp_path: Path, store: Store
) -> None:
    built = made(tmp_path)
    entry = add_package(store, built, ["x"])
    weights_path, licence = (
        blob_path(store.root, layer.digest) for layer in built.manifest.layers
    )
    data = bytearray(weights_path.read_bytes())
    data[-1] ^= 1
    weights_path.write_bytes(data)
    licence.unlink()
    (store.root / "blobs/sha256" / ("e" * 64)).write_bytes(b"extra")
    (store.root / "blobs/sha256" / ("f" * 64 + ".incomplete")).write_bytes(b"half")
    found = fsck(store)
    assert [(p.kind, p.model) for p in found] == [
        ("damaged", entry.id),
        ("missing", entry.id),
        ("extra", ""),
        ("unfinished", ""),
    ]
    assert "damaged" not in {p.kind for p in fsck(store, verify=False)}
    assert gc(store) == Freed(1, 5)
    assert gc(store, unfinished=True) == Freed(1, 4)
    assert [p.kind for p in fsck(store)] == ["damaged", "missing"]
    add_package(store, built, ["x"])  # brings what is missing
    assert [p.kind for p in fsck(store)] == ["damaged"]


def test_a_manifest_that_is_gone_or_changed_is_reported_and_its_blobs_kept(
    tmp_path: Path, store: Store
) -> None:
    entry = add_package(store, made(tmp_path), ["x"])
    path = manifest_path(store.root, entry.id)
    path.write_bytes(path.read_bytes() + b" ")
    assert [p.kind for p in fsck(store)] == ["damaged"]
    with pytest.raises(DataError, match="not what its name says"):
        load(store, entry)
    path.unlink()
    assert [p.kind for p in fsck(store)] == ["missing"]
    with pytest.raises(DataError, match="Pull or package the model again"):
        load(store, entry)
    assert gc(store).files == 0


def test_what_is_damaged_can_be_discarded_and_brought_again(
    tmp_path: Path, store: Store
) -> None:
    built = made(tmp_path)
    add_package(store, built, ["x"])
    damaged = blob_path(store.root, built.manifest.layers[0].digest)
    damaged.write_bytes(bytes(damaged.stat().st_size))
    add_package(store, built, ["x"])  # its length is right, so it is not looked at
    assert [p.kind for p in discard_damaged(store)] == ["damaged"]
    assert [p.kind for p in fsck(store)] == ["missing"]
    add_package(store, built, ["x"])
    assert fsck(store) == ()
