"""What a definition says of sampling and weighting, checked for sense.

Each problem is a key path and what is wrong there; `load.py` reports them all at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import inf

from pipeline.definition import Question, Survey, Wave
from pipeline.design import Replicates, Target, Weighting
from pipeline.errors import suggestion

Problem = tuple[str, str]
SHARE_TOLERANCE = 0.001


def design_problems(survey: Survey) -> Iterator[Problem]:
    """Designs that leave open how estimates vary, or say it twice."""
    for wave in survey.waves:
        for where, what in _design_problems(wave):
            yield f"wave {wave.id}.design{where}", what
        if wave.design.replicates and any(t.wave == wave.id for t in survey.targets):
            yield (
                f"wave {wave.id}.design.replicates",
                "weights that come with replicates are final: leave out the targets",
            )


def _design_problems(wave: Wave) -> Iterator[Problem]:
    design = wave.design
    stages = max(1, len(design.clusters))
    if len(design.fpc) > stages:
        yield ".fpc", f"names {len(design.fpc)} stages, but there are {stages}"
    if design.replicates is None:
        return
    if design.strata or design.clusters or design.fpc:
        yield (
            ".replicates",
            "stand in place of strata, clusters and fpc: leave these out",
        )
    if not wave.weight:
        yield ".replicates", "need the wave's weight, the one they are replicates of"
    for where, what in _replicate_problems(design.replicates):
        yield f".replicates.{where}", what


def _replicate_problems(given: Replicates) -> Iterator[Problem]:
    if given.scale <= 0:
        yield "scale", f"must be above zero, not {given.scale:g}"
    if min(given.rscales, default=-1) < 0:
        yield "rscales", "must be numbers from zero up"
    if given.df < 0:
        yield "df", "must be above zero"


def weighting_problems(survey: Survey) -> Iterator[Problem]:
    """Targets that no weights can meet, and limits that contradict each other."""
    for name, what in _limit_problems(survey.weighting):
        yield f"weighting.{name}", what
    for target in survey.targets:
        where = f"target {target.wave}/{target.dimension}"
        for what in _target_problems(survey, target):
            yield where, what
    pairs = Counter((t.wave, t.dimension) for t in survey.targets)
    for (wave, dimension), count in pairs.items():
        if count > 1:
            yield f"target {wave}/{dimension}", f"is defined {count} times"
    for wave, count in Counter(wave for wave, _ in pairs).items():
        if count > 1 and survey.weighting.method == "post-stratify":
            yield (
                "weighting.method",
                f"post-stratify takes one target a wave, and {wave} has {count}:"
                " rake, or make one dimension of them",
            )


def _limit_problems(weighting: Weighting) -> Iterator[Problem]:
    method = weighting.method
    for name, limits in (("bounds", weighting.bounds), ("trim", weighting.trim)):
        if limits is not None and not 0 <= limits[0] < 1 < limits[1]:
            low, high = limits
            yield name, f"must be around 1, as [0.3, 3] is, not [{low:g}, {high:g}]"
    if method == "post-stratify" and weighting.bounds is not None:
        yield "bounds", 'post-stratify has none: use method = "linear" or "logit"'
    if method == "logit" and (weighting.bounds or (0, inf))[1] == inf:
        yield "bounds", "logit needs two numbers, such as [0.3, 3]"


def _target_problems(survey: Survey, target: Target) -> Iterator[str]:
    waves = {w.id for w in survey.waves}
    if target.wave not in waves:
        yield f"there is no wave '{target.wave}'; {suggestion(target.wave, waves)}"
        return
    dimensions = {d.id: d for d in survey.dimensions}
    dimension = dimensions.get(target.dimension)
    if dimension is None:
        known = suggestion(target.dimension, dimensions)
        yield f"there is no dimension '{target.dimension}'; {known}"
        return
    questions = {q.id: q for q in survey.questions}
    question = questions.get(dimension.question)
    if question is None:
        return  # said already, of the dimension
    if target.wave not in question.columns:
        yield f"nobody was asked '{question.id}' in {target.wave}"
        return
    yield from _share_problems(survey, question, target)


def _share_problems(
    survey: Survey, question: Question, target: Target
) -> Iterator[str]:
    there = {o.code for o in question.choices if o.offered(target.wave)}
    offered = {
        group.code: not there.isdisjoint(group.options)
        for group in survey.domains(target.dimension)
    }
    for code in target.shares:
        if code not in offered:
            yield f"there is no domain '{code}'; {suggestion(code, offered)}"
        elif not offered[code]:
            yield f"'{code}' could not be answered in {target.wave}: leave it out"
    for code, possible in offered.items():
        if possible and code not in target.shares:
            yield f"'{code}' has no share: each domain needs one"
    total = sum(target.shares.values())
    if not min(target.shares.values(), default=1) > 0:
        yield "shares must be above zero; a domain of nobody is left out"
    elif not abs(total - 1) <= SHARE_TOLERANCE:
        percent = " (these look like percentages)" if abs(total - 100) < 1 else ""
        remedy = f"correct them, or divide each by {total:g}"
        yield f"shares must add up to 1, not {total:g}{percent}: {remedy}"
