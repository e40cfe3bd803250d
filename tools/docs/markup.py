"""Markdown as HTML: headings that can be linked to, code in colours, wide tables."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise
from typing import Any

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

Follow = Callable[[str], str]  # an address in the text → the address in the site


class Heading(msgspec.Struct, frozen=True):
    """A heading: its depth (1 to 6), what it says, and its anchor."""

    depth: int
    text: str
    anchor: str


class Rendered(msgspec.Struct, frozen=True):
    """A page's HTML, its headings, and the text under each of them."""

    html: str
    headings: tuple[Heading, ...]
    texts: tuple[str, ...]


def render(text: str, follow: Follow) -> Rendered:
    """A page; `follow` gives every link and picture the address that it has here."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    headings = _anchored(tokens)
    for token in _all(tokens):
        for name in ("href", "src"):
            if name in token.attrs:
                token.attrs[name] = follow(str(token.attrs[name]))
        if token.type == "th_open":
            token.attrSet("scope", "col")
    parser.renderer.rules.update(
        {
            "fence": _fence,
            "code_block": _fence,
            "table_open": lambda *_: '<div class="wide" tabindex="0"><table>\n',
            "table_close": lambda *_: "</table></div>\n",
        }
    )
    html = parser.renderer.render(tokens, parser.options, {})
    return Rendered(str(html), tuple(headings), tuple(_texts(tokens)))


def code(text: str, language: str) -> str:
    """A file or a block, coloured where the language is known."""
    try:
        lexer = get_lexer_by_name(language or "text")
    except ClassNotFound:
        return escape(text)
    return str(highlight(text, lexer, HtmlFormatter(nowrap=True)))


def _fence(tokens: Sequence[Token], index: int, *_: Any) -> str:
    token = tokens[index]
    inner = code(token.content, token.info.strip())
    return f'<pre tabindex="0"><code>{inner}</code></pre>\n'


def _anchored(tokens: Sequence[Token]) -> list[Heading]:
    """Give headings anchors as GitHub does, and list them."""
    found: list[Heading] = []
    seen: Counter[str] = Counter()
    for token, inline in pairwise(tokens):
        if token.type != "heading_open":
            continue
        text = _plain(inline)
        anchor = slug(text)
        seen[anchor] += 1
        if seen[anchor] > 1:
            anchor += f"-{seen[anchor] - 1}"
        token.attrSet("id", anchor)
        found.append(Heading(int(token.tag[1]), text, anchor))
    return found


def slug(text: str) -> str:
    """GitHub's anchor of a heading."""
    kept = "".join(
        c
        for c in text.strip().lower()
        if c in " -_" or unicodedata.category(c)[0] in "LN"
    )
    return kept.replace(" ", "-")


def _texts(tokens: Sequence[Token]) -> list[str]:
    """The text under each heading."""
    found: list[list[str]] = []
    skip = False
    for token in tokens:
        if token.type == "heading_open":
            found.append([])
            skip = True
        elif token.type == "inline" and skip:
            skip = False
        elif token.type in ("inline", "fence", "code_block") and found:
            found[-1].append(_plain(token))
    return [re.sub(r"\s+", " ", " ".join(parts)) for parts in found]


def _plain(token: Token) -> str:
    if not token.children:
        return token.content
    breaks = {"softbreak": " ", "hardbreak": " "}
    return "".join(breaks.get(one.type, one.content) for one in token.children)


def _all(tokens: Sequence[Token]) -> list[Token]:
    return [one for token in tokens for one in (token, *(token.children or ()))]
