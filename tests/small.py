"""A small survey made on the spot, for tests of one thing at a time."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from pipeline.definition import Survey
from pipeline.estimates.stage import estimate
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.stage import ingest
from pipeline.load import load_survey
from pipeline.weights import weigh

DEFINITION = """
id = "small"
title = "Small"
sample = "opt-in"
duplicates = "first"
min_base = 1

[[wave]]
id = "2025"
files = ["2025.csv"]
start = 2025-01-01
end = 2025-02-01
respondent = "id"
source = "the platform"
missing = ["NA"]
drop = [{ reason = "test response", column = "status", values = ["Test"] }]

[[question]]
id = "role"
text = "Role?"
kind = "single"
columns = { 2025 = "role" }
options = [{ code = "dev", label = "Developer" }, { code = "ops", label = "Ops" }]

[[question]]
id = "ai"
text = "AI?"
kind = "single"
columns = { 2025 = "ai" }
options = [
    { code = "yes", label = "Yes", raw = ["1"] },
    { code = "no", label = "No", raw = ["0"] },
    { code = "refused", label = "Prefer not to say", missing = true },
]

[[question]]
id = "tools"
text = "Tools?"
kind = "select-all"
columns = { 2025 = "tools" }
separator = ";"
asked = { ai = ["yes"] }
options = [{ code = "a", label = "A" }, { code = "b", label = "B" }]

[[question]]
id = "depend"
text = "Dependence?"
kind = "scale"
columns = { 2025 = "depend" }
asked = { ai = ["yes"] }
scale = { low = 0, high = 10 }

[[dimension]]
id = "role"
label = "Role"
question = "role"
"""

ROWS = """\
id,status,role,ai,tools,depend
1,Complete,Developer,Yes,A;B,7
2,Complete,Ops,1,A,3
3,Complete,Developer,No,,
4,Complete,Ops,Prefer not to say,,
5,Complete,Developer,yes,,11
2,Complete,Ops,Yes,B,4
T1,Test,Ops,Yes,A,5
6,Complete,Ops,No,A,NA
"""


def write_survey(
    folder: Path, *, definition: str = DEFINITION, rows: str | bytes = ROWS
) -> tuple[Survey, Path]:
    """The survey and its folder, with raw files in place."""
    home = folder / "data" / "small"
    (home / "raw").mkdir(parents=True, exist_ok=True)
    (home / "survey.toml").write_text(definition, encoding="utf-8")
    content = rows.encode() if isinstance(rows, str) else rows
    (home / "raw" / "2025.csv").write_bytes(content)
    return load_survey(home / "survey.toml"), home


def quiet(_: str) -> None:
    """No progress."""


def ingested(survey: Survey, home: Path) -> Ledger:
    """Run the ingest stage."""
    return ingest(survey, home / "raw", home / "build", quiet)


def built(survey: Survey, home: Path) -> Path:
    """Run everything up to the estimates; returns the build folder."""
    ingested(survey, home)
    weigh(survey, home / "build", quiet)
    estimate(survey, home / "build", quiet)
    return home / "build"


# The schools of R's `survey`, whose samples are its examples.
SCHOOLS = """
[[question]]
id = "wide"
text = "School-wide target met?"
kind = "single"
columns = { 2025 = "sch.wide" }
options = [{ code = "no", label = "No" }, { code = "yes", label = "Yes" }]

[[question]]
id = "stype"
text = "Type"
kind = "single"
columns = { 2025 = "stype" }
options = [
    { code = "e", label = "E" },
    { code = "h", label = "H" },
    { code = "m", label = "M" },
]

[[question]]
id = "api00"
text = "Score"
kind = "numeric"
columns = { 2025 = "api00" }

[[dimension]]
id = "stype"
label = "Type"
question = "stype"
"""


def write_schools(
    folder: Path, wave: str, rows: list[dict[str, str]], more: str = ""
) -> tuple[Survey, Path]:
    """A survey of schools; `wave` has the wave's keys, `more` comes last."""
    head = DEFINITION[: DEFINITION.index("[[question]]")]
    head = head.replace("drop = ", "unused = ['*']\n#")
    definition = head.replace('respondent = "id"', wave) + SCHOOLS + more
    text = io.StringIO()
    writer = csv.DictWriter(text, [*rows[0]] if rows else [], quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return write_survey(folder, definition=definition, rows=text.getvalue())


def of_r(shared: Path, name: str) -> list[dict[str, str]]:
    """The rows of a table that R read, or wrote."""
    path = shared / "reference" / name
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
