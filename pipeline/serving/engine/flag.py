"""Set by any thread to end what the model computes."""

from __future__ import annotations

import ctypes


class Flag:
    """A text in C's memory: empty means go on, one character means stop."""

    def __init__(self) -> None:
        self._text = ctypes.create_string_buffer(2)
        self.address = ctypes.addressof(self._text)

    def set(self) -> None:
        """End it."""
        self._text[0] = b"\1"

    @property
    def is_set(self) -> bool:
        """Whether it is to end."""
        return self._text[0] != b"\0"
