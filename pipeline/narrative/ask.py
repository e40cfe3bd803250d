"""A reader's question answered in licensed sentences, or not at all.

The words of a question are looked up among the survey's own: its questions, answers and
groups. What is found becomes claims, and claims become sentences as in a report. Where
too little of a question is found, or it asks for causes or the future, the answer is
that the survey cannot tell.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from pipeline.definition import Question, Survey
from pipeline.narrative.claims import Source
from pipeline.narrative.facts import load_estimates
from pipeline.narrative.lexicon import domain_noun, option_name, verbs
from pipeline.narrative.sections import plan_section
from pipeline.outline import ClaimSpec, SectionSpec
from pipeline.report import Fact, Sentence

ENOUGH = 0.6  # of the weight of a question's words
CLOSE = 0.75  # cosine of two embeddings
STEM = 6
IDLE = """
a about among an and any apply are as at be believe but by can cent compared
describe did differ different do does following for from had has have how in into is
it its last likely many me more most much name of on one or our out people per
percentage please proportion respondents say select share some survey than that the
their them there these they think this to top us use used using usually versus vs
was we were what when where which who whom with you your
"""
BEYOND = {
    "why": "why something is so",
    "because": "why something is so",
    "cause": "why something is so",
    "causes": "why something is so",
    "effect": "what has an effect",
    "will": "what will be",
    "predict": "what will be",
    "forecast": "what will be",
    "future": "what will be",
    "should": "what ought to be done",
}
CHANGE = frozenset(
    ("change", "changed", "grown", "risen", "fallen", "trend", "increased", "since")
)
STOP = frozenset(IDLE.split()) | CHANGE | {"yes", "no", "option"}
PLAIN = ("yes", "agree")  # the answer that is meant where none is named
HINT = 0.03
Similar = Callable[[str, Sequence[str]], list[float]]


class Answer(msgspec.Struct, frozen=True):
    """Sentences with their facts, or why there are none."""

    question: str
    survey: str
    asked: str
    sentences: tuple[Sentence, ...]
    facts: tuple[Fact, ...]
    reason: str


class _Found(msgspec.Struct, frozen=True):
    """A survey question that fits, how much of what was asked it covers, and groups."""

    survey: Survey
    question: Question
    covered: float
    groups: tuple[tuple[str, str], ...]


def ask(
    text: str, surveys: Sequence[tuple[Survey, Path]], similar: Similar | None = None
) -> Answer:
    """The answer of the survey that fits best; `similar` compares meanings, if given.

    `surveys` come with their builds. Nothing but their definitions is searched: what
    respondents wrote is no source of answers.
    """
    words = _words(text)
    for word in words:
        if word in BEYOND:
            return _none(text, f"a survey cannot tell {BEYOND[word]}")
    found = [f for survey, _ in surveys for f in _searched(survey, text)]
    if similar is not None and found:
        found = _by_meaning(text, found, similar)
    best = max(found, key=lambda f: f.covered, default=None)
    if best is None or best.covered < ENOUGH:
        near = f"; the nearest is “{best.question.text}”" if best else ""
        return _none(text, f"no question of the survey covers that{near}")
    build = next(b for survey, b in surveys if survey.id == best.survey.id)
    return _answered(text, best, build)


def _none(text: str, reason: str) -> Answer:
    return Answer(text, "", "", (), (), reason)


def _answered(text: str, found: _Found, build: Path) -> Answer:
    survey, question = found.survey, found.question
    wave = [w.id for w in survey.waves if w.id in question.columns][-1]
    claims = _claims(text, found)
    source = Source(survey, load_estimates(build, crossed=False), wave)
    section = SectionSpec(id="ask", title=text, claims=claims)
    planned = plan_section(source, section, Counter())
    if planned.plan is None:
        reason = planned.left_out[0] if planned.left_out else "nothing may be shown"
        return Answer(text, survey.id, question.text, (), (), reason)
    facts = {f.id: f for c in planned.plan.claims() for f in c.facts()}
    used = dict.fromkeys(name for s in planned.plan.best for name in s.facts)
    return Answer(
        question=text,
        survey=survey.id,
        asked=f"{question.text} ({survey.title}, {wave})",
        sentences=planned.plan.best,
        facts=tuple(facts[name] for name in used),
        reason="",
    )


def _claims(text: str, found: _Found) -> tuple[ClaimSpec, ...]:
    """What to say of a question: of everyone, or of the groups that were named."""
    question, words = found.question, set(_words(text))
    term = _term(question, text)
    groups = found.groups
    where = [{"by": by, "domain": code} for by, code in groups] or [{}]
    asked = {"question": question.id}
    if question.scale is not None or question.kind == "numeric":
        kinds = ("mean",) if question.kind == "numeric" else ("mode", "mean")
        made = [asked | {"kind": k} | w for w in where for k in kinds]
    elif not term:
        made = [asked | {"kind": "ranking"} | w for w in where]
    elif len(groups) == 2 and groups[0][0] == groups[1][0]:
        (by, one), (_, other) = groups
        pair = {"by": by, "domain": one, "versus": other}
        made = [asked | {"kind": "compare", "term": term} | pair]
    elif groups:
        made = [asked | {"kind": "compare", "term": term} | w for w in where]
    else:
        made = [asked | {"kind": "level", "term": term}]
    if words & CHANGE and not groups:
        made.append(asked | {"kind": "trend", "term": term})
    return msgspec.convert(tuple(made), tuple[ClaimSpec, ...])


def _term(question: Question, text: str) -> str:
    """The answer that is meant: the one named, or "yes" where that is the question."""
    stems = _stems(text)
    shared = _stems(f"{question.label()} {question.say.replace('{option}', '')}")
    scored = []
    for option in (*question.choices, *question.nets):
        own = _stems(f"{option.label} {option.say}") - shared
        if own and own <= stems:
            scored.append((len(own), option.code))
    if scored:
        return max(scored)[1]
    return next((code for code in PLAIN if code in _codes(question)), "")


def _codes(question: Question) -> set[str]:
    return {option.code for option in (*question.choices, *question.nets)}


def _searched(survey: Survey, text: str) -> list[_Found]:
    """Every question, with how much of the text its words and a group's cover."""
    groups, taken = _groups(survey, text)
    asked = _stems(text)
    # Who took part is no finding, and its answers name people, not what they do.
    splits = {dimension.question for dimension in survey.dimensions}
    questions = [
        q
        for q in survey.questions
        if q.kind != "open" and q.columns and q.id not in splits
    ]
    words = {q.id: _stems(_document(q)) for q in questions}
    heads = {q.id: _stems(f"{q.title} {q.say} {q.text}") for q in questions}
    seen = Counter(stem for stems in words.values() for stem in stems)
    weight = {s: math.log(1 + len(words) / (0.5 + seen[s])) for s in asked}
    total = sum(weight.values()) or 1.0
    found = []
    for question in questions:
        own = words[question.id] & asked
        if not own - taken:
            continue
        covered = sum(weight[stem] for stem in own | taken) / total
        lead = len(heads[question.id] & asked) / (1 + len(heads[question.id]))
        rank = covered + lead / 100 + HINT * _fits(question, text)
        others = tuple(
            (by, code)
            for by, code in groups
            if survey.dimension(by).question != question.id
        )
        found.append(_Found(survey, question, rank, others))
    return found


