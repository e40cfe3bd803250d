"""Free text coded to entities: the lists, and the questions that they make.

`entities-<list>.toml` beside survey.toml has what people may name: id, name, other
spellings, patterns, category. A question of free text with `entities = "<list>"`
becomes a select-all question of them. What names none counts as `UNCODED`; who wrote
nothing is not in its base. Several questions, in any wave, may share a list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from pipeline.definition import Option, Question, Survey
from pipeline.reading import UNCODED

Problem: TypeAlias = tuple[str, str]
# What RE2 does not know, and ends of a text: a pattern is of whole words within one.
UNUSABLE = re.compile(r"\(\?(?:[=!>(]|<[=!])|\\[1-9AZz]|(?<![\\\[])[\^$]")


class Entity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that people name: by its id, its name, an alias, or a pattern.

    `missing` is for "none" and the like, which is no answer.
    """

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    category: str = ""
    say: str = ""
    missing: bool = False


class Entities(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One list, as `entities-<list>.toml`."""

    entities: tuple[Entity, ...] = msgspec.field(name="entity")


def with_entities(
    survey: Survey, folder: Path, read: Callable[[Path, type[Entities]], Entities]
) -> Survey:
    """The survey with its coded questions as select-all questions.

    `read` gets a list from its file in `folder`.
    """
    lists: dict[str, Entities] = {}
    questions = []
    for question in survey.questions:
        if question.entities and question.kind == "open":
            name = question.entities
            if name not in lists:
                lists[name] = read(folder / f"entities-{name}.toml", Entities)
            question = _coded(question, lists[name].entities)
        questions.append(question)
    return replace(survey, questions=tuple(questions))


def _coded(question: Question, entities: tuple[Entity, ...]) -> Question:
    found = _categories(entities) if question.categories else map(_option, entities)
    rest = Option(code=UNCODED, label="Other answers", say="something else")
    people = question.base_say or "respondents who answered in their own words"
    return replace(question, kind="select-all", options=(*found, rest), base_say=people)


def _option(entity: Entity) -> Option:
    return Option(
        code=entity.id,
        label=entity.name,
        raw=entity.aliases,
        patterns=entity.patterns,
        say=entity.say,
        missing=entity.missing,
    )


def _categories(entities: tuple[Entity, ...]) -> Iterator[Option]:
    """One option a category, in the order of the list; what has none stands alone."""
    for category in dict.fromkeys(e.category or e.id for e in entities):
        group = [e for e in entities if category in (e.category, e.category or e.id)]
        if not group[0].category:
            yield _option(group[0])
            continue
        spellings = ((e.id, e.name, *e.aliases) for e in group)
        yield Option(
            code=re.sub(r"\W+", "_", category.casefold(), flags=re.ASCII).strip("_"),
            label=category,
            raw=tuple(text for texts in spellings for text in texts),
            patterns=tuple(p for e in group for p in e.patterns),
        )


def entity_problems(survey: Survey) -> Iterator[Problem]:
    """What is wrong with coded questions, once their lists have been put in."""
    for question in survey.questions:
        where = f"question {question.id}"
        if question.entities and UNCODED not in {o.code for o in question.choices}:
            yield f"{where}.entities", 'belongs to a question of kind = "open"'
        if question.categories and not question.entities:
            yield f"{where}.categories", "belongs to a question with entities"
        for code, count in Counter(o.code for o in question.choices).items():
            if question.entities and code == UNCODED and count > 1:
                yield f"{where}.entities", f"{UNCODED} is the id of what names none"
        known = {q.id: {o.code for o in q.choices} for q in survey.questions}
        for other, codes in question.consent.items():
            if not set(codes) <= known.get(other, set()):
                yield f"{where}.consent", f"{other} has no such answers"
        for option in question.choices:
            for pattern in option.patterns:
                if why := _unusable(pattern):
                    listed = f"entity {option.code}, pattern '{pattern}'"
                    yield f"entities-{question.entities}.toml, {listed}", why


def _unusable(pattern: str) -> str:
    found = UNUSABLE.search(pattern)
    if found:
        return (
            f"'{found[0]}' cannot be used: a pattern stands for whole words of an"
            " answer, wherever they are in it"
        )
    try:
        re.compile(pattern)
    except re.error as error:
        return f"is no pattern: {error}"
    return ""
