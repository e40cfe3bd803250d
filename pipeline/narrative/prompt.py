"""What the model is asked: to write a section's summary out of the sentences offered.

Each of them states its facts, so the facts are not listed again: that would double the
time a small model takes to read. Only what the pipeline computed and the survey's own
wording goes in; no answer that a respondent wrote ever does.
"""

from __future__ import annotations

from pipeline.narrative.language import grammar, schema
from pipeline.narrative.offer import Offer
from pipeline.serving.chat import Question

SYSTEM = (
    "You are the editor of an annual survey report. Write the summary of one section: "
    "for each point one of the sentences offered, word for word. Lead with point 1, "
    "vary how sentences begin, add nothing."
)
FREER = (
    "You are the editor of an annual survey report. Write the summary of one section: "
    "for each point one of the sentences offered, word for word, in the order that "
    "reads best. A sentence offered behind a point may only follow that point's. Vary "
    "how sentences begin, add nothing."
)
SPARE_TOKENS = 24


def question(title: str, offer: Offer) -> Question:
    """The request for one section."""
    longest = max(map(len, offer.texts())) + 8
    return Question(
        messages=(
            {"role": "system", "content": FREER if offer.any_order else SYSTEM},
            {"role": "user", "content": _request(title, offer)},
        ),
        grammar=grammar(offer),
        schema=schema(offer),
        # A grammar can force a small model into tokens of a letter or two; only the
        # length in characters is sure to be enough.
        max_tokens=longest * len(offer.sentences) + SPARE_TOKENS,
    )


def _request(title: str, offer: Offer) -> str:
    lines = [f"Section: {title}"]
    for place, sentences in enumerate(offer.sentences):
        lines += ["", f"Point {place + 1}:", *(f"- {s.text}" for s in sentences)]
        for (before, after), linked in offer.links.items():
            if after == place:
                lines += (f"- (behind point {before + 1}) {s.text}" for s in linked)
    return "\n".join(lines)
