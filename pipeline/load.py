"""survey.toml → Survey, with every inconsistency named by file, key path and remedy."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from pipeline.definition import Condition, Dimension, Question, Survey
from pipeline.design_checks import Problem, design_problems, weighting_problems
from pipeline.errors import DefinitionError, Missing, suggestion

T = TypeVar("T")
CODE = re.compile(r"[a-z0-9][a-z0-9_]*")


def load_survey(path: Path) -> Survey:
    """Read and check a survey's definition.

    Raises `Missing` if the file is not there and `DefinitionError`, listing every
    inconsistency found, if it does not say what it must.
    """
    survey = read_toml(path, Survey)
    survey = msgspec.structs.replace(
        survey, questions=tuple(_with_list(path, survey, q) for q in survey.questions)
    )
    problems = list(_problems(survey))
    if problems:
        where, what = problems[0]
        rest = [f"{w}: {text}" for w, text in problems[1:]]
        raise DefinitionError(what, where=f"{path}, {where}", remedy="\n  ".join(rest))
    if path.parent.name != survey.id:
        raise DefinitionError(
            f"id is '{survey.id}' but the folder is '{path.parent.name}'",
            where=f"{path}, id",
            remedy="Make them the same.",
        )
    return survey


def read_toml(path: Path, kind: type[T]) -> T:
    """A TOML file as one of our nouns; `DefinitionError` names the key path."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Missing("there is no such file", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(f"not valid TOML: {error}", where=str(path)) from None
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        what, _, at = str(error).partition(" - at ")
        where = _named(data, at.strip("`") or "$")
        raise DefinitionError(what, where=f"{path}, {where}") from None


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
        if wave.end < wave.start:
            yield f"wave {wave.id}.end", "is before its start"
        if not wave.files:
            yield f"wave {wave.id}.files", "names no file"
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
                yield "crosses", f"there is no dimension '{name}'"
    yield from design_problems(survey)
    yield from weighting_problems(survey)


def _repeated(kind: str, ids: Iterable[str]) -> Iterator[Problem]:
    for name, count in Counter(ids).items():
        if count > 1:
            yield f"{kind} {name}", f"is defined {count} times"
        if kind != "wave" and not CODE.fullmatch(name):
            yield f"{kind} {name}", "an id is lower-case letters, digits and _"


def _question_problems(
    survey: Survey, question: Question, earlier: dict[str, Question]
) -> Iterator[Problem]:
    yield from _kind_problems(question)
    waves = {w.id for w in survey.waves}
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
    if kind != "numeric" and (question.minimum, question.maximum) != (None, None):
        yield "minimum", "minimum and maximum belong to a numeric question"


def _option_problems(question: Question) -> Iterator[Problem]:
    codes = [o.code for o in question.choices]
    for code, count in Counter([*codes, *(n.code for n in question.nets)]).items():
        if count > 1:
            yield f"options {code}", f"is listed {count} times"
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
            yield f"there is no earlier question '{question_id}'"
            continue
        known = {o.code for o in earlier[question_id].choices}
        for code in set(codes) - known:
            yield f"{question_id} has no option '{code}'; {suggestion(code, known)}"


def _dimension_problems(
    dimension: Dimension, questions: dict[str, Question]
) -> Iterator[Problem]:
    question = questions.get(dimension.question)
    if question is None or question.kind not in ("single", "scale"):
        yield "question", f"'{dimension.question}' is no single or scale question"
        return
    codes = {o.code for o in question.choices}
    used = Counter(code for g in dimension.groups for code in g.options)
    for code, count in used.items():
        if count > 1:
            yield "groups", f"'{code}' is in {count} groups"
        if code != "*" and code not in codes:
            yield "groups", f"there is no option '{code}'; {suggestion(code, codes)}"
    for group in dimension.groups:
        if not CODE.fullmatch(group.code):
            yield "groups", f"'{group.code}': lower-case letters, digits and _ only"


def plain(text: str) -> str:
    """`text` as answers are compared: one kind of space, no case."""
    return " ".join(text.split()).casefold()
