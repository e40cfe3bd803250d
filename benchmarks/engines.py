"""What the sums of a wave cost on each engine: python -m benchmarks.engines [sizes]

Sizes are numbers of respondents, each with 52 answers: a role, an industry, and 50
questions of 5 options, made up. Every engine has a process of its own and starts from
the build's Parquet files: the warehouse is made, and the sums of all questions for
everyone, by role, by industry and by both. DuckDB may use 1 GB of memory, and Spark's
Java machine has 1 GB. The sums of all engines must be the same, bit for bit. Seconds
are of the clock and of the processor, memory is the most that was resident.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.made_up import INDUSTRIES, OPTIONS, QUESTIONS, ROLES, definition

ENGINES = ("duckdb", "datafusion", "spark")
SIZES = (100_000, 400_000, 1_600_000)
MEMORY = "1GB"
ANSWERS = QUESTIONS + 2


def main(arguments: Sequence[str]) -> None:
    """Make each size, and run each engine on it."""
    print(f"{'answers':>13}  {'engine':10}{'seconds':>9}{'sums':>8}{'CPU s':>8}"
          f"{'MB':>7}{'answers/s':>12}{'CPU µs/answer':>15}")  # fmt: skip
    for n in map(int, arguments or SIZES):
        with tempfile.TemporaryDirectory() as folder:
            write_build(Path(folder), n)
            size = (Path(folder) / "answers.parquet").stat().st_size / 1e6
            print(f"{n * ANSWERS:>13,}  {size:.0f} MB of answers")
            found = {engine: measured(engine, Path(folder)) for engine in ENGINES}
        if len({row["digest"] for row in found.values()}) > 1:
            raise SystemExit("the engines' sums differ")
        for engine, row in found.items():
            print(line(engine, n * ANSWERS, row), flush=True)


def line(engine: str, answers: int, row: dict[str, Any]) -> str:
    """One row of the table."""
    return (
        f"{answers:>13,}  {engine:10}{row['seconds']:>9.1f}{row['sums']:>8.1f}"
        f"{row['cpu']:>8.1f}{row['memory'] / 1e6:>7.0f}"
        f"{answers / row['seconds']:>12,.0f}{row['cpu'] / answers * 1e6:>15.2f}"
    )


def write_build(folder: Path, n: int) -> None:
    """What ingest and weighing would leave, made up by DuckDB."""
    from pipeline.warehouse import connect, write_parquet

    con = connect()
    con.execute(f"SET memory_limit = '4GB'; SET temp_directory = '{folder / 'tmp'}'")
    who = f"SELECT range AS r, hash(range, 1) % {ROLES} AS role,"
    who += f" hash(range, 2) % {INDUSTRIES} AS industry FROM range({n})"
    con.execute(f"CREATE TABLE who AS {who}")
    head = "'2025' AS wave, CAST(r AS INTEGER) AS respondent"
    rows = " UNION ALL ".join(
        f"SELECT {head}, '{item}' AS item, CAST({value} AS DECIMAL(18,4)) AS value,"
        " 'answered' AS status FROM who"
        for item, value in items().items()
    )
    write_parquet(con, rows, folder / "answers.parquet")
    columns = "'r' || role AS role, 'i' || industry AS industry"
    write_parquet(
        con,
        f"SELECT {head}, CAST(1 AS DECIMAL(18,9)) AS base_weight, {columns} FROM who",
        folder / "respondents.parquet",
    )
    weight = "CAST(0.2 + (hash(r, 3) % 1600000) / 1e6 AS DECIMAL(9,6)) AS weight"
    write_parquet(
        con, f"SELECT {head}, {weight}, weight AS untrimmed FROM who",
        folder / "weights.parquet",
    )  # fmt: skip


def items() -> dict[str, str]:
    """SQL of the answer to each item; the later a question, the less often a 5."""
    found = {"role": "role + 1", "industry": "industry + 1"}
    for j in range(QUESTIONS):
        even = f"(hash(r, {j + 4}) % 10000) / 1e4"
        found[f"q{j:02d}"] = f"1 + floor(pow({even}, {1 + 0.02 * j}) * {OPTIONS})"
    return found


def measured(engine: str, folder: Path) -> dict[str, Any]:
    """Run one engine in a process; what it printed, and its memory, with all below."""
    command = [sys.executable, "-m", "benchmarks.engines", "--run", engine, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    most = [0]
    watcher = threading.Thread(target=watch, args=(process.pid, most))
    watcher.start()
    out, err = process.communicate()
    watcher.join()
    if process.returncode:
        raise SystemExit(err.decode())
    return json.loads(out.splitlines()[-1]) | {"memory": most[0]}


def watch(pid: int, most: list[int]) -> None:
    """The largest memory of a process and those it started, looked at ten times a s."""
    try:
        top = psutil.Process(pid)
        while top.is_running() and top.status() != psutil.STATUS_ZOMBIE:
            now = sum(p.memory_info().rss for p in [top, *top.children(recursive=True)])
            most[0] = max(most[0], now)
            time.sleep(0.1)
    except psutil.NoSuchProcess:
        return


def run(engine: str, folder: Path) -> None:
    """Make the warehouse and the sums, and print how long it took."""
    from pipeline import warehouse
    from pipeline.engines.choice import source_on
    from pipeline.estimates.cube import cube

    whole = warehouse.connect

    def small(*given: Any, **more: Any) -> Any:
        con = whole(*given, **more)
        con.execute(f"SET memory_limit = '{MEMORY}'")
        return con

    warehouse.connect = small
    survey = definition(folder, QUESTIONS)
    started = time.perf_counter()
    warehouse.build_warehouse(survey, folder)
    con = warehouse.open_warehouse(folder)
    begun, digest = time.perf_counter(), hashlib.sha256()
    with source_on(engine, con, survey, folder) as source:
        for part in cube(con, survey, source):
            for sums in (part.count, part.w, part.n, part.W, part.W2):
                digest.update(np.ascontiguousarray(sums).tobytes())
        ended = time.perf_counter()
        below = psutil.Process().children(recursive=True)
        times = [p.cpu_times() for p in [psutil.Process(), *below]]
    report = {
        "seconds": ended - started,
        "sums": ended - begun,
        "cpu": sum(t.user + t.system for t in times),
        "digest": digest.hexdigest(),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run(sys.argv[2], Path(sys.argv[3]))
    else:
        main(sys.argv[1:])
