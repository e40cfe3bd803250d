"""What goes wrong on an engine, as errors that say so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import Missing, SurveyError


@contextmanager
def asked(engine: str, where: str = "") -> Iterator[None]:
    """Whatever an engine raises, which each does in classes of its own."""
    try:
        yield
    except (SurveyError, ModuleNotFoundError):
        raise
    except Exception as error:
        raise SurveyError(
            f"the engine {engine} failed: {reason(error)}",
            where=where,
            remedy="The last build is as it was. Without --engine the sums are added"
            " up on this machine.",
        ) from error


def reason(error: BaseException) -> str:
    """The first line that an error says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


@contextmanager
def extra(engine: str) -> Iterator[None]:
    """An engine that is not installed, as what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        kind = "datafusion" if engine == "datafusion" else "spark"
        raise Missing(
            f"the engine {engine} needs {error.name}, which is not installed",
            where="--engine",
            remedy=f"Run: pip install 'stateof[{kind}]'",
        ) from None
