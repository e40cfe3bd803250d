"""What a test allows to be said: difference, no significant difference, or neither.

All tests of a section are judged together (Holm 1979, alpha 0.05), so that a section
that compares much does not find differences by trying.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pipeline.narrative.claims import Claim

ALPHA = 0.05
FAMILIES = {
    # kind: (higher, lower, no significant difference, difference not displayed)
    "ranking": ("ranking_first", "", "ranking", "ranking"),
    "first": ("ranking_one", "", "level", "level"),
    "compare": ("compare_higher", "compare_lower", "compare_same", "compare_plain"),
    "trend": ("trend_up", "trend_down", "trend_same", "trend_plain"),
    "mean_trend": ("mean_up", "mean_down", "mean_same", "mean_plain"),
    "range": ("range", "range", "range_same", "range_alike"),
}


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given (Holm 1979)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, p_values[i] * (len(p_values) - place)))
        adjusted[i] = highest
    return adjusted


def license_all(claims: Sequence[Claim]) -> list[Claim]:
    """The claims of one section, each with the families of patterns true of it."""
    open_ = {i: c.p_value for i, c in enumerate(claims) if not c.licences}
    tested = {i: p for i, p in open_.items() if p is not None}
    by_place = dict(zip(tested, holm(list(tested.values())), strict=True))
    return [
        claim
        if claim.licences
        else msgspec.structs.replace(
            claim, licences=_licences(claim, by_place.get(i)), p_value=by_place.get(i)
        )
        for i, claim in enumerate(claims)
    ]


def _licences(claim: Claim, p_value: float | None) -> tuple[str, ...]:
    higher, lower, same, plain = FAMILIES[claim.kind]
    if p_value is None:
        return (plain,)
    if p_value >= ALPHA:
        return (plain if claim.kind == "range" and _alike(claim) else same,)
    if _alike(claim):
        return (plain,)
    if claim.kind == "ranking":
        return (same, higher)
    return (higher if claim.difference > 0 else lower,)


def _alike(claim: Claim) -> bool:
    """Whether a reader would see two equal figures, and so no difference."""
    if claim.kind in ("ranking", "first"):
        return False  # what displays alike is already said to be level
    shown = [f.text for f in claim.figures.values() if len(f.facts) == 1]
    return len(set(shown)) < len(shown)
