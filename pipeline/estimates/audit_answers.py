"""What an outsider can work out of how many in a hidden domain gave an answer.

Beside how many gave each combination of answers to the dimensions' questions (`audit`),
the unknowns are how many of them gave the answer. These are no more than those, and
every published count is an equation in them. Each answer is taken by itself, so that a
bound is no closer than what is known of that answer, and may be closer for somebody who
solves for all answers, and for whole numbers, at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.definition import Survey
from pipeline.estimates.audit import led_to, nameless, published
from pipeline.estimates.audit_case import (
    TOLERANCE,
    Bases,
    Bound,
    Case,
    Domain,
    system,
)
from pipeline.warehouse import connect, parquet

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Counts = Mapping[str, Bases]  # how many gave an answer, by answer and domain
PROBES, MOST = 3, 1e9


def audit_answers(
    survey: Survey, build: Path, progress: Callable[[str], None]
) -> tuple[int, list[Bound]]:
    """How many counts of answers are hidden, and those that can be worked out.

    That nobody in a hidden domain gave an answer is no secret where nobody did in a
    group that holds it and is large enough to be published.
    """
    few = nameless(survey, build / "respondents.parquet")
    counts = _counts(build / "estimates.parquet")
    hidden = 0
    found: list[Bound] = []
    for wave, tables in published(build / "estimates.parquet").items():
        for question, bases in tables.items():
            progress(f"{wave} {question}")
            case = Case(survey, wave, question, bases)
            known = counts.get((wave, question), {})
            hidden += len(case.hidden()) * len(known)
            limits = case.limits(led_to(survey, question, tables), few.get(wave, {}))
            found += told(case, known, limits)
    return hidden, found


def told(case: Case, counts: Counts, limits: dict[str, Any]) -> Iterator[Bound]:
    """The hidden counts of answers that can be worked out, all unsafe."""
    for term, known in counts.items():
        hidden = [name for name in case.hidden() if not _nobody(case, known, name)]
        if not hidden:
            continue
        within = answer_limits(case, known, limits)
        for name in _alike(case, hidden, within):
            low, high = bounds_of(case, name, within)
            # Only what is left of published domains is 0, and that is a large group.
            if low == high > 0:
                where = (case.wave, case.question, *name)
                yield Bound(*where, low, high, safe=False, term=term)


def answer_limits(case: Case, known: Bases, limits: dict[str, Any]) -> dict[str, Any]:
    """All that is known of respondents, and then of those who gave an answer."""
    from scipy import sparse

    blocks: Any = sparse.block_array
    size = len(case.unknowns)
    counted = [(case.rows[name], n) for name, n in known.items() if n is not None]
    answers = system("eq", counted + case.links())
    unit, none = sparse.eye_array(size), np.zeros((0, size))
    # Those who gave the answer are no more than those who are there.
    upper: list[Any] = [[-unit, unit]]
    most = [np.zeros(size)]
    if "A_ub" in limits:
        upper.append([limits["A_ub"], None])
        most.append(limits["b_ub"])
    equal = [
        [limits.get("A_eq", none), None],
        [None, answers.get("A_eq", none)],
    ]
    sides = [part.get("b_eq", np.zeros(0)) for part in (limits, answers)]
    return {
        "A_eq": blocks(equal, format="csr"),
        "b_eq": np.concatenate(sides),
        "A_ub": blocks(upper, format="csr"),
        "b_ub": np.concatenate(most),
    }


def bounds_of(case: Case, name: Domain, within: dict[str, Any]) -> tuple[int, int]:
    """The least and the most in a domain that can have given the answer."""
    row = np.concatenate([0 * case.rows[name], case.rows[name]])
    low, high = case.least(row, within), -case.least(-row, within)
    return ceil(low - TOLERANCE), floor(high + TOLERANCE)


def _alike(
    case: Case, hidden: Sequence[Domain], within: dict[str, Any]
) -> list[Domain]:
    """The domains whose counts differ by less than one in some tables that agree.

    All others cannot be worked out. It takes a few linear programs, not two for each.
    """
    from scipy.optimize import linprog

    rows = np.array([case.rows[name] for name in hidden])
    rng = np.random.default_rng(0)
    values = []
    for _ in range(PROBES):
        aim = rng.normal(size=len(hidden)) @ rows
        for way in (aim, -aim):
            row = np.concatenate([np.zeros(len(aim)), way])
            solved = linprog(row, **within, bounds=(0, MOST), method="highs")
            if solved.x is not None:
                values.append(rows @ solved.x[len(aim) :])
    if not values:
        return list(hidden)
    open_ = np.ptp(values, axis=0) >= 1 + TOLERANCE
    return [name for name, is_open in zip(hidden, open_, strict=True) if not is_open]


def _nobody(case: Case, known: Bases, name: Domain) -> bool:
    """Whether a published domain that holds this one has nobody with the answer."""
    names = list(case.rows)
    holding = np.flatnonzero(case.inside[:, names.index(name)])
    return any(known.get(names[i]) == 0 for i in holding)


def _counts(path: Path) -> dict[tuple[str, str], dict[str, dict[Domain, int | None]]]:
    """Counts by wave and question, answer, and (split, domain); None where hidden."""
    found: dict[tuple[str, str], dict[str, dict[Domain, int | None]]] = {}
    rows = connect().execute(
        f'SELECT wave, question, term, "by", domain, count FROM {parquet(path)}'
        " WHERE statistic = 'share' ORDER BY ALL"
    )
    for wave, question, term, by, domain, count in rows.fetchall():
        terms = found.setdefault((wave, question), {})
        terms.setdefault(term, {})[by, domain] = count
    return found
