"""A wave that was added later: which of its answers are the survey's, reviewed by a
person.

`data/<survey>/crosswalk-<wave>.toml` has the wave, and for each question where its
column is, what is written there for each code, and whether it can be compared with the
other waves. It is drafted by `stateof init --wave` and read with survey.toml, as if the
wave stood there.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pipeline.definition import Break, Option, Question, Survey, Wave
from pipeline.errors import DefinitionError, suggestion

Comparable = Literal["yes", "break", "no"]


class Crossed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one question was asked in the added wave.

    `options` are the texts in this wave by code, where they differ from its label.
    `new` options were not offered before, `gone` ones not in this wave. A `break` is
    shown but not compared, and says its `reason`; with `no` the question is left out.
    """

    id: str
    columns: str | tuple[str, ...]
    comparable: Comparable
    reason: str = ""
    options: dict[str, tuple[str, ...]] = {}
    new: tuple[Option, ...] = ()
    gone: tuple[str, ...] = ()


class Crosswalk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An added wave; `added` are questions that only it asked."""

    wave: Wave
    questions: tuple[Crossed, ...] = msgspec.field(name="question", default=())
    added: tuple[Question, ...] = ()


def merged(survey: Survey, crosswalk: Crosswalk, where: str) -> Survey:
    """The survey with the wave in it, in the order of fielding.

    Raises `DefinitionError` for a question, code or wave that does not fit.
    """
    if crosswalk.wave.id in {wave.id for wave in survey.waves}:
        raise DefinitionError(
            f"wave {crosswalk.wave.id} is in survey.toml already",
            where=where,
            remedy="Delete one of them.",
        )
    known = {question.id: question for question in survey.questions}
    crossed = {}
    for one in crosswalk.questions:
        if one.id not in known:
            raise DefinitionError(
                f"there is no question '{one.id}'",
                where=f"{where}, question {one.id}",
                remedy=suggestion(one.id, known),
            )
        _check(one, known[one.id], where)
        crossed[one.id] = one
    place = sum(_is_before(wave, crosswalk.wave) for wave in survey.waves)
    waves = (*survey.waves[:place], crosswalk.wave, *survey.waves[place:])
    questions = tuple(
        _with_wave(question, crossed[question.id], crosswalk.wave, survey, waves)
        if question.id in crossed
        else question
        for question in survey.questions
    )
    unused = tuple(
        column
        for one in crosswalk.questions
        if one.comparable == "no"
        for column in ((one.columns,) if isinstance(one.columns, str) else one.columns)
    )
    wave = msgspec.structs.replace(
        crosswalk.wave, unused=(*crosswalk.wave.unused, *unused)
    )
    return msgspec.structs.replace(
        survey,
        waves=tuple(wave if w.id == wave.id else w for w in waves),
        questions=(*questions, *crosswalk.added),
    )


def _is_before(one: Wave, other: Wave) -> bool:
    """By their days in the field; by their ids (years, mostly) where one has none."""
    if one.start and other.start:
        return one.start <= other.start
    return one.id <= other.id


def _check(one: Crossed, question: Question, where: str) -> None:
    codes = {option.code for option in question.choices}
    for code in (*one.options, *one.gone):
        if code not in codes:
            raise DefinitionError(
                f"there is no option '{code}'",
                where=f"{where}, question {one.id}",
                remedy=suggestion(code, codes),
            )
    if one.comparable == "break" and not one.reason:
        raise DefinitionError(
            "a break needs its reason",
            where=f"{where}, question {one.id}",
            remedy='Say what readers should know: reason = "The wording changed."',
        )


def _with_wave(
    question: Question,
    one: Crossed,
    wave: Wave,
    survey: Survey,
    waves: tuple[Wave, ...],
) -> Question:
    if one.comparable == "no":
        return question
    before = tuple(w.id for w in survey.waves if w.id in question.columns)
    columns = question.columns | {wave.id: one.columns}
    change: dict[str, object] = {"columns": columns}
    if question.scale is None and question.options:
        change["options"] = (
            *(_option(o, one, wave.id, before) for o in question.choices),
            *(msgspec.structs.replace(o, waves=(wave.id,)) for o in one.new),
        )
    if one.comparable == "break":
        breaks = (Break(wave=w, reason=one.reason) for w in _after(wave, waves, before))
        change["breaks"] = (*question.breaks, *breaks)
    return msgspec.structs.replace(question, **change)


def _option(option: Option, one: Crossed, wave: str, before: tuple[str, ...]) -> Option:
    """The option with what is written for it in the wave, if it was offered there."""
    if option.code in one.gone:
        return msgspec.structs.replace(option, waves=option.waves or before)
    raw = (
        option.raw
        if isinstance(option.raw, dict)
        else dict.fromkeys(before, option.raw)
    )
    texts = one.options.get(option.code, ())
    waves = (*option.waves, wave) if option.waves else ()
    return msgspec.structs.replace(option, raw=raw | {wave: texts}, waves=waves)


def _after(wave: Wave, waves: tuple[Wave, ...], before: tuple[str, ...]) -> list[str]:
    """The waves at which comparison stops: this one, and the next that asked it."""
    order = [w.id for w in waves]
    place = order.index(wave.id)
    later = [w for w in order[place + 1 :] if w in before]
    earlier = [w for w in order[:place] if w in before]
    return [*([wave.id] if earlier else []), *later[:1]]
