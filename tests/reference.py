"""R's figures: the rows of reference.csv, and the samples they were computed on."""

from __future__ import annotations

import csv
import math
from functools import cache
from pathlib import Path

import duckdb
import pytest

from pipeline.design import Design, Replicates
from pipeline.estimates.sample import Calibration, Sample

Row = dict[str, str]

STYPE = ("stype='E'", "stype='H'", "stype='M'")
WIDE = ("sch_wide='No'", "sch_wide='Yes'")
API99 = ("1", "stype='H'", "stype='M'", "api99")
# What each design's weights were fitted to, and the weight that regresses.
FITTED: dict[str, tuple[tuple[str, ...], str]] = {
    "clus1_ps": (STYPE, "pw"),
    "clus1_ps_partial": (STYPE, "pw"),
    "clus1_rake": ((*STYPE, *WIDE), "1"),
    "strat_rake": ((*STYPE, *WIDE), "1"),
    "wonly_rake": ((*STYPE, *WIDE), "1"),
    "wonly_rake_trim": ((*STYPE, *WIDE), "1"),
    "clus1_greg": (STYPE, "pw"),
    "clus1_greg_api99": (API99, "pw"),
    "clus1_calrake_api99": (API99, "pw"),
    "clus1_callogit_api99": (API99, "pw"),
    "clus1_callin_bounds": (API99, "pw"),
    "clus1_greg_agg": (("1", "AVG(api99) OVER (PARTITION BY dnum)"), "pw"),
}


class Reference:
    """The folder of R's results."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.con = duckdb.connect()
        self.all = self.read("reference.csv")
        self.designs = {row["design"]: row for row in self.read("designs.csv")}

    def read(self, name: str) -> list[Row]:
        """The rows of a file."""
        text = (self.folder / name).read_text(encoding="utf-8")
        return list(csv.DictReader(text.splitlines()))

    def rows(self, *statistics: str, design: str = "") -> list[Row]:
        """R's rows of these statistics; there must be some."""
        found = [
            row
            for row in self.all
            if row["statistic"] in statistics
            and row["design"] in (design or row["design"])
        ]
        assert found, statistics
        return found

    @cache  # noqa: B019 - lives as long as the tests
    def sample(self, design: str, single_psu: str = "fail") -> Sample:
        """The sample of a design; column names have _ for R's dots."""
        given = self.designs[design]
        fitted = FITTED.get(design)
        base = "dstrat" if design.startswith("strat") else "dclus1"
        base = "dwonly" if design.startswith("wonly") else base
        stated = self.designs[base] if fitted or "trim" in design else given
        table = self.table(given, fitted)
        weight = stated["weights"]
        if given["rep_file"]:
            head = (self.folder / given["rep_file"]).read_text().splitlines()[0]
            names = tuple(c.strip('"') for c in head.split(","))[1:]
            return Sample(self.con, table, _replicated(given, names), "pweight")
        if given["weights"].startswith("weights/"):
            weight = "fitted"
        shape = Design(
            strata=stated["strata"],
            clusters=tuple(c for c in stated["ids"].split("+") if c != "1"),
            fpc=tuple(c for c in stated["fpc"].split("+") if c),
            single_psu=single_psu,  # type: ignore[arg-type]
        )
        calibration = None
        if fitted:
            names = tuple(f"x{i}" for i in range(len(fitted[0])))
            trimmed = "raked" if design == "wonly_rake_trim" else ""
            calibration = Calibration(names, fitted[1], trimmed)
        return Sample(self.con, table, shape, weight, calibration)

    def table(self, given: Row, fitted: tuple[tuple[str, ...], str] | None) -> str:
        """The data of a design as a table, with its weights beside it."""
        name = f"t_{given['design']}"
        source = self._csv(f"data/{given['data']}.csv")
        columns = self.con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        picked = ", ".join(f'"{c[0]}" AS "{c[0].replace(".", "_")}"' for c in columns)
        query = f"SELECT {picked} FROM {source}"
        beside = {}
        if given["weights"].startswith("weights/"):
            beside["fitted"] = given["weights"]
        if given["design"] == "wonly_rake_trim":
            beside["raked"] = "weights/wonly_rake.csv"
        for column, file in beside.items():
            query = (
                f"SELECT a.*, b.weight AS {column} FROM ({query}) AS a"
                f" POSITIONAL JOIN {self._csv(file)} AS b"
            )
        if given["rep_file"]:
            beside_it = self._csv(given["rep_file"])
            query = f"SELECT * FROM ({query}) POSITIONAL JOIN {beside_it}"
        if fitted:
            x = ", ".join(
                f"CAST({e} AS DOUBLE) AS x{i}" for i, e in enumerate(fitted[0])
            )
            query = f"SELECT *, {x} FROM ({query})"
        self.con.execute(f"CREATE OR REPLACE TABLE {name} AS {query}")
        return name

    def _csv(self, name: str) -> str:
        # Yes and No are words here, not truth values.
        kinds = "auto_type_candidates=['BIGINT', 'DOUBLE', 'VARCHAR']"
        path = self.folder / name
        return f"read_csv('{path}', nullstr=['', 'NA'], sample_size=-1, {kinds})"


def _replicated(given: Row, columns: tuple[str, ...]) -> Design:
    kind = given["extra"].removeprefix("type ")
    known = {"JK1": "JK1", "JKn": "JKn", "bootstrap": "bootstrap"}
    return Design(
        replicates=Replicates(
            columns=columns,
            kind=known.get(kind, "other"),  # type: ignore[arg-type]
            scale=float(given["scale"]),
            rscales=tuple(float(x) for x in given["rscales"].split()),
            mse=given["mse"] == "TRUE",
            df=int(given["degf"]),
        )
    )


def differences(row: Row, ours: dict[str, float], rel: float = 1e-9) -> list[str]:
    """What R printed and we find otherwise; `ours` names R's columns."""
    found = []
    size = abs(float(row["estimate"] or 0))
    for name, value in ours.items():
        if row[name] in ("", "NA"):
            continue
        theirs = float(row[name])
        # A standard error of what is fixed by the design is noise around zero.
        slack = 1e-10 * size if name in ("se", "ci_low", "ci_high") else 1e-12
        same = theirs == value or (math.isnan(theirs) and math.isnan(value))
        if not same and value != pytest.approx(theirs, rel=rel, abs=slack):
            found.append(
                f"{row['id']} {row['design']} {row['statistic']} {row['domain']}"
                f" {row['term']} {name}: R {theirs!r}, ours {value!r}"
            )
    return found
