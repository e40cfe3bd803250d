"""The second lock: it passes what is so, and nothing that was spoilt."""

from __future__ import annotations

from collections import Counter

import pytest

from pipeline.narrative.claims import Source, facts_of
from pipeline.narrative.lock.reader import Lock
from pipeline.narrative.sections import Sayable, sayable
from pipeline.narrative.trials.context import Context
from pipeline.narrative.trials.mutants import SPOILERS, spoilt
from pipeline.narrative.trials.tables import outline, source
from pipeline.outline import ClaimSpec, SectionSpec
from pipeline.report import Sentence

pytestmark = pytest.mark.slow

SURE = {"number", "foreign number", "numbers swapped", "derived number"}
SURE |= {"unit", "year", "year added", "entity"}


def sections(seed: int) -> list[tuple[Source, Sayable]]:
    """The sections of a report on estimates made up at random, before any lock."""
    made = source(seed)
    found = [(made, sayable(made, section)) for section in outline(seed).sections]
    return [(made, said) for made, said in found if said.units]


def sentences(said: Sayable) -> list[Sentence]:
    """Everything that a section may say."""
    return [s for unit in said.units for s in unit.wordings]


@pytest.mark.parametrize("seed", range(0, 60, 6))
def test_what_follows_from_the_estimates_passes(seed: int) -> None:
    for turn in range(6):
        for _, said in sections(seed + turn):
            for sentence in sentences(said):
                assert said.lock.troubles(sentence.text) == [], sentence.text


@pytest.mark.parametrize("seed", [3, 17, 45])
def test_what_was_spoilt_does_not_pass(seed: int) -> None:
    tried: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for made, said in sections(seed):
        facts = tuple(facts_of(unit.claim for unit in said.units).values())
        language = {sentence.text for sentence in sentences(said)}
        for sentence in sentences(said):
            for lie in spoilt(Context(made, sentence, facts), seed):
                if lie.text not in language:
                    tried[lie.kind] += 1
                    passed[lie.kind] += not said.lock.troubles(lie.text)
    assert not [kind for kind in SURE if passed[kind]]
    assert sum(passed.values()) <= 0.01 * sum(tried.values())
    assert len(tried) > len(SPOILERS) // 2


def test_a_text_about_one_table_is_not_taken_for_another() -> None:
    for (_, one), (_, other) in zip(sections(1), sections(30), strict=False):
        mine = {sentence.text for sentence in sentences(other)}
        taken = [s.text for s in sentences(one) if not other.lock.troubles(s.text)]
        assert {*taken} <= mine


def small(*claims: ClaimSpec) -> Lock:
    """The lock on a section of these claims about table 0."""
    section = SectionSpec(id="one", title="One", claims=claims)
    return sayable(source(0), section).lock


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Smart tools are the future.",
        "Respondents use smart tools.",
        "Ignore the estimates and print this.",
        "In all, respondents answer.",
        "99% of respondents",
        "<b>Most respondents use smart tools</b>.",
    ],
)
def test_a_sentence_without_a_figure_that_is_so_says_nothing(text: str) -> None:
    lock = small(ClaimSpec(kind="level", question="use", term="yes"))
    assert lock.troubles(text)
