"""Names, where somebody says or signs theirs: a list of names would never be whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from pipeline.scrub.words import COMMON, PARTICLES, ROLES, TITLES

NAMES = (
    r"(?i:\bi\s*['’´`]\s*m\b|\bi a?m\b|\bim\b|\bname\b|\bcall me\b|\bthis is\b"
    r"|\bregards\b|\bcheers\b|\bthanks\b|\bthank you\b|\bsincerely\b|\bgreetings\b"
    r"|\bbest\b|\byours\b|\bsigned\b)|(?:[—–]|--)\s*\w"
)

WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*\.?"
SAID = rf"({WORD}(?: {WORD}){{0,4}})"
STATED = re.compile(
    rf"\b(?:my|the)(?: \w+)? name is ?{SAID}|^\s*name: ?{SAID}", re.IGNORECASE
)
INTRODUCED = re.compile(
    rf"\b(?:i\s*['’´`]\s*m|i am|i m|im)(?: called)? {SAID}"
    rf"|(?:\b(?:hi|hello|hey)\W+|^\W*)this is {SAID}|\bcall me {SAID}",
    re.IGNORECASE,
)
SIGNED = re.compile(
    r"\b(?:(?:regards|sincerely|yours|yours truly|greetings|cheers|thanks|thank you"
    rf"|best|signed)\s*[,\n]|regards) ?{SAID}[! ]*$|(?:^|\s)(?:[—–]|--) ?{SAID} *$",
    re.IGNORECASE,
)


def take_names(text: str, taken: Counter[str]) -> str:
    """`text` without names that are said to be somebody's; adds to `taken`."""
    for pattern in (STATED, INTRODUCED, SIGNED):

        def put(found: re.Match[str], pattern: re.Pattern[str] = pattern) -> str:
            said = next(part for part in found.groups() if part)
            name = _name(said, stated=pattern is STATED)
            if not name or (pattern is SIGNED and name.strip(".") != said.strip(".")):
                return found[0]
            taken["name"] += 1
            start = found[0].rindex(said)
            return f"{found[0][:start]}[name]{found[0][start + len(name) :]}"

        text = pattern.sub(put, text)
    return text


def _name(said: str, *, stated: bool) -> str:
    """As much of the words as is a name; nothing if they say something else."""
    words = said.split(" ")
    name = list(_leading(words, stated=stated))
    while name and name[-1] in PARTICLES:
        name.pop()
    rest = [word.strip(".").casefold() for word in words[len(name) :]]
    # "I'm Swift developer" is nobody's name.
    if not stated and rest and rest[0] in ROLES:
        return ""
    return " ".join(name)


def _leading(words: list[str], *, stated: bool) -> Iterator[str]:
    """The words up to the first that no name has: a common one, or without capital."""
    for place, word in enumerate(words):
        plain = word.strip(".").casefold()
        capital = not word[0].islower() or (stated and place == 0)
        if (plain in TITLES and not place) or (word in PARTICLES and place):
            yield word
        elif COMMON & {plain, *plain.split("-")} or not capital or _is_doing(plain):
            return
        else:
            yield word
            if word.endswith("."):
                return


def _is_doing(word: str) -> bool:
    """ "Working", "Looking": but Ming is a name."""
    return len(word) > 5 and word.endswith("ing")
