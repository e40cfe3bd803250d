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
        far = "Its workers have to see the project's folder. " if ":" in engine else ""
        raise SurveyError(
            f"the engine {engine} failed: {reason(error)}",
            where=where,
            remedy=f"{far}Without --engine the sums are added up on this machine.",
        ) from error


def reason(error: BaseException) -> str:
    """The first line of an error that says something."""
    lines = (line.strip(" :") for line in str(error).splitlines())
    # Java's own message is below what Python's door to it says.
    said = (line for line in lines if line and not line.startswith("An error occurred"))
    return next(said, type(error).__name__)


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
