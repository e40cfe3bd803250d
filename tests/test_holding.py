"""What is held equal follows from domains that may be shown, or is not said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import root
from small import DEFINITION, built, write_survey

from pipeline import open_survey
from pipeline.analysis import Analysis
from pipeline.errors import DataError, NotFound

BAND = """
[[question]]
id = "band"
text = "Band?"
kind = "single"
columns = { 2025 = "tools" }
options = [
    { code = "low", label = "Low" },
    { code = "mid", label = "Mid" },
    { code = "high", label = "High" },
]

[[dimension]]
id = "band"
label = "Band"
question = "band"
"""
ROLES = {"dev": "Developer", "ops": "Ops", "qa": "Test", "lead": "Lead"}
ROLES_MORE = '{ code = "qa", label = "Test" }, { code = "lead", label = "Lead" }'
Cells = Mapping[tuple[str, str], tuple[int, int]]  # (role, band): n, of them yes

# Of nine combinations four have fewer than the minimum base of 20.
CELLS: Cells = {
    ("dev", "low"): (120, 40), ("dev", "mid"): (90, 50), ("dev", "high"): (80, 60),
    ("ops", "low"): (70, 30), ("ops", "mid"): (8, 5), ("ops", "high"): (15, 9),
    ("qa", "low"): (60, 15), ("qa", "mid"): (14, 4), ("qa", "high"): (12, 8),
}  # fmt: skip
# Others answer, and as many in each role and in each band.
SWAPPED = CELLS | {
    ("ops", "mid"): (8, 8), ("ops", "high"): (15, 6),
    ("qa", "mid"): (14, 1), ("qa", "high"): (12, 11),
}  # fmt: skip
# Testers and leads are hidden, and some have no role.
SMALL: Cells = {
    ("dev", "low"): (120, 40), ("dev", "mid"): (90, 50),
    ("ops", "low"): (70, 30), ("ops", "mid"): (60, 20),
    ("qa", "low"): (9, 0), ("qa", "mid"): (5, 0), ("", "low"): (30, 9),
}  # fmt: skip


def made(folder: Path, cells: Cells, crosses: str = "") -> Analysis:
    """A built survey with so many respondents, and so many yes, in each cell."""
    at = DEFINITION.index("[[question]]")
    tools = DEFINITION.index('[[question]]\nid = "tools"')
    end = DEFINITION.index("[[dimension]]")
    definition = (
        DEFINITION[:at].replace("min_base = 1", f"min_base = 20\n{crosses}")
        + DEFINITION[at:tools]
        + DEFINITION[end:]
        + BAND
    )
    definition = definition.replace("drop = ", "unused = ['status', 'depend']\n#")
    last = '{ code = "ops", label = "Ops" }'
    definition = definition.replace(last, f"{last}, {ROLES_MORE}")
    lines = ["id,status,role,ai,tools,depend"]
    for (role, band), (n, yes) in cells.items():
        for i in range(n):
            said = "Yes" if i < yes else "No"
            label = band.capitalize()
            lines.append(f"{len(lines)},,{ROLES.get(role, '')},{said},{label},")
    built(*write_survey(folder, definition=definition, rows="\n".join(lines) + "\n"))
    return open_survey("small", folder)


CROSSED = 'crosses = [["band", "role"]]'


@pytest.fixture(scope="module")
def crossed(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The survey with its cross published, of which four cells are hidden."""
    return made(tmp_path_factory.mktemp("crossed"), CELLS, CROSSED)


def margins(
    cells: Cells, total: dict[tuple[int, str], float]
) -> dict[str, tuple[float, float]]:
    """Adjusted and plain shares by role, of numbers of people and published totals.

    `total` is how many said yes by place (0: role, 1: band) and domain. Nothing else is
    known of what anybody answered.
    """
    names = [c for c in total if c != (1, "low")]
    n = np.array([size for size, _ in cells.values()], dtype=float)
    x = np.array([[float(cell[i] == d) for i, d in names] for cell in cells])
    aim = np.array([total[name] for name in names])

    def missed(beta: NDArray[np.float64]) -> NDArray[np.float64]:
        return x.T @ (n / (1 + np.exp(-x @ beta))) - aim

    beta = root(missed, np.zeros(len(names)), tol=1e-12).x
    found = {}
    for k, (place, role) in enumerate(names):
        if place == 0:
            everybody = x.copy()
            everybody[:, [i for i, (p, _) in enumerate(names) if p == 0]] = 0
            everybody[:, k] = 1
            held = (n / (1 + np.exp(-everybody @ beta))).sum() / n.sum()
            found[role] = (float(held), aim[k] / n[x[:, k] == 1].sum())
    return found


