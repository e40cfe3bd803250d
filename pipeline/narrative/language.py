"""The language of a section: what a draft may be, told to a server and read back.

A draft is one sentence for each claim out of those offered; the first claim leads, the
others may come in any order. A server that takes a grammar cannot leave this language,
one that takes a schema hardly; either way the reply is read back here, and only
sentences of the language come out.

The grammar asks for the beginning of each sentence only, as many words as tell it from
the others: the rest is settled by then, and to have a small model spell it out took
four times as long (measured: 112 tokens a section against 29).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from typing import Any

from pipeline.narrative.plan import Paragraph, Plan
from pipeline.report import Sentence
from pipeline.wording import numbers

SHORTEST = 3  # words
FREE_ORDER = 5  # units after the first; each more doubles the grammar
FENCE = re.compile(r"^```\w*\n(.*)\n```$", re.DOTALL)
THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)


class Refused(Exception):
    """A draft that may not be used; the message says why."""


def beginnings(plan: Plan) -> list[list[str]]:
    """For each offered sentence the words that no other of the section begins with."""
    texts = [s.text for offer in plan.offered for s in offer]
    return [[_beginning(s.text, texts) for s in offer] for offer in plan.offered]


def _beginning(text: str, texts: Sequence[str]) -> str:
    words = text.split(" ")
    for count in range(SHORTEST, len(words)):
        start = " ".join(words[:count])
        if sum(other.startswith(start) for other in texts) == 1:
            return start
    return text


def grammar(plan: Plan) -> str:
    """The language as GBNF, which llama.cpp takes: a line for each beginning."""
    rules = [
        f"u{i} ::= {' | '.join(_literal(start) for start in starts)}"
        for i, starts in enumerate(beginnings(plan))
    ]
    rest = frozenset(range(1, len(plan.offered)))
    if len(rest) <= FREE_ORDER:
        rules += _any_order(rest)
        return "\n".join([f"root ::= u0 {_state(rest)}".rstrip(), *rules])
    parts = ' "\\n" '.join(f"u{i}" for i in range(len(plan.offered)))
    return "\n".join([f"root ::= {parts}", *rules])


def _any_order(rest: frozenset[int]) -> list[str]:
    rules, waiting, done = [], [rest], set()
    while waiting:
        left = waiting.pop()
        if not left or left in done:
            continue
        done.add(left)
        nexts = [(i, left - {i}) for i in sorted(left)]
        ways = " | ".join(f'"\\n" u{i} {_state(then)}'.rstrip() for i, then in nexts)
        rules.append(f"{_state(left)} ::= {ways}")
        waiting += [then for _, then in nexts]
    return rules


def _state(left: frozenset[int]) -> str:
    return "s" + "x".join(str(i) for i in sorted(left)) if left else ""


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def schema(plan: Plan) -> dict[str, Any]:
    """The language as the part of JSON schema that every server knows."""
    properties = {
        f"s{i + 1}": {"type": "string", "enum": [s.text for s in offer]}
        for i, offer in enumerate(plan.offered)
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def read(reply: str, plan: Plan, known: Collection[str]) -> Paragraph:
    """The reply as licensed sentences; raises `Refused` if it is anything else.

    `known` are the numbers of the facts and of the survey's own words: a second check,
    independent of the patterns, that no figure comes from elsewhere.
    """
    text = THOUGHT.sub("", reply).strip()
    text = FENCE.sub(r"\1", text).strip()
    if text.startswith("{"):
        text = _joined(text)
    elif "\n" in text or len(plan.units) == 1:
        text = " ".join(_completed(line, plan) for line in text.splitlines())
    paragraph = _parsed(text, [unit.wordings for unit in plan.units])
    for sentence in paragraph:
        strange = numbers([sentence.text]) - frozenset(known)
        if strange:
            raise Refused(f"{', '.join(sorted(strange))} is in no fact")
    return paragraph


def _completed(line: str, plan: Plan) -> str:
    """The one offered sentence that a line begins, or the line as it is."""
    start = line.strip()
    if len(start.split(" ")) < SHORTEST:
        return start
    texts = [s.text for offer in plan.offered for s in offer]
    found = [text for text in texts if text.startswith(start)]
    return found[0] if len(found) == 1 else start


def _joined(text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        raise Refused("the reply is not valid JSON") from None
    values = list(found.values())
    if not all(isinstance(value, str) for value in values):
        raise Refused("the reply holds something else than sentences")
    return " ".join(values)


def _parsed(text: str, wordings: Sequence[Sequence[Sentence]]) -> Paragraph:
    """Split into sentences of the language, one for each unit, nothing left over."""
    if not text:
        raise Refused("the reply is empty")
    left = dict(enumerate(wordings))
    paragraph: list[Sentence] = []
    while text:
        found = [
            (i, sentence)
            for i, offer in left.items()
            for sentence in offer
            if text.startswith(sentence.text)
        ]
        if not found:
            raise Refused(f"not a licensed sentence: “{text[:60]}…”")
        place, sentence = max(found, key=lambda f: len(f[1].text))
        del left[place]
        paragraph.append(sentence)
        text = text[len(sentence.text) :].lstrip()
    if left:
        raise Refused(f"{len(left)} of {len(wordings)} claims are not said")
    return tuple(paragraph)
