"""What a question wants of the figures, and whether a question of the survey has it.

share     how many give an answer: of everyone, of one group, or two groups compared
answers   the shares of two or more answers
ranking   the most frequent answers
place     the place of one answer
range     the groups with the lowest and the highest share
mean      an average
trend     a share or an average, now and in the wave before
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from pipeline.narrative.asking.vocabulary import Topic
from pipeline.narrative.asking.words import Word, english

Kind = Literal["share", "answers", "ranking", "place", "range", "mean", "trend"]
Form = Literal["quantity", "how", "which", "whether", "who", "where", "bare"]
AMOUNTS = frozenset(
    ("share", "proportion", "percentage", "percent", "fraction", "part", "many")
)
WEIGHED = frozenset(("common", "popular", "widespread", "likely", "typical"))
WHETHER = frozenset(
    ("do", "does", "did", "is", "are", "was", "were", "has", "have", "can")
)
MOST_WORDS = 3
ONE = "?"  # "what is": one thing is asked for
HAVING = ("has", "have", "had")
ENDS = ("most ", "fewest ", "least ")
JOINING = frozenset(("and", "or", "than", "versus", "vs"))


class Said(msgspec.Struct, frozen=True):
    """What a reading found besides words of the question: all that decides its kind.

    `counted` is what "how many" is asked of; `thing` the noun after "which", or that
    "what is" is asked for one. `most_of` tells that more are meant, not a larger share.
    """

    form: Form
    counted: str
    things: bool
    thing: str
    joined: bool
    most_of: bool
    intents: frozenset[str]
    terms: int
    groups: int
    dimension: bool
    crossed: bool


class Cannot(msgspec.Struct, frozen=True):
    """Why a question of the survey does not answer what was asked."""

    why: str


def form_of(asked: Sequence[Word]) -> Form:
    """How a question begins, "in which" included."""
    small = [word.small for word in asked]
    while small[:1] and small[0] in ("in", "for", "among", "by", "and", "of"):
        small = small[1:]
    first = small[:1]
    if first == ["how"]:
        return _how(small)
    if small[:2] == ["what", "about"]:
        return "bare"
    if first in (["what"], ["which"]):
        near = small[1 : 1 + MOST_WORDS]
        return "quantity" if AMOUNTS & {*near} - {"many", "part"} else "which"
    if first == ["who"]:
        return "who"
    if first in (["where"], ["when"]):
        return "where"
    return "whether" if first and first[0] in WHETHER else "bare"


def _how(small: Sequence[str]) -> Form:
    second = small[1] if len(small) > 1 else ""
    amount = second in AMOUNTS | WEIGHED or small[1:3] == ["widely", "used"]
    return "quantity" if amount else "how"


def intents(rest: Sequence[Word], known: frozenset[str]) -> frozenset[str]:
    """What the words tell that are not the survey's own."""
    told = english().intent
    return frozenset(
        told[word.small]
        for word in rest
        if word.small in told and word.stem not in known
    )


def kind_of(topic: Topic, said: Said) -> Kind | Cannot:
    """How this question of the survey answers, if it does."""
    if "place" in said.intents or "rank" in said.intents:
        alone = said.terms == 1 and not (said.groups or said.dimension)
        return "place" if alone else Cannot("a place is that of one answer")
    if said.form == "where":
        return _where(topic, said)
    if topic.question.kind in ("numeric", "scale"):
        return _of_numbers(topic, said)
    if "mean" in said.intents:
        return Cannot("there is no average of answers that are no numbers")
    if said.dimension:
        return _over_groups(topic, said)
    if said.groups == 2 and not said.crossed:
        return _of_two(topic, said)
    return _of_answers(topic, said)


def _of_numbers(topic: Topic, said: Said) -> Kind | Cannot:
    if said.dimension or said.intents & {"most", "least"}:
        return Cannot("averages are not put in order: ask for two groups")
    if said.terms:
        return Cannot("only the average is told of it")
    if "change" in said.intents:
        return "trend" if said.groups < 2 or said.crossed else _many()
    alone = said.groups < 2 or said.crossed
    if said.intents & {"more", "than", "compare"} and alone:
        return Cannot("a comparison needs two groups")
    counted = said.form == "quantity" and said.counted in topic.counted
    compared = said.form == "whether" and not alone
    if counted or compared or said.form in ("how", "bare", "which"):
        return "mean"
    return Cannot("only the average is told of it")


