"""What can keep a model from answering.

SurveyError
├── TooLarge       it can never fit into this machine's memory
├── EngineFailed   its process ended, while loading or while answering
└── Busy           it is in use, so its settings cannot be changed now
"""

from __future__ import annotations

from pipeline.errors import SurveyError

UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


class TooLarge(SurveyError):
    """A model that needs more memory than there is, whatever is ended for it."""


class EngineFailed(SurveyError):
    """An engine's process that ended, or never answered; `what` says why."""


class Busy(SurveyError):
    """A model that is loading or answering."""


def amount(size: int) -> str:
    """A number of bytes as people write it: "1.9 GiB"."""
    for factor, unit in UNITS:
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} bytes"
