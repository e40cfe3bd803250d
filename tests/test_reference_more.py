"""Figures of R's `survey` (4.1-1) that the reference table does not hold."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from pipeline.design import Design, Replicates
from pipeline.estimates.linear import mean, variance
from pipeline.estimates.sample import Sample


@pytest.fixture
def con(shared: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for name in ("apiclus1", "apistrat"):
        path = shared / "reference" / "data" / f"{name}.csv"
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM read_csv('{path}')")
    return con


def test_a_replicate_has_a_mean_of_its_own(con: duckdb.DuckDBPyConnection) -> None:
    """svyvar(~api00, as.svrepdesign(svydesign(id=~dnum, …, apiclus1), type="JK1"))."""
    district = con.sql("SELECT dnum FROM apiclus1").fetchnumpy()["dnum"]
    names = np.unique(district)
    k = len(names)
    without = ", ".join(
        f"CASE WHEN dnum = {name} THEN 0 ELSE pw * {k} / {k - 1} END AS r{i}"
        for i, name in enumerate(names)
    )
    con.execute(f"CREATE TABLE t AS SELECT *, {without} FROM apiclus1")
    columns = tuple(f"r{i}" for i in range(k))
    given = Replicates(columns=columns, kind="JK1", scale=(k - 1) / k, rscales=(1.0,))
    found = variance(Sample(con, "t", Design(replicates=given), "pw"), "api00")
    assert found.values[0] == pytest.approx(11182.8227947, rel=1e-9)
    assert found.se[0] == pytest.approx(1756.1560799, rel=1e-9)


def test_who_weighs_nothing_is_not_counted(con: duckdb.DuckDBPyConnection) -> None:
    """apistrat with pw = 0 for stype "M": svymean(…, deff="replace") and svyvar."""
    con.execute("UPDATE apistrat SET pw = 0 WHERE stype = 'M'")
    sample = Sample(con, "apistrat", Design(strata="stype"), "pw")
    found, spread = mean(sample, ["api00"]), variance(sample, "api00")
    assert found.values[0] == pytest.approx(667.339476151, rel=1e-9)
    assert found.se[0] == pytest.approx(10.9330140106, rel=1e-9)
    assert found.deff[0] == pytest.approx(1.16654488196, rel=1e-9)
    assert spread.values[0] == pytest.approx(15369.8495279, rel=1e-9)
    assert spread.se[0] == pytest.approx(1445.81149505, rel=1e-9)


@pytest.mark.parametrize("kind", ["USMALLINT", "INTEGER", "BIGINT", "DECIMAL(18,6)"])
def test_weights_of_any_type_can_be_squared(
    con: duckdb.DuckDBPyConnection, kind: str
) -> None:
    factor = {"USMALLINT": 1000, "BIGINT": 10**8}.get(kind, 10**5)
    con.execute(
        f"CREATE TABLE t AS SELECT api00, CAST(round(pw) * {factor} AS {kind}) AS w,"
        " CAST(round(pw) AS DOUBLE) AS plain FROM apistrat"
    )
    found = mean(Sample(con, "t", Design(), "w"), ["api00"])
    plain = mean(Sample(con, "t", Design(), "plain"), ["api00"])
    assert found.se[0] == pytest.approx(plain.se[0], rel=1e-12)
