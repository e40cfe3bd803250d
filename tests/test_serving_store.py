"""The store: read in place, added to, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.errors import DataError, NotFound, SurveyError
from pipeline.serving import artifact
from pipeline.serving.artifact import Descriptor
from pipeline.serving.artifact.package import package, with_context
from pipeline.serving.artifact.reference import InvalidName, short_id
from pipeline.serving.store import (
    Store,
    Unsupported,
    add,
    add_package,
    adding,
    disk_usage,
    entries,
    find,
    licenses,
    load,
    open_store,
    tag,
)
from pipeline.serving.store.blobs import blob_path, manifest_path, receiving
from pipeline.serving.store.bundle import bundle
from pipeline.serving.store.check import fsck
from pipeline.serving.store.remove import Conflict, remove
from tests.small_models import CREATED, blobs, harm, made

DIGEST = f"sha256:{'0' * 64}"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", patience=5.0)


def test_dockers_store_is_read_in_place(shared: Path) -> None:
    store = open_store(shared / "models/store_example")
    assert [e.names() for e in entries(store)] == [
        ("docker.io/ai/tiny:latest", "docker.io/ai/tiny:v1"),
        ("localhost:5000/me/tiny-full:1.0",),
    ]
    model = load(store, find(store, "tiny"))
    assert model.id.startswith("sha256:012b9ed0674d")
    assert model.config.model.parameters == "119.36K"
    assert fsck(store) == ()


def test_a_store_that_is_not_ours_lends_its_blobs_to_a_bundle(
    shared: Path, tmp_path: Path
) -> None:
    store = open_store(shared / "models/store_example")
    before = sorted(p.name for p in store.root.rglob("*"))
    model = load(store, find(store, "localhost:5000/me/tiny-full:1.0"))
    files = bundle(store, model, into=tmp_path / "bundle")
    assert files.weights.samefile(
        blob_path(store.root, model.manifest.layers[0].digest)
    )
    assert files.template is not None
    assert licenses(store, model) == ("FAKE LICENSE\n",)
    assert disk_usage(store) == 489_375
    assert sorted(p.name for p in store.root.rglob("*")) == before


@pytest.mark.parametrize(
    "name",
    [
        "tiny",
        "ai/tiny:v1",
        "docker.io/ai/tiny:latest",
        "012b9ed0674d",
        "sha256:012b9ed0674de5c65b6b83257b4f73bb6265aa7e417b05911ce5cd8023334263",
        "012b9ed0674de5c65b6b83257b4f73bb6265aa7e417b05911ce5cd8023334263",
        "tiny@sha256:012b9ed0674de5c65b6b83257b4f73bb6265aa7e417b05911ce5cd8023334263",
    ],
)
def test_a_model_goes_by_name_tag_id_and_digest(shared: Path, name: str) -> None:
    store = open_store(shared / "models/store_example")
    assert find(store, name).id.startswith("sha256:012b9ed0674d")


def test_a_name_that_looks_like_an_id_is_a_name_where_no_id_fits(
    tmp_path: Path, store: Store
) -> None:
    entry = add_package(store, made(tmp_path), ["ai/deadbeefcafe"])
    assert find(store, "deadbeefcafe") == entry
    with pytest.raises(NotFound):
        find(store, "0123456789ab")


def test_the_id_of_another_model_is_no_name(tmp_path: Path, store: Store) -> None:
    one = add_package(store, made(tmp_path, "a"), ["one"])
    two = add_package(store, made(tmp_path, "b"), ["two"])
    before = entries(store)
    for digits in (short_id(one.id), one.id.removeprefix("sha256:")):
        with pytest.raises(InvalidName, match="is the ID of another model"):
            tag(store, "two", digits)
        with pytest.raises(InvalidName, match="is the ID of another model"):
            add_package(store, made(tmp_path, "c"), [f"ai/{digits}:latest"])
    assert entries(store) == before
    tag(store, "two", short_id(two.id))
    tag(store, "two", f"me/{short_id(one.id)}")  # nobody takes this for an ID
    assert find(store, short_id(one.id)).id == one.id


def test_a_name_nearly_right_is_met_with_the_right_one(shared: Path) -> None:
    store = open_store(shared / "models/store_example")
    with pytest.raises(NotFound, match=r"Did you mean ai/tiny:v1"):
        find(store, "tiny:v11")


def test_the_same_models_give_dockers_own_files(shared: Path, store: Store) -> None:
    """models.json, manifests and blobs, byte for byte."""
    example, tiny = shared / "models/store_example", shared / "models/tiny"
    licenses = [tiny / "license.txt"]
    plain = package(tiny / "tiny.gguf", licenses=licenses, created=CREATED)
    full = package(
        tiny / "tiny.gguf",
        licenses=licenses,
        template=tiny / "template.jinja",
        created=CREATED,
        describe=True,
    )
    add_package(store, plain, ["tiny", "tiny:v1"])
    add_package(store, full, ["localhost:5000/me/tiny-full:1.0"])
    for path in example.rglob("*"):
        if path.is_file():
            ours = store.root / path.relative_to(example)
            assert ours.read_bytes() == path.read_bytes()
    assert blobs(store) == {
        f"sha256:{p.name}" for p in (example / "blobs/sha256").iterdir()
    }


def test_one_blob_serves_all_models_that_have_it(tmp_path: Path, store: Store) -> None:
    one = add_package(store, made(tmp_path), ["one"])
    two = add_package(store, made(tmp_path, licence="other"), ["two"])
    assert one.id != two.id
    assert len(blobs(store)) == 5  # one weights, two licences, two configs
    assert remove(store, "one").deleted == one.id
    assert harm(store) == []
    assert blobs(store) == set(two.files)


def test_adding_again_changes_nothing_but_names(tmp_path: Path, store: Store) -> None:
    add_package(store, made(tmp_path), ["one"])
    entry = add_package(store, made(tmp_path), ["two", "one"])
    assert entries(store) == (entry,)
    assert entry.tags == ("docker.io/ai/one:latest", "docker.io/ai/two:latest")


def test_a_name_moves_to_the_model_it_is_given_to(tmp_path: Path, store: Store) -> None:
    old = add_package(store, made(tmp_path, "a"), ["x", "kept"])
    new = add_package(store, made(tmp_path, "b"), ["x"])
    assert find(store, "x").id == new.id
    assert find(store, "kept").id == old.id
    tag(store, "kept", "x")
    assert find(store, "x").id == old.id
    assert find(store, new.id).tags == ()


def test_a_name_goes_first_and_the_model_with_its_last(
    tmp_path: Path, store: Store
) -> None:
    entry = add_package(store, made(tmp_path), ["x:1", "x:2"])
    with pytest.raises(Conflict, match="2 names"):
        remove(store, entry.id)
    assert remove(store, "x:1").deleted == ""
    gone = remove(store, "x:2")
    assert gone.deleted == entry.id
    assert gone.untagged == ("docker.io/ai/x:2",)
    assert blobs(store) == set()
    with pytest.raises(NotFound):
        find(store, "x:2")


def test_by_id_and_forced_all_names_go(tmp_path: Path, store: Store) -> None:
    entry = add_package(store, made(tmp_path), ["x:1", "x:2"])
    gone = remove(store, entry.id.removeprefix("sha256:")[:12], force=True)
    assert gone.deleted == entry.id
    assert len(gone.untagged) == 2
    assert fsck(store) == ()


def test_another_context_size_takes_no_room_for_weights(
    tmp_path: Path, store: Store
) -> None:
    built = made(tmp_path)
    add_package(store, built, ["x"])
    before = blobs(store)
    again = with_context(built.manifest, built.config, 512)
    entry = add_package(store, again, ["x:short"])
    assert blobs(store) - before == {again.manifest.config.digest}
    assert load(store, entry).config.model.context_size == 512


def test_the_manifest_is_kept_as_it_came(tmp_path: Path, store: Store) -> None:
    built = made(tmp_path)
    spaced = artifact.read_manifest(built.manifest.raw.replace(b":", b": ", 1))
    with adding(store):
        for source in built.sources:
            with receiving(store.root, source.layer) as incoming:
                incoming.write(source.path.read_bytes())
        entry = add(store, spaced, built.config, ["x"])
    assert entry.id == artifact.digest_of(spaced.raw)
    assert manifest_path(store.root, entry.id).read_bytes() == spaced.raw


def test_a_copy_of_a_store_is_a_store(tmp_path: Path, store: Store) -> None:
    entry = add_package(store, made(tmp_path), ["x"])
    shutil.copytree(store.root, tmp_path / "copy")
    copy = open_store(tmp_path / "copy")
    assert find(copy, "x") == entry
    assert fsck(copy) == ()


def test_an_artifact_that_is_no_model_is_refused(tmp_path: Path, store: Store) -> None:
    built = made(tmp_path)
    image = Descriptor("application/vnd.oci.image.config.v1+json", 2, DIGEST)
    manifest = artifact.write_manifest(image, built.manifest.layers)
    with pytest.raises(Unsupported, match=r"vnd\.oci\.image\.config"):
        add(store, manifest, b"{}", ["x"])
    assert entries(store) == ()


def test_a_model_whose_layers_have_not_come_is_refused(
    tmp_path: Path, store: Store
) -> None:
    built = made(tmp_path)
    with pytest.raises(DataError, match="2 layers have not come"):
        add(store, built.manifest, built.config, ["x"])
    assert fsck(store) == ()


def test_a_config_that_is_not_the_manifests_is_refused(
    tmp_path: Path, store: Store
) -> None:
    built = made(tmp_path)
    add_package(store, built, ["x"])
    other = with_context(built.manifest, built.config, 512)
    with pytest.raises(DataError, match="digest"):
        add(store, other.manifest, other.config.replace(b"512", b"513"))
    assert len(entries(store)) == 1
    assert fsck(store) == ()


@pytest.mark.parametrize("name", ["../../x", "a/../b", "x:../y"])
def test_a_name_that_climbs_is_refused(tmp_path: Path, store: Store, name: str) -> None:
    with pytest.raises(SurveyError, match="not a model's name"):
        add_package(store, made(tmp_path), [name])
    assert entries(store) == ()


@pytest.mark.parametrize("digest", ["sha256:../../../etc/passwd", "../x", "sha256:AB"])
def test_what_is_no_digest_never_becomes_a_path(store: Store, digest: str) -> None:
    with pytest.raises(DataError, match="not a sha256 digest"):
        blob_path(store.root, digest)
    index = f'{{"models": [{{"id": "{digest}", "tags": [], "files": []}}]}}'
    (store.root / "models.json").write_text(index)
    with pytest.raises(DataError, match="not a sha256 digest"):
        entries(store)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match=r"not a model store: it holds 'thesis\.txt'"):
        open_store(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_later_layout_is_not_touched(store: Store) -> None:
    (store.root / "layout.json").write_text('{"version": "2.0.0"}')
    with pytest.raises(DataError, match=r"version '2\.0\.0'"):
        open_store(store.root)


def test_a_list_that_cannot_be_read_is_an_error_and_kept(
    tmp_path: Path, store: Store
) -> None:
    (store.root / "models.json").write_text("{broken")
    with pytest.raises(DataError, match="cannot be read"):
        add_package(store, made(tmp_path), ["x"])
    assert (store.root / "models.json").read_text() == "{broken"