def _fits(question: Question, text: str) -> bool:
    """Whether a question has the kind of answer that is asked for."""
    first = _words(text)[:2]
    if first[:1] in (["which"], ["what"]):
        return question.kind == "select-all"
    return first == ["how", "many"] and not _codes(question).isdisjoint(PLAIN)


def _groups(survey: Survey, text: str) -> tuple[tuple[tuple[str, str], ...], set[str]]:
    """The groups that a text names, at most two, and the words that name them."""
    asked, found = _stems(text), []
    for dimension in survey.dimensions:
        for group in survey.domains(dimension.id):
            for name in (group.label, domain_noun(survey, dimension.id, group.code)):
                own = _stems(name)
                if own and own <= asked:
                    found.append((-len(own), (dimension.id, group.code), own))
                    break
    found.sort(key=lambda f: f[0])
    chosen: list[tuple[str, str]] = []
    taken: set[str] = set()
    for _, place, own in found:
        if len(chosen) < 2 and not own & taken:
            chosen.append(place)
            taken |= own
    return tuple(chosen), taken


def _document(question: Question) -> str:
    """Everything that a survey's definition says of a question."""
    answers = [
        f"{o.label} {option_name(question, o.code)}"
        for o in (*question.choices, *question.nets)
    ]
    said = [question.title, question.text, question.say, question.base_say]
    return " ".join([*said, *answers])


def _by_meaning(text: str, found: list[_Found], similar: Similar) -> list[_Found]:
    """Questions that mean nearly the same count as covered; words still help."""
    near = similar(text, [_meaning(f.question) for f in found])
    return [
        msgspec.structs.replace(
            f, covered=max(f.covered, ENOUGH * cosine / CLOSE) + cosine / 100
        )
        for f, cosine in zip(found, near, strict=True)
    ]


def _meaning(question: Question) -> str:
    phrases = [verbs(question, o.code) for o in question.choices[:4]]
    return f"{question.label()}. {question.text} {'; '.join(phrases)}"


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _stems(text: str) -> set[str]:
    """Words that say something, cut so that dependent and dependence are one."""
    found = {_stem(word) for word in _words(text) if word not in STOP}
    return found - STOP


def _stem(word: str) -> str:
    bare = word[:-1] if word.endswith("s") and len(word) > 3 else word
    return bare[:STEM]
