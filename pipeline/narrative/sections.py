"""From an outline's section to its plan: facts, claims, licences, paragraphs."""

from __future__ import annotations

from collections import Counter

import msgspec

from pipeline.narrative import claims, comparisons, ranking
from pipeline.narrative.claims import Builder, Claim, Claimed, LeftOut, Source
from pipeline.narrative.licences import license_all
from pipeline.narrative.links import linked
from pipeline.narrative.lock.reader import Lock, lock
from pipeline.narrative.merge import merged
from pipeline.narrative.offer import remember
from pipeline.narrative.patterns import Unit, unit
from pipeline.narrative.plan import Plan, plan
from pipeline.narrative.tested import tests_of
from pipeline.outline import ClaimKind, ClaimSpec, Outline, SectionSpec
from pipeline.report import Tested

BUILDERS: dict[ClaimKind, Builder] = {
    "level": claims.level,
    "range": comparisons.spread,
    "compare": comparisons.compare,
    "trend": comparisons.trend,
    "ranking": ranking.ranking,
    "mode": claims.mode,
    "mean": claims.mean,
}


class Sayable(msgspec.Struct, frozen=True):
    """What a section's claims allow to be said, before the second lock has read it."""

    units: tuple[Unit, ...]
    left_out: tuple[str, ...]
    tests: tuple[Tested, ...]
    lock: Lock


class Planned(msgspec.Struct, frozen=True):
    """A section with its plan (none if nothing can be said) and what was left out."""

    section: SectionSpec
    plan: Plan | None
    left_out: tuple[str, ...]
    tests: tuple[Tested, ...]
    lock: Lock


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
    """What one section says: only sentences that both locks let pass."""
    found = sayable(source, section)
    units, left_out = [], list(found.left_out)
    for each in found.units:
        passed = tuple(s for s in each.wordings if not found.lock.troubles(s.text))
        if passed:
            units.append(Unit(each.claim, passed))
        elif each.wordings:
            text = each.wordings[0].text
            why = found.lock.troubles(text)[0]
            left_out.append(f"{each.claim.kind}: “{text}” was not let pass: {why}")
    links = linked(source, units, found.lock)
    spoken = plan(units, used, links) if units else None
    return Planned(section, spoken, tuple(left_out), found.tests, found.lock)


def sayable(source: Source, section: SectionSpec) -> Sayable:
    """The language of a section's claims, and the second lock on it."""
    made: list[Claim] = []
    left_out: list[str] = []
    for place, spec in enumerate(section.claims):
        claimed = claim_of(source, spec)
        if isinstance(claimed, LeftOut):
            left_out.append(claimed.reason)
        else:
            made.append(msgspec.structs.replace(claimed, covers=(place,)))
    licensed = license_all(made)
    units = tuple(unit(claim) for claim in merged(source.survey, licensed))
    tests = tests_of(licensed)
    return Sayable(units, tuple(left_out), tests, _lock(source, section, tests))


def _lock(source: Source, section: SectionSpec, tests: tuple[Tested, ...]) -> Lock:
    return lock(
        source.survey,
        source.estimates,
        source.wave,
        dict.fromkeys(spec.question for spec in section.claims),
        dict.fromkeys(spec.by for spec in section.claims if spec.by),
        tests,
    )
