"""What is worth saying: changes between waves and gaps between domains, ranked.

Thousands of differences are tried, so their p-values are adjusted together (Benjamini
& Hochberg 1995): of what is listed as a difference, 5 % at most is expected to be none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from pipeline.definition import Survey
from pipeline.project import replace_file
from pipeline.warehouse import connect, parquet, statement

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ALPHA = 0.05
KEPT = 200


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One difference that holds after all that were tried; shares in points of 1."""

    id: str
    kind: Literal["change", "gap"]
    question: str
    term: str
    by: str
    wave: str
    high: str
    low: str
    estimate_high: float
    estimate_low: float
    difference: float
    p_adjusted: float


def find(survey: Survey, build: Path, progress: Callable[[str], None]) -> None:
    """Write findings.json: what differs, the largest first."""
    from pipeline.estimates.multiplicity import benjamini_hochberg

    con = connect()
    for name in ("estimates", "covariances", "trends"):
        source = parquet(build / f"{name}.parquet")
        con.execute(f"CREATE VIEW {name} AS SELECT * FROM {source}")
    rows = con.execute(statement("differences")).fetchall()
    adjusted = benjamini_hochberg(_p_values(rows)).tolist()
    found = [
        _finding(row[:9], p) for row, p in zip(rows, adjusted, strict=True) if p < ALPHA
    ]
    found.sort(key=lambda f: (-abs(f.difference), f.id))
    progress(f"{len(found)} of {len(rows)} differences hold")
    text = msgspec.json.format(msgspec.json.encode(found[:KEPT]), indent=1)
    replace_file(build / "findings.json", text + b"\n")


def _p_values(rows: Sequence[tuple[Any, ...]]) -> Floats:
    """By the test of columns, which holds its level in small ones and at 0 %.

    The furthest two of a dimension's domains were picked from all pairs, and count as
    that many.
    """
    import numpy as np

    from pipeline.estimates.comparison import strict_t

    columns = np.array([row[7:] for row in rows], dtype=float).reshape(-1, 9).T
    estimates, errors, effective = columns[0:2], columns[2:4], columns[4:6]
    covariance, df, tests = columns[6:9]
    _, _, p = strict_t(estimates, errors**2, effective, covariance, df)
    found: Floats = np.minimum(1.0, tests * np.where(np.isnan(p), 1.0, p))
    return found


def _finding(row: tuple[Any, ...], p: float) -> Finding:
    kind, question, term, by, wave, high, low, at_high, at_low = row
    return msgspec.convert(
        {
            "id": "/".join(str(x) for x in (kind, question, term, by, wave) if x),
            "kind": kind,
            "question": question,
            "term": term,
            "by": by,
            "wave": wave,
            "high": high,
            "low": low,
            "estimate_high": at_high,
            "estimate_low": at_low,
            "difference": at_high - at_low,
            "p_adjusted": p,
        },
        Finding,
    )
