"""Questions that respondents are likely to be grouped by."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from itertools import islice

from pipeline.drafting.nouns import Guess, Split

FEW = 12  # domains
SMALL = 60  # a largest group; below it a base of 30 would hide nearly every group
MOST = 15  # domains of a dimension; rarer ones are put together
LIKELY = (
    (
        "role",
        "Role",
        r"dev ?type|job ?title|what title|\brole\b|occupation",
        r"position|job function|profession\b|current job|main ?branch",
        r"\bjob\b|\brolle\b|\bberuf|\bpuesto\b|fonction",
    ),
    ("industry", "Industry", r"industr|sector|secteur|branche|line of business"),
    (
        "company_size",
        "Company size",
        r"(org|company|organi[sz]ation|firm|business|employer)\w*[ _]?(size|/)"
        r"|(size|employees|people).*(company|organi[sz]ation|employer|firm)"
        r"|(company|organi[sz]ation|employer|firm).*\bsize\b|how many employees"
        r"|unternehmensgr|wie viele (mitarbeit|beschäft)|taille de l",
    ),
    ("country", "Country", r"\bcountry\b|where do you live|\bland\b|\bpays\b|\bpaís\b"),
    (
        "region",
        "Region",
        r"geographic|\bregion\b|continent|where are you (based|locat)",
    ),
    ("age", "Age", r"\bage\b|how old|year of birth|\balter\b|\bâge\b|\bedad\b"),
    ("gender", "Gender", r"gender|\bsex\b|geschlecht|\bsexe\b|\bsexo\b|género"),
    (
        "experience",
        "Experience",
        r"years of (\w+ )*experience|how (many years|long) have you (been|work)"
        r"|years ?(of )?cod|workexp|seniority",
    ),
    ("education", "Education", r"education|ed_?level|degree|qualification"),
    ("ethnicity", "Ethnicity", r"ethnic|\brace\b"),
    ("employment", "Employment", r"employment (status|situation)|\bemployment\b"),
    ("work_place", "Place of work", r"remote ?work|work situation"),
)


def splits(guesses: Iterable[Guess]) -> tuple[Split, ...]:
    """At most one dimension of each kind, of questions with one answer each."""
    usable = [g for g in guesses if g.kind == "single" and 2 <= _domains(g) <= 300]
    found = tuple(_splits(usable))
    few = (g for g in usable if _domains(g) <= FEW)
    return found or tuple(_any(guess) for guess in islice(few, 1))


def least(rows: int, guesses: Iterable[Guess], found: Iterable[Split]) -> int:
    """A `min_base` that leaves something to show: 30, or less where even the largest
    group of the first dimension is small. Never below 5."""
    largest = rows
    for split in islice(found, 1):
        guess = next(g for g in guesses if g.id == split.question)
        largest = max(c.count for c in guess.choices if not c.missing)
    if min(rows, largest) >= SMALL:
        return 30
    return 10 if largest >= 20 else 5


def _any(guess: Guess) -> Split:
    """Where nothing looks like a role: the first question with few answers."""
    return Split(
        id=guess.id,
        label=textwrap.shorten(guess.text, 60, placeholder=" …"),
        question=guess.id,
        evidence="no question looks like a role or an industry; this has few answers",
        sure="guess",
    )


def _splits(usable: list[Guess]) -> Iterator[Split]:
    taken: set[str] = set()
    for key, label, *patterns in LIKELY:
        tried = ((pattern, guess) for pattern in patterns for guess in usable)
        for pattern, guess in tried:
            said = f"{guess.columns if isinstance(guess.columns, str) else ''}"
            spread = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", f"{guess.id} {said}")
            text = f"{spread} {said} {guess.text}"
            found = re.search(pattern, text, re.IGNORECASE)
            if found and guess.id not in taken:
                taken.add(guess.id)
                yield Split(
                    id=key,
                    label=label,
                    question=guess.id,
                    evidence=f'"{found[0]}" in its name or wording',
                    sure="likely",
                    top=_top(guess),
                )
                break


def _domains(guess: Guess) -> int:
    return sum(not choice.missing for choice in guess.choices)


def _top(guess: Guess) -> tuple[str, ...]:
    """The domains kept apart where there are many; () for all."""
    kept = [choice for choice in guess.choices if not choice.missing]
    if len(kept) <= MOST + 10:
        return ()
    ranked = sorted(kept, key=lambda choice: -choice.count)
    return tuple(c.code for c in ranked[:MOST])
