"""Connectives stand only where they are so, and where both locks let them."""

from __future__ import annotations

from collections import Counter

import pytest

from pipeline.narrative.facts import Row
from pipeline.narrative.gate import _stray
from pipeline.narrative.links import licensed
from pipeline.narrative.offer import SMALL, offer
from pipeline.narrative.patterns import bank, pattern_text
from pipeline.narrative.plan import Plan
from pipeline.narrative.provenance import section_text
from pipeline.narrative.sections import Planned, plan_section, sayable
from pipeline.narrative.trials import tables
from pipeline.outline import ClaimSpec
from pipeline.wording import opener
from tests.narrative_sample import GAPS, change, outline, section, share, source

LEVEL = ClaimSpec(kind="level", question="use", term="yes")


def trend(term: str) -> ClaimSpec:
    """A change of one tool."""
    return ClaimSpec(kind="trend", question="tools", term=term)


def changes(**now: float) -> Planned:
    """A section on tools that had 40 % the wave before."""
    rows = [share("use", "yes", 0.3)]
    for term, value in now.items():
        rows += [
            share("tools", term, value),
            share("tools", term, 0.4, wave="2024"),
        ]
    tested = [
        change("tools", t, 0.9 if abs(v - 0.4) < 0.02 else 1e-6, v - 0.4)
        for t, v in now.items()
    ]
    return plan_section(
        source(rows, tested), section(LEVEL, *map(trend, now)), Counter()
    )


def linked_plan() -> Plan:
    """A section of which two claims go opposite ways."""
    made = changes(a=0.6, b=0.2).plan
    assert made
    return made


def families(planned: Planned) -> dict[tuple[int, int], set[str]]:
    """The connectives that a section may use."""
    assert planned.plan
    return {
        pair: {s.pattern.partition(".")[0] for s in sentences}
        for pair, sentences in planned.plan.links.items()
    }


def test_a_rise_and_a_fall_make_a_contrast() -> None:
    assert families(changes(a=0.6, b=0.2)) == {
        (1, 2): {"link_contrast"},
        (2, 1): {"link_contrast"},
    }
    text = linked_plan().links[1, 2][0].text
    assert text.startswith("By contrast, the share of AI tool users who use Beta fell")


def test_what_is_significant_and_what_is_not_make_none() -> None:
    assert families(changes(a=0.6, b=0.41)) == {}


def test_the_same_said_twice_makes_none() -> None:
    now, then = share("tools", "a", 0.6), share("tools", "a", 0.4, wave="2024")
    tested = change("tools", "a", 1e-6, 0.2)
    claims = trend("a"), LEVEL, trend("a")
    rows = [now, then, share("use", "yes", 0.3)]
    planned = plan_section(source(rows, [tested]), section(*claims), Counter())
    assert families(planned) == {}


def test_changes_of_other_people_make_none() -> None:
    rows = [
        *(share("use", "yes", v, wave=w) for v, w in ((0.6, "2025"), (0.4, "2024"))),
        *(share("tools", "a", v, wave=w) for v, w in ((0.2, "2025"), (0.4, "2024"))),
    ]
    tested = [change("use", "yes", 1e-6, 0.2), change("tools", "a", 1e-6, -0.2)]
    claims = ClaimSpec(kind="trend", question="use", term="yes"), trend("a")
    planned = plan_section(source(rows, tested), section(*claims), Counter())
    assert families(planned) == {}


def sides(ops: tuple[float, float], dev: tuple[float, float]) -> Planned:
    """Two comparisons of the same groups, on two questions."""
    rows = []
    for domain, values in (("ops", ops), ("dev", dev)):
        for term, value in zip("xy", values, strict=True):
            rows.append(share("trends", term, value, by="side", domain=domain))
    return plan_section(source(rows), section(*GAPS), Counter())


def test_two_gaps_of_the_same_groups_are_alike_or_opposed() -> None:
    alike = families(sides((0.6, 0.5), (0.3, 0.2)))
    assert alike == {(0, 1): {"link_likewise"}, (1, 0): {"link_likewise"}}
    opposed = families(sides((0.6, 0.2), (0.3, 0.5)))
    assert opposed == {(0, 1): {"link_contrast"}, (1, 0): {"link_contrast"}}
    assert families(sides((0.6, 0.3), (0.3, 0.3))) == {}


