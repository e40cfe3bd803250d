"""survey.toml → Survey, with every inconsistency named by file, key path and remedy."""

from __future__ import annotations

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from pipeline.crosswalk import Crosswalk, merged
from pipeline.definition import Condition, Dimension, Question, Survey
from pipeline.design_checks import Problem, design_problems, weighting_problems
from pipeline.entities import entity_problems, with_entities
from pipeline.errors import DefinitionError, Missing, suggestion
from pipeline.project import Project

T = TypeVar("T")
CODE = re.compile(r"[a-z0-9][a-z0-9_]*")


def load_surveys(project: Project) -> Iterator[tuple[str, Survey]]:
    """Every survey of a project, by name; one with mistakes is left out.

    So a draft that is not finished stops no other survey. A line on stderr names it.
    """
    for name in project.surveys():
        try:
            yield name, load_survey(project.definition(name))
        except DefinitionError as error:
            first = str(error).splitlines()[0]
            print(f"stateof: {name} is left out: {first}", file=sys.stderr)


def load_survey(path: Path, without: str = "") -> Survey:
    """Read and check a survey's definition, with its crosswalks but one.

    Raises `Missing` if the file is not there and `DefinitionError`, listing every
    inconsistency found, if it does not say what it must.
    """
    survey = read_toml(path, Survey)
    survey = msgspec.structs.replace(
        survey, questions=tuple(_with_list(path, survey, q) for q in survey.questions)
    )
    for other in sorted(path.parent.glob("crosswalk-*.toml")):
        if other.name == f"crosswalk-{without}.toml":
            continue
        survey = merged(survey, read_toml(other, Crosswalk), str(other))
    survey = with_entities(survey, path.parent, read_toml)
    problems = list(_problems(survey))
    if len(problems) == 1:
        ((where, what),) = problems
        raise DefinitionError(what, where=f"{path}, {where}")
    if problems:
        listed = "\n  ".join(f"{where}: {what}" for where, what in problems)
        what = f"{len(problems)} things are wrong"
        raise DefinitionError(what, where=str(path), remedy=listed)
    if path.parent.name != survey.id:
        raise DefinitionError(
            f"id is '{survey.id}' but the folder is '{path.parent.name}'",
            where=f"{path}, id",
            remedy="Make them the same.",
        )
    return survey


def read_toml(path: Path, kind: type[T]) -> T:
    """A TOML file as one of our nouns; `DefinitionError` names the key path."""
    data = _parsed(path)
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        what, _, at = str(error).partition(" - at ")
        at = at.strip("`") or "$"
        unknown = re.fullmatch(r"Object contains unknown field `(.*)`", what)
        raise DefinitionError(
            what,
            where=f"{path}, {_named(data, at)}",
            remedy=suggestion(unknown[1], _keys(kind, at)) if unknown else "",
        ) from None


