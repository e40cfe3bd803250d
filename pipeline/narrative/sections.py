"""From an outline's section to its plan: facts, claims, licences, paragraphs."""

from __future__ import annotations

from collections import Counter

import msgspec

from pipeline.narrative import claims, comparisons, ranking
from pipeline.narrative.claims import Builder, Claim, Claimed, LeftOut, Source
from pipeline.narrative.licences import license_all
from pipeline.narrative.lock.reader import Lock, lock
from pipeline.narrative.merge import merged
from pipeline.narrative.patterns import unit
from pipeline.narrative.plan import Plan, plan, remember
from pipeline.narrative.tested import Tested, tests_of
from pipeline.outline import ClaimKind, ClaimSpec, Outline, SectionSpec

BUILDERS: dict[ClaimKind, Builder] = {
    "level": claims.level,
    "range": comparisons.spread,
    "compare": comparisons.compare,
    "trend": comparisons.trend,
    "ranking": ranking.ranking,
    "mode": claims.mode,
    "mean": claims.mean,
}


class Planned(msgspec.Struct, frozen=True):
    """A section with its plan (none if nothing can be said) and what was left out."""

    section: SectionSpec
    plan: Plan | None
    left_out: tuple[str, ...]
    tests: tuple[Tested, ...] = ()


def claim_of(source: Source, spec: ClaimSpec) -> Claimed:
    """The claim that an outline asks for, or why it cannot be made."""
    question = source.survey.question(spec.question)
    return BUILDERS[spec.kind](source, spec, question)


def plan_outline(source: Source, outline: Outline) -> list[Planned]:
    """The plan of every section, in order; later ones avoid what was said before."""
    used: Counter[str] = Counter()
    result = []
    for section in outline.sections:
        planned = plan_section(source, section, used)
        if planned.plan:
            remember(used, planned.plan)
        result.append(planned)
    return result


def plan_section(source: Source, section: SectionSpec, used: Counter[str]) -> Planned:
    """What one section says."""
    made: list[Claim] = []
    left_out: list[str] = []
    for place, spec in enumerate(section.claims):
        claimed = claim_of(source, spec)
        if isinstance(claimed, LeftOut):
            left_out.append(claimed.reason)
        else:
            made.append(msgspec.structs.replace(claimed, covers=(place,)))
    licensed = license_all(made)
    units = [unit(claim) for claim in merged(source.survey, licensed)]
    spoken = plan(units, used) if any(u.wordings for u in units) else None
    return Planned(section, spoken, tuple(left_out), tests_of(licensed))


def lock_of(source: Source, planned: Planned) -> Lock:
    """The second lock on what a section says."""
    asked = planned.section.claims
    return lock(
        source.survey,
        source.estimates,
        source.wave,
        dict.fromkeys(spec.question for spec in asked),
        dict.fromkeys(spec.by for spec in asked if spec.by),
        planned.tests,
    )
