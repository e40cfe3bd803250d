"""The same shares and standard errors by several tools, for `estimation.py`.

Each tool gets data ready, untimed, and gives a `Run`: the job to time, and how its
result is read.
"""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.made_up import GROUPS, OPTIONS, SIZES, Data, Found, domains, empty


class Run(NamedTuple):
    """A job to time, how to read what it returns, and its own clock if it has one."""

    job: Callable[[], Any]
    read: Callable[[Any], Found]
    seconds: Callable[[Any], float] | None = None


def of_sums(s: np.ndarray, s2: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares and Taylor's standard errors from Σw and Σw² (… × options)."""
    total, squares = s.sum(-1, keepdims=True), s2.sum(-1, keepdims=True)
    p = s / total
    inner = (1 - p) ** 2 * s2 + p**2 * (squares - s2)
    return p, np.sqrt(n / (n - 1) * inner) / total


def stateof(data: Data, folder: Path) -> Run:
    """Ours: with intervals, flags, ranks and design effects of every share."""
    from benchmarks.made_up import definition, fill_warehouse
    from pipeline.estimates.cube import cube
    from pipeline.estimates.tidy import tidy
    from pipeline.warehouse import connect

    survey = definition(folder, len(data.answers))
    con = connect(folder / "warehouse.duckdb")
    con.execute("SET threads = 1")
    fill_warehouse(con, survey, data.columns())

    def job() -> list[dict[str, np.ndarray]]:
        return [block for part in cube(con, survey) for block in tidy(part)]

    def read(blocks: list[dict[str, np.ndarray]]) -> Found:
        found = empty(len(data.answers))
        for block in blocks:
            for i, domain in enumerate(block["domain"]):
                group = tuple(filter(None, block["by"][i].split("*")))
                at = 0
                for name, code in zip(group, domain.split("*"), strict=False):
                    at = at * SIZES[name] + int(code[1:])
                cell = int(block["question"][i][1:]), at, int(block["term"][i][1:])
                found[group][0][cell] = block["estimate"][i]
                found[group][1][cell] = block["se"][i]
        return found

    return Run(job, read)


def pandas(data: Data, _: Path) -> Run:
    """Group-by, with the exact formula."""
    import pandas as pd

    frame = pd.DataFrame(data.columns())
    for name in frame.columns.drop("w"):
        frame[name] = frame[name].astype("category")

    def job() -> Found:
        both = frame.assign(w2=frame["w"] ** 2)
        names = [name for name in frame if name[0] == "q"]
        found: Found = {}
        for group in GROUPS:
            sums = [
                both.groupby([*group, q], observed=False)[["w", "w2"]].sum().to_numpy()
                for q in names
            ]
            s = np.array(sums).reshape(len(names), domains(group), OPTIONS, 2)
            found[group] = of_sums(s[..., 0], s[..., 1], len(frame))
        return found

    return Run(job, lambda found: found)


SQL = """
WITH cells AS (
    SELECT item, code, role, industry, SUM(w) AS s, SUM(w * w) AS s2
    FROM long
    GROUP BY GROUPING SETS ((item, code), (item, code, role), (item, code, industry),
                            (item, code, role, industry))
), shares AS (
    SELECT *, SUM(s) OVER domain AS total, SUM(s2) OVER domain AS squares
    FROM cells WINDOW domain AS (PARTITION BY item, role, industry)
)
SELECT item, code, role, industry, s / total AS p,
       sqrt(n / (n - 1.0) * (pow(1 - s / total, 2) * s2
                             + pow(s / total, 2) * (squares - s2))) / total AS se
FROM shares, (SELECT COUNT(*) AS n FROM long WHERE item = 0)
"""


def duckdb(data: Data, folder: Path) -> Run:
    """SQL by hand over a long table of small integers; floating sums."""
    import duckdb as engine

    con = engine.connect(str(folder / "by_hand.duckdb"))
    con.execute("SET threads = 1; SET perfect_ht_threshold = 18")
    con.register("given", data.columns())
    for j in range(len(data.answers)):
        make = "INSERT INTO long" if j else "CREATE TABLE long AS"
        con.execute(
            f"{make} SELECT CAST({j} AS SMALLINT) AS item, CAST(q{j:02d} AS SMALLINT)"
            " AS code, CAST(role AS SMALLINT) AS role,"
            " CAST(industry AS SMALLINT) AS industry, w FROM given"
        )

    def read(rows: dict[str, Any]) -> Found:
        found = empty(len(data.answers))
        keys = {k: np.ma.filled(rows[k], -1) for k in ("role", "industry")}
        for group in GROUPS:
            mine = np.ones(len(rows["p"]), dtype=bool)
            at = np.zeros(len(mine), dtype=np.int64)
            for name, size in SIZES.items():
                mine &= (keys[name] >= 0) == (name in group)
                at = at * size + keys[name] if name in group else at
            cell = tuple(a[mine] for a in (rows["item"], at, rows["code"]))
            found[group][0][cell], found[group][1][cell] = (
                rows["p"][mine],
                rows["se"][mine],
            )
        return found

    return Run(lambda: con.execute(SQL).fetchnumpy(), read)


R = """
suppressPackageStartupMessages(library(survey))
d <- read.csv("{folder}/data.csv")
for (v in setdiff(names(d), "w")) d[[v]] <- factor(d[[v]])
design <- svydesign(id = ~1, weights = ~w, data = d)
started <- proc.time(); out <- list()
for (v in setdiff(names(d), c("w", "role", "industry"))) {{
  f <- as.formula(paste0("~", v)); whole <- svymean(f, design)
  out[[length(out) + 1]] <- c(coef(whole), SE(whole))
  for (g in c("role", "industry", "industry + role")) {{
    b <- svyby(f, as.formula(paste0("~", g)), design, svymean)
    out[[length(out) + 1]] <- c(coef(b), unlist(SE(b)))
  }}
}}
took <- proc.time() - started
cat(took[[1]] + took[[2]], "\\n")
for (o in out) cat(format(o, digits = 17), "\\n", sep = " ")
"""


def r_survey(data: Data, folder: Path) -> Run:
    """R's svymean and svyby, on its own clock."""
    rows = zip(*(column.tolist() for column in data.columns().values()), strict=True)
    with (folder / "data.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(data.columns()), *rows])

    def job() -> str:
        command = ["Rscript", "-e", R.format(folder=folder)]
        return subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout

    def read(text: str) -> Found:
        found = empty(len(data.answers))
        lines = iter(text.splitlines()[1:])
        for q in range(len(data.answers)):
            for group in GROUPS:
                numbers = np.loadtxt(io.StringIO(next(lines)))
                # Shares option by option, then their errors; the role varies slowest.
                both = numbers.reshape(2, OPTIONS, domains(group))
                for kind in (0, 1):
                    found[group][kind][q] = both[kind].T
        return found

    return Run(job, read, lambda text: float(text.splitlines()[0]))


def svy(data: Data, _: Path) -> Run:
    """Its Sample.estimation.prop."""
    import polars as pl
    import svy as package

    texts = {k: v.astype(str) for k, v in data.columns().items() if k != "w"}
    sample = package.Sample(
        data=pl.DataFrame(texts | {"w": data.weight}), design=package.Design(wgt="w")
    )
    names = [f"q{j:02d}" for j in range(len(data.answers))]

    def job() -> list[list[Any]]:
        prop = sample.estimation.prop
        splits = [{"by": list(group)} if group else {} for group in GROUPS]
        return [[prop(q, **split) for q in names] for split in splits]

    def read(made: list[list[Any]]) -> Found:
        found = empty(len(names))
        for group, estimates in zip(GROUPS, made, strict=True):
            for q, estimate in enumerate(estimates):
                for row in estimate.to_polars().iter_rows(named=True):
                    at = 0
                    for name in group:
                        at = at * SIZES[name] + int(row[name])
                    cell = q, at, int(row[names[q]])
                    found[group][0][cell], found[group][1][cell] = row["est"], row["se"]
        return found

    return Run(job, read)


def samplics(data: Data, _: Path) -> Run:
    """Its TaylorEstimator, a domain at a time (the package is no longer maintained)."""
    from samplics.estimation import TaylorEstimator
    from samplics.utils.types import PopParam

    texts = [answer.astype(str) for answer in data.answers]
    labels = {group: data.domains(group).astype(str) for group in GROUPS}

    def job() -> list[tuple[tuple[str, ...], int, Any]]:
        made = []
        for group in GROUPS:
            for q, y in enumerate(texts):
                one = TaylorEstimator(PopParam.prop)
                split = {"domain": labels[group]} if group else {}
                one.estimate(y=y, samp_weight=data.weight, **split)
                made.append((group, q, one.to_dataframe()))
        return made

    def read(made: list[tuple[tuple[str, ...], int, Any]]) -> Found:
        found = empty(len(texts))
        for group, q, table in made:
            for row in table.to_dict("records"):
                at = int(row["_domain"]) if group else 0
                cell = q, at, int(row["_level"])
                found[group][0][cell] = row["_estimate"]
                found[group][1][cell] = row["_stderror"]
        return found

    return Run(job, read)


TOOLS: dict[str, Callable[[Data, Path], Run]] = {
    "stateof": stateof,
    "pandas": pandas,
    "DuckDB by hand": duckdb,
    "R survey": r_survey,
    "svy": svy,
    "samplics": samplics,
}
