"""The language of a section: what a draft may be, told to a server and read back.

A draft is one sentence for each claim out of those offered. For a small model the first
claim leads and the others may come in any order; for a larger one any claim may lead. A
sentence with a connective stands right behind the claim it is licensed behind. A server
that takes a grammar cannot leave this language, one that takes a schema hardly; either
way the reply is read back here, and only sentences of the language come out.

The grammar asks for the beginning of each sentence only, as many words as tell it from
the others: the rest is settled by then, and to have a small model spell it out took
four times as long (measured: 112 tokens a section against 29).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from pipeline.narrative.offer import Offer
from pipeline.narrative.plan import Paragraph, Plan
from pipeline.report import Sentence
from pipeline.wording import numbers

SHORTEST = 3  # words
FREE_ORDER = 6  # claims in any order; each more doubles the grammar
FENCE = re.compile(r"^```\w*\n(.*)\n```$", re.DOTALL)
THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)


class Refused(Exception):
    """A draft that may not be used; the message says why."""


def beginning(text: str, texts: Sequence[str]) -> str:
    """The words of an offered sentence with which no other begins."""
    words = text.split(" ")
    for count in range(SHORTEST, len(words)):
        start = " ".join(words[:count])
        if sum(other.startswith(start) for other in texts) == 1:
            return start
    return text


def grammar(offer: Offer) -> str:
    """The language as GBNF, which llama.cpp takes: a line for each beginning."""
    texts, count = offer.texts(), len(offer.sentences)
    rules = [_rule(f"u{i}", each, texts) for i, each in enumerate(offer.sentences)]
    rules += [
        _rule(_link(*pair), linked, texts)
        for pair, linked in offer.links.items()
        if 0 not in pair[1:] or offer.any_order
    ]
    if count > FREE_ORDER:
        return "\n".join([f"root ::= {_in_order(offer)}", *rules])
    every = frozenset(range(count))
    leads = every if offer.any_order else frozenset((0,))
    ways = [way for i in sorted(leads) for way in _ways(i, every, offer)]
    rules += _any_order({left for _, left in ways}, offer)
    return "\n".join([f"root ::= {_alternatives(ways)}", *rules])


def _rule(name: str, sentences: Sequence[Sentence], texts: Sequence[str]) -> str:
    starts = (_literal(beginning(s.text, texts)) for s in sentences)
    return f"{name} ::= {' | '.join(starts)}"


Way = tuple[str, frozenset[int]]


def _ways(i: int, left: frozenset[int], offer: Offer) -> Iterator[Way]:
    """A claim said next, alone or with one linked to it, and the claims then left."""
    yield f"u{i}", left - {i}
    for j in sorted(left - {i}):
        if (i, j) in offer.links:
            yield f'u{i} "\\n" {_link(i, j)}', left - {i, j}


def _any_order(waiting: set[frozenset[int]], offer: Offer) -> list[str]:
    """A rule for each set of claims that may be left."""
    rules: dict[str, str] = {}
    while waiting:
        left = waiting.pop()
        if not left or _state(left) in rules:
            continue
        ways = [way for i in sorted(left) for way in _ways(i, left, offer)]
        rules[_state(left)] = _alternatives(ways, '"\\n" ')
        waiting |= {then for _, then in ways}
    return [f"{name} ::= {ways}" for name, ways in sorted(rules.items())]


def _alternatives(ways: Sequence[Way], start: str = "") -> str:
    return " | ".join(f"{start}{said} {_state(left)}".rstrip() for said, left in ways)


def _in_order(offer: Offer) -> str:
    """All claims as they come, each linked to the one before where it may be."""
    parts = ["u0"]
    for i in range(1, len(offer.sentences)):
        link = (i - 1, i) in offer.links
        parts.append(f"(u{i} | {_link(i - 1, i)})" if link else f"u{i}")
    return ' "\\n" '.join(parts)


def _link(before: int, place: int) -> str:
    return f"l{before}x{place}"


def _state(left: frozenset[int]) -> str:
    return "s" + "x".join(str(i) for i in sorted(left)) if left else ""


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def schema(offer: Offer) -> dict[str, Any]:
    """The language as the part of JSON schema that every server knows.

    A small model fills a place for each claim; a larger one lists them as it likes.
    """
    if offer.any_order:
        count = len(offer.sentences)
        items = {"type": "string", "enum": offer.texts()}
        array = {"type": "array", "items": items, "minItems": count, "maxItems": count}
        properties: dict[str, Any] = {"sentences": array}
    else:
        properties = {
            f"s{i + 1}": {"type": "string", "enum": _in_place(offer, i)}
            for i in range(len(offer.sentences))
        }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _in_place(offer: Offer, place: int) -> list[str]:
    linked = offer.links.get((place - 1, place), ())
    return [sentence.text for sentence in (*offer.sentences[place], *linked)]


def read(reply: str, plan: Plan, offer: Offer, known: Collection[str]) -> Paragraph:
    """The reply as licensed sentences; raises `Refused` if it is anything else.

    `known` are the numbers of the facts and of the survey's own words: a second check,
    independent of the patterns, that no figure comes from elsewhere.
    """
    text = THOUGHT.sub("", reply).strip()
    text = FENCE.sub(r"\1", text).strip()
    if text.startswith("{"):
        text = _joined(text)
    elif "\n" in text or len(plan.units) == 1:
        texts = offer.texts()
        text = " ".join(_completed(line, texts) for line in text.splitlines())
    paragraph = _parsed(text, plan)
    for sentence in paragraph:
        strange = numbers([sentence.text]) - frozenset(known)
        if strange:
            raise Refused(f"{', '.join(sorted(strange))} is in no fact")
    return paragraph


def _completed(line: str, texts: Sequence[str]) -> str:
    """The one offered sentence that a line begins, or the line as it is."""
    start = line.strip()
    if len(start.split(" ")) < SHORTEST:
        return start
    found = [text for text in texts if text.startswith(start)]
    return found[0] if len(found) == 1 else start


def _joined(text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        raise Refused("the reply is not valid JSON") from None
    values = list(found.values())
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    if not all(isinstance(value, str) for value in values):
        raise Refused("the reply holds something else than sentences")
    return " ".join(values)


def _parsed(text: str, plan: Plan) -> Paragraph:
    """Split into sentences of the language, one for each unit, nothing left over."""
    if not text:
        raise Refused("the reply is empty")
    left = set(range(len(plan.units)))
    before: int | None = None
    paragraph: list[Sentence] = []
    while text:
        found = [
            (i, sentence)
            for i in sorted(left)
            for sentence in plan.sayable(i, before)
            if text.startswith(sentence.text)
        ]
        if not found:
            raise Refused(f"not a licensed sentence: “{text[:60]}…”")
        before, sentence = max(found, key=lambda f: len(f[1].text))
        left.remove(before)
        paragraph.append(sentence)
        text = text[len(sentence.text) :].lstrip()
    if left:
        raise Refused(f"{len(left)} of {len(plan.units)} claims are not said")
    return tuple(paragraph)
