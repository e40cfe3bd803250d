"""Standard errors after weighting, against weighting anew without each respondent."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest
from small import DEFINITION, built, write_survey

from pipeline.design import Weighting
from pipeline.weights.margins import margin
from pipeline.weights.stage import fitted

N = 300
TARGETS = {"dev": 0.7, "ops": 0.3}


@pytest.mark.parametrize("method", ["rake", "linear", "post-stratify"])
@pytest.mark.parametrize("unknown", [0.0, 0.4], ids=["all known", "40 % unknown"])
def test_the_error_of_a_weighted_share(
    tmp_path: Path, method: str, unknown: float
) -> None:
    """Delete-one jackknife: (n-1)/n Σ (θ_i - θ)², each θ_i with weights of its own.

    Answers follow the role, so that what is fixed by weighting matters much.
    """
    rng = np.random.default_rng(3)
    dev = rng.random(N) < 0.5
    yes = rng.random(N) < np.where(dev, 0.9, 0.2)
    known = rng.random(N) >= unknown
    roles = [
        ("Developer" if d else "Ops") if k else ""
        for d, k in zip(dev, known, strict=True)
    ]
    lines = [
        f"{i},Complete,{role},{'1' if y else '0'},,"
        for i, (role, y) in enumerate(zip(roles, yes, strict=True))
    ]
    text = DEFINITION + (
        f'\n[weighting]\nmethod = "{method}"\n\n[[target]]\nwave = "2025"\n'
        'dimension = "role"\nshares = { dev = 0.7, ops = 0.3 }\nsource = "a register"\n'
    )
    rows = "id,status,role,ai,tools,depend\n" + "\n".join(lines) + "\n"
    build = built(*write_survey(tmp_path, definition=text, rows=rows))

    codes = {"Developer": "dev", "Ops": "ops", "": None}
    members = np.array([codes[role] for role in roles], dtype=object)

    def estimate(kept: np.ndarray) -> float:
        of = margin("role", members[kept].tolist(), TARGETS)
        ones = np.ones(kept.sum())
        weights = fitted(Weighting(method=method), [of], ones).factors
        return float((weights * yes[kept]).sum() / weights.sum())

    everyone = np.ones(N, dtype=bool)
    apart = np.array([estimate(np.arange(N) != i) for i in range(N)])
    full = estimate(everyone)
    expected = float(np.sqrt((N - 1) / N * ((apart - full) ** 2).sum()))

    [(value, error)] = duckdb.sql(
        f"SELECT estimate, se FROM '{build}/estimates.parquet'"
        " WHERE item = 'ai' AND term = 'yes' AND \"by\" = ''"
    ).fetchall()
    assert value == pytest.approx(full, abs=1e-6)
    # The two differ by the order of 1/n.
    assert error == pytest.approx(expected, rel=0.02)
