"""How a wave's files are read and cleaned, as its definition states it."""

from __future__ import annotations

from typing import Literal

import msgspec

Format = Literal[
    "csv",
    "qualtrics",
    "surveymonkey",
    "limesurvey",
    "redcap",
    "googleforms",
    "typeform",
]
Repair = Literal["dates", "quotes", "mojibake"]
UNCODED = "other_uncoded"  # the option of a coded question for what names no entity


class Drop(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rows to leave out, by one rule.

    Those whose `column` holds one of `values`, or a number `below` or `above` a limit
    (seconds, per cent finished); or those with one and the same text in all columns
    that match `same`, of which at least three are filled (straight-liners).
    """

    reason: str
    column: str = ""
    values: tuple[str, ...] = ()
    below: float | None = None
    above: float | None = None
    same: tuple[str, ...] = ()

    def rules(self) -> int:
        """How many rules it states; it should be one."""
        limits = self.below is not None or self.above is not None
        return sum((bool(self.values), limits, bool(self.same)))
