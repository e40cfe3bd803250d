"""The header of a GGUF model file: metadata and tensors, read with bounded effort.

    magic "GGUF" · version · tensor count · pair count
    pairs    key · type · value                  metadata (name, context, vocabulary …)
    tensors  name · dimensions · type · offset   relative to the start of the data
    padding to the alignment, then the data, which is never read

Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Every count and
length is held against what is left of the file before anything is read, so that a
header that claims 2^60 tensors costs as little as an empty one. Long arrays
(vocabularies) are stepped over. The file is read and not mapped: a file cut short while
it is mapped would end the process.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from pipeline.errors import DataError

MAGIC = b"GGUF"
STRING, ARRAY, BOOL = 8, 9, 7
NUMBERS = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f",
    7: "<B", 10: "<Q", 11: "<q", 12: "<d",
}  # fmt: skip
KEPT_VALUES = 50
LONGEST_KEY = 1 << 16
LONGEST_TEXT = 1 << 24
MOST_TEXT = 1 << 26
MOST_PAIRS = 1 << 16
MOST_TENSORS = 1 << 18
MOST_DIMENSIONS = 4
DEEPEST_ARRAY = 4
# A vocabulary with its merges is under a million strings; so many take two seconds.
MOST_ITEMS = 1 << 22
DAMAGED = "The file is damaged or was not copied whole: fetch it again."

# Values in a block and bytes it takes, by tensor type (ggml's table of quantisations).
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24),
    8: (32, 34), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176),
    14: (256, 210), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50),
    20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1),
    25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip


class Array(msgspec.Struct, frozen=True):
    """Values of one type; `values` is None where they are many, or arrays."""

    kind: int
    length: int
    values: tuple[int | float | bool | str, ...] | None


Value = int | float | bool | str | Array


class Tensor(msgspec.Struct, frozen=True):
    """A tensor's name, type and place in the data."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def size(self) -> int | None:
        """The bytes it takes; None for a type whose blocks are not known here."""
        if self.kind not in BLOCKS:
            return None
        values, size = BLOCKS[self.kind]
        return -(-self.elements // values) * size


class Header(msgspec.Struct, frozen=True):
    """What a GGUF file says of itself; `end` is where the tensor list ends."""

    version: int
    metadata: Mapping[str, Value]
    tensors: tuple[Tensor, ...]
    alignment: int
    end: int
    file_size: int

    @property
    def data_start(self) -> int:
        """Where the tensors' data begins."""
        return -(-self.end // self.alignment) * self.alignment

    def text(self, key: str) -> str:
        """A metadata value that is text, else nothing."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int | None:
        """A metadata value that is a whole number."""
        value = self.metadata.get(key)
        whole = isinstance(value, int) and not isinstance(value, bool)
        return value if whole else None  # type: ignore[return-value]


def read_header(path: Path) -> Header:
    """The header of a GGUF file; raises `DataError` if it is not sound.

    Versions 1 to 3, little-endian. Tensors must lie within the file.
    """
    try:
        with path.open("rb", buffering=1 << 18) as handle:
            size = os.fstat(handle.fileno()).st_size
            return _read(_Cursor(handle, size, str(path)))
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        remedy = "Name a GGUF file that can be read."
        raise DataError(what, where=str(path), remedy=remedy) from None


class _Cursor:
    """A place in the file that cannot be led past its end, nor walk for ever."""

    def __init__(self, handle: BinaryIO, size: int, name: str) -> None:
        self.handle, self.size, self.name = handle, size, name
        self.at, self.items, self.kept, self.counts = 0, 0, 0, "<Q"

    def broken(self, what: str, remedy: str = DAMAGED) -> DataError:
        return DataError(what, where=f"{self.name}, byte {self.at:,}", remedy=remedy)

    def take(self, length: int, what: str) -> bytes:
        enough = length <= self.size - self.at
        data = self.handle.read(length) if enough else b""
        if len(data) != length:  # or it was cut short while being read
            raise self.broken(f"the file ends within {what}")
        self.at += length
        return data

    def skip(self, length: int, what: str) -> None:
        if length > self.size - self.at:
            raise self.broken(f"the file ends within {what}")
        self.handle.seek(length, os.SEEK_CUR)
        self.at += length

    def number(self, form: str, what: str) -> int | float:
        raw = self.take(struct.calcsize(form), what)
        return struct.unpack(form, raw)[0]  # type: ignore[no-any-return]

    def count(self, what: str) -> int:
        """A count or length: eight bytes, four in version 1."""
        return int(self.number(self.counts, what))

    def step(self, number: int = 1) -> None:
        self.items += number
        if self.items > MOST_ITEMS:
            raise self.broken(f"the header has more than {MOST_ITEMS:,} values")

    def text(self, longest: int, what: str) -> str:
        length = self.count(what)
        if length > longest:
            raise self.broken(f"{what} is said to be {length:,} bytes long")
        self.kept += length
        if self.kept > MOST_TEXT:
            raise self.broken(f"the header has more than {MOST_TEXT >> 20} MiB of text")
        return self.take(length, what).decode("utf-8", "replace")


def _read(cursor: _Cursor) -> Header:
    version = _version(cursor)
    cursor.counts = "<I" if version == 1 else "<Q"
    tensors = _bounded(cursor, MOST_TENSORS, "tensors")
    pairs = _bounded(cursor, MOST_PAIRS, "metadata values")
    metadata = _metadata(cursor, pairs)
    alignment = _alignment(cursor, metadata)
    found = _tensors(cursor, tensors)
    header = Header(version, metadata, found, alignment, cursor.at, cursor.size)
    _check_extent(cursor, header)
    return header


def _version(cursor: _Cursor) -> int:
    magic = cursor.take(4, "its first four bytes")
    if magic not in (MAGIC, MAGIC[::-1]):
        remedy = "Name a model in GGUF format: such files begin with the letters GGUF."
        raise cursor.broken(
            f"this is not a GGUF file: it begins with {magic!r}", remedy
        )
    raw = cursor.take(4, "its version")
    version = int.from_bytes(raw, "little")
    if magic != MAGIC or int.from_bytes(raw, "big") <= 0xFFFF < version:
        remedy = "Convert it to little-endian with llama.cpp's gguf_convert_endian.py."
        raise cursor.broken("the file is big-endian", remedy)
    if not 1 <= version <= 3:
        remedy = "Convert the model again to version 3."
        raise cursor.broken(f"GGUF version {version} is not known (1 to 3 are)", remedy)
    return version


def _bounded(cursor: _Cursor, most: int, what: str) -> int:
    count = cursor.count(f"the number of {what}")
    if count > most:
        raise cursor.broken(f"the header claims {count:,} {what} (at most {most:,})")
    return count


def _metadata(cursor: _Cursor, pairs: int) -> dict[str, Value]:
    metadata: dict[str, Value] = {}
    for _ in range(pairs):
        cursor.step()
        key = cursor.text(LONGEST_KEY, "a metadata key")
        if key in metadata:
            raise cursor.broken(f"metadata '{key}' comes twice")
        kind = int(cursor.number("<I", f"metadata '{key}'"))
        metadata[key] = _value(cursor, kind, f"metadata '{key}'")
    return metadata


def _value(cursor: _Cursor, kind: int, what: str) -> Value:
    if kind == STRING:
        return cursor.text(LONGEST_TEXT, what)
    if kind == ARRAY:
        return _array(cursor, what, 1)
    if kind not in NUMBERS:
        raise cursor.broken(f"{what} is of an unknown type {kind}")
    number = cursor.number(NUMBERS[kind], what)
    return bool(number) if kind == BOOL else number


def _array(cursor: _Cursor, what: str, depth: int) -> Array:
    kind = int(cursor.number("<I", what))
    length = cursor.count(what)
    if kind in NUMBERS and length > KEPT_VALUES:
        cursor.skip(length * struct.calcsize(NUMBERS[kind]), what)
        return Array(kind, length, None)
    cursor.step(length)
    if kind == ARRAY:
        if depth == DEEPEST_ARRAY:
            raise cursor.broken(f"{what} is an array within too many arrays")
        for _ in range(length):
            _array(cursor, what, depth + 1)
        return Array(kind, length, None)
    if length <= KEPT_VALUES:
        values = tuple(_value(cursor, kind, what) for _ in range(length))
        return Array(kind, length, values)  # type: ignore[arg-type]
    if kind != STRING:
        raise cursor.broken(f"{what} is an array of an unknown type {kind}")
    for _ in range(length):
        cursor.skip(cursor.count(what), what)
    return Array(kind, length, None)


def _alignment(cursor: _Cursor, metadata: Mapping[str, Value]) -> int:
    alignment = metadata.get("general.alignment", 32)
    if isinstance(alignment, int) and 0 < alignment < 1 << 32:
        power_of_two = not alignment & (alignment - 1)
        if power_of_two:
            return alignment
    raise cursor.broken("general.alignment is not a power of two")


def _tensors(cursor: _Cursor, count: int) -> tuple[Tensor, ...]:
    found: dict[str, Tensor] = {}
    for _ in range(count):
        name = cursor.text(LONGEST_KEY, "a tensor's name")
        what = f"tensor '{name}'"
        dimensions = int(cursor.number("<I", what))
        if dimensions > MOST_DIMENSIONS:
            raise cursor.broken(f"{what} is said to have {dimensions:,} dimensions")
        shape = tuple(cursor.count(what) for _ in range(dimensions))
        kind, offset = struct.unpack("<IQ", cursor.take(12, what))
        if name in found:
            raise cursor.broken(f"{what} comes twice")
        found[name] = Tensor(name, shape, kind, offset)
        if found[name].elements >= 1 << 63:
            raise cursor.broken(
                f"{what} is said to hold {found[name].elements:,} values"
            )
    return tuple(found.values())


def _check_extent(cursor: _Cursor, header: Header) -> None:
    """That every tensor lies within the file: else it was cut short."""
    room = header.file_size - header.data_start
    for tensor in header.tensors:
        short = tensor.offset + (tensor.size or 0) - room
        if short > 0:
            what = f"the file ends before tensor '{tensor.name}', {short:,} bytes short"
            raise cursor.broken(what)
