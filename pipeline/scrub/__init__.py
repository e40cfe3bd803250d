"""Who someone is, taken out of what they wrote.

email      a@b.org, a [at] b [dot] org
url        links with a user in them (user:secret@host), and people's own pages
ip         addresses, v4 and v6
card       cards and bank accounts whose check digits hold
phone      numbers as they are dialled: with +, 0, brackets or groups, or named as such
handle     @name, u/name, name#1234
name       after "I'm", "my name is", "regards," and the like

What is found is replaced by its kind in brackets: "write to [email]". Versions, sums of
money, dates, ISBNs, and words of a trade after "I'm" are left. How much is found, and
how much is taken wrongly, is measured in the tests.
"""

from __future__ import annotations

from collections import Counter

from pipeline.scrub.marks import MARKS, take_marks
from pipeline.scrub.names import NAMES, take_names

# A text in which none of this stands has nothing to take out; DuckDB reads it too.
SUSPECT = f"{MARKS}|{NAMES}"


def scrubbed(text: str) -> tuple[str, Counter[str]]:
    """`text` without who someone is, and how much of each kind was taken out."""
    taken: Counter[str] = Counter()
    return take_names(take_marks(text, taken), taken), taken
