"""What a test allows to be said: difference, no significant difference, or neither.

All tests of a section are judged together (Holm, alpha 0.05), so that a section that
compares much does not find differences by trying. A range is tested over all pairs of
its domains, and its two ends are told apart only if they themselves differ.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pipeline.estimates.multiplicity import holm
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
EQUAL = {"compare": "compare_equal", "trend": "trend_stable"}


def license_all(claims: Sequence[Claim]) -> list[Claim]:
    """The claims of one section, each with the families of patterns true of it."""
    open_ = [i for i, claim in enumerate(claims) if not claim.licences]
    tested = [i for i in open_ if claims[i].p_value is not None]
    p_values = dict(zip(tested, holm([_p(claims[i]) for i in tested]), strict=True))
    ends = dict(zip(tested, holm([_ends_p(claims[i]) for i in tested]), strict=True))
    alike = [i for i in tested if claims[i].equal_p is not None]
    equal = dict(zip(alike, holm([_equal_p(claims[i]) for i in alike]), strict=True))
    result = list(claims)
    for i in open_:
        p_value = float(p_values[i]) if i in p_values else None
        apart = i in ends and bool(ends[i] < ALPHA)
        licences = _licences(claims[i], p_value, apart)
        if p_value is not None and p_value >= ALPHA and equal.get(i, 1.0) < ALPHA:
            licences = (EQUAL[claims[i].kind], *licences)
        result[i] = msgspec.structs.replace(
            claims[i],
            licences=licences,
            p_value=p_value,
            equal_p=float(equal[i]) if i in equal else None,
        )
    return result


def _p(claim: Claim) -> float:
    return 1.0 if claim.p_value is None else claim.p_value


def _ends_p(claim: Claim) -> float:
    return _p(claim) if claim.ends_p is None else claim.ends_p


def _equal_p(claim: Claim) -> float:
    return 1.0 if claim.equal_p is None else claim.equal_p


def _licences(claim: Claim, p_value: float | None, ends_apart: bool) -> tuple[str, ...]:
    higher, lower, same, plain = FAMILIES[claim.kind]
    alike = _alike(claim)
    if p_value is None:
        return (plain,)
    if p_value >= ALPHA:
        return (plain if claim.kind == "range" and alike else same,)
    if alike:
        return (plain,)
    if claim.kind == "range" and not ends_apart:
        return ("range_ends" if _shown_alike(claim, "more", "less") else "range_some",)
    if claim.kind == "ranking":
        return (same, higher)
    return (higher, *claim.besides) if claim.difference > 0 else (lower,)


def _alike(claim: Claim) -> bool:
    """Whether a reader would see two equal figures, and so no difference."""
    if claim.kind in ("ranking", "first"):
        return False  # what displays alike is already said to be level
    if claim.kind == "range":
        return _shown_alike(claim, "low", "high")
    shown = [f.text for f in claim.figures.values() if len(f.facts) == 1]
    return len(set(shown)) < len(shown)


def _shown_alike(claim: Claim, one: str, other: str) -> bool:
    return claim.figures[one].text == claim.figures[other].text
