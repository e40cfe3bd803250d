"""The second lock: it passes what is so, and nothing that was spoilt."""

from __future__ import annotations

from collections import Counter

import pytest

from pipeline.narrative.claims import Source, facts_of
from pipeline.narrative.lock.reader import Lock
from pipeline.narrative.sections import Planned, lock_of, plan_outline, plan_section
from pipeline.narrative.trials.context import Context
from pipeline.narrative.trials.mutants import SPOILERS, spoilt
from pipeline.narrative.trials.tables import outline, source
from pipeline.outline import ClaimSpec, SectionSpec
from pipeline.report import Sentence

SURE = {"number", "foreign number", "numbers swapped", "derived number"}
SURE |= {"unit", "year", "year added", "entity"}


def sections(seed: int) -> list[tuple[Source, Planned]]:
    """The sections of a report on estimates made up at random."""
    made = source(seed)
    return [(made, p) for p in plan_outline(made, outline(seed)) if p.plan]


def sentences(planned: Planned) -> list[Sentence]:
    """Everything that a section may say."""
    assert planned.plan
    return [s for unit in planned.plan.units for s in unit.wordings]


@pytest.mark.parametrize("seed", range(0, 60, 6))
def test_what_follows_from_the_estimates_passes(seed: int) -> None:
    for turn in range(6):
        for made, planned in sections(seed + turn):
            lock = lock_of(made, planned)
            for sentence in sentences(planned):
                assert lock.troubles(sentence.text) == [], sentence.text


@pytest.mark.parametrize("seed", [3, 17, 45])
def test_what_was_spoilt_does_not_pass(seed: int) -> None:
    tried: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for made, planned in sections(seed):
        assert planned.plan
        lock = lock_of(made, planned)
        facts = tuple(facts_of(planned.plan.claims()).values())
        language = {sentence.text for sentence in sentences(planned)}
        for sentence in sentences(planned):
            for lie in spoilt(Context(made, sentence, facts), seed):
                if lie.text not in language:
                    tried[lie.kind] += 1
                    passed[lie.kind] += not lock.troubles(lie.text)
    assert not [kind for kind in SURE if passed[kind]]
    assert sum(passed.values()) <= 0.01 * sum(tried.values())
    assert len(tried) > len(SPOILERS) // 2


def test_a_text_about_one_table_is_not_taken_for_another() -> None:
    (made, planned), *_ = sections(1)
    for other in range(2, 8):
        lock = lock_of(source(other), planned)
        taken = [s.text for s in sentences(planned) if not lock.troubles(s.text)]
        assert not [text for text in taken if "%" in text and " 0%" not in text]
    assert made.survey.id == "trial"


def small(*claims: ClaimSpec) -> Lock:
    """The lock on a section of these claims about table 0."""
    made = source(0)
    section = SectionSpec(id="one", title="One", claims=claims)
    return lock_of(made, plan_section(made, section, Counter()))


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
