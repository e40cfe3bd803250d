"""Claims of a place in the order that an answer has moved to since the wave before."""

from __future__ import annotations

from pipeline.definition import Question
from pipeline.estimates.multiplicity import holm
from pipeline.narrative.answers import has_place
from pipeline.narrative.claims import Claim, Source, figure, named
from pipeline.narrative.facts import Row, place_of
from pipeline.narrative.lexicon import option_name, who
from pipeline.narrative.licences import ALPHA
from pipeline.narrative.ranking import placed


def most_moved(source: Source, question: Question) -> Claim | None:
    """The option that moved most, of those whose share changed significantly."""
    moved: list[tuple[int, Claim]] = []
    made = [
        (o.code, source.estimates.trend(source.wave, question.id, "share", o.code))
        for o in question.choices
        if has_place(question, o.code)
    ]
    tested = {t: c for t, c in made if c and c.comparable and c.p_value is not None}
    adjusted = holm([c.p_value or 0.0 for c in tested.values()])
    for (term, change), p_value in zip(tested.items(), adjusted, strict=True):
        waves = (change.wave_from, change.wave_to)
        rows = [source.estimates.row(w, question.id, "share", term) for w in waves]
        if p_value < ALPHA and all(row and row.rank for row in rows):
            before, after = (row for row in rows if row)
            moved.append(_moved(source, question, before, after))
    moved = [move for move in moved if move[0]]
    return max(moved, key=lambda move: abs(move[0]))[1] if moved else None


def _moved(
    source: Source, question: Question, before: Row, after: Row
) -> tuple[int, Claim]:
    group = who(source.survey, question)
    name = option_name(question, after.term)
    at = [placed(source, question, row) for row in (before, after)]
    places = [
        place_of(row, question, group.whole, name, place)
        for row, place in zip((before, after), at, strict=True)
    ]
    up = at[0] - at[1]
    words = {"option": name, "from": before.wave, "to": after.wave}
    claim = Claim(
        kind="place",
        question=question.id,
        names=named(group) | words,
        figures={"before": figure(places[0]), "after": figure(places[1])},
        licences=("place_up" if up > 0 else "place_down",),
    )
    return up, claim
