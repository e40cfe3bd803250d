"""The same estimate in two waves: difference, interval, test, and may they be compared?

Waves are independent samples: the variance of a difference is the sum of the two, and
so are its degrees of freedom, as those of strata (R's `svycontrast` over waves).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from pipeline.definition import Survey
from pipeline.warehouse import connect, fill, parquet, statement, write_parquet


def trend(survey: Survey, build: Path, progress: Callable[[str], None]) -> None:
    """Write trends.parquet: every share and mean against the wave before it."""
    import numpy as np
    from scipy.special import stdtr, stdtrit

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
    rows = con.execute("SELECT row_id, difference, se, df FROM changes").fetchall()
    known = [row for row in rows if row[1] is not None and row[2]]
    _, difference, se, df = np.array(known, dtype=float).reshape(-1, 4).T
    p_values = 2 * stdtr(df, -np.abs(difference / se))
    half = stdtrit(df, 0.975) * se
    tests = [
        (row[0], p, low, high)
        for row, p, low, high in zip(
            known, p_values, difference - half, difference + half, strict=True
        )
    ]
    fill(con, "tests(row_id BIGINT, p_value DOUBLE, low DOUBLE, high DOUBLE)", tests)
    write_parquet(
        con,
        'SELECT question, item, statistic, term, "by", domain, wave_from, wave_to,'
        " estimate_from, estimate_to, difference, se, df, low, high,"
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
            stop = survey.break_between(question, earlier, later)
            found.append((question.id, earlier, later, stop.reason if stop else ""))
    return found
