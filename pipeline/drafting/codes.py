"""Short names made from wordings: ids of questions, codes of options."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 40
FILLERS = frozenset(
    re.findall(
        r"\w+",
        """a an the of to in on for and or is are was were do does did you your yours
        our we i it its this that these those which what how who whom whose when where
        why please select all apply check one each following any be been by with at
        from as if have has had would could should will can may most best describes
        describe indicate there their them they more than per not only currently about
        into use using company organization evaluating""",
    )
)


def code_for(label: str, taken: Iterable[str] = (), otherwise: str = "o") -> str:
    """A code in lower-case letters, digits and _ that is not yet taken.

    Labels without any Latin letter get `o1`, `o2`, ….
    """
    special = re.sub(r"C\+\+", "cpp", re.sub(r"C#", "csharp", label))
    special = re.sub(r"^\s*[<>≤≥]", lambda m: _sign(m[0].strip()), special)
    words = _words(special)
    slug = "_".join(words)
    while len(slug) > LONGEST and len(words) > 1:
        words = words[:-1]
        slug = "_".join(words)
    return _free(slug[:LONGEST].strip("_"), set(taken), otherwise)


def id_for(name: str, text: str, taken: Iterable[str] = ()) -> str:
    """A question's id: its column's name if that is short, else words of its text."""
    words = _words(_spread(name))
    nothing = not re.search("[a-z]", "".join(words)) and text
    sentence = " " in name.strip()
    if nothing or sentence or len("_".join(words)) > 30 or len(words) > 4:
        wording = _words(_spread(text or name))
        words = [w for w in wording if w not in FILLERS][:4] or wording[:4]
    while len("_".join(words)) > LONGEST and len(words) > 1:
        words = words[:-1]
    return _free("_".join(words)[:LONGEST].strip("_"), set(taken), "q")


def _spread(name: str) -> str:
    """ "YearsCode" as "Years_Code"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)


def _words(text: str) -> list[str]:
    bare = unicodedata.normalize("NFKD", text.replace("ß", "ss")).replace("'", "")
    latin = bare.replace("’", "").encode("ascii", "ignore").decode().lower()
    return re.findall(r"[a-z0-9]+", latin)


def _sign(mark: str) -> str:
    return "under " if mark in "<≤" else "over "


def _free(slug: str, taken: set[str], otherwise: str) -> str:
    if slug and slug not in taken:
        return slug
    stem, number = (f"{slug}_", 2) if slug else (otherwise, 1)
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"
