"""The bank of patterns holds nothing that could be false of a survey."""

from __future__ import annotations

import re

import msgspec
import pytest

from pipeline.narrative import claims, headline, licences, merge
from pipeline.narrative.claims import Claim
from pipeline.narrative.patterns import SLOT, Pattern, bank, unit
from pipeline.outline import ClaimSpec
from pipeline.wording import CARDINALS, FRACTIONS, ORDINALS
from tests.narrative_sample import SURVEY, share, source

PATTERNS = [pattern for found in bank().values() for pattern in found]
NUMBER_WORDS = {
    *CARDINALS[1:],
    *ORDINALS,
    *(word for name in FRACTIONS.values() for word in name.split()),
    "double",
    "twice",
    "percent",
} - {"in", "of"}
NEVER = {
    *("because", "therefore", "thus", "due", "cause", "causes", "caused", "driven"),
    *("will", "expected", "likely to become", "stable", "steady", "unchanged"),
    *("experts", "surprisingly", "only", "just", "massive", "significantly higher"),
}


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: p.id)
def test_a_pattern_is_slots_and_function_words(pattern: Pattern) -> None:
    text = SLOT.sub(" ", pattern.text)
    words = re.findall(r"[\w%]+", text)
    assert not [w for w in words if any(c.isdigit() or c == "%" for c in w)]
    assert not NUMBER_WORDS & {w.casefold() for w in words}
    capitals = [w for w in words if w[0].isupper()]
    starts = capitals[:1] if pattern.text[0].isupper() else []
    assert capitals == starts
    assert not [w for w in NEVER if re.search(rf"\b{w}\b", text)]


@pytest.mark.parametrize("family", list(bank()))
def test_a_family_has_three_patterns_that_end_as_sentences(family: str) -> None:
    patterns = bank()[family]
    assert len(patterns) >= 3
    assert len({p.text for p in patterns}) == len(patterns)
    assert all(p.text.endswith(".") for p in patterns)


def test_every_licence_has_its_family_and_every_family_its_licence() -> None:
    tested = {name for names in licences.FAMILIES.values() for name in names if name}
    tested |= {"range_some"}
    merges = {f.replace("trend", "trends") for f in merge.CHANGES} | {"levels"}
    direct = {
        *("level", "level_majority", "level_fraction", "mean", "mode", "mode_tied"),
        *("means", "modes", "trend_broken", "mean_broken"),
        *("ranking_tied", "ranking_place", "ranking_consensus"),
        *("highest", "spread", "spread_same", "place_up", "place_down"),
    }
    assert set(bank()) == tested | merges | direct
    assert set(headline.PLAIN) <= set(bank())


def test_a_clause_does_not_follow_another() -> None:
    """ "The share of people who code who use AI tools" would be misread."""
    row = share("use", "yes", 0.3)
    level = ClaimSpec(kind="level", question="use", term="yes")
    survey = msgspec.structs.replace(SURVEY, say="people who code")
    people = msgspec.structs.replace(source([row]), survey=survey)
    claim = claims.level(people, level, SURVEY.question("use"))
    assert isinstance(claim, Claim)
    texts = [sentence.text for sentence in unit(claim).wordings]
    assert "Among people who code, 30% use AI tools." in texts
    assert not [text for text in texts if "code who" in text]


def test_a_pattern_that_compares_names_both_sides() -> None:
    for pattern in PATTERNS:
        if pattern.id.startswith("compare"):
            assert {"noun", "other", "share", "other_share"} <= set(pattern.slots)
        if pattern.id.startswith("range"):
            assert "scope" in pattern.slots