def published(survey: Analysis) -> dict[tuple[int, str], float]:
    """How many said yes, by role and by band, of the shares that are shown."""
    return {
        (i, row["domain"]): row["estimate"] * row["n"]
        for i, by in enumerate(("role", "band"))
        for row in survey.share("ai", by=by).to_dict("records")
        if row["term"] == "yes" and not row["flag"]
    }


def test_adjusted_shares_follow_from_what_is_published_of_each_dimension(
    crossed: Analysis,
) -> None:
    """Solved here for the published totals, with how many are in each combination."""
    expected = margins(CELLS, published(crossed))
    found = crossed.adjusted("ai", by="role", holding=["band"], term="yes")
    assert found["domain"].tolist() == ["dev", "ops", "qa"]
    for row in found.to_dict("records"):
        held, plain = expected[row["domain"]]
        assert row["estimate"] == pytest.approx(held, abs=1e-9)
        assert row["unadjusted"] == pytest.approx(plain)
        assert row["low"] < held < row["high"]


def test_what_hidden_combinations_answer_changes_no_figure(tmp_path: Path) -> None:
    """As long as the published totals are the same."""
    both = [
        made(tmp_path / name, cells, CROSSED)
        for name, cells in (("a", CELLS), ("b", SWAPPED))
    ]
    hidden = both[0].share("ai", by="band*role").query("flag != ''")["domain"]
    assert set(hidden) == {"mid*ops", "mid*qa", "high*ops", "high*qa"}
    asked = [s.adjusted("ai", by="role", holding=["band"], term="yes") for s in both]
    for name in ("domain", "n", "n_model", "df"):
        assert asked[0][name].tolist() == asked[1][name].tolist()
    for name in ("estimate", "unadjusted"):
        assert asked[0][name].tolist() == pytest.approx(asked[1][name].tolist())


def test_the_plain_figure_and_its_base_are_the_published_ones(
    crossed: Analysis,
) -> None:
    """Those in the model alone would give others away by subtraction."""
    found = crossed.adjusted("ai", by="role", holding=["band"], term="yes")
    shown = crossed.share("ai", by="role").query("term == 'yes'")
    assert found["n"].tolist() == shown["n"].tolist() == [290, 93, 86]
    assert found["unadjusted"].tolist() == pytest.approx(shown["estimate"].tolist())
    assert "The model has 469 respondents" in found.caption[-1]


def test_hidden_domains_are_one_in_the_model_with_those_of_none(tmp_path: Path) -> None:
    """Alone the log odds of one would be infinite; and nobody is left out."""
    survey = made(tmp_path, SMALL)
    assert survey.share("ai", by="role").query("domain == 'qa'")["n"].isna().all()
    found = survey.adjusted("ai", by="role", holding=["band"], term="yes")
    assert found["domain"].tolist() == ["dev", "ops"]
    assert set(found["n_model"]) == {384}
    totals = published(survey)
    rest = totals[1, "low"] + totals[1, "mid"] - totals[0, "dev"] - totals[0, "ops"]
    merged = {
        (role if role in ("dev", "ops") else "rest", band): n
        for (role, band), n in SMALL.items()
    } | {("rest", "low"): (39, 9)}
    expected = margins(merged, totals | {(0, "rest"): rest})
    for row in found.to_dict("records"):
        assert row["estimate"] == pytest.approx(expected[row["domain"]][0], abs=1e-9)
    held = survey.adjusted("ai", by="band", holding=["role"], term="yes")
    assert held["domain"].tolist() == ["low", "mid"]
    assert set(held["n_model"]) == {384}


def test_a_model_without_a_solution_names_no_hidden_group(tmp_path: Path) -> None:
    """Nobody in a hidden domain said yes, and nobody is in none."""
    cells = {cell: n for cell, n in SMALL.items() if cell[0]} | {
        ("lead", "mid"): (8, 0)
    }
    survey = made(tmp_path, cells)
    with pytest.raises(DataError, match="everybody has the outcome 0") as caught:
        survey.adjusted("ai", by="role", holding=["band"], term="yes")
    assert "role the rest: everybody" in str(caught.value)
    assert "Put levels together" in str(caught.value)


def test_a_model_without_a_solution_says_what_to_do(tmp_path: Path) -> None:
    """All of a published role said yes."""
    cells = {
        ("dev", "low"): (120, 40), ("dev", "mid"): (90, 50),
        ("ops", "low"): (70, 70), ("ops", "mid"): (60, 60),
    }  # fmt: skip
    survey = made(tmp_path, cells)
    with pytest.raises(DataError, match="role ops: everybody has") as caught:
        survey.adjusted("ai", by="role", holding=["band"], term="yes")
    assert "Put levels together" in str(caught.value)


def test_a_dimension_is_not_held_equal_with_itself(crossed: Analysis) -> None:
    with pytest.raises(NotFound, match="role, role has a dimension twice"):
        crossed.adjusted("ai", by="role", holding=["role"], term="yes")
