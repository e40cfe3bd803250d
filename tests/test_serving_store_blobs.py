"""Blobs on their way in: resumed, verified, shared."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.errors import DataError
from pipeline.serving import artifact
from pipeline.serving.artifact import Descriptor
from pipeline.serving.store import (
    Store,
    open_store,
)
from pipeline.serving.store.blobs import blob_path, put_file, receiving
from pipeline.serving.store.lock import Busy

SHORT = 0.05


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", patience=5.0)


def blob(data: bytes) -> Descriptor:
    return Descriptor(artifact.GGUF, len(data), artifact.digest_of(data))


def unfinished(store: Store, wanted: Descriptor) -> Path:
    path = blob_path(store.root, wanted.digest)
    return path.with_name(path.name + ".incomplete")


def test_a_transfer_broken_off_goes_on_from_there(store: Store) -> None:
    data = bytes(range(256)) * 16
    wanted = blob(data)
    with suppress(ConnectionError), receiving(store.root, wanted) as incoming:
        incoming.write(data[:1000])
        raise ConnectionError
    assert unfinished(store, wanted).stat().st_size == 1000
    with receiving(store.root, wanted) as incoming:
        assert incoming.at == 1000
        incoming.write(data[1000:])
    assert blob_path(store.root, wanted.digest).read_bytes() == data
    assert not unfinished(store, wanted).exists()
    with receiving(store.root, wanted) as incoming:
        assert incoming.complete


def test_a_source_that_starts_again_replaces_what_there_was(store: Store) -> None:
    data = bytes(range(256)) * 16
    wanted = blob(data)
    unfinished(store, wanted).write_bytes(b"other" * 10)
    with receiving(store.root, wanted) as incoming:
        incoming.restart()
        incoming.write(data)
    assert blob_path(store.root, wanted.digest).read_bytes() == data


def test_too_little_is_kept_for_next_time_and_refused_now(store: Store) -> None:
    wanted = blob(b"model")
    with (
        pytest.raises(DataError, match="only 3 of 5 bytes"),
        receiving(store.root, wanted) as incoming,
    ):
        incoming.write(b"mod")
    assert unfinished(store, wanted).read_bytes() == b"mod"


@pytest.mark.parametrize("data", [b"nodel", b"models"])
def test_wrong_or_oversized_bytes_are_deleted(store: Store, data: bytes) -> None:
    wanted = blob(b"model")
    with pytest.raises(DataError), receiving(store.root, wanted) as incoming:
        incoming.write(data)
    assert list((store.root / "blobs/sha256").iterdir()) == []


def test_a_whole_but_wrong_leftover_is_not_trusted(store: Store) -> None:
    wanted = blob(b"model")
    unfinished(store, wanted).write_bytes(b"MODEL")
    with receiving(store.root, wanted) as incoming:
        assert incoming.at == 0
        incoming.write(b"model")


def test_two_that_bring_one_blob_share_the_work(store: Store) -> None:
    wanted, second = blob(b"model" * 1000), []

    def bring() -> None:
        with receiving(store.root, wanted) as incoming:
            second.append(incoming.complete)

    with receiving(store.root, wanted) as incoming:
        thread = threading.Thread(target=bring)
        thread.start()
        incoming.write(b"model" * 1000)
    thread.join()
    assert second == [True]


def test_one_that_does_not_get_on_is_not_waited_for(store: Store) -> None:
    wanted = blob(b"model")
    with (
        pytest.raises(DataError, match="only 0 of 5"),
        receiving(store.root, wanted),
        pytest.raises(Busy, match="does not get on"),
        receiving(store.root, wanted, seconds=SHORT),
    ):
        pass


def test_a_file_that_vanished_is_an_error_and_leaves_nothing(
    tmp_path: Path, store: Store
) -> None:
    with pytest.raises(DataError, match="No such file"):
        put_file(store.root, blob(b"model"), tmp_path / "gone.gguf")
    assert list((store.root / "blobs/sha256").iterdir()) == []
