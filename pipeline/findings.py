"""What is worth saying: changes between waves and gaps between domains, ranked.

Thousands of differences are tried, so their p-values are adjusted together (Benjamini
& Hochberg 1995): of what is listed as a difference, 5 % at most is expected to be none.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from pipeline.definition import Survey
from pipeline.project import replace_file
from pipeline.warehouse import connect, parquet, statement

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
    from scipy.special import stdtr

    from pipeline.estimates.multiplicity import benjamini_hochberg

    con = connect()
    for name in ("estimates", "covariances", "trends"):
        source = parquet(build / f"{name}.parquet")
        con.execute(f"CREATE VIEW {name} AS SELECT * FROM {source}")
    rows = con.execute(statement("differences")).fetchall()
    # The furthest two domains were picked from all pairs, which counts as that many.
    p_values = [
        min(1.0, tests * 2 * float(stdtr(df, -abs(difference / se))))
        for *_, difference, se, df, tests in rows
    ]
    adjusted = benjamini_hochberg(p_values).tolist()
    found = [
        _finding(row, p) for row, p in zip(rows, adjusted, strict=True) if p < ALPHA
    ]
    found.sort(key=lambda f: (-abs(f.difference), f.id))
    progress(f"{len(found)} of {len(rows)} differences hold")
    text = msgspec.json.format(msgspec.json.encode(found[:KEPT]), indent=1)
    replace_file(build / "findings.json", text + b"\n")


def _finding(row: tuple[object, ...], p: float) -> Finding:
    kind, question, term, by, wave, high, low, at_high, at_low, difference, *_ = row
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
            "difference": difference,
            "p_adjusted": p,
        },
        Finding,
    )
