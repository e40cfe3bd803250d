"""Data flows one way, and the doors into the pipeline agree."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "pipeline"

# Left to right: a module imports only what stands before it, or beside it.
ORDER = [
    {"errors", "sql"},
    {"design", "reading", "scrub"},
    {"project", "definition"},
    {"design_checks", "crosswalk", "entities"},
    {"load"},
    {"warehouse", "outline", "topline", "report"},
    {"ingest", "weights", "replicates"},
    {"privacy", "codebook", "codes", "quotes"},
    {"simulate", "drafting", "engines"},
    {"estimates"},
    {"trends"},
    {"findings", "wording", "disclosure", "leaks"},
    {"serving"},
    {"narrative", "charts"},
    {"render"},
    {"compose", "asked", "adhoc", "frames", "labels"},
    {"crosstabs", "holding", "tested", "weighed"},
    {"analysis", "tables"},
    {"aside", "stages", "stamps", "export", "reports", "terminal", "talk"},
    {"doctor", "watch"},
    {"cli", "__main__", "__init__"},
]
PLACE = {room: i for i, rooms in enumerate(ORDER) for room in rooms}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The top-level name a module belongs to."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The rooms a module imports from, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "pipeline."
        ):
            found.add((node.module or "").split(".")[1])
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_left(path: Path) -> None:
    assert room(path) in PLACE, "give it a place in the flow"
    for other in imported(path):
        assert PLACE[other] <= PLACE[room(path)], f"{room(path)} imports {other}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 330


def test_dvc_runs_the_same_stages() -> None:
    from pipeline.stages import STAGES

    lines = (ROOT / "dvc.yaml").read_text(encoding="utf-8").splitlines()
    commands = [line.split("stage ")[1] for line in lines if "cmd:" in line]
    assert commands == [f"{name} ${{survey}}" for name in STAGES]


def test_the_command_line_imports_nothing_heavy() -> None:
    code = (
        "import sys, pipeline.cli;"
        "print({'pandas', 'numpy', 'duckdb', 'altair', 'scipy', 'jinja2', 'httpx'}"
        " & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
