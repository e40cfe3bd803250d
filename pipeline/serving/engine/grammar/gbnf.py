"""A GBNF grammar, read as llama.cpp reads it, before llama.cpp gets it.

llama.cpp says of a wrong grammar only that it is wrong; of one whose rule can come back
to itself before any text (`root ::= a root "x"` where `a` may be empty) it does not
even notice, and takes memory until the process is killed. Here both are found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from pipeline.serving.engine.refusal import Refused

LONGEST = 1 << 18
DEEPEST = 100
MOST_REPEATS = 2000
# llama.cpp writes each repetition out, 16 bytes a character and 100 a rule.
LARGEST = 1 << 18

TOKEN = re.compile(
    r"""(?P<space>[ \t]+|\#[^\r\n]*) | (?P<line>\r\n|\n|\r) | (?P<is>::=)
    | (?P<name>[a-zA-Z0-9-]+) | (?P<literal>"(?:\\.|[^"\\])*")
    | (?P<class>\[(?:\\.|[^\]\\])*\]) | (?P<token>!?<[^<>\r\n]+>) | (?P<any>\.)
    | (?P<open>\() | (?P<close>\)) | (?P<bar>\|) | (?P<sign>[*+?])
    | (?P<count>\{[ \t]*(?P<least>\d+)[ \t]*(?P<more>,[ \t]*(?P<most>\d*)[ \t]*)?\})
    """,
    re.VERBOSE | re.DOTALL,
)
ESCAPED = re.compile(
    r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[trn\\\"\[\]-])|\\(?P<bad>.)",
    re.DOTALL,
)


@dataclass
class Item:
    """A thing in a sequence: a rule's name, a group, or text (neither).

    `endless`: what may come any number of times, as it stands in the grammar. `size`:
    what one repetition of it takes, a group's being that of a reference.
    """

    name: str = ""
    group: list[list[Item]] = field(default_factory=list)
    empty: bool = False
    endless: str = ""
    size: int = 1


class Unusable(ValueError):
    """Why llama.cpp cannot have a grammar."""


Alternatives = list[list[Item]]


def check(text: str) -> str:
    """The grammar itself; raises `Refused` saying what is wrong and in which line."""
    try:
        examine(text)
    except Unusable as error:
        what = f"The grammar cannot be used: {error}."
        raise Refused(what, param="grammar") from None
    return text


def examine(text: str) -> None:
    """Nothing, for a grammar that llama.cpp can have; raises `Unusable`."""
    if len(text) > LONGEST or "\0" in text:
        raise Unusable(f"it is longer than {LONGEST:,} characters, or holds a NUL")
    rules = _Reader(text).rules()
    if "root" not in rules:
        raise Unusable("it has no rule 'root'")
    for name, alternatives in rules.items():
        for item in _items(alternatives):
            if item.name and item.name not in rules:
                what = f"rule '{name}' uses '{item.name}', which is not defined"
                raise Unusable(what)
    for name, alternatives in rules.items():
        for item in _items(alternatives):
            if item.endless and _has_empty(item.group[0][0], rules):
                what = f"in rule '{name}', '{item.endless}' repeats what may be empty"
                raise Unusable(what)
    if loop := _loop(rules):
        raise Unusable(f"rule '{loop}' leads back to itself before any text")


class _Reader:
    """Reads rules token by token; groups that are open are on a stack."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._size = 0
        self._rules: dict[str, Alternatives] = {}

    def rules(self) -> dict[str, Alternatives]:
        """All rules by name; of two with one name, the last, as in llama.cpp."""
        tokens = list(self._tokens())
        at = 0
        while at < len(tokens):
            if tokens[at].lastgroup == "line":
                at += 1
                continue
            self._at = tokens[at].start()
            kinds = [token.lastgroup for token in tokens[at : at + 2]]
            if kinds != ["name", "is"]:
                raise self._wrong("a rule must begin with its name and '::='")
            body: Alternatives = [[]]
            self._rules[tokens[at][0]] = body
            at = self._body(tokens, at + 2, body)
        return self._rules

    def _tokens(self) -> Iterator[re.Match[str]]:
        while self._at < len(self._text):
            token = TOKEN.match(self._text, self._at)
            if token is None:
                raise self._wrong(f"{self._text[self._at]!r} is not understood here")
            if token.lastgroup in ("literal", "class"):
                self._check_text(token[0])
            if token.lastgroup != "space":
                yield token
            self._at = token.end()

    def _body(self, tokens: list[re.Match[str]], at: int, body: Alternatives) -> int:
        """Read a rule up to its end; where the next one begins."""
        stack, may_break = [body], True
        for i in range(at, len(tokens)):
            token = tokens[i]
            self._at = token.start()
            if token.lastgroup == "line":
                if len(stack) == 1 and not may_break:
                    return i + 1
                continue
            may_break = token.lastgroup == "bar"
            self._take(token, stack)
            if len(stack) > DEEPEST:
                raise self._wrong(f"groups are nested more than {DEEPEST} deep")
        if len(stack) > 1:
            raise self._wrong("a '(' is not closed")
        return len(tokens)

    def _take(self, token: re.Match[str], stack: list[Alternatives]) -> None:
        """Put a token where it belongs: in the sequence at the top of the stack."""
        kind, sequence = token.lastgroup, stack[-1][-1]
        if kind == "bar":
            stack[-1].append([])
        elif kind == "open":
            sequence.append(Item(group=[[]]))
            stack.append(sequence[-1].group)
        elif kind == "close":
            if len(stack) == 1:
                raise self._wrong("a ')' closes nothing")
            stack.pop()
        elif kind == "name":
            sequence.append(Item(name=token[0]))
        elif kind in ("literal", "class", "token", "any"):
            empty = token[0] in ('""', "[]", "[^]")
            sequence.append(Item(empty=empty, size=len(token[0])))
        elif kind in ("sign", "count"):
            self._repeat(token, sequence)
        else:
            raise self._wrong("'::=' stands within a rule")

    def _repeat(self, token: re.Match[str], sequence: list[Item]) -> None:
        if not sequence or (sequence[-1].empty and not sequence[-1].group):
            raise self._wrong(f"'{token[0]}' repeats nothing")
        least, most = _counts(token)
        if max(least, most or 0) > MOST_REPEATS:
            raise self._wrong(f"more than {MOST_REPEATS} repetitions")
        if most is not None and most < least:
            raise self._wrong(f"'{token[0]}': the most is less than the least")
        item = sequence[-1]
        self._size += item.size * max(least + 1, most or 0)
        if self._size > LARGEST:
            raise self._wrong("with its repetitions written out, it is too large")
        endless = token[0] if most is None else ""
        sequence[-1] = Item(group=[[item]], empty=least == 0, endless=endless)

    def _check_text(self, text: str) -> None:
        for found in ESCAPED.finditer(text):
            if found["bad"]:
                raise self._wrong(f"'\\{found['bad']}' is no escape")

    def _wrong(self, what: str) -> Unusable:
        return Unusable(f"line {self._text.count(chr(10), 0, self._at) + 1}: {what}")


