"""Read a lock file: one block per pinned package, with the hashes of its files."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pin:
    """One package as the lock names it, and its lines as they stand there."""

    name: str
    version: str
    text: str

    @property
    def hashes(self) -> list[str]:
        """The hash of each file that may be installed, in the order of the lock."""
        return re.findall(r"--hash=(\S+)", self.text)


def read_lock(path: Path) -> list[Pin]:
    """Every pin of a lock file, in its order."""
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", path.read_text(encoding="utf-8"))
    found = (re.match(r"([\w.-]+)==(\S+)", block) for block in blocks)
    return [
        Pin(match[1], match[2], match.string) for match in found if match is not None
    ]
