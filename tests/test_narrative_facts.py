"""Estimates in memory and the facts made of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec

from pipeline.narrative.claims import share_fact
from pipeline.narrative.facts import Row, Trend, load_estimates
from pipeline.warehouse import connect, fill, write_parquet
from tests.narrative_sample import SURVEY, change, share, source

TEXT = {"wave", "question", "item", "statistic", "term", "by", "domain", "reason"}
TEXT |= {"wave_from", "wave_to", "caution"}


def write_estimates(
    build: Path,
    rows: Iterable[Row],
    trends: Iterable[Trend] = (),
    copy_of: Path | None = None,
) -> None:
    """estimates.parquet and trends.parquet with these rows, or those of another."""
    build.mkdir(parents=True, exist_ok=True)
    if copy_of:
        for name in ("estimates.parquet", "trends.parquet"):
            shutil.copy(copy_of / name, build)
        return
    _write(build / "estimates.parquet", Row, list(rows))
    _write(build / "trends.parquet", Trend, list(trends))
    later = (build / "estimates.parquet").stat().st_mtime_ns + 1_000_000
    os.utime(build / "estimates.parquet", ns=(later, later))


def _write(path: Path, kind: type[Row] | type[Trend], rows: list[Row | Trend]) -> None:
    kinds = {"n": "BIGINT", "rank": "BIGINT", "comparable": "BOOLEAN"}
    columns = ", ".join(
        f'"{name}" {"VARCHAR" if name in TEXT else kinds.get(name, "DOUBLE")}'
        for name in kind.__struct_fields__
    )
    con = connect()
    fill(con, f"made({columns})", [msgspec.structs.astuple(row) for row in rows])
    write_parquet(con, "SELECT * FROM made", path)
    con.close()


def test_estimates_are_found_by_what_they_are_about(tmp_path: Path) -> None:
    rows = [
        share("use", "yes", 0.22),
        share("use", "yes", None, by="role", domain="qa"),
    ]
    write_estimates(tmp_path, rows, [change("use", "yes", 0.01, 0.1)])
    loaded = load_estimates(tmp_path, crossed=False)
    assert loaded.row("2025", "use", "share", "yes") == rows[0]
    assert loaded.row("2025", "use", "share", "yes", "role", "qa") is None
    assert loaded.row("2024", "use", "share", "yes") is None
    trend = loaded.trend("2025", "use", "share", "yes")
    assert trend
    assert trend.wave_from == "2024"


def test_a_new_build_is_read_anew(tmp_path: Path) -> None:
    for value in (0.2, 0.3):
        write_estimates(tmp_path, [share("use", "yes", value)])
        row = load_estimates(tmp_path, crossed=False).row("2025", "use", "share", "yes")
        assert row
        assert row.estimate == value


def test_crossed_domains_are_read_when_asked_for(tmp_path: Path) -> None:
    crossed = share("use", "yes", 0.5, by="role*side", domain="qa*dev")
    write_estimates(tmp_path, [crossed])
    about = ("2025", "use", "share", "yes", "role*side", "qa*dev")
    assert load_estimates(tmp_path, crossed=True).row(*about) == crossed
    assert load_estimates(tmp_path, crossed=False).row(*about) is None


def test_a_fact_leads_back_to_its_row() -> None:
    row = share("tools", "a", 0.225, by="role", domain="devops", rank=1)
    fact = share_fact(source([row]), SURVEY.question("tools"), row)
    assert fact.id == "2025.tools.share.a.role=devops"
    assert (fact.item, fact.term, fact.by, fact.domain) == (
        "tools.a",
        "a",
        "role",
        "devops",
    )
    assert fact.display == "23%"
    assert fact.interval == "18% to 27%"
    assert fact.base == "DevOps engineers among AI tool users"
    assert fact.label == "DevOps engineers among AI tool users who use Alpha"
    assert fact.n == 400
