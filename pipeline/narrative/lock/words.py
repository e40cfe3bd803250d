"""The function words of a report, with what each of them claims.

A word that is not here, nor among the survey's own, is refused: "because" and "perhaps"
need no rule against them.
"""

from __future__ import annotations

import re
from functools import cache

CLAIMS: dict[str, str] = {
    "up": "rose|risen|grew|up from|rises|climbs|higher|larger|more likely",
    "down": "fell|fallen|shrank|down from|falls|drops|lower|smaller|less likely",
    "nosig": (
        "no significant change|no significant difference|not significant|"
        "do not differ significantly|does not differ significantly|"
        "has not changed significantly|have not changed significantly|"
        "did not change significantly"
    ),
    "equal": (
        "held steady|is stable|about the same|hardly changed|about what it was|"
        "about as many|about as likely|about as large a share"
    ),
    "majority": "most|a majority of|are a majority of|more than half of",
    "first": (
        "the largest share|the most frequent answer|more than give any other answer|"
        "than give any other answer|at the top"
    ),
    "firsts": (
        "the largest shares|largest shares|most frequent answers|answers lead|"
        "answers most often"
    ),
    "leads": "leads the answers",
    "followed": "followed by|ahead of",
    "mode": (
        "most often|more often than any other point|than at any other point|"
        "more often than at any other point|"
        "most frequent rating of|most frequent ratings of|equally often|"
        "equally frequent"
    ),
    "mean": "average|averages|on average|the average",
    "highest": "the most likely|highest|the highest share",
    "broken": "cannot be compared|cannot be said",
    "both ends": "the lowest and the highest share",
    "differs": "differs between|is not the same in all",
    "wide": "is wide|far apart|a wide gap",
    "tied": "each",
    "doubled": "more than doubled",
    "tripled": "more than tripled",
    "changed": "changed",
    "each": "in each of|each of",
    "since": "since|than in|as in",
    "shown": "shown",
    "make": "make up",
    "was": "was|it was|when it was",
    "as": "as likely|as large|the share of|that of",
    "whole": "in all",
    "enough": "with enough answers",
    "place": "place",
    "those": "those",
    "contrast": "by contrast|in contrast|conversely",
    "likewise": "likewise|similarly|in the same way",
    "other end": (
        "at the other end|at the other end of the list|at the other end of the answers"
    ),
}
NEUTRAL = (
    "a|an|the|of|in|among|and|or|but|to|from|with|at|by|for|as|is|are|it|who|that|which|"
    "on|share|shares|answer|answers|give|against|compared|than|between|stands|does|do|"
    "did|has|have|been|comes|come|how many|what|where|there|these|this|their|them|"
    "themselves|lies|runs|ranges|range|ends|differences|difference|change|gap|figures|"
    "rate|rating|ratings|put|puts|place themselves|asked about|asked|choose|chosen|"
    "respondents shown|whether|takes|ranks|also|counted|after|across|say|more|lead|"
    "be|the same|point|joint|shows"
)


@cache
def phrases() -> dict[str, tuple[str, str]]:
    """Every known phrase with its claim (empty for none)."""
    found = dict.fromkeys(NEUTRAL.split("|"), ("word", ""))
    for claim, listed in CLAIMS.items():
        found |= dict.fromkeys(listed.split("|"), ("word", claim))
    return found


FRACTIONS = {
    "one in ten": 1 / 10,
    "one in five": 1 / 5,
    "one in four": 1 / 4,
    "one in three": 1 / 3,
    "two in five": 2 / 5,
    "half": 1 / 2,
    "three in five": 3 / 5,
    "two in three": 2 / 3,
    "three in four": 3 / 4,
    "four in five": 4 / 5,
    "nine in ten": 9 / 10,
}
COUNTS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven"),
    *("eight", "nine", "ten", "eleven", "twelve"),
)
MANY = "several"
PLACES = (
    *("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh"),
    *("eighth", "ninth", "tenth", "eleventh", "twelfth"),
)
TIMES = {"twice": 2} | {f"{COUNTS[n]} times": n for n in range(3, 13)}
_NAMED = "|".join(FRACTIONS)
NUMBERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("share", re.compile(r"(?:less than 1%|more than 99%|\d+%)")),
    (
        "rating",
        re.compile(r"\d+(?:\.\d+)? (?:out of \d+|on a scale of \d+ to \d+)"),
    ),
    ("points", re.compile(r"\d+ percentage points?(?!\w)")),
    ("fraction", re.compile(rf"(?:nearly |just over )?(?:{_NAMED})(?: of)?(?!\w)")),
    ("times", re.compile(rf"more than (?:{'|'.join(TIMES)})(?!\w)")),
    ("place", re.compile(rf"(?:{'|'.join(PLACES[1:])}|\d+(?:st|nd|rd|th))(?!\w)")),
    ("count", re.compile(rf"(?:{'|'.join(COUNTS[2:])}|{MANY})(?!\w)")),
    ("bare", re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?![\w%])")),
)
