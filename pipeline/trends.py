"""The same estimate in two waves: difference, interval, test, and may they be compared?

Waves are independent samples, so the variance of a difference is the sum of the two.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from pipeline.definition import Survey
from pipeline.estimates.formulas import Z95
from pipeline.warehouse import connect, fill, parquet, statement, write_parquet


def trend(survey: Survey, build: Path, progress: Callable[[str], None]) -> None:
    """Write trends.parquet: every share and mean against the wave before it."""
    import numpy as np
    from scipy.special import ndtr

    con = connect()
    source = parquet(build / "estimates.parquet")
    con.execute(f"CREATE TABLE estimates AS SELECT * FROM {source}")
    pairs = list(_pairs(survey))
    progress(f"{len(pairs)} questions in two waves")
    fill(
        con,
        "pairs(question VARCHAR, wave_from VARCHAR, wave_to VARCHAR, reason VARCHAR)",
        pairs,
    )
    con.execute(f"CREATE TABLE changes AS {statement('changes')}")
    rows = con.execute("SELECT row_id, difference, se FROM changes").fetchall()
    known = [(i, d, se) for i, d, se in rows if d is not None and se]
    z = np.abs([d / se for _, d, se in known])
    p_values = (2 * ndtr(-z)).tolist()
    tests = [(i, p) for (i, _, _), p in zip(known, p_values, strict=True)]
    fill(con, "tests(row_id BIGINT, p_value DOUBLE)", tests)
    write_parquet(
        con,
        'SELECT question, item, statistic, term, "by", domain, wave_from, wave_to,'
        " estimate_from, estimate_to, difference, se,"
        f" difference - {Z95} * se AS low, difference + {Z95} * se AS high,"
        " p_value, rank_from, rank_to,"
        " reason = '' AS comparable, reason"
        " FROM changes LEFT JOIN tests USING (row_id)"
        ' ORDER BY question, statistic, "by", domain, item, term, wave_to',
        build / "trends.parquet",
    )


def _pairs(survey: Survey) -> list[tuple[str, str, str, str]]:
    found = []
    for question in survey.questions:
        waves = [w.id for w in survey.waves if w.id in question.columns]
        for earlier, later in pairwise(waves):
            stop = question.break_between(earlier, later)
            found.append((question.id, earlier, later, stop.reason if stop else ""))
    return found
