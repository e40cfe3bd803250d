"""Sets of answers chosen together: estimated as answers are, shown only if many did."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import DEFINITION, built, write_survey

from pipeline.charts.data import TooFew, read
from pipeline.definition import Survey
from pipeline.outline import FigureSpec
from pipeline.warehouse import connect, parquet

LEAST = 5
FIGURE = FigureSpec(id="f", kind="combinations", question="tools")
NAMES = {"a+b+c": "ABC", "a+b": "AB", "a+c": "AC", "a": "A", "b": "B", "-": "none"}
OPTIONS = ", ".join(
    f'{{ code = "s{i}", label = "{name}" }}' for i, name in enumerate(NAMES.values())
)
# The same answers once more, as a question with one answer: the whole set.
ASKED_TWICE = f"""
[[question]]
id = "all"
text = "All of them"
kind = "single"
columns = {{ 2025 = "all" }}
options = [
    {OPTIONS},
    {{ code = "else", label = "Else" }},
]

[[target]]
wave = "2025"
dimension = "role"
source = "a register"
shares = {{ dev = 0.3, ops = 0.7 }}
"""
FIELDS = ("estimate", "se", "low", "high", "n", "count", "n_eff", "deff", "df")


def people(seed: int, n: int) -> list[tuple[str, str, str]]:
    """Each respondent's role, tools as exported, and the name of the set."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        chosen = [
            t for t, p in zip("ABC", (0.7, 0.5, 0.15), strict=True) if rng.random() < p
        ]
        role = "Ops" if rng.random() < 0.4 + 0.2 * len(chosen) / 3 else "Developer"
        found.append((role, ";".join(chosen), "".join(chosen) or "none"))
    return found


def survey_of(folder: Path, who: list[tuple[str, str, str]]) -> tuple[Survey, Path]:
    """The survey, built."""
    definition = DEFINITION.replace("min_base = 1", f"min_base = {LEAST}")
    definition = definition.replace(
        '{ code = "b", label = "B" }]',
        '{ code = "b", label = "B" }, { code = "c", label = "C" }]',
    ).replace('asked = { ai = ["yes"] }\noptions', "options")
    at = definition.index("[[dimension]]")
    question, target = ASKED_TWICE.split("[[target]]")
    definition = definition[:at] + question + definition[at:] + "\n[[target]]" + target
    lines = ["id,status,role,ai,tools,depend,all"]
    for i, (role, tools, name) in enumerate(who):
        # A cell left empty would say that the question was not seen.
        said = name if name in NAMES.values() else "Else"
        lines.append(f"{i},Complete,{role},Yes,{tools or 'NONE'},5,{said}")
    definition = definition.replace(
        '{ code = "c", label = "C" }]',
        '{ code = "c", label = "C" },'
        ' { code = "none", label = "None", raw = ["NONE"] }]',
    )
    made, home = write_survey(
        folder, definition=definition, rows="\n".join(lines) + "\n"
    )
    return made, built(made, home)


def rows(build: Path, file: str, question: str) -> dict[str, dict[str, Any]]:
    """Rows of everyone by term."""
    query = (
        f"SELECT * FROM {parquet(build / file)} WHERE question = '{question}'"
        " AND \"by\" = '' AND statistic = 'share'"
    )
    found = connect().execute(query)
    names = [column[0] for column in found.description or ()]
    return {
        r["term"]: r
        for r in (dict(zip(names, row, strict=True)) for row in found.fetchall())
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Survey, Path]:
    return survey_of(tmp_path_factory.mktemp("sets"), people(3, 400))


def test_a_set_is_estimated_as_the_same_answer_to_one_question(
    home: tuple[Survey, Path],
) -> None:
    _, build = home
    sets = rows(build, "combinations.parquet", "tools")
    other = rows(build, "estimates.parquet", "all")
    compared = 0
    for i, term in enumerate(NAMES):
        found = sets.get("none" if term == "-" else term)
        if found is None:
            continue
        for name in FIELDS:
            assert found[name] == pytest.approx(other[f"s{i}"][name], rel=1e-9), name
        compared += 1
    assert compared >= 5
    assert sum(row["estimate"] for row in sets.values()) == pytest.approx(1)


def test_sets_that_few_chose_are_told_together_or_not_at_all(tmp_path: Path) -> None:
    for seed in range(2):
        who = people(seed, 60)
        _, build = survey_of(tmp_path / str(seed), who)
        counted = Counter(name for _, _, name in who)
        sets = rows(build, "combinations.parquet", "tools")
        assert all(row["count"] >= LEAST for row in sets.values())
        assert sum(row["count"] for row in sets.values()) in (0, 60)
        if min(counted.values()) < LEAST:
            assert "+" in sets


def test_one_who_is_left_over_is_not_given_away(tmp_path: Path) -> None:
    who = [("Ops", "A", "A")] * 20 + [("Ops", "B", "B")] * 7 + [("Ops", "A;B", "AB")]
    survey, build = survey_of(tmp_path, [*who, *[("Developer", "A", "A")] * 5])
    sets = rows(build, "combinations.parquet", "tools")
    assert {term: row["count"] for term, row in sets.items()} == {"a": 25, "+": 8}
    data = read(survey, build, FIGURE)
    assert [row.label for row in data.rows] == ["A", "All other combinations"]


def test_where_no_set_has_enough_there_is_no_chart(tmp_path: Path) -> None:
    who = [("Ops", t, t.replace(";", "")) for t in ("A", "B", "C", "A;B")]
    who[0] = ("Developer", *who[0][1:])
    survey, build = survey_of(tmp_path, who * 2)
    with pytest.raises(TooFew, match="No combination"):
        read(survey, build, FIGURE)
