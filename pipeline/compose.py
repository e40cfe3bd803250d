"""Estimates, sentences and charts → one Report document, published all at once."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec

from pipeline.definition import Survey
from pipeline.disclosure import disclosure, field_dates, interval_wording
from pipeline.narrative.document import ReportText, read
from pipeline.outline import FigureSpec, Outline, SectionSpec
from pipeline.project import Project
from pipeline.render.publish import publish as publish_folder
from pipeline.render.publish import staged
from pipeline.report import Figure, Report, Section

LIBRARIES = ("duckdb", "altair", "vl-convert-python", "numpy", "scipy")


def publish(
    project: Project,
    survey: Survey,
    outlines: Sequence[Outline],
    progress: Callable[[str], None],
) -> list[Path]:
    """Draw the figures, put the reports together, publish each; returns the pages.

    Drawing is most of the work of a run and all of it Python, so it is shared out
    among processes.
    """
    workers = min(os.cpu_count() or 1, 8)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return [_publish(project, survey, o, pool, progress) for o in outlines]


def _publish(
    project: Project,
    survey: Survey,
    outline: Outline,
    pool: Executor,
    progress: Callable[[str], None],
) -> Path:
    build = project.build(survey.id)
    text = read(build).report(outline.id)
    target = project.published(outline.wave, outline.id)
    with staged(target) as folder:
        drawn = {}
        draw = partial(_draw, survey, build, outline.wave, folder)
        for figure in pool.map(draw, outline.figures()):
            progress(f"{outline.id}: {figure.id}")
            drawn[figure.id] = figure
        sections = tuple(_section(spec, text, drawn) for spec in outline.sections)
        report = _report(project, survey, outline, text, sections)
        return publish_folder(report, folder, target)


def _draw(
    survey: Survey, build: Path, wave: str, folder: Path, spec: FigureSpec
) -> Figure:
    from pipeline.charts.figure import figure
    from pipeline.narrative.headline import headline

    message = headline(survey, build, spec, wave)
    if spec.kind == "ranks" and not spec.term:  # draw the line that the title is about
        spec = msgspec.structs.replace(spec, term=message.term)
    return figure(survey, build, spec, message.title, folder)


def _section(spec: SectionSpec, text: ReportText, drawn: dict[str, Figure]) -> Section:
    written = text.section(spec.id)
    return Section(
        id=spec.id,
        title=spec.title,
        summary=written.summary,
        origin=written.origin,
        author=written.author,
        figures=tuple(drawn[figure.id] for figure in spec.figures),
    )


def _report(
    project: Project,
    survey: Survey,
    outline: Outline,
    text: ReportText,
    sections: tuple[Section, ...],
) -> Report:
    build = project.build(survey.id)
    ledger = json.loads((build / "ingest.json").read_bytes())
    weights = json.loads((build / "weights.json").read_bytes())
    wave = survey.wave(outline.wave)
    account = next(w for w in weights if w["wave"] == wave.id)
    return Report(
        id=outline.id,
        survey=survey.title,
        wave=wave.id,
        title=outline.title,
        standfirst=outline.standfirst,
        notice=survey.notice,
        dates=field_dates(wave),
        respondents=f"{account['respondents']:,}",
        sections=sections,
        facts=text.facts,
        method=(interval_wording(survey).model, *_method(survey, account)),
        disclosure=disclosure(survey, wave, ledger, weights),
        provenance=_provenance(project, ledger, wave.id, sections),
        citation=survey.about.citation,
        licence=survey.about.licence,
    )


def _method(survey: Survey, account: dict[str, Any]) -> tuple[str, ...]:
    small = (
        f"Figures on fewer than {survey.min_base} respondents are not shown, neither"
        " here nor in the files to download."
    )
    if not account["weighted"]:
        return ("Answers are not weighted.", small)
    return (
        f"Answers are weighted. The design effect of the weights is"
        f" {account['design_effect']:.2f}: {account['respondents']:,} respondents are"
        f" as precise as {account['effective_n']:,.0f} drawn at random.",
        small,
    )


def _provenance(
    project: Project, ledger: dict[str, Any], wave: str, sections: tuple[Section, ...]
) -> tuple[tuple[str, str], ...]:
    files = next(w["files"] for w in ledger["waves"] if w["wave"] == wave)
    models = sorted({s.author for s in sections if s.origin == "model"})
    return (
        *((f"Responses, {f['name']}", f"sha256:{f['sha256']}") for f in files),
        *(("Drafted by", author) for author in models),
        ("stateof", version("stateof")),
        ("Commit", _commit(project.root)),
        ("Python", platform.python_version()),
        *((name, version(name)) for name in LIBRARIES),
    )


def _commit(root: Path) -> str:
    """The commit of the project, or of nothing when it is not under version control."""
    command = ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "not recorded"
    return done.stdout.strip() or "not recorded"
