"""What the narrative is measured on: the reports that are built, and random tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pipeline.load import load_survey
from pipeline.narrative.claims import Source
from pipeline.narrative.facts import load_estimates
from pipeline.narrative.sections import Planned, Sayable, sayable
from pipeline.narrative.selection import selected
from pipeline.narrative.trials.tables import outline, source
from pipeline.outline import Outline, outlines_of
from pipeline.project import Project
from pipeline.report import Sentence

Case = tuple[Source, Outline]


def reports(project: Project) -> Iterator[Case]:
    """Every report whose survey has been built, with its estimates."""
    for name in project.surveys():
        if not (project.build(name) / "estimates.parquet").is_file():
            print(f"  ({name} has no build: its reports are left out)")
            continue
        survey = load_survey(project.definition(name))
        estimates = load_estimates(project.build(name), crossed=True)
        for made in outlines_of(project.reports(), survey):
            at = Source(survey, estimates, made.wave)
            yield at, selected(made, at, project.build(name))


def show(name: str, value: str, wanted: str = "") -> None:
    """One line of the result."""
    print(f"{name:<52}{value:>20}   {wanted}", flush=True)


def said(cases: Iterable[Case]) -> Iterator[tuple[Source, Sayable]]:
    """What each section may say, before either lock has read it."""
    for at, made in cases:
        yield from ((at, sayable(at, section)) for section in made.sections)


def sentences(found: Sayable) -> list[Sentence]:
    """The language of a section."""
    return [s for each in found.units for s in each.wordings]


def tables(count: int) -> list[Case]:
    return [(source(seed), outline(seed)) for seed in range(count)]


def strays(planned: Planned, summary: Sequence[Sentence]) -> int:
    """How many sentences one of the two locks does not let pass where they stand."""
    found, place, before = 0, None, ""
    for sentence in summary:
        place = planned.plan.place_of(sentence, place) if planned.plan else None
        troubles = planned.lock.troubles(sentence.text, before=before)
        found += place is None or bool(troubles)
        before = sentence.text
    return found
