"""A simulated tracker: a project with an export of n respondents × 100 columns.

    python -m benchmarks.tracker FOLDER [respondents]

What a platform's CSV looks like: labels in cells, a weight, 58 single choices (four of
them who people are), ten ratings, five select-alls with a column an option, three
numbers, two open answers. Some skip, some decline, one question follows from another.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

WHO = {"role": 8, "industry": 10, "size": 5, "region": 6}
SINGLES, SCALES, MANY, NUMBERS, OPEN = 54, 10, 5, 3, 2
LEVELS = (
    "Strongly disagree",
    "Disagree",
    "Neither agree nor disagree",
    "Agree",
    "Strongly agree",
    "Prefer not to say",
)
TOOLS = ("Containers", "Virtual machines", "Serverless", "Bare metal", "Other hosting")
WORDS = ("builds", "are", "slow", "but", "tests", "help", "us", "more", "than", "tools")
AT_ONCE = 100_000  # respondents
SKIPPED = 0.02

HEAD = """# Simulated: nobody was asked.
id = "tracker"
title = "A simulated tracker"
sample = "opt-in"
notice = "Simulated to measure speed"
crosses = [["role", "industry"]]

[[wave]]
id = "2025"
files = ["2025.csv"]
start = 2025-01-01
end = 2025-02-01
respondent = "id"
weight = "weight"
source = "python -m benchmarks.tracker"
unused = []
"""
TARGETS = {"role": 8, "size": 5}
REPORT = """# A report on the simulated tracker.
id = "tracker"
survey = "tracker"
wave = "2025"
title = "A simulated tracker"
standfirst = "Nobody was asked: this report is made to measure how long it takes."
"""


def write_project(folder: Path, respondents: int) -> Path:
    """Write the definition, a report and the export; returns the survey's folder."""
    survey = folder / "data" / "tracker"
    (survey / "raw").mkdir(parents=True, exist_ok=True)
    (folder / "reports").mkdir(exist_ok=True)
    (survey / "survey.toml").write_text(definition(), encoding="utf-8")
    (folder / "reports" / "tracker.toml").write_text(report(), encoding="utf-8")
    write_export(survey / "raw" / "2025.csv", respondents)
    return survey


def definition() -> str:
    """The survey.toml."""
    parts = [HEAD]
    for name, size in WHO.items():
        options = _options(f"{name} {i}" for i in range(1, size + 1))
        parts.append(_question(name, "single", name, options))
    for j in range(SINGLES):
        asked = 'asked = { q00 = ["o4", "o5"] }\n' if j == 1 else ""
        options = _options(LEVELS, missing=len(LEVELS))
        parts.append(_question(f"q{j:02d}", "single", f"Q{j:02d}", options, asked))
    for j in range(SCALES):
        scale = "scale = { low = 0, high = 10 }\n"
        parts.append(_question(f"s{j}", "scale", f"S{j}", scale))
    for j in range(MANY):
        columns = f"M{j} *"
        parts.append(_question(f"m{j}", "select-all", columns, _options(TOOLS)))
    for j in range(NUMBERS):
        parts.append(_question(f"n{j}", "numeric", f"N{j}"))
    parts += [_question(f"t{j}", "open", f"T{j}") for j in range(OPEN)]
    for name in WHO:
        parts.append(
            f'[[dimension]]\nid = "{name}"\nlabel = "{name}"\nquestion = "{name}"\n'
        )
    for name, size in TARGETS.items():
        shares = ", ".join(f"o{i} = {1 / size!r}" for i in range(1, size + 1))
        parts.append(
            f'[[target]]\nwave = "2025"\ndimension = "{name}"\nsource = "made up"\n'
            f"shares = {{ {shares} }}\n"
        )
    return "\n".join(parts)


def _question(name: str, kind: str, column: str, *more: str) -> str:
    return (
        f'[[question]]\nid = "{name}"\ntext = "What of {name}?"\nkind = "{kind}"\n'
        f'columns = {{ 2025 = "{column}" }}\n{"".join(more)}'
    )


def _options(labels: Iterator[str] | tuple[str, ...], missing: int = 0) -> str:
    lines = [
        f'    {{ code = "o{i}", label = "{label}"'
        f"{', missing = true' if i == missing else ''} }},\n"
        for i, label in enumerate(labels, 1)
    ]
    return f"options = [\n{''.join(lines)}]\n"


