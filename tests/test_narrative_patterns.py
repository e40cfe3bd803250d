"""The bank of patterns holds nothing that could be false of a survey."""

from __future__ import annotations

import msgspec
import pytest

from pipeline.narrative import claims, headline, licences, merge
from pipeline.narrative.claims import Claim
from pipeline.narrative.lint import lint
from pipeline.narrative.patterns import Pattern, bank, unit
from pipeline.outline import ClaimSpec
from tests.narrative_sample import SURVEY, share, source

PATTERNS = [pattern for found in bank().values() for pattern in found]
TYPES = (
    *("level", "level_majority", "level_fraction", "pair", "range"),
    *("compare_higher", "compare_lower", "compare_same", "compare_times", "mode"),
    *("trend_up", "trend_down", "trend_same", "trend_stable"),
    *("ranking", "ranking_first"),
)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: p.id)
def test_a_pattern_is_slots_and_function_words(pattern: Pattern) -> None:
    assert lint(pattern.id.split(".")[0], pattern.text) == []


@pytest.mark.parametrize(
    "text",
    [
        "{among}22% of {noun} {vp}.",
        "{among}{share} of developers {vp}.",
        "{among}{share} of {noun} {vp} because of AI.",
        "{among}{share} of {noun} {vp}, only.",
        "{among}twice as many {noun} {vp}.",
        "{among}the share of {noun} {rel} {vp} rose to {share}.",
        "{among}{share} of {noun} {vp}, significantly.",
        "{among}{share} of {noun} in Europe {vp}.",
        "{share} of {noun} {vp}. It will grow.",
        "{among}{share of {noun} {vp}.",
        "{among}{share} of {noun} {vp}",
    ],
)
def test_a_pattern_that_says_more_is_refused(text: str) -> None:
    assert lint("level", text)


def test_there_are_eight_types_of_claim_with_six_patterns_each() -> None:
    assert all(len(bank()[family]) >= 6 for family in TYPES)
    assert len(TYPES) >= 8


@pytest.mark.parametrize("family", list(bank()))
def test_a_family_has_three_patterns_that_end_as_sentences(family: str) -> None:
    patterns = bank()[family]
    assert len(patterns) >= 3
    assert len({p.text for p in patterns}) == len(patterns)
    assert all(p.text.endswith(".") for p in patterns)


def test_every_licence_has_its_family_and_every_family_its_licence() -> None:
    tested = {name for names in licences.FAMILIES.values() for name in names if name}
    tested |= {
        "range_some",
        "range_ends",
        *licences.EQUAL.values(),
        "compare_times",
        "trend_times",
        "compare_wide",
    }
    merges = {f.replace("trend", "trends") for f in merge.CHANGES} | {"levels", "pair"}
    direct = {
        *("level", "level_majority", "level_fraction", "mean", "mode", "mode_tied"),
        *("means", "modes", "trend_broken", "mean_broken"),
        *("ranking_tied", "ranking_place", "ranking_consensus"),
        *("highest", "spread", "spread_ends", "spread_same", "place_up", "place_down"),
    }
    tied = {"link_contrast", "link_likewise", "link_end"}
    assert set(bank()) == tested | merges | direct | tied
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
