"""What is held equal follows from domains that may be shown, or is not said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize
from small import DEFINITION, built, write_survey

from pipeline import open_survey
from pipeline.analysis import Analysis
from pipeline.errors import DataError, NotFound
from pipeline.estimates.audit_case import Case
from pipeline.holding import left_out

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
ROLES = {"dev": "Developer", "ops": "Ops", "qa": "Test"}
Cells = Mapping[tuple[str, str], tuple[int, int]]  # (role, band): n, of them yes

# In every row and column there is more than one cell of fewer than 20.
CELLS: Cells = {
    ("dev", "low"): (120, 40), ("dev", "mid"): (90, 50), ("dev", "high"): (80, 60),
    ("ops", "low"): (70, 30), ("ops", "mid"): (8, 8), ("ops", "high"): (15, 9),
    ("qa", "low"): (60, 15), ("qa", "mid"): (14, 0), ("qa", "high"): (12, 11),
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
    definition = definition.replace(last, f'{last}, {{ code = "qa", label = "Test" }}')
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
    """The survey with its cross published."""
    return made(tmp_path_factory.mktemp("crossed"), CELLS, CROSSED)


def test_adjusted_shares_follow_from_the_published_cells(crossed: Analysis) -> None:
    """Fitted here to the cells that `share` shows, by another method."""
    shown = crossed.share("ai", by="band*role").query("term == 'yes'")
    shown = shown.dropna(subset="estimate")
    assert len(shown) == 5
    cell = [tuple(domain.split("*")) for domain in shown["domain"]]
    bands, roles = (sorted({c[i] for c in cell}) for i in (0, 1))
    x = np.array(
        [[1.0, *(b == k for k in bands[1:]), *(r == k for k in roles[1:])]
         for b, r in cell]
    )  # fmt: skip
    n, yes = shown["n"].to_numpy(), shown["n"] * shown["estimate"]

    def deviance(beta: np.ndarray) -> float:
        eta = x @ beta
        return float((n * np.logaddexp(0, eta) - yes * eta).sum())

    beta = minimize(deviance, np.zeros(x.shape[1]), tol=1e-12).x
    found = crossed.adjusted("ai", by="role", holding=["band"], term="yes")
    published = crossed.share("ai", by="role").query("term == 'yes'")
    assert found["domain"].tolist() == published["domain"].tolist()
    for row in found.to_dict("records"):
        everybody = x.copy()
        for i, role in enumerate(roles[1:], len(bands)):
            everybody[:, i] = role == row["domain"]
        expected = (n / (1 + np.exp(-everybody @ beta))).sum() / n.sum()
        assert row["estimate"] == pytest.approx(expected, abs=1e-5)
        assert row["n_model"] == n.sum()


def test_the_plain_figure_and_its_base_are_the_published_ones(
    crossed: Analysis,
) -> None:
    """Those in the model alone would give the hidden cells away by subtraction."""
    found = crossed.adjusted("ai", by="role", holding=["band"], term="yes")
    published = crossed.share("ai", by="role").query("term == 'yes'")
    assert found["n"].tolist() == published["n"].tolist() == [290, 93, 86]
    assert found["unadjusted"].tolist() == pytest.approx(published["estimate"].tolist())
    assert "The model has 420 respondents" in found.caption[-1]


@pytest.mark.parametrize("crosses", [CROSSED, ""])
def test_what_hidden_respondents_answer_changes_nothing(
    tmp_path: Path, crosses: str
) -> None:
    """Whether the cross is published or not."""
    other = CELLS | {
        ("ops", "mid"): (8, 1), ("ops", "high"): (15, 2),
        ("qa", "mid"): (14, 9), ("qa", "high"): (12, 4),
    }  # fmt: skip
    both = [
        made(tmp_path / name, c, crosses) for name, c in (("a", CELLS), ("b", other))
    ]
    asked = [
        s.adjusted("ai", by="role", holding=["band"], term="yes").drop(
            columns="unadjusted"
        )
        for s in both
    ]
    assert asked[0].equals(asked[1])


def test_no_message_names_a_hidden_group(tmp_path: Path) -> None:
    """Nobody of the small role said yes, so that its log odds are infinite."""
    cells = {
        ("dev", "low"): (120, 40), ("dev", "mid"): (90, 50),
        ("ops", "low"): (70, 30), ("ops", "mid"): (60, 20),
        ("qa", "low"): (14, 0), ("", "low"): (30, 9), ("", "mid"): (25, 9),
    }  # fmt: skip
    survey = made(tmp_path, cells)
    assert survey.share("ai", by="role").query("domain == 'qa'")["n"].isna().all()
    found = survey.adjusted("ai", by="role", holding=["band"], term="yes")
    assert found["domain"].tolist() == ["dev", "ops"]
    assert found["n_model"].iloc[0] == 340


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


def test_a_model_that_would_give_hidden_cells_away_is_refused(tmp_path: Path) -> None:
    """One small cell, in a role that is published with all others of its row."""
    cells = {
        ("dev", "low"): (30, 10), ("dev", "mid"): (20, 9),
        ("ops", "low"): (28, 9), ("ops", "mid"): (4, 1),
    }  # fmt: skip
    survey = made(tmp_path, cells)
    with pytest.raises(DataError, match="too few share some combinations") as caught:
        survey.adjusted("ai", by="role", holding=["band"], term="yes")
    assert "ops" not in str(caught.value)
    assert "Hold fewer dimensions equal" in str(caught.value)


def test_a_dimension_is_not_held_equal_with_itself(crossed: Analysis) -> None:
    with pytest.raises(NotFound, match="role, role has a dimension twice"):
        crossed.adjusted("ai", by="role", holding=["role"], term="yes")


@pytest.mark.slow
def test_what_is_left_in_a_model_bounds_no_hidden_cell_closely(
    crossed: Analysis,
) -> None:
    """By linear programming: as if all cells in the model were published."""
    from pipeline.asked import ask

    asked = ask(crossed.survey, crossed.build, "ai", ["role"], "")
    rng = np.random.default_rng(5)
    judged = 0
    for _ in range(60):
        cells = Counter(
            {
                (r, b): int(rng.integers(0, 60) if rng.random() < 0.7 else 3)
                for r in ("dev", "ops", "qa")
                for b in ("low", "mid", "high")
            }
        )
        try:
            hidden = left_out(asked, ["role", "band"], cells)
        except DataError:
            continue
        names = {("", ""): sum(cells.values())}
        for i, d in enumerate(("role", "band")):
            for cell, n in cells.items():
                names[d, cell[i]] = names.get((d, cell[i]), 0) + n
        names |= {("role*band", "*".join(cell)): n for cell, n in cells.items() if n}
        survey = crossed.survey
        bases = {
            name: None if name in hidden or (_flip(name) in hidden) else n
            for name, n in names.items()
        }
        bounds = list(
            Case(survey, "2025", "ai", bases).bounds(few={"role": 0, "band": 0})
        )
        judged += len(bounds)
        assert all(b.safe for b in bounds)
    assert judged > 50


def _flip(name: tuple[str, str]) -> tuple[str, str]:
    return tuple("*".join(reversed(part.split("*"))) for part in name)  # type: ignore[return-value]
