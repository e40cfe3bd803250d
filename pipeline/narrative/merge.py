"""Claims of one kind about the same people, said in one sentence.

Merging only joins what each claim may say by itself: it adds no comparison. A share
that an order or a comparison states already is not said a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby, takewhile

import msgspec

from pipeline.definition import Question, Survey
from pipeline.narrative.claims import Claim, Figure
from pipeline.narrative.lexicon import (
    FRAMED,
    listing,
    next_answer,
    option_name,
    preposition,
)
from pipeline.narrative.ranking import answered
from pipeline.report import Fact
from pipeline.wording import clauses, listed

LONGEST = 4
STATING = ("ranking", "levels", "compare", "trend")  # every wording gives its figures
HINGES = ("that", "where")
CHANGES = {"trend_up": "up from", "trend_down": "down from", "trend_same": "after"}
Merge = Callable[[Survey, Sequence[Claim]], Claim]


def merged(survey: Survey, claims: Sequence[Claim]) -> list[Claim]:
    """The claims with neighbours of one kind joined, at most four at a time."""
    result: list[Claim] = []
    for _, run in groupby(_said_once(claims), key=_alike):
        like = list(run)
        join = MERGES.get(_family(like[0]))
        for start in range(0, len(like), LONGEST):
            part = like[start : start + LONGEST]
            result += [join(survey, part)] if join and len(part) > 1 else part
    return result


def _said_once(claims: Sequence[Claim]) -> list[Claim]:
    """The claims without shares that another states, which then answers for both.

    The first stays: it is what the section leads with.
    """
    stated = {
        fact.id: place
        for place, claim in reversed(list(enumerate(claims)))
        if claim.kind in STATING and not _family(claim).endswith("broken")
        for fact in claim.facts()
    }
    kept = dict(enumerate(claims))
    for place, claim in enumerate(claims[1:], 1):
        other = stated.get(claim.facts()[0].id) if claim.kind == "level" else None
        if other is not None:
            covers = (*kept[other].covers, *claim.covers)
            kept[other] = msgspec.structs.replace(kept[other], covers=covers)
            del kept[place]
    return list(kept.values())


def _family(claim: Claim) -> str:
    return claim.licences[0]


def _alike(claim: Claim) -> tuple[object, ...]:
    """What neighbours must share to be joined."""
    names, family = claim.names, _family(claim)
    waves = (names.get("from"), names.get("to"))
    if family in ("mode", "mean"):
        return (family, claim.question, names["among"])
    return (family, names.get("among"), names.get("noun"), *waves, _single(claim))


def _single(claim: Claim) -> object:
    return None if _family(claim) in MERGES else claim.covers


def _join(
    kind: str,
    claims: Sequence[Claim],
    names: dict[str, str],
    figures: dict[str, Figure],
) -> Claim:
    return Claim(
        kind=kind,
        question=claims[0].question,
        covers=tuple(place for claim in claims for place in claim.covers),
        names=names,
        figures=figures,
        licences=(kind,),
    )


def _levels(survey: Survey, claims: Sequence[Claim]) -> Claim:
    if len(claims) == 2 and claims[0].question != claims[1].question:
        return _pair(claims)
    noun = claims[0].names["noun"]
    facts = [claim.figures["share"].facts[0] for claim in claims]
    question = survey.question(claims[0].question)
    if len({claim.question for claim in claims}) == 1:
        items, of_noun = (answered(question, facts, of) for of in ("", noun))
    else:
        shares = [fact.display for fact in facts]
        doing = _once([claim.names["vp"] for claim in claims])
        first, *rest = (" ".join(pair) for pair in zip(shares, doing, strict=True))
        items = clauses([first, *rest])
        of_noun = clauses([f"{shares[0]} of {noun} {doing[0]}", *rest])
    figures = {
        "items": Figure(items, tuple(facts)),
        "items_of": Figure(of_noun, tuple(facts)),
    }
    return _join("levels", claims, claims[0].names, figures)


def _pair(claims: Sequence[Claim]) -> Claim:
    """Two questions put to the same people."""
    first, second = claims
    doing = _once([claim.names["vp"] for claim in claims])
    names = first.names | {"also_vp": doing[1], "also_whole": second.names["vp"]}
    figures = {"share": first.figures["share"], "also": second.figures["share"]}
    return _join("pair", claims, names, figures)


def _once(doing: Sequence[str]) -> list[str]:
    """What all "say that" or "work where", said once: "say that A", "that B"."""
    words = [phrase.split() for phrase in doing]
    same = takewhile(lambda each: len({*each}) == 1, zip(*words, strict=False))
    hinge = next((i for i, (word, *_) in enumerate(same) if word in HINGES), 0)
    return [doing[0], *(" ".join(each[hinge:]) for each in words[1:])]


def _trends(survey: Survey, claims: Sequence[Claim]) -> Claim:
    family, first = _family(claims[0]), claims[0]
    figures = {
        "before": first.figures["before"],
        "after": first.figures["after"],
        "rest": Figure(listed(_later(survey, claims)[1:]), _facts(claims[1:])),
        "each": Figure(_each(survey, claims, "and"), _facts(claims)),
        "any": Figure(_each(survey, claims, "or"), _facts(claims)),
    }
    return _join(family.replace("trend", "trends"), claims, first.names, figures)


def _later(survey: Survey, claims: Sequence[Claim]) -> list[str]:
    """`GitHub Copilot from 30% to 53%`, or the whole share again."""
    question = _one_question(survey, claims)
    short = question and listing(question) == "noun" and not preposition(question)
    return [
        (
            option_name(question, _term(c))
            if question and short
            else f"the share {c.names['rel']} {c.names['vp']}"
        )
        + f" from {c.figures['before'].text} to {c.figures['after'].text}"
        for c in claims
    ]


def _each(survey: Survey, claims: Sequence[Claim], last: str) -> str:
    """`use ChatGPT (80%, up from 46%) and GitHub Copilot (53%, up from 30%)`."""
    question, word = _one_question(survey, claims), CHANGES[_family(claims[0])]
    spans = [
        f"({c.figures['after'].text}, {word} {c.figures['before'].text})"
        for c in claims
    ]
    if question and listing(question) in FRAMED:
        names = [option_name(question, _term(c)) for c in claims]
        pairs = zip(names, spans, strict=True)
        return question.say.replace(
            "{option}", listed((f"{n} {s}" for n, s in pairs), "or")
        )
    phrases = [
        next_answer(question, _term(c)) if question and i else c.names["vp"]
        for i, c in enumerate(claims)
    ]
    return listed((f"{p} {s}" for p, s in zip(phrases, spans, strict=True)), last)


def _one_question(survey: Survey, claims: Sequence[Claim]) -> Question | None:
    """The question that all claims are about, if it is one and has answers to list."""
    ids = {claim.question for claim in claims}
    question = survey.question(claims[0].question)
    terms = {_term(claim) for claim in claims}
    known = terms <= {option.code for option in question.choices}
    return question if len(ids) == 1 and known else None


def _ratings(survey: Survey, claims: Sequence[Claim]) -> Claim:
    """Modes or means of one question among several domains."""
    kind = _family(claims[0])
    value = "rating" if kind == "mode" else "mean"
    first = claims[0].figures[value].text
    bare = [first, *(claim.figures["bare"].text for claim in claims[1:])]
    nouns = [claim.names["noun"] for claim in claims]
    facts = _facts(claims)
    among = [f"{b} among {noun}" for b, noun in zip(bare, nouns, strict=True)]
    at = [f"{noun} at {b}" for b, noun in zip(bare, nouns, strict=True)]
    figures = {
        "first": claims[0].figures[value],
        "items_among": Figure(listed(among), facts),
        "others_at": Figure(listed(at[1:]), _facts(claims[1:])),
    }
    return _join(f"{kind}s", claims, claims[0].names, figures)


def _term(claim: Claim) -> str:
    return claim.figures["after"].facts[0].term


def _facts(claims: Sequence[Claim]) -> tuple[Fact, ...]:
    """The facts that are stated: for a mode the rating and the shares it rests on."""
    found = {f.id: f for claim in claims for f in claim.facts()}
    return tuple(found.values())


MERGES: dict[str, Merge] = {
    "level": _levels,
    "trend_up": _trends,
    "trend_down": _trends,
    "trend_same": _trends,
    "mode": _ratings,
    "mean": _ratings,
}
