"""Time the main job and the command line: `python -m benchmarks.main_job`.

Each figure is the median of several runs of a whole process; read them as ratios.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATEOF = Path(sys.executable).parent / "stateof"
DRAFTS = ROOT / "data" / "state-of-app-dev" / "build" / "drafts"
RUNS = 3
JOBS = {
    "stateof --help": ["--help"],
    "stateof run, without the model": ["run", "state-of-app-dev", "--no-draft"],
    "stateof show ai_use --by role": ["show", "ai_use", "--by", "role"],
    "stateof run, with the model": ["run", "state-of-app-dev"],
    "stateof run, drafts kept": ["run", "state-of-app-dev"],
}


def main() -> None:
    """Print the median seconds of each job."""
    for name, arguments in JOBS.items():
        fresh = name.endswith("with the model")
        runs = [timed(arguments, fresh=fresh) for _ in range(1 if fresh else RUNS)]
        print(f"{statistics.median(runs):8.2f} s  {name}")


def timed(arguments: list[str], *, fresh: bool) -> float:
    """Seconds of one process; `fresh` forgets the drafts first."""
    if fresh:
        shutil.rmtree(DRAFTS, ignore_errors=True)
    started = time.perf_counter()
    try:
        done = subprocess.run(
            [STATEOF, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        sys.exit(f"{STATEOF} is not there\n  Run: make runtime")
    seconds = time.perf_counter() - started
    if done.returncode:
        said = done.stderr.strip() or "it said nothing"
        command = " ".join(["stateof", *arguments])
        sys.exit(f"{command} ended with status {done.returncode}:\n{said}")
    return seconds


if __name__ == "__main__":
    main()
