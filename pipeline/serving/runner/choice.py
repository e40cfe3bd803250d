"""Which models must leave the memory so that another can have it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import msgspec

Name = TypeVar("Name")


class Holder(msgspec.Struct, Generic[Name], frozen=True):
    """A loaded model: the bytes it holds, when it was last used, if it works now."""

    name: Name
    size: int
    used: int
    busy: bool


def to_end(short: int, holders: Iterable[Holder[Name]]) -> Sequence[Name] | None:
    """The models whose end frees `short` bytes; None if even all do not.

    Idle ones first, then the least recently used; none whose end is not needed.
    """
    order = sorted(holders, key=lambda holder: (holder.busy, holder.used))
    chosen: list[Holder[Name]] = []
    for holder in order:
        if short <= 0:
            break
        chosen.append(holder)
        short -= holder.size
    if short > 0:
        return None
    for holder in reversed(chosen[:]):
        if short + holder.size <= 0:  # the others free enough without it
            chosen.remove(holder)
            short += holder.size
    return [holder.name for holder in chosen]
