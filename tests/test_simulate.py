"""The shipped raw files are simulated, say so, and can be made again."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from pipeline.simulate import simulate

FOLDER = Path(__file__).parent.parent / "data" / "state-of-app-dev"


@pytest.mark.slow
def test_the_shipped_files_are_made_again_to_the_byte(tmp_path: Path) -> None:
    home = tmp_path / "state-of-app-dev"
    home.mkdir()
    for name in ("survey.toml", "simulation.toml"):
        shutil.copy(FOLDER / name, home)
    for path in simulate(home):
        assert path.read_bytes() == (FOLDER / "raw" / path.name).read_bytes()


@pytest.mark.parametrize("name", ["2024.csv", "2025.csv"])
def test_every_row_says_that_it_is_simulated(name: str) -> None:
    lines = (FOLDER / "raw" / name).read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("Simulated to match published") for line in lines[2:])


def test_who_uses_ai_tools_is_more_likely_to_build_ai() -> None:
    """Answers of one person go together, also within one industry."""
    text = (FOLDER / "raw" / "2025.csv").read_text(encoding="utf-8")
    rows = csv.reader(text.splitlines())
    header = next(rows)
    industry, use, build = (
        next(i for i, text in enumerate(header) if text.startswith(start))
        for start in ("Which industry", "Do you use AI tools", "Do you develop AI")
    )
    answers: dict[str, list[bool]] = {"Yes": [], "No": []}
    for row in rows:
        if row[industry] == "IT/SaaS" and row[use] and row[build]:
            answers[row[use]].append(row[build] == "Yes")
    users, others = (sum(given) / len(given) for given in answers.values())
    assert users > 1.5 * others
