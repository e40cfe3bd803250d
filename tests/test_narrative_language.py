"""What a draft may be: the section's sentences, and nothing else."""

from __future__ import annotations

import json
from itertools import product

import pytest

from pipeline.narrative.draft import known_numbers
from pipeline.narrative.language import (
    Refused,
    beginnings,
    grammar,
    read,
    schema,
)
from tests.narrative_sample import SURVEY
from tests.test_narrative_plan import sample

PLAN = sample()
KNOWN = known_numbers(SURVEY, PLAN)
TEXT = " ".join(s.text for s in PLAN.best)


def test_any_choice_of_offered_sentences_reads_back() -> None:
    for choice in product(*PLAN.offered):
        assert read(" ".join(s.text for s in choice), PLAN, KNOWN) == choice


def test_the_beginnings_that_the_grammar_asks_for_are_completed() -> None:
    starts = beginnings(PLAN)
    for choice, wanted in zip(product(*starts), product(*PLAN.offered), strict=True):
        assert read("\n".join(choice), PLAN, KNOWN) == wanted


def test_claims_after_the_first_may_come_in_any_order() -> None:
    first, *rest = PLAN.best
    turned = (first, *reversed(rest))
    assert read(" ".join(s.text for s in turned), PLAN, KNOWN) == turned


def test_json_fences_and_thoughts_are_seen_through() -> None:
    reply = json.dumps({f"s{i}": s.text for i, s in enumerate(PLAN.best)})
    for wrapped in (
        reply,
        f"```json\n{reply}\n```",
        f"<think>Let me see: 99%?</think>\n{reply}",
    ):
        assert read(wrapped, PLAN, KNOWN) == PLAN.best


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "   ",
        "{",
        '{"s1": 4}',
        TEXT.replace("22%", "23%"),
        TEXT.replace("up from", "down from"),
        TEXT + " AI causes this.",
        f"Here is the summary: {TEXT}",
        TEXT.replace("2024", "2023"),
        " ".join(s.text for s in PLAN.best[:-1]),
        " ".join(s.text for s in (*PLAN.best, PLAN.best[0])),
        TEXT[:-20],
        "Among\nThe\nIn",
        "Among respondents, 23%\nand so on",
    ],
)
def test_anything_else_is_refused(reply: str) -> None:
    with pytest.raises(Refused):
        read(reply, PLAN, KNOWN)


def test_a_number_that_is_in_no_fact_is_refused_even_in_a_licensed_sentence() -> None:
    with pytest.raises(Refused, match="22% is in no fact"):
        read(TEXT, PLAN, KNOWN - {"22%"})


def test_the_schema_is_the_part_that_every_server_knows() -> None:
    made = schema(PLAN)
    assert set(made) == {"type", "properties", "required", "additionalProperties"}
    for offer in made["properties"].values():
        assert set(offer) == {"type", "enum"}


def test_the_grammar_lets_the_first_claim_lead() -> None:
    text = grammar(PLAN)
    assert text.startswith("root ::= u0 s1x2x3\n")
    assert 's1 ::= "\\n" u1' in text.splitlines()
