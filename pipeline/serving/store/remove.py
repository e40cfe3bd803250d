"""Taking away: a name, a model with its last name, and files that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from errno import EDQUOT, ENOSPC
from pathlib import Path
from shutil import rmtree

import msgspec

from pipeline.errors import SurveyError
from pipeline.serving.artifact.reference import parse
from pipeline.serving.store import Store, changing, find
from pipeline.serving.store.blobs import blob_path, bundle_path, manifest_path
from pipeline.serving.store.check import Problem, fsck
from pipeline.serving.store.index import Entry, read_index, untagged, write_index
from pipeline.serving.store.lock import Busy, locked


class Conflict(SurveyError):
    """What was asked would take away more than was named."""


class Removal(msgspec.Struct, frozen=True):
    """What was taken away: names, and the model if that was its last."""

    untagged: tuple[str, ...]
    deleted: str = ""


class Freed(msgspec.Struct, frozen=True):
    """What was collected."""

    files: int
    bytes: int


def remove(store: Store, name: str, *, force: bool = False) -> Removal:
    """Take a name away, and with its last name the model.

    By ID the model goes with all its names: `Conflict` if there are several, unless
    forced. Engines that have it mapped keep it until they end. Raises `NotFound`.
    """
    with _alone(store) as alone, changing(store):
        entry, before = find(store, name), read_index(store.root)
        names = _names_meant(entry, name)
        if len(names) > 1 and not force:
            what = f"the model has {len(names)} names"
            remedy = "Remove one by name, or all of them with --force."
            raise Conflict(what, where=entry.id, remedy=remedy)
        if set(names) != set(entry.names()):
            write_index(store.root, untagged(before, names))
            return Removal(tuple(names))
        after = tuple(other for other in before if other.id != entry.id)
        try:
            write_index(store.root, after)
        except OSError as error:
            if error.errno not in (ENOSPC, EDQUOT):
                raise
            # There is no room to name what stays until the model's files are gone. If
            # this ends between the two, it can be removed again.
            _delete_files(store.root, entry, after, blobs=alone)
            write_index(store.root, after)
        _delete_files(store.root, entry, after, blobs=alone)
        return Removal(tuple(names), entry.id)


def gc(store: Store, *, unfinished: bool = False) -> Freed:
    """Delete what no model uses; with `unfinished`, also transfers broken off.

    Raises `Busy` while a model is being added.
    """
    kinds = {"extra", "unfinished"} if unfinished else {"extra"}
    with (
        locked(store.root / ".adding", seconds=store.patience),
        changing(store),
    ):
        files = size = 0
        for problem in fsck(store, verify=False):
            if problem.kind in kinds:
                path = store.root / problem.path
                size += problem.size
                files += 1
                rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return Freed(files, size)


def discard_damaged(store: Store) -> tuple[Problem, ...]:
    """Delete damaged files, so that pulling the model again brings sound ones.

    Gives what was damaged. Every blob is read meanwhile.
    """
    found = tuple(p for p in fsck(store) if p.kind == "damaged")
    with changing(store):
        for problem in found:
            (store.root / problem.path).unlink(missing_ok=True)
    return found


def _names_meant(entry: Entry, name: str) -> list[str]:
    """The one name given, or all names of a model given by its ID."""
    text = name.strip()
    with suppress(SurveyError):
        full = parse(text).full
        if full in entry.names():
            return [full]
    return list(entry.names())


def _delete_files(root: Path, entry: Entry, rest: Sequence[Entry], blobs: bool) -> None:
    """Delete what only this model had; blobs not while others may be adding."""
    manifest_path(root, entry.id).unlink(missing_ok=True)
    rmtree(bundle_path(root, entry.id), ignore_errors=True)
    used = {digest for other in rest for digest in other.files}
    for digest in entry.files if blobs else ():
        if digest not in used:
            blob_path(root, digest).unlink(missing_ok=True)


@contextmanager
def _alone(store: Store) -> Iterator[bool]:
    """Whether nobody is adding, and nobody can while the block runs."""
    with ExitStack() as held:
        alone = True
        try:
            held.enter_context(locked(store.root / ".adding", seconds=0))
        except Busy:
            alone = False
        yield alone
