"""How much memory models may take: the machine's, or its control group's if less.

Pages of files that the kernel can drop at will count as free. A model's weights are
such pages, mapped from the store; so for each running model what it is estimated to
need is set aside, less what it has taken for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec
import psutil

RESERVE = 512 << 20  # for the rest of the machine; an eighth where that is less
GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
VERSION_2 = ("memory.max", "memory.current", "")


class Room(msgspec.Struct, frozen=True):
    """Bytes that there are at all, and bytes that are free."""

    total: int
    free: int


class Taken(msgspec.Struct, frozen=True):
    """A running model: its process, and what it was estimated to need."""

    process: int | None
    estimate: int


class Memory(Protocol):
    """Where it is learnt how much memory there is; in earnest, a `Budget`."""

    def total(self) -> int:
        """Bytes that models may take at most."""

    def free(self, taken: Iterable[Taken]) -> int:
        """Bytes that are left while these run."""


class Budget(msgspec.Struct, frozen=True):
    """The memory of this machine or control group, less a reserve."""

    groups: Path = GROUPS
    own: Path = OWN_GROUPS

    def total(self) -> int:
        """What models may take if nothing else runs."""
        total = self._room().total
        return total - reserve(total)

    def free(self, taken: Iterable[Taken]) -> int:
        """What another model may take while these run; below zero if they have all."""
        room = self._room()
        promised = sum(max(0, x.estimate - private(x.process)) for x in taken)
        return room.free - reserve(room.total) - promised

    def _room(self) -> Room:
        machine = psutil.virtual_memory()
        rooms = [
            Room(machine.total, machine.available),
            *limits(self.groups, self.own),
        ]
        return Room(min(r.total for r in rooms), min(r.free for r in rooms))


def reserve(total: int) -> int:
    """What is left to everything else."""
    return min(RESERVE, total // 8)


def private(process: int | None) -> int:
    """Bytes that a process has and no file backs, 0 if it has ended."""
    if process is None:
        return 0
    try:
        memory = psutil.Process(process).memory_info()
    except psutil.Error:
        return 0
    return max(0, int(memory.rss) - int(getattr(memory, "shared", 0)))


def limits(groups: Path, own: Path) -> Iterator[Room]:
    """The limits that hold for this process, its own group's and those above it."""
    for line in own.read_text().splitlines() if own.is_file() else ():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            roots, names = [groups / "memory"], VERSION_1
        elif not controllers:
            roots, names = [groups, groups / "unified"], VERSION_2
        else:
            continue
        for root in roots:
            yield from _upwards(root, path, names)


def _upwards(root: Path, path: str, names: tuple[str, str, str]) -> Iterator[Room]:
    """Limits from a group up to the root, which may be all a container sees."""
    folder = root / path.lstrip("/")
    for group in (folder, *folder.parents):
        if group.is_relative_to(root):
            with suppress(OSError, ValueError):  # no such group, or "max"
                yield _limit(group, *names)


def _limit(group: Path, limit: str, usage: str, prefix: str) -> Room:
    total = int((group / limit).read_text())
    used = int((group / usage).read_text())
    lines = (line.split() for line in (group / "memory.stat").read_text().splitlines())
    facts = {name: int(value) for name, value in lines}
    names = (f"{prefix}active_file", f"{prefix}inactive_file")
    droppable = sum(facts.get(name, 0) for name in names)
    return Room(total, total - max(0, used - droppable))