def _parsed(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        return tomllib.loads(text)
    except FileNotFoundError:
        raise Missing("there is no such file", where=str(path)) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise Missing(what, where=str(path)) from None
    except UnicodeDecodeError as error:
        raise DefinitionError(
            f"not valid TOML: {error}", where=str(path), remedy="Save it as UTF-8."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, text, str(error)) from None


def _not_toml(path: Path, text: str, error: str) -> DefinitionError:
    """The line that cannot be read, as the parser's words are terse."""
    found = re.search(r" \(at line (\d+), column (\d+)\)", error)
    lines = text.splitlines() or [""]
    number = int(found[1]) if found else len(lines)
    what = error[: found.start()] if found else error
    line = lines[min(number, len(lines)) - 1].strip()
    return DefinitionError(
        f"not valid TOML: {what}",
        where=f"{path}, line {number}",
        remedy=f"It reads: {line[:70]}\n"
        "  Text and codes need quotes, a list [ ] and commas; a key is set once.",
    )


def _keys(kind: Any, path: str) -> list[str]:
    """The keys that may stand at a path such as `$.question[3].scale`."""
    here = [msgspec.inspect.type_info(kind)]
    for key in re.findall(r"\.(\w+)|\[[\d.]+\]", path):
        here = [inner for info in here for inner in _inside(info, key)]
    return [
        field.encode_name
        for info in here
        if isinstance(info, msgspec.inspect.StructType)
        for field in info.fields
    ]


def _inside(info: msgspec.inspect.Type, key: str) -> Iterator[msgspec.inspect.Type]:
    """What a type may hold under a key, or, without one, at a place of a list."""
    found = msgspec.inspect
    if isinstance(info, found.StructType):
        inner = [f.type for f in info.fields if f.encode_name == key]
    elif isinstance(info, found.DictType):
        inner = [info.value_type]
    elif isinstance(info, found.VarTupleType | found.ListType):
        inner = [info.item_type]
    else:
        inner = []
    for one in inner:
        yield from one.types if isinstance(one, found.UnionType) else (one,)


def _named(data: Any, path: str) -> str:
    """`$.question[3].kind` as `question[3] (ai_use).kind`: counted lists get names."""
    shown, here = "", data
    for key, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        try:
            here = here[key] if key else here[int(index)]
        except (KeyError, IndexError, TypeError):
            here = None
        shown += f".{key}" if key else f"[{index}]"
        name = here.get("id") or here.get("code") if isinstance(here, dict) else None
        if index and name:
            shown += f" ({name})"
    return shown.lstrip(".") or "top level"


def _with_list(path: Path, survey: Survey, question: Question) -> Question:
    if not isinstance(question.options, str):
        return question
    if question.options not in survey.lists:
        raise DefinitionError(
            f"there is no option list '{question.options}'",
            where=f"{path}, question {question.id}.options",
            remedy=suggestion(question.options, survey.lists),
        )
    return msgspec.structs.replace(question, options=survey.lists[question.options])


def _problems(survey: Survey) -> Iterator[Problem]:
    yield from _repeated("wave", (w.id for w in survey.waves))
    yield from _repeated("question", (q.id for q in survey.questions))
    yield from _repeated("dimension", (d.id for d in survey.dimensions))
    if not survey.waves or not survey.questions:
        yield "top level", "needs at least one [[wave]] and one [[question]]"
    for wave in survey.waves:
        if not re.fullmatch(r"[\w.-]+", wave.id):
            yield f"wave {wave.id}", "an id is letters, digits, and . _ - between them"
        if (wave.start is None) != (wave.end is None):
            yield f"wave {wave.id}", "has only one of start and end"
        if wave.start and wave.end and wave.end < wave.start:
            yield f"wave {wave.id}.end", "is before its start"
        if not wave.files:
            yield f"wave {wave.id}.files", "names no file"
        for drop in wave.drop:
            if drop.rules() != 1 or bool(drop.same) == bool(drop.column):
                what = "needs a column and values, or below or above; or same alone"
                yield f"wave {wave.id}.drop ({drop.reason})", what
    earlier: dict[str, Question] = {}
    for question in survey.questions:
        for where, what in _question_problems(survey, question, earlier):
            yield f"question {question.id}.{where}", what
        earlier[question.id] = question
    for dimension in survey.dimensions:
        for where, what in _dimension_problems(dimension, earlier):
            yield f"dimension {dimension.id}.{where}", what
    known = {d.id for d in survey.dimensions}
    for cross in survey.crosses:
        for name in cross:
            if name not in known:
                hint = suggestion(name, known)
                yield "crosses", f"there is no dimension '{name}'; {hint}"
    yield from entity_problems(survey)
    yield from design_problems(survey)
    yield from weighting_problems(survey)


def _repeated(kind: str, ids: Iterable[str]) -> Iterator[Problem]:
    for name, count in Counter(ids).items():
        if count > 1:
            yield f"{kind} {name}", f"is defined {count} times: give each its own id"
        if kind != "wave" and not CODE.fullmatch(name):
            yield f"{kind} {name}", "an id is lower-case letters, digits and _"


def _question_problems(
    survey: Survey, question: Question, earlier: dict[str, Question]
) -> Iterator[Problem]:
    yield from _kind_problems(question)
    waves = {w.id for w in survey.waves}
    if not question.columns:
        yield "columns", "names no wave that asked it"
    for wave in (*question.columns, *(b.wave for b in question.breaks)):
        if wave not in waves:
            yield "columns", f"there is no wave '{wave}'; {suggestion(wave, waves)}"
    for option in question.choices:
        for wave in set(option.waves) - waves:
            yield f"options {option.code}.waves", f"there is no wave '{wave}'"
    yield from _option_problems(question)
    for name, condition in (("asked", question.asked), ("base", question.base)):
        for what in _condition_problems(condition, earlier):
            yield name, what


def _kind_problems(question: Question) -> Iterator[Problem]:
    kind, options = question.kind, question.options
    if kind in ("single", "select-all") and not options:
        yield "options", f"a {kind} question needs options"
    if kind not in ("single", "select-all") and options:
        yield "options", f"a {kind} question has no options"
    if (kind == "scale") != (question.scale is not None):
        yield "scale", "belongs to a scale question, and only there"
    if question.scale and question.scale.low >= question.scale.high:
        yield "scale", "low must be under high"
    if question.nets and kind not in ("single", "scale"):
        yield "nets", "belong to a single or scale question"
    if question.separator and kind != "select-all":
        yield "separator", "belongs to a select-all question"
    if question.most is not None and kind != "select-all":
        yield "most", "belongs to a select-all question"
    if kind != "select-all" and any(o.exclusive for o in question.choices):
        yield "options", "exclusive belongs to options of a select-all question"
    if kind != "numeric" and (question.minimum, question.maximum) != (None, None):
        yield "minimum", "minimum and maximum belong to a numeric question"


def _option_problems(question: Question) -> Iterator[Problem]:
    codes = [o.code for o in question.choices]
    for code, count in Counter([*codes, *(n.code for n in question.nets)]).items():
        if count > 1:
            yield (
                f"options {code}",
                f"is listed {count} times: each option and net needs a code of its own",
            )
        if not CODE.fullmatch(code):
            yield f"options {code}", "a code is lower-case letters, digits and _"
    for net in question.nets:
        if not net.of:
            yield f"nets {net.code}", "needs of, the options it counts as one"
        for code in set(net.of) - set(codes):
            yield f"nets {net.code}", f"there is no option '{code}'"
    for wave in question.columns:
        meant: dict[str, str] = {}
        for option in question.choices:
            for text in option.spellings(wave):
                other = meant.setdefault(plain(text), option.code)
                if other != option.code:
                    what = f"'{text}' means {other} and {option.code} in {wave}"
                    yield f"options {option.code}", what


def _condition_problems(
    condition: Condition, earlier: dict[str, Question]
) -> Iterator[str]:
    for question_id, codes in condition.items():
        if question_id not in earlier:
            hint = suggestion(question_id, earlier)
            yield f"there is no earlier question '{question_id}'; {hint}"
            continue
        known = {o.code for o in earlier[question_id].choices}
        for code in set(codes) - known:
            yield f"{question_id} has no option '{code}'; {suggestion(code, known)}"


def _dimension_problems(
    dimension: Dimension, questions: dict[str, Question]
) -> Iterator[Problem]:
    question = questions.get(dimension.question)
    if question is None or question.kind not in ("single", "scale"):
        known = [q.id for q in questions.values() if q.kind in ("single", "scale")]
        hint = suggestion(dimension.question, known)
        yield (
            "question",
            f"'{dimension.question}' is no single or scale question; {hint}",
        )
        return
    codes = {o.code for o in question.choices}
    used = Counter(code for g in dimension.groups for code in g.options)
    for code, count in used.items():
        if count > 1:
            yield "groups", f"'{code}' is in {count} groups"
        if code != "*" and code not in codes:
            yield "groups", f"there is no option '{code}'; {suggestion(code, codes)}"
    named: dict[str, str] = {}
    for group in dimension.groups:
        if group.code in named:
            both = f"'{named[group.code]}' and '{group.label}'"
            yield "groups", f"{both} have the code '{group.code}': give each its own"
        named[group.code] = group.label
        if not CODE.fullmatch(group.code):
            yield "groups", f"'{group.code}': lower-case letters, digits and _ only"


def plain(text: str) -> str:
    """`text` as answers are compared: one kind of space, no case."""
    return " ".join(text.split()).casefold()
