"""What a worker is to the system: it ends with its parent, first when memory is short,
and says plainly why."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

PR_SET_PDEATHSIG = 1
# The kernel takes a worker before the service that can start another.
OOM_SCORE = 500


def settle(parent: int) -> None:
    """End with the process `parent`; have threads sleep, not spin, while they wait."""
    # Read when llama.cpp's threads are made: two that spin on one core stop each other
    # (a request of 0.7 s took 54 s).
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    # ggml starts a debugger to print where it failed, if there is one.
    os.environ["GGML_NO_BACKTRACE"] = "1"
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write(str(OOM_SCORE))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def end_plainly(error: BaseException) -> NoReturn:
    """End with status 1; the last line on stderr says why."""
    what = " ".join(str(error).split()) or type(error).__name__
    print(f"The model cannot be served: {what}", file=sys.stderr, flush=True)
    os._exit(1)
