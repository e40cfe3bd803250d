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

STATEOF = Path(sys.executable).parent / "stateof"
RUNS = 3
JOBS = {
    "stateof --help": ["--help"],
    "stateof show ai_use --by role": ["show", "ai_use", "--by", "role"],
    "stateof run, without the model": ["run", "state-of-app-dev", "--no-draft"],
    "stateof run, drafts kept": ["run", "state-of-app-dev"],
    "stateof run, with the model": ["run", "state-of-app-dev"],
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
        shutil.rmtree("data/state-of-app-dev/build/drafts", ignore_errors=True)
    started = time.perf_counter()
    subprocess.run([STATEOF, *arguments], check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
