"""True sentences made false, in every way that a published figure was ever wrong.

Each spoiler gives texts that are no longer so. Those that happen to be true again (an
answer with the same share, say) are left out by looking the estimates up.
"""

from __future__ import annotations

from random import Random

import msgspec

from pipeline.narrative.trials import figures, people, phrases
from pipeline.narrative.trials.context import Context, Spoiler


class Spoilt(msgspec.Struct, frozen=True):
    """A sentence that is not so, and how it was spoilt."""

    kind: str
    text: str


SPOILERS: dict[str, Spoiler] = {
    "number": figures.numbers,
    "foreign number": figures.foreign_number,
    "numbers swapped": figures.swapped_numbers,
    "derived number": figures.derived,
    "unit": figures.units,
    "year": figures.years,
    "year added": figures.added_year,
    "entity": people.entities,
    "arguments swapped": people.swapped_arguments,
    "metric": people.metrics,
    "direction": phrases.directions,
    "superlative": phrases.superlatives,
    "rank": phrases.ranks,
    "significance": phrases.significance,
    "negation": phrases.negations,
    "quantifier": phrases.quantifiers,
    "hedge": phrases.hedges,
    "cause": phrases.causes,
    "extra claim": phrases.extras,
    "role of number": people.roles,
    "dropped restriction": people.restrictions,
    "scope": people.scopes,
    "cross-tab": people.crosses,
    "base change": people.bases,
}


def spoilt(context: Context, seed: int) -> list[Spoilt]:
    """Every way in which one sentence can be spoilt, each text once."""
    dice = Random(seed)
    found: dict[str, Spoilt] = {}
    for kind, spoil in SPOILERS.items():
        for text in spoil(context, dice):
            if text != context.sentence.text:
                found.setdefault(text, Spoilt(kind, text))
    return list(found.values())
