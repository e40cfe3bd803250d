"""20,000 shares with standard errors: ours beside R survey, svy, samplics and pandas.

    python -m benchmarks.estimation [sizes] [--python PATH]

50 questions of 5 options for everyone, by role (8), by industry (10) and by both, from
made-up respondents. Each tool has a process of its own with one thread; what it prints
is CPU time, the least of several runs, once its data are loaded. Slow tools do a few of
the questions and are scaled up. Estimates and standard errors must agree with ours.
`--python` names an interpreter with tools that are not installed here; what is in
neither is skipped.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.estimators import TOOLS, Run
from benchmarks.made_up import GROUPS, OPTIONS, QUESTIONS, domains, each, made_up

SIZES = (4_500, 100_000)
AGREE = 1e-12
# What is said where a tool is not installed.
MISSING = ("ModuleNotFoundError", "No such file", "no package called")
# How many of the 50 questions a slow tool does, by respondents.
FEW = {
    "R survey": lambda n: 5 if n < 50_000 else 2 if n < 500_000 else 1,
    "svy": lambda n: 5 if n < 50_000 else 1,
    "samplics": lambda n: 10 if n < 50_000 else 2 if n < 500_000 else 1,
}


def main(arguments: list[str]) -> None:
    """Run every tool for every size and print a table for each."""
    python = sys.executable
    if "--python" in arguments:
        at = arguments.index("--python")
        _, python = arguments[at : at + 2]
        del arguments[at : at + 2]
    for n in map(int, arguments or SIZES):
        print(f"\n{n:,} respondents: {shares():,} shares")
        print(f"{'':18}{'CPU ms':>14}{'ratio':>10}{'peak MB':>9}  largest difference")
        ours: dict[str, Any] = {}
        with tempfile.TemporaryDirectory() as folder:
            for tool in TOOLS:
                print(line(tool, n, python, Path(folder), ours), flush=True)


def shares() -> int:
    """How many shares each tool estimates."""
    return QUESTIONS * OPTIONS * sum(map(domains, GROUPS))


def line(tool: str, n: int, python: str, folder: Path, ours: dict[str, Any]) -> str:
    """Run one tool and say how it did; the first is ours, and is kept in `ours`."""
    done = run(tool, n, dict.fromkeys([sys.executable, python]), folder)
    last = (done.stderr.strip().splitlines() or [""])[-1]
    if done.returncode and any(missing in last for missing in MISSING):
        return f"{tool:18}{'skipped':>14}  {last}"
    if done.returncode:
        raise SystemExit(f"{tool}: {done.stderr}")
    report = json.loads(done.stdout.splitlines()[-1])
    with np.load(folder / f"{tool}.npz") as file:
        found = dict(file)
    if not ours:
        ours.update(found, ms=report["ms"])
    apart = difference(found, ours)
    if apart > AGREE:
        raise SystemExit(f"{tool} differs from ours by {apart:.1e}")
    few = report["questions"]
    note = "" if few == QUESTIONS else f", scaled from {few} of {QUESTIONS} questions"
    ratio = report["ms"] / ours["ms"]
    return (
        f"{tool:18}{report['ms']:14,.1f}{ratio:10,.1f}{report['mb']:9,.0f}"
        f"  {apart:.0e}{note}"
    )


def run(
    tool: str, n: int, interpreters: Iterable[str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """One tool in a process of its own, with the first interpreter that has it."""
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    single["POLARS_MAX_THREADS"] = "1"
    for interpreter in interpreters:
        command = [interpreter, "-m", "benchmarks.estimation", "--tool", tool, str(n)]
        done = subprocess.run(
            [*command, str(folder)],
            env=os.environ | single,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            break
    return done


def difference(found: dict[str, Any], ours: dict[str, Any]) -> float:
    """The largest, of all shares and standard errors; NaN is no agreement."""
    apart = [np.abs(a - ours[name][: len(a)]).max() for name, a in found.items()]
    return float(np.nan_to_num(max(apart), nan=np.inf))


def child(tool: str, n: int, folder: Path) -> None:
    """Time one tool in this process, keep what it found, and report as JSON."""
    count = FEW.get(tool, lambda _: QUESTIONS)(n)
    ready = TOOLS[tool](made_up(n, count), folder)
    made, seconds = best(ready, 15 if n < 50_000 else 3)
    np.savez(folder / f"{tool}.npz", **dict(each(ready.read(made))))
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    ms = 1000 * seconds * QUESTIONS / count
    print(json.dumps({"ms": ms, "questions": count, "mb": peak / 1024}))


def best(ready: Run, runs: int) -> tuple[Any, float]:
    """What a job made, and its least CPU seconds; run again unless that takes long."""
    least = np.inf
    for _ in range(runs):
        started = time.process_time()
        made = ready.job()
        took = time.process_time() - started
        least = min(least, ready.seconds(made) if ready.seconds else took)
        if least > 3:
            break
    return made, float(least)


if __name__ == "__main__":
    if "--tool" in sys.argv:
        child(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    else:
        main(sys.argv[1:])
