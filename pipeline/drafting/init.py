"""`stateof init`: look at an export, and write a draft of its definition."""

from __future__ import annotations

import datetime as dt
import filecmp
import re
import shutil
from pathlib import Path

import msgspec

from pipeline.definition import Wave
from pipeline.drafting.codes import code_for
from pipeline.drafting.companions import beside, given, with_labels
from pipeline.drafting.draft import Source, draft
from pipeline.drafting.nouns import Draft
from pipeline.drafting.toml import write
from pipeline.errors import SurveyError
from pipeline.ingest.formats.excel import sheet_rows
from pipeline.ingest.formats.files import kind_of, text_kind
from pipeline.ingest.formats.headers import recognise
from pipeline.ingest.formats.reports import refuse_report
from pipeline.ingest.formats.text import first_rows
from pipeline.ingest.reader import read_wave
from pipeline.project import replace_file
from pipeline.reading import Repair
from pipeline.warehouse import connect

LOOKED_AT = 60  # rows
TOPLINE = """\
# A report of any survey that has none of its own: every question, nothing to write.
# To have one of a survey that does: copy this, and add survey = "…".

id = "topline"
title = "Topline results"
standfirst = "Every question as it was asked, what was answered, and how groups differ."
"""
NAMES = {
    "spss": "SPSS",
    "spss-portable": "SPSS portable",
    "stata": "Stata",
    "sas": "SAS",
    "sas-transport": "SAS transport",
    "parquet": "Parquet",
    "surveymonkey-json": "responses of SurveyMonkey's API",
}
PLATFORMS = {
    "csv": "a plain table",
    "qualtrics": "Qualtrics",
    "surveymonkey": "SurveyMonkey",
    "limesurvey": "LimeSurvey",
    "redcap": "REDCap",
    "googleforms": "Google Forms",
    "typeform": "Typeform",
}


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a user says of an export; blank is found out."""

    wave: str = ""
    format: str = ""
    encoding: str = ""
    sheet: str = ""
    labels: tuple[Path, ...] = ()
    repair: tuple[Repair, ...] = ()


def look_at(path: Path, survey_id: str, wish: Wish) -> Draft:
    """The draft for an export. Raises `DataError` or `Missing`."""
    wave, read_as = reading(path, wish)
    con = connect()
    (export,) = read_wave(con, wave, path.parent)
    variables = export.variables
    told = [given(p, variables) for p in wish.labels]
    found = [] if told else beside(path, variables)
    named = [p.name for p in wish.labels] + [p.name for p, _ in found]
    if named:
        read_as += f", labels from {', '.join(named)}"
    variables = with_labels(variables, [*told, *(t for _, t in found)])
    source = Source(wave, variables, export.rows, read_as, path)
    title = " ".join(re.sub(r"[-_]+", " ", survey_id).split()).capitalize()
    return draft(con, source, survey_id, title)


def reading(path: Path, wish: Wish) -> tuple[Wave, str]:
    """How the file is to be read, as a wave, and in words."""
    kind = kind_of(path)
    wave = Wave(
        id=wish.wave or str(_year(path)),
        files=(path.name,),
        repair=wish.repair,
    )
    if kind == "text":
        text = text_kind(path, wish.encoding)
        rows = first_rows(path, text.encoding, text.delimiter, LOOKED_AT)
        encoding = "utf-8" if text.encoding == "utf-8-sig" else text.encoding
        changes = {"encoding": encoding, "delimiter": text.delimiter}
        how = f"text ({text.encoding}: {text.evidence})"
    elif kind == "excel":
        name, sheet = sheet_rows(path, wish.sheet)
        rows = [row for row, _ in zip(sheet, range(LOOKED_AT), strict=False)]
        changes, how = {"sheet": wish.sheet}, f"a spreadsheet ({name})"
    else:
        return wave, NAMES[kind]
    refuse_report(path, rows)
    found = recognise(rows, wish.format)
    wave = msgspec.structs.replace(
        wave, format=found.format, header_rows=found.header_rows, **changes
    )
    return wave, f"{PLATFORMS[found.format]} ({found.evidence}), {how}"


def _year(path: Path) -> int:
    """The wave's name: a year in the file's or folder's name, else when it was
    written."""
    for name in (path.stem, path.resolve().parent.name):
        if found := re.search(r"(?<!\d)(19|20)\d\d(?!\d)", name):
            return int(found[0])
    return dt.date.fromtimestamp(path.stat().st_mtime).year


def put(root: Path, path: Path, found: Draft, *, replace: bool) -> Path:
    """Write the draft, copy the export beside it; returns the path of the draft.

    An existing definition stays unless `replace`. Raw files and builds are kept out of
    version control from the start: they may be personal. A project without reports
    gets one of every question.
    """
    home = root / "data" / found.id
    definition = home / "survey.toml"
    if definition.exists() and not replace:
        raise SurveyError(
            "is there already",
            where=str(definition),
            remedy="Give the draft another name with --id, or overwrite it with"
            " --replace.",
        )
    _copy(path, home / "raw", found.wave.id)
    ignored = home / ".gitignore"
    if not ignored.exists():
        replace_file(ignored, b"raw/\nbuild/\n")
    if not any((root / "reports").glob("*.toml")):
        replace_file(root / "reports" / "topline.toml", TOPLINE.encode())
    replace_file(definition, write(found).encode())
    return definition


def put_wave(home: Path, path: Path, text: str, wave: str, *, replace: bool) -> Path:
    """Write a wave's crosswalk and copy its export; returns the crosswalk's path."""
    crosswalk = home / f"crosswalk-{wave}.toml"
    if crosswalk.exists() and not replace:
        raise SurveyError(
            "is there already",
            where=str(crosswalk),
            remedy="Overwrite it with --replace, or give the wave another id.",
        )
    _copy(path, home / "raw", wave)
    replace_file(crosswalk, text.encode())
    return crosswalk


def _copy(path: Path, raw: Path, wave: str) -> None:
    """Copy an export to the raw files; another one of its name is never overwritten."""
    target = raw / path.name
    raw.mkdir(parents=True, exist_ok=True)
    if target.resolve() == path.resolve():
        return
    if not target.exists():
        shutil.copyfile(path, target)
    elif not filecmp.cmp(path, target, shallow=False):
        raise SurveyError(
            "is another file of the same name",
            where=str(target),
            remedy=f"Rename the export, to {wave}{path.suffix} say, and try again.",
        )


def id_of(path: Path) -> str:
    """The survey's id: the file's name without its year, or its folder's."""
    for name in (path.stem, path.resolve().parent.name):
        stem = re.sub(r"(?<!\d)(19|20)\d\d(?!\d)", "", name)
        if re.search("[A-Za-z]{2}", stem):
            return code_for(stem).replace("_", "-")
    return "survey"
