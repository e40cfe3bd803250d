"""Weights: raking to population shares, and what that costs in precision.

Raking works on the cells of the dimensions, not on respondents, so its cost does not
depend on how many answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.definition import Survey, Target, Wave
from pipeline.errors import DataError
from pipeline.project import replace_file
from pipeline.warehouse import connect, fill, parquet, write_parquet

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TOLERANCE = 1e-10
ROUNDS = 1000


class Margin(msgspec.Struct, frozen=True):
    """One domain of a weighting dimension: its share before, aimed at, and after."""

    dimension: str
    domain: str
    before: float
    target: float
    after: float


class WaveWeights(msgspec.Struct, frozen=True):
    """How a wave was weighted; `design_effect` is Kish's (1965) n Σw² / (Σw)²."""

    wave: str
    respondents: int
    weighted: bool
    rounds: int
    design_effect: float
    effective_n: float
    smallest: float
    largest: float
    margins: tuple[Margin, ...]
    sources: tuple[str, ...]


def rake(
    counts: Floats,
    members: Sequence[Sequence[int]],
    shares: Sequence[Mapping[int, float]],
) -> tuple[Floats, int]:
    """Iterative proportional fitting (Deming & Stephan 1940) on cells.

    `counts[i]` is the weighted size of cell i, `members[d][i]` the domain of cell i in
    dimension d (-1: not known), `shares[d]` the share of each domain. Those whose
    domain is not known keep their share and the targets apply to the rest. Returns the
    factor of each cell and the rounds needed. Raises `DataError` if a domain with a
    target has nobody or the fit does not settle.
    """
    import numpy as np

    factors = np.ones(len(counts))
    domains = [np.asarray(m) for m in members]
    for rounds in range(1, ROUNDS + 1):
        worst = 0.0
        for domain, wanted in zip(domains, shares, strict=True):
            known = (counts * factors)[domain >= 0].sum()
            for code, share in wanted.items():
                inside = domain == code
                now = (counts[inside] * factors[inside]).sum() / known
                if now <= 0:
                    raise DataError("a weighting target has no respondents")
                factors[inside] *= share / now
                worst = max(worst, abs(share / now - 1))
        if worst < TOLERANCE:
            return factors, rounds
    raise DataError(
        f"raking did not settle in {ROUNDS} rounds",
        remedy="Targets may contradict each other, or a cell may be empty: group them.",
    )


def weigh(survey: Survey, build: Path, progress: Callable[[str], None]) -> None:
    """Write weights.parquet (wave, respondent, weight with mean 1) and weights.json."""
    con = connect()
    con.execute(
        "CREATE TABLE weights(wave VARCHAR, respondent INTEGER, weight DECIMAL(9,6))"
    )
    source = parquet(build / "respondents.parquet")
    con.execute(f"CREATE TABLE people AS SELECT * FROM {source}")
    done = []
    for wave in survey.waves:
        progress(f"wave {wave.id}")
        done.append(_weigh_wave(con, survey, wave))
    query = "SELECT * FROM weights ORDER BY wave, respondent"
    write_parquet(con, query, build / "weights.parquet")
    text = msgspec.json.format(msgspec.json.encode(done), indent=1)
    replace_file(build / "weights.json", text + b"\n")


def _weigh_wave(con: DuckDBPyConnection, survey: Survey, wave: Wave) -> WaveWeights:
    import numpy as np

    targets = [t for t in survey.targets if t.wave == wave.id]
    dims = "".join(f', "{t.dimension}"' for t in targets)
    cells = con.execute(
        f"SELECT count(*), CAST(sum(base_weight) AS DOUBLE){dims} FROM people"
        " WHERE wave = ? GROUP BY ALL ORDER BY ALL",
        [wave.id],
    ).fetchall()
    n = sum(c[0] for c in cells)
    counts = np.array([c[1] for c in cells])
    orders = [list(t.shares) for t in targets]
    members = [
        [order.index(c[2 + d]) if c[2 + d] in order else -1 for c in cells]
        for d, order in enumerate(orders)
    ]
    shares = [dict(enumerate(t.shares.values())) for t in targets]
    try:
        factors, rounds = (
            rake(counts, members, shares) if targets else (np.ones(len(cells)), 0)
        )
    except DataError as error:
        where = f"weighting targets of wave {wave.id}"
        raise DataError(error.what, where=where, remedy=error.remedy) from None
    scale = n / float((counts * factors).sum())
    _store(con, wave, targets, cells, factors * scale)
    margins = _margins(targets, members, counts, counts * factors)
    return _account(con, wave, targets, margins, rounds)


def _store(
    con: DuckDBPyConnection,
    wave: Wave,
    targets: list[Target],
    cells: list[tuple[Any, ...]],
    factors: Floats,
) -> None:
    names = [f"d{i}" for i in range(len(targets))]
    columns = "".join(f", {name} VARCHAR" for name in names)
    rows = [(float(f), *c[2:]) for f, c in zip(factors, cells, strict=True)]
    fill(con, f"factors(factor DOUBLE{columns})", rows)
    same = " AND ".join(
        f'p."{t.dimension}" IS NOT DISTINCT FROM f.{name}'
        for t, name in zip(targets, names, strict=True)
    )
    con.execute(
        "INSERT INTO weights SELECT p.wave, p.respondent,"
        " CAST(round(CAST(p.base_weight AS DOUBLE) * f.factor, 6) AS DECIMAL(9,6))"
        f" FROM people AS p JOIN factors AS f ON {same or 'true'} WHERE p.wave = ?",
        [wave.id],
    )


def _margins(
    targets: list[Target], members: list[list[int]], before: Floats, after: Floats
) -> tuple[Margin, ...]:
    import numpy as np

    found = []
    for target, member in zip(targets, members, strict=True):
        domain = np.asarray(member)
        for code, (name, share) in enumerate(target.shares.items()):
            inside, known = domain == code, domain >= 0
            found.append(
                Margin(
                    target.dimension,
                    name,
                    round(float(before[inside].sum() / before[known].sum()), 6),
                    share,
                    round(float(after[inside].sum() / after[known].sum()), 6),
                )
            )
    return tuple(found)


def _account(
    con: DuckDBPyConnection,
    wave: Wave,
    targets: list[Target],
    margins: tuple[Margin, ...],
    rounds: int,
) -> WaveWeights:
    row = con.execute(
        "SELECT count(*), CAST(sum(weight) AS DOUBLE),"
        " CAST(sum(CAST(weight AS DECIMAL(18,6)) * weight) AS DOUBLE),"
        " CAST(min(weight) AS DOUBLE), CAST(max(weight) AS DOUBLE)"
        " FROM weights WHERE wave = ?",
        [wave.id],
    ).fetchall()[0]
    n, total, squares, smallest, largest = row
    effective = total * total / squares
    return WaveWeights(
        wave=wave.id,
        respondents=n,
        weighted=bool(targets) or bool(wave.weight),
        rounds=rounds,
        design_effect=round(n / effective, 6),
        effective_n=round(effective, 3),
        smallest=smallest,
        largest=largest,
        margins=margins,
        sources=tuple(t.source for t in targets),
    )
