"""A sentence that was read: its words, its numbers bound, and what is known."""

from __future__ import annotations

import msgspec

from pipeline.narrative.lock.binding import Binding
from pipeline.narrative.lock.sentence import Sentence
from pipeline.narrative.lock.table import Cell, Table


class Read(msgspec.Struct, frozen=True):
    """A sentence, what its numbers are, and what is known."""

    sentence: Sentence
    binding: Binding
    table: Table

    @property
    def claims(self) -> frozenset[str]:
        """What its words claim."""
        return self.sentence.claims()

    @property
    def cells(self) -> list[Cell]:
        """The estimates that it states, in order."""
        return self.binding.cells()

    def answers(self) -> list[tuple[str, str]]:
        """Question and code of the answers named; a rating is one if no other is."""
        named = [(m.one, m.two) for m in self.sentence.meanings("answer")]
        ratings = self.sentence.numbers("rating")
        terms = [self.sentence.at(i).text.split(" ")[0] for i in ratings]
        topics = [m.one for m in self.sentence.meanings("topic")]
        return named or [(topic, term) for topic in topics for term in terms]

    def value(self, cell: Cell) -> float:
        """An estimate that is known to be there."""
        return self.table.value(cell) or 0.0

    def changes(self) -> list[tuple[Cell, Cell]]:
        """Estimates of an earlier wave with those of this one."""
        now = [c for c in self.cells if c.wave == self.table.wave]
        then = [c for c in self.cells if c.wave != self.table.wave]
        return [
            (old, new)
            for old in then
            for new in now
            if msgspec.structs.replace(old, wave=new.wave) == new
        ]
