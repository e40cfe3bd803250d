"""stateof: from raw survey responses to a report in which every sentence is proved."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "Analysis": "pipeline.analysis",
    "Finding": "pipeline.findings",
    "Report": "pipeline.report",
    "Survey": "pipeline.definition",
    "SurveyError": "pipeline.errors",
    "open_survey": "pipeline.analysis",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for, so that starting stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'pipeline' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
