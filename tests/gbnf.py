"""Every text of a small grammar in GBNF: literals, names, alternatives, groups."""

from __future__ import annotations

import re
from collections.abc import Iterator

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[()|]|\w+')
Alternatives = list[list[str]]


def sentences_of(text: str) -> Iterator[str]:
    """The texts that a grammar without repetition makes."""
    rules: dict[str, str] = {}
    for line in text.splitlines():
        name, _, rules[name] = line.partition(" ::= ")
    yield from _texts(TOKEN.findall(rules["root"]), rules)


def _texts(tokens: list[str], rules: dict[str, str]) -> Iterator[str]:
    """What a row of tokens may stand for."""
    for way in _split(tokens):
        yield from _row(way, rules)


def _split(tokens: list[str]) -> Alternatives:
    """Tokens cut at each `|` that is in no group."""
    ways: Alternatives = [[]]
    depth = 0
    for token in tokens:
        depth += (token == "(") - (token == ")")
        if token == "|" and not depth:
            ways.append([])
        else:
            ways[-1].append(token)
    return ways


def _row(tokens: list[str], rules: dict[str, str]) -> Iterator[str]:
    if not tokens:
        yield ""
        return
    first, rest = _first(tokens)
    heads = (
        iter([first[0][1:-1].replace("\\n", "\n").replace('\\"', '"')])
        if first[0].startswith('"')
        else _texts(TOKEN.findall(rules[first[0]]), rules)
        if len(first) == 1
        else _texts(first[1:-1], rules)
    )
    for head in heads:
        for tail in _row(rest, rules):
            yield head + tail


def _first(tokens: list[str]) -> tuple[list[str], list[str]]:
    """The first token, or the first group, and what follows."""
    depth = 0
    for end, token in enumerate(tokens, 1):
        depth += (token == "(") - (token == ")")
        if not depth:
            return tokens[:end], tokens[end:]
    raise ValueError("a group is not closed")
