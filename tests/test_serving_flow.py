"""The parts of serving lean on each other in one direction only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "pipeline" / "serving"

# What each part may import of the others.
LEANS: dict[str, set[str]] = {
    "artifact": set(),
    "store": {"artifact"},
    "distribution": {"artifact", "store"},
    "engine": {"artifact"},
    "runner": {"artifact", "store", "engine"},
    "durations": set(),
    "places": set(),
    "shapes": {"artifact", "store"},
    "api": {
        *("artifact", "store", "distribution", "runner"),
        *("durations", "places", "shapes"),
    },
    "chat": set(),
    "size": {"chat"},
    "embedded": {"artifact", "store"},
    "service": {"chat", "embedded", "places", "store"},
}
MODULES = [
    p for p in sorted(FOLDER.rglob("*.py")) if p.parent != FOLDER or p.stem[0] != "_"
]


def part(path: Path) -> str:
    """The part of serving that a module belongs to."""
    return path.relative_to(FOLDER).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(FOLDER)))
def test_a_part_leans_only_on_those_it_may(path: Path) -> None:
    own = part(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        names = node.module.split(".")
        if names[:2] == ["pipeline", "serving"]:
            others = {names[2]} if len(names) > 2 else {a.name for a in node.names}
            assert others <= LEANS[own] | {own}


def test_no_module_is_longer_than_300_lines() -> None:
    longest = {p: len(p.read_text().splitlines()) for p in MODULES}
    assert [p.name for p, lines in longest.items() if lines > 300] == []
