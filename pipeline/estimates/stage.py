"""The estimate stage: answers and weights → estimates.parquet, one tidy row each.

Two go with it. A row of covariances.parquet has those of one share in two domains, a
row of combinations.parquet the share of a set of answers to a select-all question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.definition import Survey
from pipeline.engines import shown
from pipeline.engines.choice import DUCKDB, source_on
from pipeline.estimates.combinations import combinations
from pipeline.estimates.cube import cube
from pipeline.estimates.pairs import covariances
from pipeline.estimates.suppression import reasons
from pipeline.estimates.tidy import NUMBERS, TEXTS, tidy
from pipeline.warehouse import (
    build_warehouse,
    connect,
    open_warehouse,
    parquet,
    write_parquet,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[Any]]

Key = tuple[str, str, str, str]  # wave, question, split, domain

LINKS = ("wave", "question", "term", "by", "first", "second", "covariance")
HIDDEN = tuple(name for name in NUMBERS if name != "df")


def estimate(
    survey: Survey, build: Path, progress: Callable[[str], None], engine: str = DUCKDB
) -> None:
    """Write estimates, covariances, combinations, and the warehouse they are from.

    On whatever `engine` the sums are added up, the files are the same.
    """
    progress("sums" if engine == DUCKDB else f"sums on {shown(engine)}")
    build_warehouse(survey, build)
    con = open_warehouse(build)
    blocks: list[Columns] = []
    links: list[Columns] = []
    with source_on(engine, con, survey, build) as source:
        for part in cube(con, survey, source):
            blocks += tidy(part)
            if part.by and "*" not in part.by and part.batch.kind != "numeric":
                links += covariances(part)
    progress("combinations")
    sets = _joined(list(combinations(con, survey)))
    con.close()
    table = _joined(blocks)
    progress("disclosure control")
    _explain(table)
    hidden = _suppress(table, survey)
    _leave_out(sets, hidden)
    progress(f"{len(table['n'])} estimates")
    _write(table, build / "estimates.parquet")
    _write(sets, build / "combinations.parquet")
    _write_covariances(links, build)


def _joined(blocks: Sequence[Columns]) -> Columns:
    """Blocks of tidy rows as one, though there may be none."""
    empty = dict.fromkeys(TEXTS, np.empty(0, object)) | dict.fromkeys(
        NUMBERS, np.empty(0)
    )
    return {
        name: np.concatenate([of, *(b[name] for b in blocks)])
        for name, of in empty.items()
    }


def _explain(table: Columns) -> None:
    """Say why there is no interval, where there could be one."""
    bare = np.isnan(table["low"]) & (table["method"] != "")
    table["reason"][bare] = "no interval: its variance cannot be estimated"
    table["reason"][bare & (table["n"] < 2)] = "no interval: one respondent"
    table["reason"][bare & (table["df"] <= 0)] = (
        "no interval: as few sampling units as strata"
    )


def _keys(table: Columns) -> list[Key]:
    names = ("wave", "question", "by", "domain")
    return list(zip(*(table[name].tolist() for name in names), strict=True))


def _leave_out(sets: Columns, hidden: set[Key]) -> None:
    """Drop the sets of those whose base is hidden."""
    kept = np.array([key not in hidden for key in _keys(sets)], dtype=bool)
    for name, column in sets.items():
        sets[name] = column[kept]


def _suppress(table: Columns, survey: Survey) -> set[Key]:
    """Hide domains on small bases and those that would give them away, for good.

    Returns what is hidden. `reason` is the same for both: which it is would say how
    many a domain holds.
    """
    keys = _keys(table)
    hidden = _hidden(survey, dict(zip(keys, table["n"].tolist(), strict=True)))
    gone = np.array([key in hidden for key in keys])
    table["flag"][gone] = "suppressed"
    table["reason"][gone] = (
        f"fewer than {survey.min_base} answered, here or in a domain that this one"
        " would give away"
    )
    table["caution"][gone] = ""
    for name in HIDDEN:
        table[name][gone] = np.nan
    return hidden


def _hidden(survey: Survey, bases: dict[Key, float]) -> set[Key]:
    """The domains that may not be shown, of all that have a base."""
    waves: dict[str, dict[str, list[tuple[str, str, int]]]] = {}
    for (wave, question, by, domain), n in bases.items():
        rows = waves.setdefault(wave, {}).setdefault(question, [])
        rows.append((by, domain, int(n)))
    asked = {
        wave: {
            question: ([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])
            for question, rows in questions.items()
        }
        for wave, questions in waves.items()
    }
    return {
        (wave, question, by, domain)
        for wave, columns in asked.items()
        for question, why in reasons(survey, columns).items()
        for by, domain, said in zip(*columns[question][:2], why, strict=True)
        if said
    }


def _write(table: Columns, path: Path) -> None:
    con = connect()
    con.register("rows", table)
    keys = ("wave", "question", "statistic", "by", "domain", "item", "term")
    order = _quoted(keys)
    numbers = ", ".join(
        f'CAST("{n}" AS BIGINT) AS "{n}"' if n in ("n", "count", "rank") else f'"{n}"'
        for n in NUMBERS
    )
    nan = ", ".join(
        f"nullif({n}, 'NaN'::DOUBLE) AS {n}" for n in (f'"{m}"' for m in NUMBERS)
    )
    texts = ", ".join(f'CAST("{n}" AS VARCHAR) AS "{n}"' for n in TEXTS)
    write_parquet(
        con,
        f"SELECT {_quoted(TEXTS[:7])}, {numbers}, {_quoted(TEXTS[7:])}"
        f" FROM (SELECT {texts}, {nan} FROM rows) ORDER BY {order}",
        path,
    )


def _write_covariances(blocks: Sequence[Columns], build: Path) -> None:
    """Those between domains that are shown."""
    con = connect()
    texts, names = LINKS[:-1], _quoted(LINKS)
    if blocks:
        rows = {name: np.concatenate([b[name] for b in blocks]) for name in LINKS}
    else:
        rows = dict.fromkeys(texts, np.empty(0, object)) | {LINKS[-1]: np.empty(0)}
    con.register("given", rows)
    strings = ", ".join(f'CAST("{name}" AS VARCHAR) AS "{name}"' for name in texts)
    con.execute(f"CREATE VIEW rows AS SELECT {strings}, covariance FROM given")
    con.execute(
        'CREATE TABLE hidden AS SELECT DISTINCT wave, question, "by", domain'
        f" FROM {parquet(build / 'estimates.parquet')} WHERE flag <> ''"
    )
    same = 'h.wave = r.wave AND h.question = r.question AND h."by" = r."by"'
    write_parquet(
        con,
        f"SELECT {names} FROM rows AS r WHERE NOT EXISTS (SELECT 1 FROM hidden AS h"
        f" WHERE {same} AND h.domain IN (r.first, r.second)) ORDER BY {names}",
        build / "covariances.parquet",
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
