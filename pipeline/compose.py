"""Estimates, sentences and charts → one Report document, published all at once."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.definition import Survey
from pipeline.disclosure import disclosure, field_dates, interval_wording
from pipeline.narrative.document import ReportText, read
from pipeline.outline import Outline
from pipeline.project import Project
from pipeline.render.publish import publish as publish_folder
from pipeline.render.publish import staged
from pipeline.report import Report, Section

LIBRARIES = ("duckdb", "altair", "vl-convert-python", "numpy", "scipy")


def publish(
    project: Project, survey: Survey, outline: Outline, progress: Callable[[str], None]
) -> Path:
    """Draw the figures, put the report together, publish it; returns the page."""
    from pipeline.charts.figure import figure

    build = project.build(survey.id)
    text = read(build).report(outline.id)
    target = project.published(outline.wave, outline.id)
    sections = []
    with staged(target) as folder:
        for spec in outline.sections:
            written = text.section(spec.id)
            figures = []
            for entry in spec.figures:
                progress(f"{outline.id}: {entry.id}")
                figures.append(figure(survey, build, entry, "", folder))
            sections.append(
                Section(
                    id=spec.id,
                    title=spec.title,
                    summary=written.summary,
                    origin=written.origin,
                    author=written.author,
                    figures=tuple(figures),
                )
            )
        report = _report(project, survey, outline, text, tuple(sections))
        return publish_folder(report, folder, target)


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
