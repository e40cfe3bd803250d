"""Questions that are estimated together, because their answers have the same shape."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from pipeline.definition import Question, Survey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]
    Texts = NDArray[np.object_]

# How much longer all lists of a batch may be than they are.
FILLING = 4 / 3


class Batch(msgspec.Struct, frozen=True):
    """Q questions of one wave with the same J values, shorter lists filled up.

    `shown` (Q × J) are the options that the wave offered, `items` and `terms` their
    keys; the values of a select-all question are its options, counted from 1. By
    number of an item (-1 and False for those of other questions): `question` in the
    batch, `option` of a select-all, `base`: the item that everyone answered, by whom
    the base is counted. The values of a numeric question are those that were given:
    `values` is empty.
    """

    wave: str
    kind: str
    questions: tuple[Question, ...]
    values: Floats
    shown: Mask
    items: Texts
    terms: Texts
    question: Ints
    option: Ints
    base: Mask


def alike(survey: Survey, wave: str) -> list[list[Question]]:
    """The wave's questions in groups whose members make a batch.

    A slice of a batch costs the same millisecond as one of a question.
    """
    shapes: dict[Hashable, list[Question]] = {}
    for question in survey.asked_in(wave):
        if question.items(wave):
            shapes.setdefault(_shape(question), []).append(question)
    return [group for found in shapes.values() for group in _near(found)]


def _shape(question: Question) -> Hashable:
    if question.kind == "numeric":
        return question.id
    if question.scale is not None:
        return (question.scale.low, question.scale.high)
    return question.kind


def _near(questions: list[Question]) -> Iterator[list[Question]]:
    """Groups of lists near in length, as long as little of a batch is filling."""
    sizes = sorted(((len(q.choices), i) for i, q in enumerate(questions)))
    group: list[Question] = []
    total = 0
    for size, i in sizes:
        total += size
        if group and size * (len(group) + 1) > FILLING * total:
            yield group
            group, total = [], size
        group = [*group, questions[i]]
    yield group


def batch_of(survey: Survey, wave: str, questions: Sequence[Question]) -> Batch:
    """A batch of questions of one group of `alike`."""
    kind, scale = questions[0].kind, questions[0].scale
    size = 0 if kind == "numeric" else max(len(q.choices) for q in questions)
    shown = np.zeros((len(questions), size), dtype=bool)
    items, terms = (np.full(shown.shape, "", dtype=object) for _ in range(2))
    for q, question in enumerate(questions):
        for j, item, term in _options(question, wave):
            shown[q, j], items[q, j], terms[q, j] = True, item, term
    first = 1 if scale is None else scale.low
    values = np.arange(first, first + size).astype(np.float64)
    numbers = _numbers(survey.items(), wave, questions)
    return Batch(wave, kind, tuple(questions), values, shown, items, terms, *numbers)


def _numbers(
    items: tuple[str, ...], wave: str, questions: Sequence[Question]
) -> tuple[Ints, Ints, Mask]:
    """By number of an item: its question, its option, and is it the base's."""
    of_question, option = (np.full(len(items), -1) for _ in range(2))
    base = np.zeros(len(items), dtype=bool)
    for q, question in enumerate(questions):
        mine = question.items()
        start = items.index(mine[0])
        of_question[start : start + len(mine)] = q
        option[start : start + len(mine)] = range(len(mine))
        base[items.index(question.items(wave)[0])] = True
    return of_question, option, base


def _options(question: Question, wave: str) -> Iterator[tuple[int, str, str]]:
    """The place, item and code of each option that the wave offered."""
    kept = [o for o in question.choices if not o.missing]
    if question.kind == "numeric":
        return
    codes = [o.code for o in question.choices]
    for i, option in enumerate(kept):
        if option.offered(wave):
            many = question.kind == "select-all"
            item = f"{question.id}.{option.code}" if many else question.id
            yield i if many else codes.index(option.code), item, option.code