def report() -> str:
    """Ten sections of a figure and two claims each."""
    sections = [
        f'[[section]]\nid = "s{j}"\ntitle = "Question {j}"\n'
        f'figure = [{{ id = "f{j}", kind = "bars", question = "q{j:02d}",'
        ' term = "o4", by = "role" }]\n'
        f'claim = [{{ kind = "level", question = "q{j:02d}", term = "o4" }},'
        f' {{ kind = "range", question = "q{j:02d}", term = "o4", by = "industry" }}]\n'
        for j in range(2, 12)
    ]
    return "\n".join([REPORT, *sections])


def write_export(path: Path, respondents: int) -> None:
    """The CSV, in parts: the same file every time."""
    import duckdb

    con = duckdb.connect()
    with path.open("wb") as out:
        for part, first in enumerate(range(0, respondents, AT_ONCE)):
            size = min(AT_ONCE, respondents - first)
            columns = dict(_columns(part, first, size))
            con.register("given", columns)
            labels = ", ".join(_cell(name) for name in columns)
            piece = path.with_suffix(".part")
            con.execute(
                f"COPY (SELECT {labels} FROM given) TO '{piece}'"
                f" (FORMAT csv, HEADER {not part})"
            )
            out.write(piece.read_bytes())
            piece.unlink()


def _columns(part: int, first: int, size: int) -> Iterator[tuple[str, np.ndarray]]:
    """Numbers of `size` respondents: 0 is skipped, others count labels from 1."""
    rng = np.random.default_rng([7, part])
    yield "id", np.arange(first + 1, first + size + 1)
    yield "weight", np.round(rng.lognormal(0, 0.3, size), 4)
    role = rng.integers(1, WHO["role"] + 1, size)
    yield "role", role
    for name in list(WHO)[1:]:
        yield name, rng.integers(1, WHO[name] + 1, size)

    def dealt(options: int, lean: float) -> np.ndarray:
        power = 1 + lean + 0.05 * (role % 3)
        found = 1 + (rng.random(size) ** power * options).astype(np.int8)
        return np.where(rng.random(size) < SKIPPED, 0, found)

    gate = np.zeros(size)
    for j in range(SINGLES):
        found = dealt(len(LEVELS) - 1, 0.02 * j)
        found[rng.random(size) < SKIPPED] = len(LEVELS)
        gate = found if j == 0 else gate
        led_to = (gate == 4) | (gate == 5) | (j != 1)
        yield f"Q{j:02d}", np.where(led_to, found, 0)
    for j in range(SCALES):
        yield f"S{j}", dealt(11, 0.1 * j)
    for j in range(MANY):
        for tool in TOOLS:
            yield f"M{j} {tool}", (rng.random(size) < 0.2 + 0.1 * j).astype(np.int8)
    for j in range(NUMBERS):
        yield f"N{j}", np.round(rng.lognormal(3 + j, 0.5, size)) * 5
    for j in range(OPEN):
        yield f"T{j}", dealt(1, 0)


def _cell(name: str) -> str:
    """SQL of a column's cells as a platform would write them."""
    if name in ("id", "weight") or name[0] == "N":
        sql = f'"{name}"' if name in ("id", "weight") else f'CAST("{name}" AS BIGINT)'
    elif name[0] == "S":
        sql = f'CASE WHEN "{name}" > 0 THEN "{name}" - 1 END'
    elif name[0] == "M":
        sql = f"CASE WHEN \"{name}\" = 1 THEN '{name.split(maxsplit=1)[1]}' END"
    elif name in WHO:
        sql = f"'{name} ' || \"{name}\""
    elif name[0] == "T":
        size = len(WORDS)
        words = (f"({list(WORDS)})[1 + (id // {size**k}) % {size}]" for k in range(6))
        sql = f"CASE WHEN \"{name}\" > 0 THEN concat_ws(' ', {', '.join(words)}) END"
    else:
        sql = f'({list(LEVELS)})["{name}"]'
    return f'{sql} AS "{name}"'


if __name__ == "__main__":
    where, *size = sys.argv[1:]
    print(write_project(Path(where), int(size[0]) if size else 1_000_000))
