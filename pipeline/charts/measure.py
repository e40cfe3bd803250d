"""How wide a text is, and where it breaks, without asking a browser.

Liberation Sans has the widths of Arial and Helvetica; they are given here in
thousandths of the type size. Whoever reads another sans-serif gets the same breaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

REGULAR = {
    191: "'",
    222: "ijl",
    260: "|",
    278: " !,./:;I[\\]ft\N{NO-BREAK SPACE}·",
    333: "()`-r",
    334: "{}",
    355: '"',
    389: "*",
    469: "^",
    500: "Jckvxyz",
    556: "#$0123456789?L_abdeghnopqu–",
    584: "+<=>~×−",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1000: "—…→",
    1015: "@",
}
OTHER = 667
BOLD = 1.075  # bold letters are wider by this much at most, over a few words


@cache
def _widths() -> dict[str, int]:
    return {letter: width for width, letters in REGULAR.items() for letter in letters}


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of one line in pixels."""
    widths = _widths()
    total = sum(widths.get(letter, _unlisted(letter)) for letter in text)
    return total * size / 1000 * (BOLD if bold else 1)


def _unlisted(letter: str) -> int:
    return 1000 if ord(letter) > 0x2E80 else OTHER


def wrap(
    text: str, width: float, size: float, *, bold: bool = False
) -> tuple[str, ...]:
    """The lines of `text` that fit `width`; a word too long for one is broken."""
    lines, line = [], ""
    for word in _pieces(text, width, size, bold):
        joined = f"{line} {word}" if line else word
        if line and text_width(joined, size, bold=bold) > width:
            lines.append(line)
            joined = word
        line = joined
    return (*lines, line)


def _pieces(text: str, width: float, size: float, bold: bool) -> Iterator[str]:
    """Words, and the parts of words too long for a line."""
    for word in text.split():
        while text_width(word, size, bold=bold) > width:
            fits = len(word) - 1
            while fits > 1 and text_width(f"{word[:fits]}-", size, bold=bold) > width:
                fits -= 1
            if fits < 1:
                break
            yield f"{word[:fits]}-"
            word = word[fits:]
        yield word


def balanced(
    text: str, width: float, size: float, *, bold: bool = False
) -> tuple[str, ...]:
    """`wrap`, with lines of about equal length instead of a last word alone."""
    count = len(wrap(text, width, size, bold=bold))
    low, high = width * 0.3, width
    while high - low > 2:
        middle = (low + high) / 2
        if len(wrap(text, middle, size, bold=bold)) > count:
            low = middle
        else:
            high = middle
    return wrap(text, high, size, bold=bold)
