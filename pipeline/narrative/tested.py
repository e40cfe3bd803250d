"""The tests behind a section's claims, as text and proof both need them."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.narrative.claims import Claim
from pipeline.report import Tested

P_DIGITS = 6


def tests_of(licensed: Iterable[Claim]) -> tuple[Tested, ...]:
    """The tests behind claims, once these are licensed and before they are merged."""
    return tuple(
        Tested(
            kind=claim.kind,
            facts=tuple(fact.id for fact in claim.facts()),
            p_value=_rounded(claim.p_value),
            equal_p=None if claim.equal_p is None else _rounded(claim.equal_p),
        )
        for claim in licensed
        if claim.p_value is not None
    )


def _rounded(p_value: float) -> float:
    """As it is published; rounding never makes a difference significant."""
    return round(p_value + 0.5 * 0.1**P_DIGITS, P_DIGITS)
