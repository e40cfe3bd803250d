"""What an outsider can work out of how many in a hidden domain gave an answer.

Beside how many gave each combination of answers to the dimensions' questions (`audit`),
the unknowns are how many of them gave the answer. These are no more than those, and
every published count is an equation in them. Each answer is taken by itself: somebody
who solves for all answers, and for whole numbers, at once may find closer bounds.
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
from pipeline.warehouse import parquet, reader

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Counts = Mapping[str, Bases]  # how many gave an answer, by answer and domain
# How far a table is kept from its limits, where it can be: of at least 1 each, less
# than their mean over all that there are.
APART = 1e-4
NOTHING = 1e-8


def audit_answers(
    survey: Survey, build: Path, progress: Callable[[str], None]
) -> tuple[int, list[Bound]]:
    """How many counts of answers are hidden, and those that can be worked out.

    Answers to the dimensions' own questions are left out: they are how many took part
    in each combination, which is no secret.
    """
    own = {dimension.question for dimension in survey.dimensions}
    few = nameless(survey, build / "respondents.parquet")
    counts = _counts(build / "estimates.parquet")
    hidden = 0
    found: list[Bound] = []
    for wave, tables in published(build / "estimates.parquet").items():
        for question, bases in tables.items():
            if question in own:
                continue
            progress(f"{wave} {question}")
            case = Case(survey, wave, question, bases)
            known = counts.get((wave, question), {})
            hidden += len(case.hidden()) * len(known)
            limits = case.limits(led_to(survey, question, tables), few.get(wave, {}))
            found += told(case, known, limits)
    return hidden, found


def told(case: Case, counts: Counts, limits: dict[str, Any]) -> Iterator[Bound]:
    """The hidden counts of answers that can be worked out, all unsafe.

    A count of 0 is none: it is what is left of published domains, a large group.
    """
    hidden = case.hidden()
    for term, known in counts.items() if hidden else ():
        within = answer_limits(case, known, limits)
        for name in _fixed(case, hidden, within):
            low, high = bounds_of(case, name, within)
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


def _fixed(
    case: Case, hidden: Sequence[Domain], within: dict[str, Any]
) -> list[Domain]:
    """The domains of which the same number gave the answer in all tables that agree.

    One linear program finds a table in which everything is above its limit that can be.
    What is not is an equation, as published counts are; a count is fixed if it is a sum
    of equations.
    """
    from scipy.linalg import lstsq

    size = within["A_eq"].shape[1]
    table, at_limit = _inner(case, within)
    free = ~at_limit[:size]
    tight = within["A_ub"].toarray()[at_limit[size:]]
    equations = np.vstack([within["A_eq"].toarray(), tight])[:, free]
    rows = np.array([case.rows[name] for name in hidden])
    rows = np.hstack([0 * rows, rows])
    aim = rows[:, free].T
    made: Any = lstsq(equations.T, aim, cond=NOTHING, lapack_driver="gelsy")[0]
    rest = np.abs(aim - equations.T @ made).max(axis=0, initial=0)
    fixed = (rest < NOTHING) & (rows @ table > 0.5)
    return [name for name, is_one in zip(hidden, fixed, strict=True) if is_one]


def _inner(case: Case, within: dict[str, Any]) -> tuple[Floats, NDArray[np.bool_]]:
    """A table that agrees, and what is at its limit in every one that does.

    Limits are those of each unknown, 0, and then the rows of `A_ub`.
    """
    from scipy import sparse

    blocks: Any = sparse.block_array
    size, rows = within["A_eq"].shape[1], within["A_ub"].shape[0]
    unknown, limit = sparse.eye_array(size), sparse.eye_array(rows)
    wide = {
        "A_eq": sparse.hstack(
            [within["A_eq"], sparse.csr_array((len(within["b_eq"]), size + rows))]
        ),
        "b_eq": within["b_eq"],
        "A_ub": blocks([[-unknown, unknown, None], [within["A_ub"], None, limit]]),
        "b_ub": np.concatenate([np.zeros(size), within["b_ub"]]),
    }
    aim = np.concatenate([np.zeros(size), -np.ones(size + rows)])
    bounds = [(0, None)] * size + [(0, APART)] * (size + rows)
    found = case.solved(aim, wide, bounds)
    assert found is not None, "what is aimed at is bounded"
    return found[:size], found[size:] < APART / 2


def _counts(path: Path) -> dict[tuple[str, str], dict[str, dict[Domain, int | None]]]:
    """Counts by wave and question, answer, and (split, domain); None where hidden."""
    found: dict[tuple[str, str], dict[str, dict[Domain, int | None]]] = {}
    rows = reader().execute(
        f'SELECT wave, question, term, "by", domain, count FROM {parquet(path)}'
        " WHERE statistic = 'share' ORDER BY ALL"
    )
    for wave, question, term, by, domain, count in rows.fetchall():
        terms = found.setdefault((wave, question), {})
        terms.setdefault(term, {})[by, domain] = count
    return found
