"""The same estimate in two waves: difference, interval, test, and may they be compared?

Waves are independent samples: the variance of a difference is the sum of the two, and
so are its degrees of freedom, as those of strata (R's `svycontrast` over waves).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.definition import Survey
from pipeline.warehouse import connect, fill, parquet, statement, write_parquet

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def trend(survey: Survey, build: Path, progress: Callable[[str], None]) -> None:
    """Write trends.parquet: every share and mean against the wave before it."""
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
    fill(
        con,
        "tests(row_id BIGINT, p_value DOUBLE, low DOUBLE, high DOUBLE)",
        _tests(con),
    )
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


def _tests(con: DuckDBPyConnection) -> list[tuple[int, float, float, float]]:
    """p and interval of each change; shares by the test of columns, `strict_t`."""
    import numpy as np

    from pipeline.estimates.comparison import strict_t
    from pipeline.estimates.intervals import mean_interval

    rows = con.execute(
        "SELECT row_id, statistic = 'share', estimate_from, estimate_to, se_from,"
        " se_to, coalesce(n_kish_from, 2), coalesce(n_kish_to, 2), df, se FROM changes"
        " WHERE difference IS NOT NULL AND se IS NOT NULL"
    ).fetchall()
    if not rows:
        return []
    columns = np.array(rows, dtype=float).T
    row, share, estimates, errors = columns[0], columns[1], columns[2:4], columns[4:6]
    df, se = columns[8:10]
    _, _, p = strict_t(estimates, errors**2, columns[6:8], 0.0, df, share > 0)
    low, high = mean_interval(estimates[1] - estimates[0], se, df)
    tested = ~np.isnan(p)
    return [
        (int(r), float(q), float(a), float(b))
        for r, q, a, b in np.column_stack([row, p, low, high])[tested].tolist()
    ]


def _pairs(survey: Survey) -> list[tuple[str, str, str, str]]:
    found = []
    for question in survey.questions:
        waves = [w.id for w in survey.waves if w.id in question.columns]
        for earlier, later in pairwise(waves):
            stop = survey.break_between(question, earlier, later)
            found.append((question.id, earlier, later, stop.reason if stop else ""))
    return found
