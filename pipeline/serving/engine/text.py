"""Tokens → text that may be sent: whole characters only, and nothing of a stop."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class Writer:
    """The text of one answer as it grows, up to the first of the `stops`.

    A token may hold a part of a character, and a stop may run over several tokens, so
    what could become either is held back until that is known.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.sent = 0
        self.stopped = False

    def add(self, piece: bytes) -> str:
        """What can be sent now that this came."""
        self._held += self._decoder.decode(piece)
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            return self._take(min(found))
        return self._take(len(self._held) - self._undecided())

    def end(self) -> str:
        """What was held back, as nothing more comes."""
        if self.stopped:
            return ""
        self._held += self._decoder.decode(b"", final=True)
        return self._take(len(self._held))

    @property
    def length(self) -> int:
        """How many characters there are, sent or held back."""
        return self.sent + len(self._held)

    def _take(self, count: int) -> str:
        taken, self._held = self._held[:count], self._held[count:]
        self.sent += count
        return taken

    def _undecided(self) -> int:
        """How many characters at the end could be the beginning of a stop."""
        longest = max(map(len, self._stops), default=1) - 1
        lengths = range(min(longest, len(self._held)), 0, -1)
        return next((n for n in lengths if self._begins_stop(self._held[-n:])), 0)

    def _begins_stop(self, text: str) -> bool:
        return any(stop.startswith(text) for stop in self._stops)
