"""A person's own sentence, read back: what of it the estimates do not prove."""

from __future__ import annotations

from pipeline.errors import Missing, NotFound
from pipeline.load import load_survey
from pipeline.narrative.claims import Source
from pipeline.narrative.facts import load_estimates
from pipeline.narrative.lock.tokens import tokens
from pipeline.narrative.sections import sayable
from pipeline.narrative.selection import selected
from pipeline.outline import load_outline, survey_of
from pipeline.project import Project

UNDERLINE = "\u0332"


def read_back(project: Project, place: str, sentence: str) -> tuple[str, list[str]]:
    """The sentence with unlicensed words underlined, and its troubles, if any.

    `place` is `report.section`. Raises `NotFound`.
    """
    report, _, section_id = place.partition(".")
    paths = {path.stem: path for path in project.reports()}
    if report not in paths:
        raise NotFound.among("report", report, paths)
    name = survey_of(paths[report])
    survey = load_survey(project.definition(name))
    outline = load_outline(paths[report], survey)
    sections = {section.id: section for section in outline.sections}
    if section_id not in sections:
        raise NotFound.among("section", section_id, sections)
    build = project.build(name)
    if not (build / "estimates.parquet").is_file():
        raise Missing("nothing has been built yet", remedy=f"Run: stateof run {name}")
    source = Source(survey, load_estimates(build, crossed=True), outline.wave)
    wanted = {s.id: s for s in selected(outline, source, build).sections}
    lock = sayable(source, wanted[section_id]).lock
    unknown = {t.text for t in tokens(sentence, lock.reading) if t.kind == "unknown"}
    words = [_marked(word, unknown) for word in sentence.split(" ")]
    return " ".join(words), lock.troubles(sentence)


def _marked(word: str, unknown: set[str]) -> str:
    """The word, underlined if it is one that is not known."""
    if not {word.casefold(), word.casefold().rstrip(".,;:")} & unknown:
        return word
    return "".join(f"{char}{UNDERLINE}" for char in word)
