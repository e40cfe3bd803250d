"""`stateof init` and `stateof check`: from an export to a definition that fits."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.codes import codes
from pipeline.cli.privacy import privacy
from pipeline.errors import Missing, NotFound, SurveyError
from pipeline.project import Project, writing
from pipeline.reading import Repair

if TYPE_CHECKING:
    from pipeline.drafting.nouns import Draft

JsonOption = Annotated[bool, typer.Option("--json", help="Everything, as JSON.")]


def init(
    file: Annotated[Path, typer.Argument(help="The export, as downloaded.")],
    survey: Annotated[str, typer.Option("--id", help="The survey's id.")] = "",
    wave: Annotated[str, typer.Option(help="The wave's id, such as 2025.")] = "",
    format: Annotated[
        str, typer.Option(help="csv, qualtrics, surveymonkey, redcap, …")
    ] = "",
    encoding: Annotated[str, typer.Option(help="utf-8, cp1252, mac_roman, …")] = "",
    sheet: Annotated[str, typer.Option(help="The sheet, if there are several.")] = "",
    labels: Annotated[
        list[Path] | None, typer.Option(help="A codebook: what the codes mean.")
    ] = None,
    repair: Annotated[
        list[str] | None, typer.Option(help="Damage to undo: dates, quotes, mojibake.")
    ] = None,
    replace: Annotated[bool, typer.Option(help="Overwrite a definition.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Draft a survey's definition from an export.

    Example: stateof init "Survey 2025.csv"
    """
    import msgspec

    from pipeline.cli.drafts import drafted
    from pipeline.drafting.init import Wish, id_of, look_at, put

    wish = Wish(
        wave=wave,
        format=format,
        encoding=encoding,
        sheet=sheet,
        labels=tuple(labels or ()),
        repair=_repairs(repair or []),
    )
    project = _project()
    name = survey or id_of(file)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise NotFound(
            f"'{name}' cannot be a survey's id",
            where="--id",
            remedy="It names a folder: use a-z, 0-9 and -, such as developers-2025.",
        )
    home = project.root / "data" / name
    found = look_at(file, name, wish)
    if wave and (home / "survey.toml").is_file() and not _only_wave(home, wave):
        _add_wave(project, home, file, found, replace=replace, as_json=as_json)
        return
    with writing(project.root):
        definition = put(project.root, file, found, replace=replace)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
        return
    print(drafted(found))
    _say_next(project.shown(definition), found)


def _say_next(definition: str, found: Draft) -> None:
    """The commands that lead from a draft to the first table."""
    grouped = {split.question for split in found.splits}
    counted = [g.id for g in found.guesses if g.kind != "open"]
    asked = next((name for name in counted if name not in grouped), "QUESTION")
    by = f" --by {found.splits[0].id}" if found.splits else ""
    print(f"\nA draft is in {definition}. Next:", file=sys.stderr)
    print(f"  stateof check {found.id}", file=sys.stderr)
    print(f"  stateof run {found.id} --no-draft", file=sys.stderr)
    print(f"  stateof show {asked}{by} --survey {found.id}", file=sys.stderr)


def _only_wave(home: Path, wave: str) -> bool:
    """Is this the definition's one wave, which is to be drafted anew?"""
    from pipeline.definition import Survey
    from pipeline.load import read_toml

    return [w.id for w in read_toml(home / "survey.toml", Survey).waves] == [wave]


def _add_wave(
    project: Project,
    home: Path,
    file: Path,
    found: Draft,
    *,
    replace: bool,
    as_json: bool,
) -> None:
    """Draft a crosswalk from a new wave to the survey's definition."""
    import msgspec

    from pipeline.cli.drafts import crossed
    from pipeline.drafting.crosswalk import cross
    from pipeline.drafting.crosswalk_toml import write_crosswalk
    from pipeline.drafting.init import put_wave
    from pipeline.load import load_survey

    wave = found.wave.id
    survey = load_survey(home / "survey.toml", without=wave)
    crossing = cross(survey, found)
    text = write_crosswalk(crossing)
    with writing(project.root):
        path = put_wave(home, file, text, wave, replace=replace)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(crossing), indent=1).decode())
        return
    print(crossed(crossing))
    print(
        f"\nA crosswalk is in {project.shown(path)}. Review it, then:", file=sys.stderr
    )
    print(f"  stateof check {survey.id}", file=sys.stderr)


def check(
    survey: Annotated[str, typer.Argument(help="A folder under data/.")] = "",
    raw: Annotated[
        Path | None, typer.Option(help="Where the raw files lie.", file_okay=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Hold a definition against its exports: say what does not fit.

    Example: stateof check state-of-app-dev
    """
    import msgspec

    from pipeline.cli.drafts import checked
    from pipeline.drafting.check import check
    from pipeline.load import load_survey
    from pipeline.talk import Talk

    project = Project.find()
    name = project.named(survey)
    definition = load_survey(project.definition(name))
    with Talk() as talk:
        talk.stage("check")
        found = check(definition, project.raw(name, raw), talk.step)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    else:
        print(checked(found))
    if found.problems:
        raise SurveyError(
            f"{len(found.problems)} things do not fit",
            where=project.shown(project.definition(name)),
            remedy="Nothing was written. Correct them, then check again.",
        )
    print(f"All fits. Next: stateof run {name} --no-draft", file=sys.stderr)


def _project() -> Project:
    """The project here, or a new one: the folder gets its first survey."""
    try:
        return Project.find()
    except Missing:
        return Project(Path.cwd())


def _repairs(names: list[str]) -> tuple[Repair, ...]:
    known = {"dates", "quotes", "mojibake"}
    for name in names:
        if name not in known:
            raise NotFound.among("repair", name, known)
    return tuple(names)  # type: ignore[arg-type]


def codebook(
    survey: Annotated[str, typer.Argument(help="A folder under data/.")],
    wave: Annotated[str, typer.Option(help="The wave; the latest if left out.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Document each variable of a wave, as an HTML page on stdout.

    Example: stateof codebook state-of-app-dev > codebook.html
    """
    import msgspec

    from pipeline.codebook import codebook, page
    from pipeline.load import load_survey

    project = Project.find()
    definition = load_survey(project.definition(survey))
    chosen = wave or definition.waves[-1].id
    found = codebook(definition, chosen, project.build(survey))
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    else:
        print(page(found), end="")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (init, check, codebook, codes, privacy):
        app.command()(command)
