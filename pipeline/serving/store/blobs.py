"""Blobs on disk: named by digest, verified on the way in, complete or not there.

    blobs/sha256/<hex>              a layer or config
    blobs/sha256/<hex>.incomplete   the same while it comes in; locked by who writes it

Whatever is interrupted stays as `.incomplete`, and the next that brings the same blob
goes on from there. What turns out to be something else is deleted.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pipeline.errors import DataError
from pipeline.project import writing
from pipeline.serving.artifact import Descriptor, check_digest
from pipeline.serving.store.lock import PATIENCE, Busy, wait_for

UNFINISHED = ".incomplete"
CHUNK = 1 << 20
AGAIN = "Fetch it again; if that does not help, its source is damaged."


def blob_path(root: Path, digest: str) -> Path:
    """Where a blob is, or would be; raises `DataError` for what is no digest."""
    algorithm, _, number = check_digest(digest, str(root)).partition(":")
    return root / "blobs" / algorithm / number


def manifest_path(root: Path, digest: str) -> Path:
    """Where a manifest is; raises `DataError` for what is no digest."""
    algorithm, _, number = check_digest(digest, str(root)).partition(":")
    return root / "manifests" / algorithm / number


def bundle_path(root: Path, digest: str) -> Path:
    """Where a model's bundle is; raises `DataError` for what is no digest."""
    algorithm, _, number = check_digest(digest, str(root)).partition(":")
    return root / "bundles" / algorithm / number


def has_blob(root: Path, blob: Descriptor) -> bool:
    """Whether the blob is here, in its full length."""
    try:
        return blob_path(root, blob.digest).stat().st_size == blob.size
    except OSError:
        return False


def digest_of_file(path: Path, algorithm: str = "sha256") -> str:
    """The digest of a file's content."""
    with path.open("rb") as handle:
        return f"{algorithm}:{hashlib.file_digest(handle, algorithm).hexdigest()}"


class Incoming:
    """A blob on its way in: `at` bytes are here; write the rest in order."""

    def __init__(self, root: Path, blob: Descriptor, handle: int) -> None:
        self.blob, self.at = blob, 0
        self._root, self._handle = root, handle
        self._hash = self._new_hash()

    @property
    def complete(self) -> bool:
        """Whether every byte is here."""
        return self.at == self.blob.size

    def write(self, data: bytes) -> None:
        """Append; raises `DataError` where that is more than there should be."""
        if self.at + len(data) > self.blob.size:
            os.ftruncate(self._handle, 0)
            what = f"more came than the {self.blob.size:,} bytes announced"
            raise DataError(what, where=self.blob.digest, remedy=AGAIN)
        view = memoryview(data)
        with writing(self._root):
            while view:
                view = view[os.write(self._handle, view) :]
        self._hash.update(data)
        self.at += len(data)

    def restart(self) -> None:
        """Forget what came before: the source does not go on from there."""
        os.ftruncate(self._handle, 0)
        os.lseek(self._handle, 0, os.SEEK_SET)
        self._hash, self.at = self._new_hash(), 0

    def resume(self) -> None:
        """Take up what an earlier attempt left, unless that is not the blob's."""
        os.lseek(self._handle, 0, os.SEEK_SET)
        while data := os.read(self._handle, CHUNK):
            self._hash.update(data)
            self.at += len(data)
        wrong = self.complete and self._found() != self.blob.digest
        if wrong or self.at > self.blob.size:
            self.restart()

    def verify(self) -> None:
        """That all came, and is what it should be; raises `DataError`."""
        if not self.complete:
            what = f"only {self.at:,} of {self.blob.size:,} bytes came"
            raise DataError(what, where=self.blob.digest, remedy=AGAIN)
        if self._found() != self.blob.digest:
            os.ftruncate(self._handle, 0)
            what = f"what came has the digest {self._found()}"
            raise DataError(what, where=self.blob.digest, remedy=AGAIN)

    def _found(self) -> str:
        return f"{self.blob.digest.partition(':')[0]}:{self._hash.hexdigest()}"

    def _new_hash(self) -> hashlib._Hash:
        return hashlib.new(self.blob.digest.partition(":")[0])


@contextmanager
def receiving(
    root: Path, blob: Descriptor, *, seconds: float = PATIENCE
) -> Iterator[Incoming]:
    """A blob coming in: verified, synced and named at the end of the block.

    A blob that is here already comes `complete`. Another process that brings the same
    one is waited for as long as it makes progress, then `Busy` is raised. `DataError`
    where the bytes are not the blob's.
    """
    handle = None
    if not has_blob(root, blob):
        with writing(root):
            handle = _own(root, blob, seconds)
    if handle is None:
        present = Incoming(root, blob, -1)
        present.at = blob.size
        yield present
        return
    aside = _unfinished(blob_path(root, blob.digest))
    try:
        incoming = Incoming(root, blob, handle)
        incoming.resume()
        yield incoming
        incoming.verify()
        with writing(root):
            os.fsync(handle)
            aside.replace(blob_path(root, blob.digest))
            sync_folder(aside.parent)
    finally:
        if _is(aside, handle) and os.fstat(handle).st_size == 0:
            aside.unlink()
        os.close(handle)


def put_bytes(root: Path, blob: Descriptor, data: bytes) -> None:
    """Store these bytes as this blob; raises `DataError` if they are not it."""
    with receiving(root, blob) as incoming:
        if not incoming.complete:
            incoming.restart()
            incoming.write(data)


def put_file(root: Path, blob: Descriptor, source: Path) -> None:
    """Store a copy of a file as this blob; raises `DataError` if it is not it."""
    with receiving(root, blob) as incoming:
        if incoming.complete:
            return
        incoming.restart()
        try:
            with source.open("rb", buffering=0) as handle:
                while data := handle.read(CHUNK):
                    incoming.write(data)
        except OSError as error:
            what = f"cannot be read: {error.strerror or error}"
            raise DataError(what, where=str(source), remedy=AGAIN) from None


def sync_folder(folder: Path) -> None:
    """Have the folder's names on disk, so that a rename outlives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unfinished(path: Path) -> Path:
    return path.with_name(path.name + UNFINISHED)


def _own(root: Path, blob: Descriptor, seconds: float) -> int | None:
    """The unfinished file, open and locked; None if the blob has come meanwhile."""
    path = blob_path(root, blob.digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = _unfinished(path)
    while True:
        handle = os.open(aside, os.O_RDWR | os.O_CREAT, 0o666)
        if not wait_for(handle, seconds=seconds, progress=partial(_length, handle)):
            os.close(handle)
            remedy = f"Nothing came for {seconds:g} s: end that process, or wait."
            what = "another process is fetching it and does not get on"
            raise Busy(what, where=blob.digest, remedy=remedy)
        if _is(aside, handle):
            return handle
        os.close(handle)  # renamed or deleted by who had it
        if has_blob(root, blob):
            return None


def _length(handle: int) -> int:
    return os.fstat(handle).st_size


def _is(path: Path, handle: int) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except OSError:
        return False
