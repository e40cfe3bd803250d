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
BUILD = ROOT / "data" / "state-of-app-dev" / "build"
RUNS = 3
RUN = ["run", "state-of-app-dev"]
# What of the build is forgotten before each run.
JOBS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "stateof --help": (["--help"], ()),
    "stateof run, without the model": ([*RUN, "--no-draft"], ("stages.json",)),
    "stateof run, nothing changed": ([*RUN, "--no-draft"], ()),
    "stateof show ai_use --by role": (["show", "ai_use", "--by", "role"], ()),
    "stateof run, with the model": (RUN, ("stages.json", "drafts")),
    "stateof run, drafts kept": (RUN, ("stages.json",)),
}


def main() -> None:
    """Print the median seconds of each job."""
    for name, (arguments, forgotten) in JOBS.items():
        count = 1 if "drafts" in forgotten else RUNS
        runs = [timed(arguments, forgotten) for _ in range(count)]
        print(f"{statistics.median(runs):8.2f} s  {name}")


def timed(arguments: list[str], forgotten: tuple[str, ...]) -> float:
    """Seconds of one process, without these parts of the last build."""
    for part in forgotten:
        shutil.rmtree(BUILD / part, ignore_errors=True)
        (BUILD / part).unlink(missing_ok=True)
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
