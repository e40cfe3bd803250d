"""Paragraphs: every claim once, true, and not like one another."""

from __future__ import annotations

from collections import Counter

from pipeline.narrative.offer import LARGE, SMALL, freedom, offer
from pipeline.narrative.plan import Plan
from pipeline.narrative.sections import plan_outline, plan_section
from pipeline.outline import ClaimSpec
from pipeline.wording import opener
from tests.narrative_sample import change, other, outline, section, share, source

ROWS = [
    share("use", "yes", 0.22),
    share("use", "yes", 0.12, wave="2024"),
    share("use", "yes", 0.4, by="role", domain="devops"),
    share("use", "yes", 0.2, by="role", domain="backend"),
    other("dependence", "mean", 4.5),
]
TRENDS = (change("use", "yes", 0.001, 0.1),)
CLAIMS = (
    ClaimSpec(kind="level", question="use", term="yes"),
    ClaimSpec(kind="range", question="use", term="yes", by="role"),
    ClaimSpec(kind="trend", question="use", term="yes"),
    ClaimSpec(kind="mean", question="dependence"),
)


def sample() -> Plan:
    """A section of four claims."""
    planned = plan_section(source(ROWS, TRENDS), section(*CLAIMS), Counter())
    assert planned.plan
    return planned.plan


def test_every_paragraph_says_every_claim_once_in_order() -> None:
    plan = sample()
    for paragraph in (plan.best, *plan.others):
        assert len(paragraph) == len(plan.units)
        for sentence, unit in zip(paragraph, plan.units, strict=True):
            assert sentence in unit.wordings
    assert len({plan.best, *plan.others}) == 1 + len(plan.others)


def test_the_same_estimates_give_the_same_paragraphs() -> None:
    assert sample() == sample()


def test_sentences_do_not_begin_alike_nor_with_a_figure() -> None:
    openers = [opener(s.text) for s in sample().best]
    assert len(set(openers)) == len(openers)
    assert not [o for o in openers if o[0].isdigit()]


def test_no_two_claims_are_offered_with_the_same_beginning() -> None:
    few = offer(sample(), SMALL).sentences
    openers = [opener(s.text) for each in few for s in each]
    assert len(set(openers)) == len(openers)
    assert len(openers) > len(CLAIMS)


def test_a_larger_model_is_offered_more_of_the_same_language() -> None:
    plan = sample()
    few, many = (offer(plan, freedom(n)) for n in (135_000_000, 7_600_000_000))
    assert freedom(0) == SMALL, "nobody tells how large it is"
    assert freedom(7_600_000_000) == LARGE
    for unit, small, large in zip(
        plan.units, few.sentences, many.sentences, strict=True
    ):
        assert len(small) < len(large)
        assert {*small} < {*large} <= {*unit.wordings}


def test_sections_vary_their_patterns() -> None:
    same = [section(CLAIMS[0]) for _ in range(3)]
    planned = plan_outline(source(ROWS, TRENDS), outline(*same))
    patterns = {p.plan.best[0].pattern for p in planned if p.plan}
    assert len(patterns) == 3
