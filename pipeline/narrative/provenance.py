"""Where each sentence comes from: claim, facts, tests, pattern, and who worded it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from pipeline.narrative.claims import Claim as Made
from pipeline.narrative.document import SectionText
from pipeline.narrative.plan import Paragraph
from pipeline.narrative.sections import Planned
from pipeline.outline import Outline
from pipeline.report import Claim, Origin, Sentence, Tested


def section_text(
    outline: Outline,
    planned: Planned,
    paragraph: Paragraph,
    origin: Origin,
    author: str,
    reason: str,
) -> SectionText:
    """A section's summary: the paragraph, then what a person wrote and signed."""
    prefix = f"{outline.id}.{planned.section.id}"
    made = planned.plan.claims() if planned.plan else ()
    claims = tuple(
        _claim(f"{prefix}.c{place}", claim, planned.tests)
        for place, claim in enumerate(made, 1)
    )
    sentences = [
        msgspec.structs.replace(
            sentence, claim=claims[place].id, origin=origin, author=author
        )
        for place, sentence in _placed(planned, paragraph)
    ]
    return SectionText(
        id=planned.section.id,
        title=planned.section.title,
        summary=tuple(
            msgspec.structs.replace(sentence, id=f"{prefix}.{number}")
            for number, sentence in enumerate([*sentences, *signed(planned)], 1)
        ),
        origin=origin,
        author=author,
        reason=reason,
        claims=claims,
        tests=planned.tests,
        left_out=planned.left_out,
    )


def signed(planned: Planned) -> Iterator[Sentence]:
    """The sentences that a person wrote and answers for."""
    for entry in planned.section.signed:
        yield Sentence(
            id="",
            text=entry.text,
            facts=entry.facts,
            pattern="",
            origin="person",
            author=f"{entry.by}, {entry.date}",
        )


def _placed(planned: Planned, paragraph: Paragraph) -> Iterator[tuple[int, Sentence]]:
    """Each sentence with the claim that it makes."""
    before: int | None = None
    for sentence in paragraph:
        assert planned.plan
        before = planned.plan.place_of(sentence, before)
        assert before is not None
        yield before, sentence


def _claim(name: str, claim: Made, tests: tuple[Tested, ...]) -> Claim:
    facts = tuple(fact.id for fact in claim.facts())
    return Claim(
        id=name,
        kind=claim.kind,
        question=claim.question,
        licences=claim.licences,
        facts=facts,
        tests=tuple(test for test in tests if {*test.facts} <= {*facts}),
    )
