"""The troubles with a sentence: none if everything in it is known to be so."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from pipeline.definition import Survey
from pipeline.narrative.facts import Estimates
from pipeline.narrative.lock.binding import bind
from pipeline.narrative.lock.checks import CHECKS
from pipeline.narrative.lock.connectives import connected
from pipeline.narrative.lock.orders import ORDERS
from pipeline.narrative.lock.ranges import ranges, scopes
from pipeline.narrative.lock.read import Read
from pipeline.narrative.lock.sentence import Sentence
from pipeline.narrative.lock.table import Table
from pipeline.narrative.lock.tokens import Reader, reader, tokens
from pipeline.narrative.lock.vocabulary import vocabulary
from pipeline.narrative.lock.waves import not_comparable, waves
from pipeline.report import Tested

ALL = (ranges, waves, not_comparable, scopes)


class Lock(msgspec.Struct, frozen=True):
    """The lock on one section: the words it may use, and what is known."""

    reading: Reader
    table: Table

    def troubles(
        self, text: str, *, before: str = "", title: bool = False
    ) -> list[str]:
        """Why a sentence may not be published behind another; nothing if it may.

        The title of a figure need not say that a range runs over what is shown.
        """
        read = self.read(text)
        found = list(read.binding.troubles)
        found += connected(self.read(before) if before else None, read)
        more = (ranges, waves, not_comparable) if title else ALL
        for check in (*CHECKS, *ORDERS, *more):
            found += check(read)
        return list(dict.fromkeys(found))

    def read(self, text: str) -> Read:
        """A sentence with its numbers bound."""
        sentence = Sentence(tuple(tokens(text, self.reading)))
        return Read(sentence, bind(sentence, self.table), self.table)


def lock(
    survey: Survey,
    estimates: Estimates,
    wave: str,
    questions: Iterable[str],
    splits: Iterable[str],
    tests: tuple[Tested, ...],
) -> Lock:
    """The lock for a section on these questions, split in these ways."""
    words = vocabulary(survey, estimates.trends.values(), questions, splits)
    return Lock(reader(words), Table(survey, estimates, wave, tests))
