"""Models of a few bytes, made on the spot, and what the tests of them share."""

from __future__ import annotations

import struct
from pathlib import Path

from pipeline.serving.artifact.package import Package, package
from pipeline.serving.store import Store
from pipeline.serving.store.check import fsck

CREATED = "2025-01-01T00:00:00Z"
U32, F32, BOOL, STRING, ARRAY = 4, 6, 7, 8, 9
HARM = ("missing", "damaged", "index")


def text(value: str, count: str = "<Q") -> bytes:
    """A string as GGUF has it: its length, then its bytes."""
    raw = value.encode()
    return struct.pack(count, len(raw)) + raw


def pair(key: str, kind: int, value: bytes, count: str = "<Q") -> bytes:
    """A metadata value."""
    return text(key, count) + struct.pack("<I", kind) + value


def tensor(
    name: str, shape: tuple[int, ...], kind: int, offset: int, count: str = "<Q"
) -> bytes:
    """A tensor's line in the header."""
    dimensions = b"".join(struct.pack(count, n) for n in shape)
    end = struct.pack("<IQ", kind, offset)
    return text(name, count) + struct.pack("<I", len(shape)) + dimensions + end


def gguf(
    pairs: list[bytes], tensors: list[bytes], data: bytes = b"", version: int = 3
) -> bytes:
    """A whole file."""
    count = "<I" if version == 1 else "<Q"
    head = b"GGUF" + struct.pack("<I", version)
    head += struct.pack(count, len(tensors)) + struct.pack(count, len(pairs))
    head += b"".join(pairs) + b"".join(tensors)
    return head + bytes(-len(head) % 32) + data


def weights(folder: Path, name: str = "a") -> Path:
    """A model file, another for each name."""
    path = folder / f"{name}.gguf"
    key = pair("general.name", STRING, text(name))
    path.write_bytes(gguf([key], [tensor("t", (8,), 0, 0)], bytes(32)))
    return path


def made(folder: Path, name: str = "a", licence: str = "free") -> Package:
    """A model with its licence, packaged."""
    (folder / f"{licence}.txt").write_text(licence)
    return package(
        weights(folder, name), licenses=[folder / f"{licence}.txt"], created=CREATED
    )


def blobs(store: Store) -> set[str]:
    """The digests of all blobs."""
    return {f"sha256:{p.name}" for p in (store.root / "blobs/sha256").iterdir()}


def harm(store: Store, verify: bool = True) -> list[str]:
    """What is wrong with models, as against what only takes room."""
    found = fsck(store, verify=verify)
    return [f"{p.kind} {p.path}" for p in found if p.kind in HARM]
