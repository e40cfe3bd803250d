"""A reader's question answered in licensed sentences, or not at all.

What is asked is worked out from the words of the surveys' definitions
(`asking/understand.py`). It becomes claims, and claims become sentences as in a report.
Where a word is left over, or the question asks for causes or the future, the answer is
that the survey cannot tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pipeline.definition import Survey
from pipeline.narrative.asking.reading import Meant
from pipeline.narrative.asking.understand import understand
from pipeline.narrative.asking.vocabulary import vocabulary
from pipeline.narrative.asking.words import clean
from pipeline.narrative.claims import Source
from pipeline.narrative.facts import load_estimates
from pipeline.narrative.lexicon import verbs
from pipeline.narrative.sections import Planned, plan_section
from pipeline.outline import ClaimSpec, SectionSpec
from pipeline.report import Fact, Sentence

NEAREST = 3
CLOSE = 0.75  # cosine of two embeddings
Similar = Callable[[str, Sequence[str]], list[float]]


class Near(msgspec.Struct, frozen=True):
    """A question of a survey that comes near to what was asked."""

    survey: str
    question: str
    text: str


class Answer(msgspec.Struct, frozen=True):
    """Sentences with their facts, or why there are none and what comes near."""

    question: str
    survey: str
    asked: str
    sentences: tuple[Sentence, ...]
    facts: tuple[Fact, ...]
    reason: str
    near: tuple[Near, ...] = ()


def ask(
    text: str, surveys: Sequence[tuple[Survey, Path]], similar: Similar | None = None
) -> Answer:
    """The answer of the survey that can give one.

    `surveys` come with their builds. Nothing but their definitions is searched: what
    respondents wrote is no source of answers. `similar` compares meanings: it finds
    questions to offer, and never makes an answer.
    """
    asked = clean(text)
    known = [survey for survey, _ in surveys]
    meant = understand(asked, [vocabulary(survey) for survey in known])
    if isinstance(meant, Meant):
        build = next(b for survey, b in surveys if survey.id == meant.survey.id)
        return _answered(asked, meant, build)
    near = meant.near
    if similar is not None and asked:
        near = _by_meaning(asked, known, similar) or near
    return Answer(asked, "", "", (), (), meant.reason, tuple(_offer(near)))


def _offer(near: Sequence[tuple[Survey, str]]) -> list[Near]:
    found = ((survey, survey.question(name)) for survey, name in near)
    return [Near(survey.id, q.id, q.text) for survey, q in found]


def _answered(asked: str, meant: Meant, build: Path) -> Answer:
    survey, question = meant.survey, meant.survey.question(meant.question)
    estimates = load_estimates(build, crossed="*" in meant.by)
    source = Source(survey, estimates, meant.wave)
    section = SectionSpec(id="ask", title="ask", claims=_claims(source, meant))
    planned = plan_section(source, section, Counter())
    place = f"{question.text} ({survey.title}, {_when(meant)})"
    if planned.plan is None or planned.left_out:
        # Half an answer would be another answer.
        return Answer(asked, survey.id, place, (), (), _why(meant, planned))
    facts = {f.id: f for c in planned.plan.claims() for f in c.facts()}
    used = dict.fromkeys(name for s in planned.plan.best for name in s.facts)
    return Answer(
        question=asked,
        survey=survey.id,
        asked=place,
        sentences=planned.plan.best,
        facts=tuple(facts[name] for name in used),
        reason="",
    )


def _why(meant: Meant, planned: Planned) -> str:
    """Why nothing is said; a sentence that is not proved is not shown either."""
    if meant.kind == "trend" and meant.domains:
        return "no change that may be told is known of that group"
    reason = planned.left_out[0] if planned.left_out else "nothing may be shown"
    return "no sentence on it passes both locks" if "“" in reason else reason


def _when(meant: Meant) -> str:
    """The wave, with a word where later ones did not ask."""
    waves = [wave.id for wave in meant.survey.waves]
    later = waves[waves.index(meant.wave) + 1 :]
    question = meant.survey.question(meant.question)
    gone = later and not any(wave in question.columns for wave in later)
    return f"{meant.wave}; not asked since" if gone else meant.wave


def _claims(source: Source, meant: Meant) -> tuple[ClaimSpec, ...]:
    """The claims that answer what is meant."""
    made: list[dict[str, Any]]
    where = [{"by": meant.by, "domain": code} for code in meant.domains] or [{}]
    term = {"term": meant.terms[0]} if meant.terms else {}
    if meant.kind == "share":
        made = [_share(meant) | term]
    elif meant.kind == "answers":
        made = [{"kind": "level", "term": t} | where[0] for t in meant.terms]
    elif meant.kind == "mean":
        made = [{"kind": k} | each for k in _kinds(source, meant) for each in where]
    elif meant.kind == "range":
        made = [{"kind": "range", "by": meant.by} | term]
    elif meant.kind == "place":
        made = [{"kind": "ranking"} | term]
    else:
        made = [{"kind": meant.kind} | where[0] | term]
    asked = {"question": meant.question}
    return msgspec.convert([asked | each for each in made], tuple[ClaimSpec, ...])


def _kinds(source: Source, meant: Meant) -> tuple[str, ...]:
    """The mean, and the most frequent rating where all groups have one."""
    shown = [
        source.estimates.row(meant.wave, meant.question, "mode", "", meant.by, domain)
        for domain in meant.domains or ("",)
    ]
    rated = meant.survey.question(meant.question).scale is not None
    return ("mode", "mean") if rated and all(shown) else ("mean",)


def _share(meant: Meant) -> dict[str, Any]:
    """Everyone's share; a group's against everyone's; or two groups' shares."""
    if not meant.domains:
        return {"kind": "level"}
    pair = dict(zip(("domain", "versus"), meant.domains, strict=False))
    return {"kind": "compare", "by": meant.by} | pair


def _by_meaning(
    asked: str, surveys: Sequence[Survey], similar: Similar
) -> tuple[tuple[Survey, str], ...]:
    """The questions that mean nearly the same, nearest first."""
    open_ = [(s, q) for s in surveys for q in s.questions if q.columns]
    texts = [
        f"{q.label()}. {q.text} {'; '.join(verbs(q, o.code) for o in q.choices[:4])}"
        for _, q in open_
    ]
    scored = zip(similar(asked, texts), open_, strict=True)
    ordered = sorted(scored, key=lambda pair: -pair[0])[:NEAREST]
    return tuple((s, q.id) for cosine, (s, q) in ordered if cosine >= CLOSE)
