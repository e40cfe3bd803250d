"""A built survey of two waves and two dimensions, with roles too small to be shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from small import DEFINITION, built, write_survey

from pipeline import open_survey
from pipeline.analysis import Analysis
from pipeline.trends import trend

BAND = """
[[question]]
id = "band"
text = "Band?"
kind = "single"
columns = { 2024 = "band", 2025 = "band" }
options = [{ code = "low", label = "Low" }, { code = "high", label = "High" }]

[[dimension]]
id = "band"
label = "Band"
question = "band"
"""
WAVE = """
[[wave]]
id = "2024"
files = ["2024.csv"]
start = 2024-01-01
end = 2024-02-01
respondent = "id"
missing = ["NA"]
unused = ["status"]
"""


def rows(seed: int, n: int, shift: float) -> str:
    """Respondents: ops say yes more often, and more so in the high band."""
    rng = np.random.default_rng(seed)
    lines = ["id,status,role,ai,tools,depend,band"]
    for i in range(n):
        ops, high = rng.random() < 0.4, rng.random() < 0.5
        # Two more roles are too small to show, and hide each other.
        role = "Test" if i < 4 else "Lead" if i < 8 else "Ops" if ops else "Developer"
        yes = rng.random() < shift + 0.3 * ops + 0.2 * high
        tools = rng.choice(["A", "B", "A;B", ""]) if yes else ""
        depend = str(int(np.clip(rng.normal(4 + 2 * ops, 2), 0, 10))) if yes else ""
        said = "Yes" if yes else "No"
        band = "High" if high else "Low"
        lines.append(f"{i},Complete,{role},{said},{tools},{depend},{band}")
    return "\n".join(lines) + "\n"


def two_waves(folder: Path, more: str = "", crosses: str = "") -> Analysis:
    """The survey, built in `folder`; `more` is added to its definition."""
    definition = DEFINITION.replace("min_base = 1", f"min_base = 5\n{crosses}")
    definition = definition.replace("2025 = ", "2024 = X, 2025 = ")
    for name in ("role", "ai", "tools", "depend"):
        definition = definition.replace(
            f'X, 2025 = "{name}"', f'"{name}", 2025 = "{name}"'
        )
    definition = definition.replace(
        '{ code = "ops", label = "Ops" }]',
        '{ code = "ops", label = "Ops" }, { code = "qa", label = "Test" },'
        ' { code = "lead", label = "Lead" }]',
    )
    at = definition.index("[[wave]]")
    definition = definition[:at] + WAVE.lstrip() + "\n" + definition[at:] + BAND + more
    home = folder / "data" / "small" / "raw"
    home.mkdir(parents=True)
    (home / "2024.csv").write_text(rows(1, 300, 0.2), encoding="utf-8")
    made, home = write_survey(folder, definition=definition, rows=rows(2, 500, 0.3))
    build = built(made, home)
    trend(made, build, lambda _: None)
    return open_survey("small", folder)
