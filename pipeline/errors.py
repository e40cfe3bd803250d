"""One family of errors, each saying what happened, where, and what to do.

SurveyError            1  the data or the result is not acceptable
├── DefinitionError    1  survey.toml or a report's toml is not as expected
├── DataError          1  a raw file cannot be used
├── NotFound           2  a name on the command line is not known
└── Missing            3  something needed is not there (a file, a program, a server)

The number is the exit status of the command line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SurveyError(Exception):
    """What happened (`what`), where (`where`), and the next step (`remedy`)."""

    status = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  {self.remedy}" if self.remedy else head


class DefinitionError(SurveyError):
    """A definition does not say what it must; `where` is file and key path."""


class DataError(SurveyError):
    """Raw responses that cannot be used; `where` is file, row and column."""


class NotFound(SurveyError):
    """An id that does not exist, with the nearest ones that do."""

    status = 2

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str]) -> NotFound:
        """The error for `name`, suggesting the closest of `known`."""
        known = sorted(set(known))
        return cls(f"there is no {kind} '{name}'", remedy=suggestion(name, known))


class Missing(SurveyError):
    """Something the work needs is absent or out of reach."""

    status = 3


def suggestion(name: str, known: Iterable[str]) -> str:
    """Did you mean …? Otherwise the names there are."""
    known = list(dict.fromkeys(known))
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"There are: {shown}." if known else "There are none."


def unwritable(why: str, where: str) -> SurveyError:
    """That a file cannot be written: on a full disk, in a folder that is closed."""
    full = "space left" in why or "quota" in why
    remedy = (
        "Make room on that disk, then run it again."
        if full
        else "Name a folder that can be written to, or open this one."
    )
    return SurveyError(f"cannot be written: {why}", where=where, remedy=remedy)
