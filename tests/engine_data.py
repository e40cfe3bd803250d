"""Builds of made-up surveys that have every kind of question and of design."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.definition import Survey
from pipeline.ingest.stage import ingest
from pipeline.load import load_survey
from pipeline.weights import weigh

PEOPLE = 1200
REPLICATES = 8
DESIGNS = {
    "weights only": "",
    "strata and clusters": 'design = { strata = "s", clusters = ["c"], fpc = ["f"] }',
    "replicates": 'design = { replicates = { columns = "rep*", kind = "JK1",'
    " scale = 0.875, rscales = [1.0] } }",
}
WEIGHTING = {
    "weights only": 'method = "rake"',
    "strata and clusters": 'method = "linear"\ntrim = [0.4, 2.5]',
    "replicates": 'method = "rake"',
}
DEFINITION = """
id = "made-up"
title = "Made up"
sample = "probability"
min_base = 1
crosses = [["role", "band"]]

[weighting]
{weighting}

[[wave]]
id = "2025"
files = ["2025.csv"]
start = 2025-01-01
end = 2025-02-01
weight = "w"
source = "made up"
unused = ["*"]
{design}

[[question]]
id = "role"
text = "Role?"
kind = "single"
columns = {{ 2025 = "role" }}
options = [{{ code = "dev", label = "Dev" }}, {{ code = "ops", label = "Ops" }}]

[[question]]
id = "band"
text = "Band?"
kind = "single"
columns = {{ 2025 = "band" }}
options = [{{ code = "low", label = "Low" }}, {{ code = "high", label = "High" }}]

[[question]]
id = "tools"
text = "Tools?"
kind = "select-all"
columns = {{ 2025 = "tools" }}
separator = ";"
options = [{{ code = "a", label = "A" }}, {{ code = "b", label = "B" }}]

[[question]]
id = "depend"
text = "Dependence?"
kind = "scale"
columns = {{ 2025 = "depend" }}
scale = {{ low = 0, high = 10 }}

[[question]]
id = "hours"
text = "Hours?"
kind = "numeric"
columns = {{ 2025 = "hours" }}

[[dimension]]
id = "role"
label = "Role"
question = "role"

[[dimension]]
id = "band"
label = "Band"
question = "band"

[[target]]
wave = "2025"
dimension = "role"
shares = {{ dev = 0.7, ops = 0.3 }}
source = "made up"

[[target]]
wave = "2025"
dimension = "band"
shares = {{ low = 0.4, high = 0.6 }}
source = "made up"
"""


def built(folder: Path, design: str) -> tuple[Survey, Path]:
    """A survey of this design, ingested and weighed, and its build."""
    text = DEFINITION.format(design=DESIGNS[design], weighting=WEIGHTING[design])
    if design == "replicates":  # they came with the weights: no targets
        text = text.partition("[[target]]")[0]
    home = folder / "made-up"
    (home / "raw").mkdir(parents=True)
    (home / "survey.toml").write_text(text, encoding="utf-8")
    (home / "raw" / "2025.csv").write_text("\n".join(rows()), encoding="utf-8")
    survey = load_survey(home / "survey.toml")
    ingest(survey, home / "raw", home / "build", lambda _: None)
    weigh(survey, home / "build", lambda _: None)
    return survey, home / "build"


def rows() -> Iterator[str]:
    """The export, by line."""
    rng = np.random.default_rng(5)
    names = ["role", "band", "tools", "depend", "hours", "w", "s", "c", "f"]
    yield ",".join([*names, *(f"rep{i}" for i in range(REPLICATES))])
    for _ in range(PEOPLE):
        stratum, weight = rng.integers(0, 3), rng.lognormal(0, 0.5)
        cells = [
            rng.choice(["Dev", "Ops", ""], p=[0.6, 0.35, 0.05]),
            rng.choice(["Low", "High"]),
            rng.choice(["A", "B", "A;B", ""]),
            rng.integers(0, 11),
            f"{rng.normal(38, 4):.2f}",
            f"{weight:.6f}",
            f"s{stratum}",
            f"c{rng.integers(0, 6)}",
            60 + stratum,
            *(f"{weight * rng.uniform(0.5, 1.5):.6f}" for _ in range(REPLICATES)),
        ]
        yield ",".join(map(str, cells))
