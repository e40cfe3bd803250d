"""The draft stage: estimates → narrative.json, drafted by a model where it can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from pipeline.definition import Survey
from pipeline.errors import Missing
from pipeline.narrative.claims import Source, facts_of
from pipeline.narrative.document import Narrative, ReportText, SectionText, write
from pipeline.narrative.draft import ModelChoice, Writer, known_numbers
from pipeline.narrative.facts import load_estimates
from pipeline.narrative.language import Refused
from pipeline.narrative.patterns import bank_digest
from pipeline.narrative.plan import Paragraph
from pipeline.narrative.provenance import section_text
from pipeline.narrative.sections import Planned, plan_outline
from pipeline.narrative.selection import selected
from pipeline.outline import Outline
from pipeline.report import Origin


def draft(
    survey: Survey,
    outlines: Sequence[Outline],
    build: Path,
    model: ModelChoice | None,
    progress: Callable[[str], None],
) -> Narrative:
    """Write narrative.json for every report on a survey, and return it.

    Without a model, or where its draft cannot be used, a section carries the paragraph
    of record; nothing that a model does or fails to do makes this fail.
    """
    specs = [claim for o in outlines for s in o.sections for claim in s.claims]
    estimates = load_estimates(build, crossed=any("*" in c.by for c in specs))
    reports = []
    with Writer(model, build, progress) if model else nullcontext() as writer:
        for outline in outlines:
            source = Source(survey, estimates, outline.wave)
            wanted = selected(outline, source, build)
            reports.append(_report(source, wanted, writer))
    narrative = Narrative(
        survey=survey.id, reports=tuple(reports), patterns=bank_digest()
    )
    write(narrative, build)
    progress(_summary(narrative))
    return narrative


def _report(source: Source, outline: Outline, writer: Writer | None) -> ReportText:
    planned = plan_outline(source, outline)
    facts = facts_of(c for p in planned if p.plan for c in p.plan.claims())
    return ReportText(
        report=outline.id,
        wave=outline.wave,
        sections=tuple(_section(source.survey, outline, p, writer) for p in planned),
        facts=tuple(facts[key] for key in sorted(facts)),
    )


def _section(
    survey: Survey, outline: Outline, planned: Planned, writer: Writer | None
) -> SectionText:
    section, plan = planned.section, planned.plan
    paragraph: Paragraph = plan.best if plan else ()
    origin: Origin = "template"
    author = reason = ""
    if plan and writer:
        try:
            known = known_numbers(survey, plan)
            paragraph, author = writer.draft(section.title, plan, known)
            origin = "model"
        except Refused as error:
            reason = f"the draft was not used: {error}"
        except Missing as error:
            reason = error.what
    return section_text(outline, planned, paragraph, origin, author, reason)


def _summary(narrative: Narrative) -> str:
    """What the stage did, in a line."""
    sections = [s for report in narrative.reports for s in report.sections]
    drafted = sum(s.origin == "model" for s in sections)
    left_out = sum(len(s.left_out) for s in sections)
    line = f"{len(sections)} sections, {drafted} drafted by the model"
    return f"{line}, {left_out} claims left out" if left_out else line
