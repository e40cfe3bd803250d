"""Claims: what an outline asks to say, with the figures and the words it may use.

A claim holds no sentence. Its licences name the families of patterns that are true of
it; what depends on a test (`verdict`) is licensed only when all tests of its section
are known, see `licences.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from pipeline.definition import Question, Survey
from pipeline.narrative.facts import Estimates, Row, fact_of
from pipeline.narrative.lexicon import Who, topic, verbs, who
from pipeline.outline import ClaimSpec
from pipeline.report import Fact
from pipeline.wording import fraction, infinitive, listed, number, on_scale

Verdict = Literal["", "up", "down", "none", "unclear"]


class Figure(msgspec.Struct, frozen=True):
    """A displayed value in a sentence, and the facts it rests on."""

    text: str
    facts: tuple[Fact, ...]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is so, in parts: names from the definition, figures from facts.

    `covers` are the places in the section's outline that it answers to. `p_value` is
    of the test behind it, adjusted for the others of its section once licensed;
    `ends_p`, for a range, of the difference between its two ends; `equal_p` of the
    test that both are practically the same. `besides` are families that a difference
    licenses further, if it holds.
    """

    kind: str
    question: str
    covers: tuple[int, ...] = ()
    names: dict[str, str]
    figures: dict[str, Figure]
    licences: tuple[str, ...] = ()
    p_value: float | None = None
    ends_p: float | None = None
    equal_p: float | None = None
    difference: float = 0.0
    besides: tuple[str, ...] = ()

    def facts(self) -> tuple[Fact, ...]:
        """Every fact it may state, once each."""
        found = {f.id: f for figure in self.figures.values() for f in figure.facts}
        return tuple(found.values())


class LeftOut(msgspec.Struct, frozen=True):
    """A claim that cannot be made, and why."""

    reason: str


class Source(msgspec.Struct, frozen=True):
    """What claims are made from: one wave of a survey and its estimates."""

    survey: Survey
    estimates: Estimates
    wave: str


Claimed = Claim | LeftOut
Builder = Callable[[Source, ClaimSpec, Question], Claimed]


def missing(source: Source, spec: ClaimSpec, what: str = "") -> LeftOut:
    """The reason where an estimate is not there or on too small a base."""
    where = f" in {spec.by} {spec.domain}" if spec.domain else ""
    term = f" {spec.term}" if spec.term else ""
    shown = what or f"{source.wave} has no estimate that may be shown"
    return LeftOut(f"{spec.kind} of {spec.question}{term}{where}: {shown}")


def people(survey: Survey, question: Question, by: str, domain: str) -> Who:
    """Who a claim is about; without a domain, all who were counted."""
    return who(survey, question, by if domain else "", domain)


def named(group: Who) -> dict[str, str]:
    """The words for a group, as patterns call them."""
    return {
        "among": group.among,
        "noun": group.noun,
        "whole": group.whole,
        "rel": group.rel,
    }


def doing(question: Question, term: str) -> dict[str, str]:
    """The words for an answer, as patterns call them."""
    phrase = verbs(question, term)
    bare = infinitive(phrase)
    return {"vp": phrase} | ({"to_vp": bare} if bare else {})


def share_fact(source: Source, question: Question, row: Row) -> Fact:
    """The share of an answer as a fact, labelled with its words."""
    group = people(source.survey, question, row.by, row.domain)
    label = f"{group.whole} {group.rel} {verbs(question, row.term)}"
    return fact_of(row, question, group.whole, label)


def figure(*facts: Fact, text: str = "") -> Figure:
    """A figure that shows its only fact, or `text` that rests on several."""
    return Figure(text or facts[0].display, facts)


def level(source: Source, spec: ClaimSpec, question: Question) -> Claimed:
    """The share of one answer; "most" and "one in five" where they hold."""
    row = source.estimates.row(
        source.wave, question.id, "share", spec.term, spec.by, spec.domain
    )
    if row is None or row.estimate is None:
        return missing(source, spec)
    fact = share_fact(source, question, row)
    group = people(source.survey, question, spec.by, spec.domain)
    figures = {"share": figure(fact)}
    licences = ["level"]
    if row.low is not None and row.low > 0.5 and row.estimate < 1:
        licences.append("level_majority")
    if name := fraction(row.estimate):
        figures["fraction"] = figure(fact, text=f"{name} {group.noun}")
        figures["part"] = figure(fact, text=name.removesuffix(" of"))
        licences.append("level_fraction")
    return Claim(
        kind="level",
        question=question.id,
        names=named(group) | doing(question, spec.term),
        figures=figures,
        licences=tuple(licences),
    )


def mean(source: Source, spec: ClaimSpec, question: Question) -> Claimed:
    """The mean rating or number."""
    row = source.estimates.row(
        source.wave, question.id, "mean", "", spec.by, spec.domain
    )
    if row is None:
        return missing(source, spec)
    group = people(source.survey, question, spec.by, spec.domain)
    fact = mean_fact(source, question, row)
    bare = number(fact.estimate)
    return Claim(
        kind="mean",
        question=question.id,
        names=named(group) | {"topic": topic(question)},
        figures={"mean": figure(fact), "bare": figure(fact, text=bare)},
        licences=("mean",),
    )


def mean_fact(source: Source, question: Question, row: Row) -> Fact:
    """A mean as a fact."""
    group = people(source.survey, question, row.by, row.domain)
    return fact_of(row, question, group.whole, f"average {topic(question)}")


def mode(source: Source, spec: ClaimSpec, question: Question) -> Claimed:
    """The most frequent rating, or all that are equally frequent."""
    answers = source.estimates.group(source.wave, question.id, spec.by, spec.domain)
    row = answers.get(("mode", ""))
    if row is None or row.estimate is None or question.scale is None:
        return missing(source, spec)
    group = people(source.survey, question, spec.by, spec.domain)
    fact = fact_of(row, question, group.whole, f"most frequent {topic(question)}")
    first = [
        answers["share", option.code]
        for option in question.choices
        if ("share", option.code) in answers and answers["share", option.code].rank == 1
    ]
    shares = tuple(share_fact(source, question, r) for r in first)
    ratings = [r.term for r in first] or [number(row.estimate, 0)]
    tied = len(ratings) > 1
    bare = listed(ratings, "or")
    figures = {
        "rating": figure(fact, *shares, text=f"{bare}{on_scale(question.scale)}"),
        "bare": figure(fact, *shares, text=bare),
    }
    if shares:
        figures["share"] = figure(shares[0])
    return Claim(
        kind="mode",
        question=question.id,
        names=named(group) | {"topic": topic(question)},
        figures=figures,
        licences=("mode_tied" if tied else "mode",),
    )


def facts_of(claims: Iterable[Claim]) -> dict[str, Fact]:
    """The facts of several claims by id."""
    return {fact.id: fact for claim in claims for fact in claim.facts()}
