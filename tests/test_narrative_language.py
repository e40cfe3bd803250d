"""What a draft may be: the section's sentences, and nothing else."""

from __future__ import annotations

import json
from itertools import islice, product

import pytest

from pipeline.narrative.draft import known_numbers
from pipeline.narrative.language import (
    Refused,
    beginning,
    grammar,
    schema,
)
from pipeline.narrative.language import read as read_offered
from pipeline.narrative.offer import LARGE, SMALL, Freedom, offer
from pipeline.narrative.plan import Paragraph, Plan
from tests.gbnf import sentences_of
from tests.narrative_sample import SURVEY
from tests.test_narrative_links import linked_plan
from tests.test_narrative_plan import sample

PLAN = sample()
OFFER = offer(PLAN, SMALL)
KNOWN = known_numbers(SURVEY, PLAN)
TEXT = " ".join(s.text for s in PLAN.best)


def read(reply: str, plan: Plan, known: frozenset[str]) -> Paragraph:
    """The reply of a small model."""
    return read_offered(reply, plan, offer(plan, SMALL), known)


def test_any_choice_of_offered_sentences_reads_back() -> None:
    for choice in product(*OFFER.sentences):
        assert read(" ".join(s.text for s in choice), PLAN, KNOWN) == choice


def test_the_beginnings_that_the_grammar_asks_for_are_completed() -> None:
    texts = OFFER.texts()
    for wanted in product(*OFFER.sentences):
        starts = (beginning(sentence.text, texts) for sentence in wanted)
        assert read("\n".join(starts), PLAN, KNOWN) == wanted


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
    made = schema(OFFER)
    assert set(made) == {"type", "properties", "required", "additionalProperties"}
    for place in made["properties"].values():
        assert set(place) == {"type", "enum"}


def test_the_grammar_lets_the_first_claim_lead() -> None:
    text = grammar(OFFER)
    assert text.startswith("root ::= u0 s1x2x3\n")
    assert 's1 ::= "\\n" u1' in text.splitlines()


@pytest.mark.parametrize("free", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("plan", [PLAN, linked_plan()], ids=["plain", "linked"])
def test_all_that_a_grammar_makes_reads_back(plan: Plan, free: Freedom) -> None:
    made = offer(plan, free)
    known = known_numbers(SURVEY, plan)
    replies = list(islice(sentences_of(grammar(made)), 400))
    read_back = {read_offered(reply, plan, made, known) for reply in replies}
    assert len(read_back) == len(replies) > 10


def test_a_larger_model_may_let_any_claim_lead() -> None:
    root = grammar(offer(PLAN, LARGE)).splitlines()[0]
    assert all(f" u{i} s" in root for i in range(len(PLAN.units)))
    turned = tuple(reversed(PLAN.best))
    text = " ".join(s.text for s in turned)
    assert read_offered(text, PLAN, offer(PLAN, LARGE), KNOWN) == turned


def test_a_connective_is_read_only_behind_its_claim() -> None:
    plan = linked_plan()
    made, known = offer(plan, LARGE), known_numbers(SURVEY, plan)
    (before, place), (linked, *_) = next(iter(plan.links.items()))
    first = plan.units[before].wordings[0].text
    rest = [
        u.wordings[0].text for i, u in enumerate(plan.units) if i not in (before, place)
    ]
    behind = [first, linked.text, *rest]
    assert read_offered(" ".join(behind), plan, made, known)
    for astray in ([linked.text, first, *rest], [first, *rest, linked.text]):
        with pytest.raises(Refused, match="not a licensed sentence"):
            read_offered(" ".join(astray), plan, made, known)
