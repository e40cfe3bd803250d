"""Files beside an export that say what its codes mean.

REDCap's data dictionary, LimeSurvey's R syntax, SurveyMonkey's details, a SAS catalog,
a table of variable, code and label, a table of variable and wording, or a codebook in
plain text.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from pipeline.errors import DataError, SurveyError
from pipeline.ingest.columns import NOT_TICKED, TICKED
from pipeline.ingest.formats.files import kind_of, text_kind
from pipeline.ingest.formats.limesurvey import syntax_labels
from pipeline.ingest.formats.monkey_json import details_variables
from pipeline.ingest.formats.redcap import dictionary_labels
from pipeline.ingest.formats.variables import Variable, tidy
from pipeline.load import plain

LARGEST = 5_000_000  # bytes
MANY = 50  # files: in a folder of downloads, nothing belongs together
Told = dict[str, Variable]


def beside(export: Path, variables: tuple[Variable, ...]) -> list[tuple[Path, Told]]:
    """The files in the export's folder that describe its columns."""
    found: list[tuple[Path, Told]] = []
    paths = sorted(export.parent.iterdir())
    if len(paths) > MANY:
        return found
    for path in paths:
        suffix = path.suffix.lower()
        if path == export or suffix not in (".csv", ".tsv", ".json", ".r", ".txt"):
            continue
        if (year := _year(path)) and year != (_year(export) or year):
            continue  # a codebook of another wave
        if path.is_file() and path.stat().st_size < LARGEST:
            try:
                told = read_labels(path, variables)
            except SurveyError:
                continue  # Whatever it is, nobody said that it belongs to the export.
            if told:
                found.append((path, told))
    return found


def _year(path: Path) -> str:
    found = re.search(r"(?<!\d)(19|20)\d\d(?!\d)", path.stem)
    return found[0] if found else ""


def given(path: Path, variables: tuple[Variable, ...]) -> Told:
    """The labels of a file that the user named. Raises `DataError`."""
    told = read_labels(path, variables)
    if not told:
        raise DataError(
            "says nothing about the columns of the export",
            where=str(path),
            remedy="A codebook has columns for the variable, the code and the label."
            " REDCap's dictionary, LimeSurvey's R syntax file and SurveyMonkey's"
            " details of a survey are read too.",
        )
    return told


def read_labels(path: Path, variables: tuple[Variable, ...]) -> Told:
    """What a file says of these columns; {} if it is about something else."""
    names = tuple(v.name for v in variables)
    kind = kind_of(path)
    if kind == "surveymonkey-json":
        return {v.name: v for v in details_variables(path) if v.name in names}
    if kind != "text":
        return {}
    told = syntax_labels(path, names)
    if told or path.suffix.lower() == ".r":
        return told
    if path.suffix.lower() in (".csv", ".tsv"):
        return dictionary_labels(path, names) or _table(path, names)
    return _codebook(path, variables)


def _table(path: Path, names: tuple[str, ...]) -> Told:
    """A table whose first column names variables: codes and labels, or wordings."""
    kind = text_kind(path)
    with path.open(encoding=kind.encoding, newline="") as handle:
        rows = [row for row in csv.reader(handle, delimiter=kind.delimiter) if row]
    known = {plain(name): name for name in names}
    body = [row for row in rows if len(row) > 1 and plain(row[0]) in known]
    if len(body) < 2 or len(body) * 2 < len(rows):
        return {}
    told: Told = {}
    for row in body:
        name = known[plain(row[0])]
        before = told.get(name, Variable(name=name, source=path.name))
        if len(row) == 2:
            change: dict[str, object] = {"text": tidy(row[1])}
        else:
            pair = (_code(row[1]), tidy(row[2]))
            change = {"labels": (*before.labels, pair)}
        told[name] = msgspec.structs.replace(before, **change)
    return told


def _code(text: str) -> str:
    return re.sub(r"\.0+$", "", text.strip())


def _codebook(path: Path, variables: tuple[Variable, ...]) -> Told:
    """A codebook in plain text: a question, then a line for each code.

    A question is found by its wording in the export; what follows counts as its
    options as long as lines begin with a number.
    """
    kind = text_kind(path)
    text = path.read_text(encoding=kind.encoding)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    pairs = [re.fullmatch(r"(\d{1,3})[.):]?\s+(\S.*)", line) for line in lines]
    told: Told = {}
    for variable in variables:
        place = _ends(lines, variable.text) if len(variable.text) > 15 else None
        if place is None:
            continue
        labels: list[tuple[str, str]] = []
        for pair in pairs[place + 1 :]:
            if pair is None or pair[1] in {code for code, _ in labels}:
                break
            label = re.sub(r"\s+Disqualify$", "", pair[2])
            labels.append((pair[1], tidy(label)))
        if len(labels) > 1:
            told[variable.name] = Variable(
                name=variable.name, labels=tuple(labels), source=path.name
            )
    return told


def _ends(lines: list[str], wording: str) -> int | None:
    """The line at which a wording ends, which may go over several."""
    want = _bare(wording)
    for start, line in enumerate(lines):
        said, end = _bare(re.sub(r"^(\d+\s+){1,3}", "", line)), start
        while said and want.startswith(said) and len(said) < len(want):
            end += 1
            if end >= len(lines):
                break
            said += _bare(lines[end])
        if said == want:
            return end
    return None


def _bare(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()


def with_labels(
    variables: Iterable[Variable], told: Iterable[Told]
) -> tuple[Variable, ...]:
    """The columns with what files beside the export say of them."""
    found = []
    for variable in variables:
        for of in told:
            other = of.get(variable.name)
            if other is None:
                continue
            codes = {plain(code) for code, _ in other.labels}
            ticks = variable.group and codes <= TICKED | NOT_TICKED
            options = () if ticks else other.labels
            variable = msgspec.structs.replace(
                variable,
                text=other.text or variable.text,
                option=other.option or variable.option or _of(variable, other),
                group=other.group or variable.group,
                labels=options or variable.labels,
                hint=other.hint or variable.hint,
                source=(
                    other.source
                    if other.labels or other.hint or other.group
                    else variable.source
                ),
            )
        found.append(variable)
    return tuple(found)


def _of(variable: Variable, other: Variable) -> str:
    return dict(other.labels).get(variable.option, "")
