"""Bundles: the one copy of a blob under the names engines expect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.errors import DataError
from pipeline.serving import artifact
from pipeline.serving.artifact import Descriptor
from pipeline.serving.artifact.package import Package, package
from pipeline.serving.store import (
    Store,
    Unsupported,
    add_package,
    load,
    open_store,
)
from pipeline.serving.store import bundle as store_bundle
from pipeline.serving.store.blobs import blob_path
from pipeline.serving.store.bundle import bundle
from pipeline.serving.store.remove import remove
from tests.small_models import made, weights


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", patience=5.0)


def test_a_bundle_is_the_blobs_and_not_a_copy(tmp_path: Path, store: Store) -> None:
    entry = add_package(store, made(tmp_path), ["x"])
    files = bundle(store, load(store, entry))
    assert files.weights == files.folder / "model/model.gguf"
    layer = load(store, entry).layers(artifact.GGUF)[0]
    assert files.weights.samefile(blob_path(store.root, layer.digest))
    assert (files.folder / "config.json").read_bytes().startswith(b'{"format":"gguf"')
    assert bundle(store, load(store, entry)) == files
    remove(store, "x")
    assert not files.folder.exists()


def test_a_bundle_of_shards_is_loaded_by_the_first(shared: Path, store: Store) -> None:
    tiny = shared / "models/tiny"
    built = package(
        tiny / "tiny-split-00001-of-00003.gguf",
        template=tiny / "template.jinja",
        projector=tiny / "dummy.mmproj",
        adapters=[tiny / "tiny-lora.gguf"],
    )
    model = load(store, add_package(store, built, ["x"]))
    files = bundle(store, model)
    assert files.weights.name == "model-00001-of-00003.gguf"
    assert files.weights.stat().st_size == 240064
    assert sorted(p.name for p in files.weights.parent.iterdir()) == [
        "adapter.gguf",
        "model-00001-of-00003.gguf",
        "model-00002-of-00003.gguf",
        "model-00003-of-00003.gguf",
        "model.mmproj",
        "template.jinja",
    ]
    assert files.template is not None
    assert files.template.read_text() == (tiny / "template.jinja").read_text()


def test_shards_in_the_wrong_order_are_put_right(shared: Path, store: Store) -> None:
    tiny = shared / "models/tiny"
    built = package(tiny / "tiny-split-00001-of-00003.gguf", form="cncf")
    manifest = artifact.write_manifest(
        built.manifest.config, built.manifest.layers[::-1], built.manifest.artifact_type
    )
    swapped = Package(manifest, built.config, built.sources)
    files = bundle(store, load(store, add_package(store, swapped, ["x"])))
    assert files.weights.stat().st_size == 240064


def test_a_damaged_bundle_is_mended(tmp_path: Path, store: Store) -> None:
    model = load(store, add_package(store, made(tmp_path), ["x"]))
    files = bundle(store, model)
    files.weights.unlink()
    (files.folder / "config.json").write_text("{}")
    assert bundle(store, model) == files
    assert files.weights.samefile(
        blob_path(store.root, model.layers(artifact.GGUF)[0].digest)
    )


@pytest.mark.parametrize("refused", [["link"], ["link", "symlink"]])
def test_where_links_cannot_be_made_a_bundle_is_still_whole(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, refused: list[str]
) -> None:
    def crossing(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    for name in refused:
        monkeypatch.setattr(store_bundle.os, name, crossing)
    model = load(store, add_package(store, made(tmp_path), ["x"]))
    files = bundle(store, model, into=tmp_path / "elsewhere")
    assert files.weights.read_bytes() == (tmp_path / "a.gguf").read_bytes()
    inode = files.weights.stat().st_ino
    assert bundle(store, model, into=tmp_path / "elsewhere").weights.stat().st_ino == (
        inode
    )


def test_a_bundle_of_a_model_without_gguf_says_what_there_is(
    tmp_path: Path, store: Store
) -> None:
    built = package(weights(tmp_path), form="cncf")
    tar = Descriptor(
        "application/vnd.cncf.model.weight.v1.tar",
        built.sources[0].layer.size,
        built.sources[0].layer.digest,
    )
    manifest = artifact.write_manifest(built.manifest.config, (tar,))
    entry = add_package(store, Package(manifest, built.config, built.sources), ["x"])
    with pytest.raises(Unsupported, match=r"weight\.v1\.tar"):
        bundle(store, load(store, entry))


def test_two_that_ask_for_a_bundle_at_once_both_get_it(
    tmp_path: Path, store: Store
) -> None:
    model = load(store, add_package(store, made(tmp_path), ["x"]))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: bundle(store, model), range(16)))
    assert found == 16 * [found[0]]
    assert sorted(p.name for p in found[0].folder.iterdir()) == [
        ".lock",
        "config.json",
        "model",
    ]
    assert [p.name for p in found[0].weights.parent.iterdir()] == ["model.gguf"]


def test_a_layer_that_was_lost_is_named(tmp_path: Path, store: Store) -> None:
    model = load(store, add_package(store, made(tmp_path), ["x"]))
    blob_path(store.root, model.manifest.layers[0].digest).write_bytes(b"cut")
    with pytest.raises(DataError, match="missing or cut short") as caught:
        bundle(store, model)
    assert caught.value.where == model.manifest.layers[0].digest
