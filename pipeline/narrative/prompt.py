"""What the model is asked: to write a section's summary out of the sentences offered.

Each of them states its facts, so the facts are not listed again: that would double the
time a small model takes to read. Only what the pipeline computed and the survey's own
wording goes in; no answer that a respondent wrote ever does.
"""

from __future__ import annotations

from pipeline.narrative.language import grammar, schema
from pipeline.narrative.plan import Plan
from pipeline.serving.chat import Question

SYSTEM = (
    "You are the editor of an annual survey report. Write the summary of one section: "
    "for each point one of the sentences offered, word for word. Lead with point 1, "
    "vary how sentences begin, add nothing."
)
SPARE_TOKENS = 24


def question(title: str, plan: Plan) -> Question:
    """The request for one section."""
    longest = sum(max(len(s.text) for s in offer) + 8 for offer in plan.offered)
    return Question(
        messages=(
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": _request(title, plan)},
        ),
        grammar=grammar(plan),
        schema=schema(plan),
        # A grammar can force a small model into tokens of a letter or two; only the
        # length in characters is sure to be enough.
        max_tokens=longest + SPARE_TOKENS,
    )


def _request(title: str, plan: Plan) -> str:
    lines = [f"Section: {title}"]
    for number, offer in enumerate(plan.offered, 1):
        lines += ["", f"Point {number}:", *(f"- {s.text}" for s in offer)]
    return "\n".join(lines)
