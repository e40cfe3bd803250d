"""What a pattern may hold: slots, function words, and words that its family licences.

Everything else is refused: figures, names, and any word that says more than a test.
"""

from __future__ import annotations

import re

from pipeline.narrative.patterns import SLOT

WORDS = """
a across after against ahead all among an and answer answers any are as asked at
average averages be between by choose chosen come comes compared did do does
each equally ends figures followed for frequent from give has have how in is it
lead leads lies make many more most no not of often on or other place
point put puts range ranges ranks rate rating ratings runs said same share shares shows
since stands takes than that the their them themselves there these those to top
was what when where whether which with
"""
FUNCTION = frozenset(WORDS.split())
# A word that says something, and the families of patterns whose licence it needs.
OPERATORS: dict[str, str] = {
    "rose|risen|grew": "trend_up|trends_up|mean_up",
    "up": "trend_up|trend_times|trends_up|mean_up|place_up|level|pair",
    "fell|fallen|shrank|down": "trend_down|trends_down|mean_down|place_down",
    "rises|climbs": "place_up",
    "falls|drops": "place_down",
    "higher": "compare_higher|trend_up|mean_up|range_some",
    "larger": "compare_higher|trend_up|trends_up",
    "lower": "compare_lower|trend_down|mean_down",
    "smaller": "compare_lower|trend_down|trends_down",
    "likely": "compare_higher|compare_lower|compare_times|compare_equal|highest",
    "less": "compare_lower",
    "large": "compare_times|compare_equal",
    "largest": "ranking|ranking_first|ranking_one|ranking_tied|ranking_consensus",
    "highest": "highest|range",
    "significant|significantly": (
        "compare_same|trend_same|trends_same|mean_same|range_same|spread_same"
    ),
    "difference|differ|differences": (
        "compare_same|trends_same|range_same|spread_same"
    ),
    "differs": "range",
    "but": "range",
    "change|changed": (
        "trend_same|trends_same|mean_same|trend_stable|trend_broken|mean_broken"
    ),
    "cannot": "trend_broken|mean_broken",
    "about": "compare_equal|trend_stable|mean",
    "steady|stable|hardly|held": "trend_stable",
    "majority|half": "level_majority",
    "wide|gap|far|apart": "compare_wide",
    "lowest": "range",
    "contrast|conversely": "link_contrast",
    "likewise|similarly|way": "link_likewise",
    "end|list": "link_end",
    "shown": (
        "range|range_some|range_same|range_alike|range_ends|ranking_consensus|highest"
    ),
}


def lint(family: str, text: str) -> list[str]:
    """What is wrong with a pattern of a family; nothing if it may enter the bank."""
    bare = SLOT.sub(" ", text)
    words = re.findall(r"[^\W_]+(?:['’-]\w+)*|%", bare)
    found = []
    if not text.endswith(".") or text.count(".") != 1:
        found.append("it is not one sentence with a full stop")
    if re.search(r"[{}]", bare):
        found.append("a slot is not closed")
    for place, word in enumerate(words):
        if word[:1].isupper() and (place or not text.startswith(word)):
            found.append(f"“{word}” looks like a name")
        elif not _licensed(family, word.casefold()):
            found.append(f"“{word}” is no word that {family} licenses")
    return found


def _licensed(family: str, word: str) -> bool:
    if word in FUNCTION:
        return True
    return any(
        word in words.split("|") and family in families.split("|")
        for words, families in OPERATORS.items()
    )
