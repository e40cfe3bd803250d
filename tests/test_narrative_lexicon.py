"""Answers in a list drop what the first has said, and stay English."""

from __future__ import annotations

from pipeline.definition import Option, Question
from pipeline.narrative.lexicon import is_quoted, listing
from pipeline.narrative.ranking import answered
from pipeline.report import Fact

NAMES = ("a mesh", "a proxy")


def question(say: str, options: tuple[str, ...] = NAMES) -> Question:
    """A question whose answers are said so."""
    made = tuple(Option(code=f"o{i}", label=o, say=o) for i, o in enumerate(options))
    return Question(id="q", text="?", kind="single", columns={}, options=made, say=say)


def told(asked: Question) -> str:
    """Two of its answers in a list."""
    facts = [
        Fact(
            id=code,
            wave="2025",
            question="q",
            item="q",
            term=code,
            statistic="share",
            by="",
            domain="",
            estimate=0.3,
            low=None,
            high=None,
            n=400,
            display="30%",
            base="respondents",
        )
        for code in ("o0", "o1")
    ]
    return answered(asked, facts)


def test_words_around_an_answer_are_said_once() -> None:
    assert told(question("name {option} as a challenge")) == (
        "30% name a mesh and 30% a proxy as a challenge"
    )
    assert told(question("say {option} holds them back")) == (
        "30% say a mesh and 30% say a proxy holds them back"
    )


def test_a_where_clause_keeps_its_verb() -> None:
    asked = question("work where a mesh is {option}", ("used", "not used"))
    assert listing(asked) == "verb"
    assert (
        told(asked) == "30% work where a mesh is used, and 30% where a mesh is not used"
    )


def test_an_answer_without_words_is_quoted() -> None:
    asked = Question(
        id="q",
        text="Do you?",
        kind="single",
        columns={},
        options=(Option(code="yes", label="Yes"), Option(code="no", label="No")),
        say="do",
    )
    assert [is_quoted(asked, code) for code in ("yes", "no", "maybe")] == [
        False,
        True,
        True,
    ]
