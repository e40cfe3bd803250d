"""The stages from raw files to published reports, in order: the only list of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from pipeline.definition import Survey
from pipeline.load import load_survey
from pipeline.narrative.draft import ModelChoice
from pipeline.outline import Outline, load_outline, survey_of
from pipeline.project import Project

Progress = Callable[[str], None]


class Job(msgspec.Struct, frozen=True):
    """One survey to be taken through the stages."""

    project: Project
    survey: Survey
    raw: Path
    model: ModelChoice | None

    @property
    def build(self) -> Path:
        """Where stages write."""
        return self.project.build(self.survey.id)

    def outlines(self) -> list[Outline]:
        """The reports on this survey."""
        paths = [p for p in self.project.reports() if survey_of(p) == self.survey.id]
        return [load_outline(path, self.survey) for path in paths]


def job(
    project: Project, survey_id: str, raw: Path | None, model: ModelChoice | None
) -> Job:
    """Load and check what a run needs before anything is written."""
    survey = load_survey(project.definition(survey_id))
    return Job(project, survey, project.raw(survey_id, raw), model)


def ingest(job: Job, progress: Progress) -> None:
    """Raw exports → answers, respondents, and an account of what was left out."""
    from pipeline.ingest.stage import ingest

    job.outlines()  # A mistake there should be known before minutes of work.
    ingest(job.survey, job.raw, job.build, progress)


def weigh(job: Job, progress: Progress) -> None:
    """Respondents → weights."""
    from pipeline.weights import weigh

    weigh(job.survey, job.build, progress)


def estimate(job: Job, progress: Progress) -> None:
    """Answers and weights → estimates and trends."""
    from pipeline.estimates.stage import estimate
    from pipeline.trends import trend

    estimate(job.survey, job.build, progress)
    trend(job.survey, job.build, progress)


def find(job: Job, progress: Progress) -> None:
    """Estimates → the differences that hold."""
    from pipeline.findings import find

    find(job.survey, job.build, progress)


def draft(job: Job, progress: Progress) -> None:
    """Estimates → sentences that are true of them, drafted by the model."""
    from pipeline.narrative.stage import draft

    draft(job.survey, job.outlines(), job.build, job.model, progress)


def publish(job: Job, progress: Progress) -> None:
    """Estimates and sentences → charts and pages."""
    from pipeline.compose import publish

    publish(job.project, job.survey, job.outlines(), progress)


STAGES: dict[str, Callable[[Job, Progress], None]] = {
    "ingest": ingest,
    "weigh": weigh,
    "estimate": estimate,
    "find": find,
    "draft": draft,
    "publish": publish,
}
