"""Made-up respondents for `estimation.py`, and a warehouse of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from pipeline.definition import Survey

ROLES, INDUSTRIES, OPTIONS, QUESTIONS = 8, 10, 5, 50
SIZES = {"role": ROLES, "industry": INDUSTRIES}
GROUPS: tuple[tuple[str, ...], ...] = (
    (),
    ("role",),
    ("industry",),
    ("role", "industry"),
)
# By grouping: shares and standard errors, questions × domains × options.
Found = dict[tuple[str, ...], tuple[np.ndarray, np.ndarray]]


class Data(NamedTuple):
    """Codes from 0 and weights of n respondents; the answers to some questions."""

    role: np.ndarray
    industry: np.ndarray
    weight: np.ndarray
    answers: list[np.ndarray]

    def domains(self, group: tuple[str, ...]) -> np.ndarray:
        """The domain of each respondent as a number."""
        codes = {"role": self.role, "industry": self.industry}
        number = np.zeros(len(self.role), dtype=np.int64)
        for name in group:
            number = number * SIZES[name] + codes[name]
        return number

    def columns(self) -> dict[str, np.ndarray]:
        """Everything by name."""
        named = {f"q{j:02d}": answer for j, answer in enumerate(self.answers)}
        return {"role": self.role, "industry": self.industry, "w": self.weight} | named


def made_up(n: int, questions: int) -> Data:
    """The same respondents in every process."""
    rng = np.random.default_rng(7)
    role, industry = rng.integers(0, ROLES, n), rng.integers(0, INDUSTRIES, n)
    weight = np.round(rng.lognormal(0, 0.5, n), 6)
    powers = (1 + 0.02 * j + 0.05 * (role % 3) for j in range(questions))
    answers = [(rng.random(n) ** power * OPTIONS).astype(np.int8) for power in powers]
    return Data(role, industry, weight, answers)


def domains(group: tuple[str, ...]) -> int:
    """How many domains a grouping has."""
    return int(np.prod([SIZES[name] for name in group]))


def empty(questions: int) -> Found:
    """Room for all estimates."""
    shape = [(questions, domains(group), OPTIONS) for group in GROUPS]
    return {g: (np.zeros(s), np.zeros(s)) for g, s in zip(GROUPS, shape, strict=True)}


def each(found: Found) -> Iterator[tuple[str, np.ndarray]]:
    """Named arrays, to keep in a file."""
    for group, both in found.items():
        for kind, values in zip(("share", "se"), both, strict=True):
            yield f"{kind} {'*'.join(group)}", values


HEAD = """
id = "made-up"
title = "Made up"
sample = "opt-in"
crosses = [["role", "industry"]]
[[wave]]
id = "2025"
files = ["none.csv"]
start = 2025-01-01
end = 2025-01-02
"""


def definition(folder: Path, questions: int) -> Survey:
    """Role, industry and the questions; a code is a letter and the answer's number."""
    from pipeline.load import load_survey

    sizes = SIZES | {f"q{j:02d}": OPTIONS for j in range(questions)}
    text = HEAD
    for name, size in sizes.items():
        options = ", ".join(
            f'{{ code = "{name[0]}{i}", label = "{i}" }}' for i in range(size)
        )
        text += f'[[question]]\nid = "{name}"\ntext = "{name}?"\nkind = "single"\n'
        text += f'columns = {{ 2025 = "{name}" }}\noptions = [{options}]\n'
    for name in ("role", "industry"):
        text += f'[[dimension]]\nid = "{name}"\nlabel = "{name}"\nquestion = "{name}"\n'
    path = folder / "made-up" / "survey.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load_survey(path)


def fill_warehouse(
    con: DuckDBPyConnection, survey: Survey, columns: dict[str, np.ndarray]
) -> None:
    """What estimates are added up from, laid out in full: `answered` is a table here.

    It has what others get too, their data in the form that suits them best.
    """
    from pipeline.warehouse import answered, fill, firsts, name_people

    con.register("given", columns | {"respondent": np.arange(len(columns["w"]))})
    con.execute(
        "CREATE TABLE people AS SELECT '2025' AS wave, CAST(respondent AS INTEGER) AS"
        " respondent, CAST(1 AS DECIMAL(18,6)) AS base_weight,"
        ' CAST(w AS DECIMAL(9,6)) AS weight, CAST(role + 1 AS INTEGER) AS "#role",'
        ' CAST(industry + 1 AS INTEGER) AS "#industry" FROM given'
    )
    items = survey.items()
    answers = " UNION ALL ".join(
        f"SELECT '2025' AS wave, CAST(respondent AS INTEGER) AS respondent,"
        f" CAST({name} + 1 AS DECIMAL(18,4)) AS value, 'answered' AS status,"
        f" {items.index(name)} AS number FROM given"
        for name in columns
        if name[0] == "q"
    )
    con.execute(f"CREATE TEMP VIEW answers AS {answers}")
    name_people(con, survey)
    fill(con, "firsts(number INTEGER, first INTEGER)", firsts(survey))
    con.execute(f"CREATE TABLE answered AS {answered(con, survey)}")
