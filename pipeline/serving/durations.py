"""Durations as Go writes them, and Docker with it: 1h30m, 5m0s, -1 for ever."""

from __future__ import annotations

import re

from pipeline.errors import SurveyError

FOREVER = -1.0
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:ms|s|m|h))+", re.ASCII)
PART = re.compile(r"([\d.]+)(ms|s|m|h)", re.ASCII)


def seconds(text: str) -> float:
    """Seconds, -1 for ever; raises `SurveyError` for what is no duration."""
    if text.startswith("-"):
        return FOREVER
    if text != "0" and not DURATION.fullmatch(text):
        remedy = "Write it like 5m, 1h30m, 0 or -1."
        raise SurveyError(f"'{text[:40]}' is not a duration", remedy=remedy)
    return sum(float(number) * UNITS[unit] for number, unit in PART.findall(text))


def duration(amount: float) -> str:
    """Seconds as Go writes them; what is below zero is for ever."""
    if amount < 0:
        return "-1"
    minutes, rest = divmod(amount, 60)
    hours, minutes = divmod(int(minutes), 60)
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{head}{rest:g}s"
