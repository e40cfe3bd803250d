"""A text as words: which say something, which forms are one, which tell what is asked.

"users" and "used" are one word, "developers" and "development" are two. Endings are
cut; whatever else is one is listed in `words.toml`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

import msgspec

SPELT = re.compile(r"\d+(?:,\d{3})+(?!\d)|[^\W_]+")
NOT = re.compile(r"n[’']t\b", re.IGNORECASE)
POSSESSIVE = re.compile(r"[’']s\b", re.IGNORECASE)
ABBREVIATED = 3  # letters, up to which capitals make another word: IT is not "it"
WHOLE = frozenset(
    ("none", "engineering", "learning", "during", "nothing", "need", "speed")
)


class Word(msgspec.Struct, frozen=True):
    """A word as written, in small letters, and what stands for all its forms."""

    written: str
    small: str
    stem: str

    @property
    def idle(self) -> bool:
        """Whether it says nothing by itself."""
        return self.small in english().idle


IT = Word("IT", "IT", "IT")  # in "people in it"
INSIDE = frozenset(("in", "at", "from"))


class English(msgspec.Struct, frozen=True):
    """`words.toml` as sets: `beyond` and `intent` give what a word tells."""

    idle: frozenset[str]
    beyond: dict[str, str]
    intent: dict[str, str]
    kin: dict[str, str]
    people: frozenset[str]
    short: dict[str, str]


@cache
def english() -> English:
    """What is listed of the language."""
    told = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))
    kin: dict[str, str] = {}
    for family in told["kin"]:
        first, *others = (_cut(word) for word in family["words"].split())
        kin |= dict.fromkeys(others, first)
    return English(
        idle=frozenset(told["idle"].split()),
        beyond=_turned(told["beyond"]),
        intent=_turned(told["intent"]),
        kin=kin,
        people=frozenset(_cut(word) for word in told["people"]["words"].split()),
        short=told["short"],
    )


def clean(text: str) -> str:
    """A text without control characters and marks of direction, on one line."""
    plain = unicodedata.normalize("NFKC", text)
    kept = (" " if unicodedata.category(c)[0] in "CZ" else c for c in plain)
    return " ".join("".join(kept).split())


def words(text: str) -> list[Word]:
    """The words of a text, in order; "don't" is two."""
    plain = NOT.sub(" not", POSSESSIVE.sub("", text)).replace("%", " percent ")
    spelt = SPELT.findall(plain)
    shouted = text.isupper()
    found = [_word(each, shouted=shouted) for each in spelt]
    pairs = zip(["", *(word.small for word in found)], found, strict=False)
    return [IT if word.small == "it" and a in INSIDE else word for a, word in pairs]


def written_out(text: str) -> str:
    """A reader's text with the names of countries at full length."""
    for short, name in english().short.items():
        text = re.sub(rf"\b{short}\b", name, text)
    return text


def telling(text: str) -> list[Word]:
    """The words that say something."""
    return [word for word in words(text) if not word.idle]


def stems(text: str) -> frozenset[str]:
    """What its telling words stand for."""
    return frozenset(word.stem for word in telling(text))


@cache
def _word(written: str, *, shouted: bool) -> Word:
    small = written.casefold().replace(",", "")
    short = written.isupper() and 1 < len(written) < ABBREVIATED
    if short and small in english().idle and not shouted:
        # "IT" and "US" are names, whatever "it" and "us" are.
        return Word(written, written, written)
    cut = _cut(small)
    return Word(written, small, english().kin.get(cut, cut))


@cache
def _cut(word: str) -> str:
    """A word without its ending: users, used and using are us."""
    if word.isdigit() or word in WHOLE:
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith("s") and len(word) > 3 and word[-2:] not in ("ss", "us", "is"):
        word = word[:-1]
    for ending, least in (("ing", 5), ("ed", 4), ("ly", 5)):
        if word.endswith(ending) and len(word) >= least and word not in WHOLE:
            word = word.removesuffix(ending)
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lse":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 2 else word


def _turned(told: dict[str, str]) -> dict[str, str]:
    return {word: name for name, listed in told.items() for word in listed.split()}