def ordered(least: float, *, hidden: bool = False) -> Planned:
    """An order of answers and the share of the last."""
    rows: list[Row] = [
        share("trends", "x", 0.6, rank=1),
        share("trends", "y", None if hidden else 0.3, rank=2),
        share("trends", "z", least, rank=3),
    ]
    first = ClaimSpec(kind="ranking", question="trends", top=1)
    last = ClaimSpec(kind="level", question="trends", term="z")
    return plan_section(source(rows), section(first, last), Counter())


def test_the_least_frequent_answer_is_at_the_other_end() -> None:
    assert families(ordered(0.05)) == {(0, 1): {"link_end"}}
    assert families(ordered(0.3)) == {}, "another is as rare"
    assert families(ordered(0.05, hidden=True)) == {}, "one is not shown"


def test_the_second_lock_refuses_connectives_that_are_not_so() -> None:
    planned = changes(a=0.6, b=0.2, c=0.7)
    assert planned.plan
    lock = planned.lock
    a, c, b = (
        next(
            word.text
            for unit in planned.plan.units
            for word in unit.wordings
            if word.text.startswith("The share") and name in word.text
        )
        for name in ("Alpha", "Gamma", "Beta")
    )
    rose = f"Likewise, {c[0].lower()}{c[1:]}"
    assert lock.troubles(rose, before=a) == []
    assert lock.troubles(rose, before=b)
    assert lock.troubles(rose, before=c), "it says the same again"
    fell = f"By contrast, {b[0].lower()}{b[1:]}"
    assert lock.troubles(fell, before=a) == []
    assert lock.troubles(fell)
    assert lock.troubles(fell, before=b)
    assert lock.troubles(fell.replace("By contrast", "Likewise"), before=a)
    assert lock.troubles(fell.replace("By contrast", "At the other end"), before=a)
    assert lock.troubles(f"{b[:-1]} by contrast.", before=a)
    assert lock.troubles(rose.replace("Likewise", "By contrast"), before=a)


def test_both_locks_agree_on_random_tables() -> None:
    taken = 0
    for seed in range(30):
        made = tables.source(seed)
        for part in tables.outline(seed).sections:
            found = sayable(made, part)
            for (before, place), linked in licensed(made, found.units).items():
                for sentence in linked:
                    for earlier in found.units[before].wordings:
                        said = found.lock.troubles(sentence.text, before=earlier.text)
                        assert said == [], (earlier.text, sentence.text)
                    assert found.lock.troubles(sentence.text)
                    own = found.units[place].wordings[0].text
                    assert found.lock.troubles(sentence.text, before=own)
                    taken += 1
    assert taken > 10


def test_the_gate_takes_a_connective_only_behind_its_claim() -> None:
    planned = changes(a=0.6, b=0.2)
    assert planned.plan
    assert "/" in planned.plan.best[2].pattern, "the paragraph of record has one"
    made = outline(planned.section)
    text = section_text(made, planned, planned.plan.best, "template", "", "")
    assert _stray(planned, text) == []
    assert pattern_text(text.summary[2].pattern).startswith("by contrast, {among}")
    assert text.summary[2].claim == "mini.one.c3"
    lead, before, linked = text.summary
    for order in ((linked, lead, before), (before, lead, linked)):
        turned = type(text)(
            **{n: getattr(text, n) for n in text.__struct_fields__} | {"summary": order}
        )
        assert _stray(planned, turned) == [linked]


@pytest.mark.parametrize("family", [f for f in bank() if f.startswith("link_")])
def test_a_connective_has_no_slot_but_the_sentence(family: str) -> None:
    for pattern in bank()[family]:
        assert pattern.slots == ("sentence",)


def test_a_claim_tied_in_the_record_is_offered_with_a_fresh_beginning() -> None:
    plan = linked_plan()
    assert "/" in plan.best[2].pattern
    openers = [opener(s.text) for each in offer(plan, SMALL).sentences for s in each]
    assert len(openers) == len(set(openers))
