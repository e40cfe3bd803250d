"""Which wave of a survey a question asks about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from pipeline.definition import Question, Survey
from pipeline.narrative.asking.intent import Cannot, Kind

YEAR = re.compile(r"(19|20)\d\d")


def wave_named(survey: Survey, question: Question, years: Sequence[str]) -> str:
    """The wave of a year that is named, or the last that asked the question."""
    asked = _asked(survey, question)
    return next((year for year in years if year in asked), asked[-1])


def wave_of(
    survey: Survey,
    question: Question,
    kind: Kind,
    years: Sequence[str],
    *,
    since: bool,
) -> str | Cannot:
    """The wave that is told; of a change, the later one, `since` the year named."""
    asked = _asked(survey, question)
    for year in years:
        if year not in asked:
            return Cannot(f"it was asked in {' and '.join(asked)}, not in {year}")
    if kind == "trend":
        if since and asked[-1] in years:
            return Cannot(f"{asked[-1]} is the last wave")
        return _later(asked, years)
    if len(set(years)) > 1:
        return Cannot("one wave can be told at a time")
    return years[0] if years else asked[-1]


def _asked(survey: Survey, question: Question) -> list[str]:
    return [wave.id for wave in survey.waves if wave.id in question.columns]


def _later(asked: Sequence[str], years: Sequence[str]) -> str | Cannot:
    """The later of two waves in a row: the last two, or those that are named.

    "Since 2020" is up to now: where there are waves between, that is not told.
    """
    if len(asked) < 2:
        return Cannot(f"it was asked in {asked[0]} only")
    pairs = list(pairwise(asked))
    for earlier, later in pairs:
        last = later == asked[-1]
        if {*years} == {earlier, later} or (last and {*years} <= {earlier, later}):
            return later
    return Cannot("a change is told from one wave to the next")
