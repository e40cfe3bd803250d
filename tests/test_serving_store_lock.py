"""Other processes, full disks and sudden death: models stay whole."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.errors import SurveyError
from pipeline.serving.store import (
    Store,
    add_package,
    adding,
    entries,
    find,
    open_store,
)
from pipeline.serving.store import index as store_index
from pipeline.serving.store.check import fsck
from pipeline.serving.store.index import Entry
from pipeline.serving.store.lock import Busy, locked
from pipeline.serving.store.remove import gc, remove
from tests.small_models import blobs, harm, made, weights

SHORT = 0.05


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", patience=5.0)


def test_a_store_in_use_is_waited_for_and_then_named(
    tmp_path: Path, store: Store
) -> None:
    impatient = Store(store.root, patience=SHORT)
    with (
        locked(store.root / ".lock"),
        pytest.raises(Busy, match=f"in use by process {os.getpid()}"),
    ):
        add_package(impatient, made(tmp_path), ["x"])


def test_a_lock_is_held_where_its_holder_cannot_be_written_down(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk, where models are to be removed."""
    add_package(store, made(tmp_path), ["x"])

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with locked(store.root / ".lock"), pytest.raises(Busy):
        remove(Store(store.root, patience=SHORT), "x")
    assert remove(store, "x").deleted
    assert blobs(store) == set()


def test_a_model_makes_the_room_that_its_removal_needs(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = add_package(store, made(tmp_path, "a"), ["x"])
    two = add_package(store, made(tmp_path, "b"), ["y"])
    count, real = len(blobs(store)), store_index.write_index

    def full(root: Path, models: Sequence[Entry]) -> None:
        if len(blobs(store)) == count:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(root, models)

    monkeypatch.setattr("pipeline.serving.store.remove.write_index", full)
    assert remove(store, "x").deleted == one.id
    assert [entry.id for entry in entries(store)] == [two.id]
    assert fsck(store) == ()


@pytest.mark.parametrize("broken", ["write_index", "replace_synced", "put_bytes"])
def test_what_fails_midway_leaves_models_as_they_were(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    add_package(store, made(tmp_path, "a"), ["x"])
    before = entries(store)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"pipeline.serving.store.{broken}", full)
    with pytest.raises(SurveyError, match="Make room on that disk"):
        add_package(store, made(tmp_path, "b"), ["x"])
    assert entries(store) == before
    assert harm(store) == []
    # Layers that came are kept for the next attempt; manifest and config are not.
    assert {p.kind for p in fsck(store)} == {"extra"}
    assert len(blobs(store)) == 4


def test_a_list_written_but_not_synced_keeps_its_model_whole(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = store_index.sync_folder

    def fails(folder: Path) -> None:
        real(folder)
        if folder == store.root:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(store_index, "sync_folder", fails)
    with pytest.raises(SurveyError, match="Input/output error"):
        add_package(store, made(tmp_path), ["x"])
    assert find(store, "x")
    assert fsck(store) == ()


def test_gc_waits_for_who_is_adding(tmp_path: Path, store: Store) -> None:
    add_package(store, made(tmp_path), ["x"])
    with adding(store), pytest.raises(Busy):
        gc(Store(store.root, patience=SHORT))
    with adding(store):
        remove(store, "x")  # leaves blobs that the other may count on
    assert len(blobs(store)) == 3
    assert gc(store).files == 3
    assert blobs(store) == set()


WRITER = """
import sys
from pathlib import Path
from pipeline.serving.artifact.package import package
from pipeline.serving.store import add_package, open_store

root, folder, name, count = sys.argv[1:]
store = open_store(Path(root))
for number in range(int(count)):
    path = Path(folder) / f"m{number % 3}.gguf"
    add_package(store, package(path, created="2025-01-01T00:00:00Z"),
                [f"{name}:{number}", f"shared:{name}-{number}"])
"""


def start(code: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=Path(__file__).parent.parent)


def test_two_processes_adding_at_once_lose_nothing(
    tmp_path: Path, store: Store
) -> None:
    for number in range(3):
        weights(tmp_path, f"m{number}")
    writers = [start(WRITER, store.root, tmp_path, n, 12) for n in ("left", "right")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    names = {name for entry in entries(store) for name in entry.names()}
    for writer in ("left", "right"):
        for number in range(12):
            assert f"docker.io/ai/{writer}:{number}" in names
            assert f"docker.io/ai/shared:{writer}-{number}" in names
    assert fsck(store) == ()


# The child does everything a store can; before its Nth system call on a file it kills
# itself. Its parent looks at what is left, for every N until the child gets through.
KILLED_ANYWHERE = """
import os, shutil, signal, sys
from pathlib import Path
from pipeline.errors import SurveyError
from pipeline.serving.artifact.package import package, with_context
from pipeline.serving.store import add_package, entries, load, open_store, tag
from pipeline.serving.store.bundle import bundle
from pipeline.serving.store.check import fsck
from pipeline.serving.store.remove import gc, remove

root, folder = Path(sys.argv[1]), Path(sys.argv[2])
one = package(folder / "a.gguf", created="2025-01-01T00:00:00Z")
two = package(folder / "b.gguf", created="2025-01-01T00:00:00Z")
short = with_context(one.manifest, one.config, 64)
EVENTS = ("open", "os.", "fcntl.", "shutil.")
left = None

def count(event, arguments):
    global left
    if left is not None and event.startswith(EVENTS):
        left -= 1
        if left < 0:
            left = None
            os.kill(os.getpid(), signal.SIGKILL)

def everything():
    store = open_store(root)
    add_package(store, one, ["one", "same"])
    add_package(store, two, ["two", "same"])
    add_package(store, short, ["short"])
    bundle(store, load(store, entries(store)[0]))
    tag(store, "two", "again")
    remove(store, "one")
    remove(store, "short")
    gc(store, unfinished=True)

os.fsync = lambda handle: None  # what a killed process wrote, the kernel keeps
sys.addaudithook(count)
for number in range(100_000):
    shutil.rmtree(root, ignore_errors=True)
    child = os.fork()
    if not child:
        left = number
        everything()
        left = None
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    store = open_store(root)
    bad = [p for p in fsck(store) if p.kind in ("missing", "damaged", "index")]
    assert not bad, (number, bad)
    for entry in entries(store):
        load(store, entry)
    gc(store, unfinished=True)
    assert fsck(store) == (), (number, fsck(store))
    if not status:
        break
    everything()
    names = [sorted(e.names()) for e in entries(store)]
    assert names == [[f"docker.io/ai/{n}:latest" for n in ("again", "same", "two")]]
print(number)
"""


@pytest.mark.slow
def test_a_process_killed_anywhere_leaves_a_whole_store(tmp_path: Path) -> None:
    weights(tmp_path, "a")
    weights(tmp_path, "b")
    done = subprocess.run(
        [sys.executable, "-c", KILLED_ANYWHERE, tmp_path / "store", tmp_path],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100
