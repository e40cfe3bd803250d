"""What tells of someone is taken out of texts, and what only looks like it is left."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.scrub import SUSPECT, scrubbed

PII = Path(__file__).parent / "fixtures" / "pii"
POSITIVE = [
    tuple(line.split("\t"))
    for line in (PII / "positive.tsv").read_text(encoding="utf-8").splitlines()
]
NEGATIVE = (PII / "negative.txt").read_text(encoding="utf-8").splitlines()
# Written when the code was done, to see how it does on what it was not made for.
LATER = [
    tuple(line.split("\t"))
    for line in (PII / "later_positive.tsv").read_text(encoding="utf-8").splitlines()
]
LATER_NOT = (PII / "later_negative.txt").read_text(encoding="utf-8").splitlines()


def found(lines: list[tuple[str, ...]]) -> float:
    """The share of texts that nothing of who someone is was left in."""
    gone = [told not in scrubbed(text)[0] for _, told, text in lines]
    return sum(gone) / len(lines)


def spared(texts: list[str]) -> float:
    """The share of texts that were left as they are."""
    return sum(scrubbed(text) == (text, {}) for text in texts) / len(texts)


def test_the_lists_are_long_enough_to_say_something() -> None:
    assert len(POSITIVE) >= 150
    assert len(NEGATIVE) >= 150


def test_all_that_was_listed_beforehand_is_found_and_nearly_nothing_else() -> None:
    assert found(POSITIVE) == 1
    # 2718281828459045 begins as a card does, and its check digit holds.
    assert spared(NEGATIVE) >= 232 / 233


def test_most_of_what_was_listed_afterwards_is_found() -> None:
    assert found(LATER) >= 36 / 38
    assert spared(LATER_NOT) >= 42 / 50


def test_the_quick_look_misses_nothing_that_is_taken_out() -> None:
    import duckdb

    changed = [t for _, _, t in (*POSITIVE, *LATER) if scrubbed(t)[0] != t]
    assert all(re.search(SUSPECT, text) for text in changed)
    query = "SELECT count(*) FROM (SELECT unnest(?) AS t) WHERE regexp_matches(t, ?)"
    assert duckdb.execute(query, [changed, SUSPECT]).fetchall() == [(len(changed),)]


@pytest.mark.parametrize("kind", sorted({kind for kind, _, _ in POSITIVE}))
def test_each_kind_is_named_in_place_of_what_was_there(kind: str) -> None:
    _, told, text = next(line for line in POSITIVE if line[0] == kind)
    clean, taken = scrubbed(text)
    assert f"[{kind}]" in clean
    assert taken[kind] == 1
    assert told not in clean


def test_what_was_taken_out_once_is_not_taken_out_again() -> None:
    for _, _, text in (*POSITIVE, *LATER):
        clean, _ = scrubbed(text)
        assert scrubbed(clean) == (clean, {})


@pytest.mark.parametrize("part", ["a@", "1 ", "::", "@a", "I'm A ", "x.", "at dot "])
def test_a_text_made_to_be_slow_is_read_in_no_time(part: str) -> None:
    """A pattern that backtracks would not come to an end here."""
    scrubbed(part * 20_000)
