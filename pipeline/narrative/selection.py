"""What else is worth saying in a section: findings on its questions, the best first.

An outline names what must be said; `more` asks for as many findings besides. They are
ranked by how large the difference is, how many answers it rests on, and whether it is
new: a gap that the wave before had too is half as interesting.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from pipeline.findings import Finding
from pipeline.narrative.answers import has_place
from pipeline.narrative.claims import Source
from pipeline.narrative.facts import Row, domains
from pipeline.narrative.lexicon import verbs
from pipeline.outline import ClaimSpec, Outline, SectionSpec

FULL_BASE = 500  # answers from which a base counts in full
FAMILIAR = 0.5


def selected(outline: Outline, source: Source, build: Path) -> Outline:
    """The outline with the findings that its sections ask for as claims."""
    if not any(section.more for section in outline.sections):
        return outline
    content = (build / "findings.json").read_bytes()
    findings = msgspec.json.decode(content, type=list[Finding])
    said = {key for section in outline.sections for key in map(_key, section.claims)}
    sections = []
    for section in outline.sections:
        more = _best(section, source, findings, said)
        said |= {*map(_key, more)}
        claims = (*section.claims, *more)
        sections.append(msgspec.structs.replace(section, claims=claims))
    return msgspec.structs.replace(outline, sections=tuple(sections))


def _best(
    section: SectionSpec,
    source: Source,
    findings: Sequence[Finding],
    said: set[tuple[str, ...]],
) -> list[ClaimSpec]:
    """As many claims as the section asks for, none that the report makes already."""
    about = {spec.question for spec in section.claims}
    about |= {figure.question for figure in section.figures}
    scored = [
        (_score(finding, source), finding.id, _claim(finding, source))
        for finding in findings
        if finding.question in about and _is_news(finding, source)
    ]
    fresh: dict[tuple[str, ...], ClaimSpec] = {}
    for _, _, claim in sorted(scored, key=lambda each: (-each[0], each[1])):
        if _key(claim) not in said:
            fresh.setdefault(_key(claim), claim)
    return list(fresh.values())[: section.more]


def _is_news(finding: Finding, source: Source) -> bool:
    """Of this wave, of an answer that has a name, and not of a group by itself.

    "No" says again what "yes" does, and "other" next to nothing.
    """
    question = source.survey.question(finding.question)
    codes = {option.code for option in question.choices}
    itself = finding.by and source.survey.dimension(finding.by).question == question.id
    quoted = verbs(question, finding.term).startswith("answer “")
    rated = question.scale is not None and finding.term in codes
    return (
        finding.wave == source.wave
        and has_place(question, finding.term)
        and not (itself or quoted or rated)
    )


def _key(claim: ClaimSpec) -> tuple[str, ...]:
    """What a claim is about, whichever way it puts it."""
    return (claim.question, claim.term, claim.by, str(claim.kind == "trend"))


def _claim(finding: Finding, source: Source) -> ClaimSpec:
    about = {"question": finding.question, "term": finding.term}
    if finding.kind == "change":
        return msgspec.convert(about | {"kind": "trend"}, ClaimSpec)
    about["by"] = finding.by
    if len(domains(source.survey, finding.by)) == 2:
        ends = {"domain": finding.high, "versus": finding.low}
        return msgspec.convert(about | ends | {"kind": "compare"}, ClaimSpec)
    return msgspec.convert(about | {"kind": "range"}, ClaimSpec)


def _score(finding: Finding, source: Source) -> float:
    """Size × base × novelty."""
    size = abs(finding.difference)
    rows = _rows(finding, source, source.wave)
    base = min((row.n or 0 for row in rows), default=0)
    return size * math.sqrt(min(1.0, base / FULL_BASE)) * _novelty(finding, source)


def _novelty(finding: Finding, source: Source) -> float:
    """A change is new; a gap is if it was not there the wave before."""
    waves = [wave.id for wave in source.survey.waves]
    earlier = waves[: waves.index(source.wave)]
    if finding.kind == "change" or not earlier:
        return 1.0
    rows = _rows(finding, source, earlier[-1])
    values = [row.estimate or 0.0 for row in rows]
    known = len(values) == 2 and values[0] - values[1] > finding.difference / 2
    return FAMILIAR if known else 1.0


def _rows(finding: Finding, source: Source, wave: str) -> list[Row]:
    """The estimates that a finding sets against each other, if they are shown."""
    places: Iterable[tuple[str, str, str]] = (
        ((wave, finding.by, finding.high), (wave, finding.by, finding.low))
        if finding.kind == "gap"
        else ((finding.high, "", ""), (finding.low, "", ""))
    )
    found = (
        source.estimates.row(at, finding.question, "share", finding.term, by, domain)
        for at, by, domain in places
    )
    return [row for row in found if row is not None]
