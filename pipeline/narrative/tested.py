"""The tests behind a section's claims, as text and proof both need them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from pipeline.narrative.claims import Claim


class Tested(msgspec.Struct, frozen=True):
    """A test: what it compared (fact ids), and p-values adjusted within the section.

    `equal_p` is of the test of equivalence, where one was made.
    """

    kind: str
    facts: tuple[str, ...]
    p_value: float
    equal_p: float | None = None


def tests_of(licensed: Iterable[Claim]) -> tuple[Tested, ...]:
    """The tests behind claims, once these are licensed and before they are merged."""
    return tuple(
        Tested(
            claim.kind,
            tuple(fact.id for fact in claim.facts()),
            claim.p_value,
            claim.equal_p,
        )
        for claim in licensed
        if claim.p_value is not None
    )