def _counts(token: re.Match[str]) -> tuple[int, int | None]:
    """The least and the most repetitions, None for any number."""
    if token.lastgroup == "sign":
        return (token[0] == "+", 1 if token[0] == "?" else None)
    least = int(token["least"])
    if not token["more"]:
        return least, least
    return least, int(token["most"]) if token["most"] else None


def _items(alternatives: Alternatives) -> Iterator[Item]:
    """All items, within groups too."""
    for sequence in alternatives:
        for item in sequence:
            yield item
            yield from _items(item.group)


def _has_empty(item: Item, rules: Mapping[str, Alternatives]) -> bool:
    """Whether an item has nothing as one of its alternatives, as it is written.

    llama.cpp refuses to repeat that without end, though not what becomes empty by way
    of other rules.
    """
    if item.empty:
        return True
    alternatives = rules[item.name] if item.name else item.group
    return any(
        all(part.empty and not part.group for part in sequence)
        for sequence in alternatives
    )


def _may_be_empty(alternatives: Alternatives, empty: set[str]) -> bool:
    return any(all(_skips(item, empty) for item in seq) for seq in alternatives)


def _skips(item: Item, empty: set[str]) -> bool:
    """Whether an item may stand for no text, given the rules that may."""
    if item.empty or item.name in empty:
        return True
    return bool(item.group) and _may_be_empty(item.group, empty)


def _first(alternatives: Alternatives, empty: set[str]) -> Iterator[str]:
    """The rules that can come before any text."""
    for sequence in alternatives:
        for item in sequence:
            if item.name:
                yield item.name
            yield from _first(item.group, empty)
            if not _skips(item, empty):
                break


def _loop(rules: Mapping[str, Alternatives]) -> str:
    """A rule that can come back to itself before any text; "" if there is none."""
    empty = _empty_rules(rules)
    first = {name: set(_first(body, empty)) for name, body in rules.items()}
    try:
        TopologicalSorter(first).prepare()
    except CycleError as error:
        return str(error.args[1][0])
    return ""


def _empty_rules(rules: Mapping[str, Alternatives]) -> set[str]:
    """The rules that may stand for no text."""
    users: dict[str, set[str]] = {name: set() for name in rules}
    for name, body in rules.items():
        for item in _items(body):
            if item.name:
                users[item.name].add(name)
    empty: set[str] = set()
    todo = list(rules)
    while todo:
        name = todo.pop()
        if name not in empty and _may_be_empty(rules[name], empty):
            empty.add(name)
            todo += users[name]
    return empty
