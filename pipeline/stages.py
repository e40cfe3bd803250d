"""The stages from raw files to published reports, in order: the only list of them.

`run` takes a survey through all of them in folders beside the build and the published
reports. These get their names when everything is done, so a run that fails, or is
killed, leaves what was there. `run_stage` does one stage in the build itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec

from pipeline.definition import Survey
from pipeline.errors import Missing, unwritable
from pipeline.load import load_survey
from pipeline.narrative.draft import ModelChoice
from pipeline.outline import Outline, outlines_of
from pipeline.project import Project

Progress = Callable[[str], None]
UNCHANGED = "unchanged"  # the progress of a stage that is kept
CACHES = ("drafts",)  # what the build holds for the next one


class Job(msgspec.Struct, frozen=True):
    """One survey to be taken through the stages."""

    project: Project
    survey: Survey
    raw: Path
    model: ModelChoice | None
    strict: bool = True
    engine: str = "duckdb"

    @property
    def build(self) -> Path:
        """Where stages write."""
        return self.project.build(self.survey.id)

    def outlines(self) -> list[Outline]:
        """The reports on this survey."""
        return outlines_of(self.project.reports(), self.survey)


def job(
    project: Project,
    survey_id: str,
    raw: Path | None,
    model: ModelChoice | None,
    *,
    strict: bool = True,
    engine: str = "duckdb",
) -> Job:
    """Load and check what a run needs before anything is written."""
    from pipeline.engines.choice import known

    survey = load_survey(project.definition(survey_id))
    return Job(
        project, survey, project.raw(survey_id, raw), model, strict, known(engine)
    )


def ingest(job: Job, progress: Progress) -> None:
    """Raw exports → answers, respondents, and an account of what was left out."""
    from pipeline.ingest.pseudonyms import id_key
    from pipeline.ingest.stage import ingest

    job.outlines()  # A mistake there should be known before minutes of work.
    key = id_key(job.project.root)
    ingest(job.survey, job.raw, job.build, progress, key)


def weigh(job: Job, progress: Progress) -> None:
    """Respondents → weights."""
    from pipeline.weights import weigh

    weigh(job.survey, job.build, progress)


def estimate(job: Job, progress: Progress) -> None:
    """Answers and weights → estimates and trends."""
    from pipeline.estimates.stage import estimate
    from pipeline.trends import trend

    estimate(job.survey, job.build, progress, job.engine)
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
    from pipeline.charts.brand import load_brand
    from pipeline.compose import publish
    from pipeline.tables.explorer import beside_report

    survey, project = job.survey, job.project
    explorer = beside_report(survey, job.build, load_brand(project.root))
    publish(project, survey, job.outlines(), progress, explorer, strict=job.strict)


STAGES: dict[str, Callable[[Job, Progress], None]] = {
    "ingest": ingest,
    "weigh": weigh,
    "estimate": estimate,
    "find": find,
    "draft": draft,
    "publish": publish,
}


def run(job: Job, begin: Progress, progress: Progress) -> None:
    """All stages; the build and the reports change at the end, or not at all.

    A stage is kept if it would make what is there already (`stamps.py`).
    """
    from pipeline.aside import beside, carry, put_in_place
    from pipeline.stamps import Work

    places = {"build": job.build}
    places |= {o.id: job.project.published(o.wave, o.id) for o in job.outlines()}
    with _explained(job), ExitStack() as stack:
        moved = {t: stack.enter_context(beside(t)) for t in places.values()}
        for name in CACHES:
            carry(job.build / name, moved[job.build] / name)
        project = msgspec.structs.replace(job.project, moved=moved)
        aside = msgspec.structs.replace(job, project=project)
        work = Work(job.survey, job.raw, places, moved)
        for name, stage in STAGES.items():
            begin(name)
            if work.keep(name, _given(job, name)):
                progress(UNCHANGED)
                continue
            stage(aside, progress)
            work.done(name, final=name != "draft" or _drafted(aside))
        put_in_place(work.changed())


def _given(job: Job, stage: str) -> Iterator[str]:
    """What a stage depends on beside the survey and what those before it made."""
    if stage == "ingest":
        from pipeline.ingest.pseudonyms import id_key

        yield sha256(id_key(job.project.root)).hexdigest()
    if stage in ("draft", "publish"):
        yield from (path.read_text("utf-8") for path in job.project.reports())
    if stage == "publish":
        from pipeline.charts.brand import load_brand

        yield msgspec.json.encode(load_brand(job.project.root)).decode()
        yield "strict" if job.strict else ""
    if stage == "draft":
        yield job.model.identity() if job.model else ""


def _drafted(job: Job) -> bool:
    """Has the model drafted all that it was to? If not, it is asked again."""
    from pipeline.narrative.document import read

    sections = (s for report in read(job.build).reports for s in report.sections)
    return not job.model or all(s.origin == "model" for s in sections if s.summary)


def run_stage(job: Job, name: str, progress: Progress) -> None:
    """One stage, in the build itself, on what the stages before it left."""
    if name != "ingest" and not (job.build / "answers.parquet").is_file():
        raise Missing(
            "there are no answers yet",
            where=job.project.shown(job.build),
            remedy=f"Run: stateof run {job.survey.id}",
        )
    with _explained(job):
        STAGES[name](job, progress)


@contextmanager
def _explained(job: Job) -> Iterator[None]:
    """What goes wrong with files, as errors that say where and what to do."""
    from duckdb import IOException

    again = f"Run: stateof run {job.survey.id}"
    try:
        yield
    except BrokenPipeError:
        raise
    except FileNotFoundError as error:
        where = job.project.shown(Path(str(error.filename)))
        raise Missing("there is no such file", where=where, remedy=again) from None
    except OSError as error:
        where = job.project.shown(Path(str(error.filename or job.build)))
        raise unwritable(error.strerror or str(error), where) from None
    except IOException as error:
        where, why = job.project.shown(job.build), str(error).splitlines()[0]
        if "No files found" in why:
            raise Missing(
                f"a stage was left out: {why}", where=where, remedy=again
            ) from None
        raise unwritable(why, where) from None
