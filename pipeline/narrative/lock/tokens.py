"""A sentence as a row of known words; the longest reading at each place counts."""

from __future__ import annotations

import re

import msgspec

from pipeline.narrative.lock.vocabulary import Meaning, Vocabulary
from pipeline.narrative.lock.words import NUMBERS, phrases

MARKS = ",;:().–—"
WORD = re.compile(r"[^\s,;:()]+")
Known = dict[str, tuple[tuple[str, frozenset[Meaning]], ...]]
NOTHING: frozenset[Meaning] = frozenset()


class Token(msgspec.Struct, frozen=True):
    """A mark, a word with what it claims, a phrase of the survey, or a number.

    `kind` is mark, word, name, number or unknown; `claim` what a word claims or which
    kind of number it is.
    """

    kind: str
    text: str
    claim: str = ""
    meanings: frozenset[Meaning] = NOTHING

    def are(self, kind: str) -> list[Meaning]:
        """Its meanings of one kind."""
        return [meaning for meaning in self.meanings if meaning.kind == kind]


class Reader(msgspec.Struct, frozen=True):
    """Phrases by their first word, the longest first."""

    known: Known


def reader(words: Vocabulary) -> Reader:
    """For sentences on what the vocabulary speaks of."""
    grouped: dict[str, list[tuple[str, frozenset[Meaning]]]] = {}
    for phrase in {*words, *phrases()}:
        entry = (phrase, words.get(phrase, NOTHING))
        grouped.setdefault(_first(phrase), []).append(entry)
    for entries in grouped.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return Reader({first: tuple(found) for first, found in grouped.items()})


def tokens(text: str, reading: Reader) -> list[Token]:
    """The sentence's tokens; one that is not known says so."""
    left, found = " ".join(text.casefold().split()), []
    while left:
        token, length = _next(left, reading.known)
        found.append(token)
        left = left[length:].lstrip(" ")
    return found


def _next(text: str, known: Known) -> tuple[Token, int]:
    name = next((e for e in known.get(_first(text), ()) if _begins(text, e[0])), None)
    kind, number = _number(text)
    longest = len(name[0]) if name else 0
    if number and len(number) > longest:
        return Token("number", number, kind), len(number)
    if name:
        phrase, meanings = name
        if meanings:
            return Token("name", phrase, "", meanings), len(phrase)
        return Token("word", phrase, phrases()[phrase][1]), len(phrase)
    if text[0] in MARKS:
        return Token("mark", text[0]), 1
    found = WORD.match(text)
    word = found[0] if found else text[0]
    return Token("unknown", word), len(word)


def _number(text: str) -> tuple[str, str]:
    best = ("", "")
    for kind, pattern in NUMBERS:
        found = pattern.match(text)
        if found and len(found[0]) > len(best[1]):
            best = (kind, found[0])
    return best


def _begins(text: str, phrase: str) -> bool:
    after = text[len(phrase) : len(phrase) + 1]
    return text.startswith(phrase) and not (after.isalnum() or after in ("%", "_"))


def _first(text: str) -> str:
    """The letters and digits that a text begins with, or its first mark."""
    for i, char in enumerate(text):
        if not char.isalnum():
            return text[: max(i, 1)]
    return text
