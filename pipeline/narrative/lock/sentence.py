"""A sentence's tokens with the questions one asks of them: what stands where."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from pipeline.narrative.lock.tokens import Token
from pipeline.narrative.lock.vocabulary import Meaning

END = Token("mark", "")
SKIPPED = ("of", "the", "among")


class Sentence(msgspec.Struct, frozen=True):
    """The tokens of one sentence."""

    tokens: tuple[Token, ...]

    def at(self, i: int) -> Token:
        """The token at a place; an empty mark outside."""
        return self.tokens[i] if 0 <= i < len(self.tokens) else END

    def claims(self) -> frozenset[str]:
        """Everything that its words claim."""
        return frozenset(t.claim for t in self.tokens if t.kind == "word" and t.claim)

    def names(self, kind: str) -> list[int]:
        """The places of names of one kind."""
        return [i for i, token in enumerate(self.tokens) if token.are(kind)]

    def numbers(self, *kinds: str) -> list[int]:
        """The places of numbers, of these kinds if any are given."""
        return [
            i
            for i, token in enumerate(self.tokens)
            if token.kind == "number" and (not kinds or token.claim in kinds)
        ]

    def meanings(self, kind: str) -> Iterator[Meaning]:
        """What names of one kind may mean."""
        for i in self.names(kind):
            yield from self.tokens[i].are(kind)

    def groups(self, i: int) -> bool:
        """Whether a group or everyone is named there."""
        return bool(self.at(i).are("group") or self.at(i).are("base"))

    def compared(self) -> list[int]:
        """The groups that a sentence sets against each other."""
        found = self.names("group")
        everyone = [i for i in self.names("base") if self.at(i).text[:4] == "all "]
        return sorted({*found, *everyone})

    def listed(self, i: int) -> list[int]:
        """The group named at a place, and those that follow it in a list."""
        found = [i]
        while True:
            step = i + 1
            while self.at(step).text in (",", ";", "and"):
                step += 1
            if step == i + 1 or not self.groups(step):
                return found
            found.append(step)
            i = step

    def group_at(self, i: int) -> list[int]:
        """The groups that a number is said of right beside it, none if it is not."""
        after = i + 1
        if self.at(after).text == "(" and self.at(after + 1).text == "among":
            after += 1
        if self.at(after).text in ("of", "among"):
            after += 2 if self.at(after + 1).text == "the" else 1
            if self.groups(after):
                return self.listed(after)
        before = self.at(i - 1).text
        if before == "(" and self.groups(i - 2):
            return [i - 2]
        in_list = before == "at" and self.at(i - 3).text in (",", "and")
        if in_list and self.groups(i - 2):
            return [i - 2]
        named = self.at(i - 2).text.startswith("all ") or self.at(i - 3).text == "of"
        everyone = named and self.groups(i - 2)
        if before in ("at", ",") and (self.at(i - 2).are("group") or everyone):
            return [i - 2]
        return []

    def subject(self, *, as_answers: bool) -> list[int]:
        """Whom a sentence is about where a number does not say.

        With `as_answers`, nobody who may be an answer.
        """
        bases = self.names("base")
        for i in sorted({*self.names("group"), *bases}):
            if as_answers and self.at(i).are("answer"):
                continue
            before = self.at(i - 1).text
            restricts = i in bases and before == "among"
            if before not in ("with", "than", "as") and not restricts:
                return [i]
        return bases[:1]

    def colon(self) -> int:
        """The place of the first colon; behind the end if there is none."""
        marks = [i for i, t in enumerate(self.tokens) if t.text == ":"]
        return marks[0] if marks else len(self.tokens)

    def answer_at(self, i: int, *, groups_too: bool) -> int | None:
        """The place of the answer that a number is of.

        A name that may be a group's as well ("executives") is an answer if
        `groups_too`, or if there is no other.
        """
        every = self.names("answer")
        pure = [place for place in every if not self.groups(place)]
        answers = every if groups_too or not pure else pure
        if not answers:
            return None
        after = i + 1
        while after not in answers and (
            self.at(after).text in SKIPPED or self.at(after).are("frame")
        ):
            after += 1
            if self.groups(after):
                after = self.listed(after)[-1] + 1
        if after in answers:
            return after
        earlier = [place for place in answers if place < i]
        return earlier[-1] if earlier else answers[0]
