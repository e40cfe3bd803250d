"""How fast it is: the estimates beside other tools, and the whole job stage by stage.

    python -m benchmarks.performance [respondents …] [--python PATH]

For each size: `benchmarks.estimation`, which holds every tool's answers against ours,
and a simulated export of 100 columns (`benchmarks.tracker`) taken from file to report,
each stage in a process of its own. `docs/performance.md` has results and method.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import estimation
from benchmarks.tracker import write_project

STAGES = ("ingest", "weigh", "estimate", "find", "draft", "publish")


def main(arguments: list[str]) -> None:
    """Print both tables for every size."""
    estimation.main(list(arguments))
    if "--python" in arguments:
        at = arguments.index("--python")
        del arguments[at : at + 2]
    for respondents in map(int, arguments or estimation.SIZES):
        with tempfile.TemporaryDirectory() as folder:
            whole_job(Path(folder), respondents)


def whole_job(folder: Path, respondents: int) -> None:
    """Print what each stage takes, from a simulated export to a report."""
    survey = write_project(folder, respondents)
    size = sum(path.stat().st_size for path in (survey / "raw").iterdir())
    print(f"\n{respondents:,} respondents × 100 columns ({size / 1e6:,.0f} MB)")
    print(f"{'':18}{'seconds':>10}{'CPU s':>10}{'peak MB':>10}")
    total = [0.0, 0.0, 0.0]
    for stage in STAGES:
        taken = stage_run(folder, stage)
        total = [total[0] + taken[0], total[1] + taken[1], max(total[2], taken[2])]
        print(
            f"{stage:18}{taken[0]:10.2f}{taken[1]:10.2f}{taken[2]:10,.0f}", flush=True
        )
    print(f"{'all':18}{total[0]:10.2f}{total[1]:10.2f}{total[2]:10,.0f}")


def stage_run(folder: Path, stage: str) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak MB of one stage in a process of its own."""
    command = [sys.executable, "-m", "pipeline", "stage", stage, "tracker"]
    started = time.perf_counter()
    child = os.posix_spawn(
        "/usr/bin/env",
        ["env", "-C", str(folder), *command, "--no-draft"],
        os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        file_actions=[(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, used = os.wait4(child, 0)
    if status:
        sys.exit(f"{stage} failed with status {os.waitstatus_to_exitcode(status)}")
    seconds = time.perf_counter() - started
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    main(sys.argv[1:])