def _where(topic: Topic, said: Said) -> Kind | Cannot:
    alone = not (said.terms or said.dimension or said.intents) and said.groups < 2
    if alone and topic.spelt[:1] == ("where",):
        return "ranking"
    return Cannot("the survey did not ask where or when")


def _over_groups(topic: Topic, said: Said) -> Kind | Cannot:
    if said.most_of or (said.intents & {"most", "least"} and "more" in said.intents):
        return Cannot("groups are put in order by their shares only")
    if said.groups or "change" in said.intents:
        return Cannot("groups are compared in one wave, among all who answered")
    named = said.terms == 1 or (not said.terms and topic.plain)
    return "range" if named else Cannot("which answer is meant, is not clear")


def _of_two(topic: Topic, said: Said) -> Kind | Cannot:
    if "change" in said.intents:
        return _many()
    if said.intents & {"most", "least"} or said.terms > 1:
        return Cannot("two groups are compared in one answer")
    if said.terms == 1 or (topic.plain and said.form != "which"):
        return "share"
    return Cannot("which answer is meant, is not clear")


def _of_answers(topic: Topic, said: Said) -> Kind | Cannot:
    """Of everyone or one group."""
    named = said.terms == 1 or (said.terms == 0 and bool(topic.plain))
    if "change" in said.intents:
        return "trend" if named else Cannot("which answer is meant, is not clear")
    if said.intents & {"more", "than", "compare"} and said.terms < 2:
        compared = said.groups and "than" not in said.intents
        if not (compared and named):
            return Cannot("a comparison needs two groups or two answers")
    if said.terms > 1:
        return "answers" if said.joined else Cannot("two answers are not crossed")
    if "least" in said.intents:
        return Cannot("the least frequent answers are not told apart")
    if said.form == "who" and said.intents & {"most", "more"}:
        return Cannot("by which groups, is not said")
    if said.terms == 0 and _lists(topic, said):
        return "ranking"
    if "most" in said.intents or said.form == "which":
        return Cannot("which groups or answers are meant, is not clear")
    if said.things and said.counted not in topic.counted:
        return Cannot("it asks for a number of things, not of people")
    return "share" if named else Cannot("which answer is meant, is not clear")


def _lists(topic: Topic, said: Said) -> bool:
    """Whether all answers are meant: "how many clusters" are answers, if it says so."""
    counted = said.form == "quantity" and said.counted in topic.counted
    listed = said.form in ("how", "who") or (counted and not topic.plain)
    which = said.form == "which" and said.thing in ("", *topic.things)
    several = topic.question.kind == "select-all"
    one = said.thing == ONE and "most" not in said.intents and several
    return (listed or which or said.thing == ONE) and not (topic.yes_or_no or one)


def thing(asked: Sequence[Word]) -> str:
    """The noun after "which"; ONE for "what is"; nothing if there is neither."""
    small = [word.small for word in asked]
    if small[:1] == ["what"] and small[1:2] in (["is"], ["was"]):
        return ONE
    if "which" not in small:
        return ""
    after = asked[small.index("which") + 1 :][:1]
    return next((word.stem for word in after if word.small not in WHETHER), "")


def things_counted(asked: Sequence[Word]) -> bool:
    """Whether it is "how many AI tools do people use", which counts tools."""
    small = [word.small for word in asked]
    if "many" not in small:
        return False
    after = list(asked[small.index("many") + 1 :])
    pairs = pairwise([*(word.small for word in after), ""])
    asking = any(a in ("do", "does", "did") and b != "not" for a, b in pairs)
    return asking and not after[0].idle


def most_of(asked: Sequence[Word]) -> bool:
    """Whether it is "has the most users", which is no share."""
    small = " ".join(word.small for word in asked)
    return any(f"{verb} the {end}" in small for verb in HAVING for end in ENDS)


def counted(asked: Sequence[Word]) -> str:
    """The first word that says something after "how many"."""
    small = [word.small for word in asked]
    after = asked[small.index("many") + 1 :] if "many" in small else ()
    return next((word.stem for word in after if not word.idle), "")


def _many() -> Cannot:
    return Cannot("a change is told of everyone or of one group")
