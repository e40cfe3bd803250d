"""What a reader's question means: one claim on one question of a survey, or nothing.

Every word that says something must be accounted for: by a question of the survey, one
of its answers, a group, a wave, or by what is wanted of the figures. A word that is
not is named, and nothing is answered; so no restriction is ever dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pipeline.definition import Survey
from pipeline.narrative.asking.intent import Cannot
from pipeline.narrative.asking.reading import Meant, Reading, readings
from pipeline.narrative.asking.vocabulary import Vocabulary
from pipeline.narrative.asking.words import clean, english, words, written_out

LONGEST = 60  # words
APART = 0.05  # by which one reading must be better than another
NEAREST = 3


class Refused(msgspec.Struct, frozen=True):
    """Why nothing is answered, and the questions that come nearest, best first."""

    reason: str
    near: tuple[tuple[Survey, str], ...] = ()


def understand(text: str, known: Sequence[Vocabulary]) -> Meant | Refused:
    """What a question means in the words of these surveys."""
    asked = words(written_out(clean(text)))
    if len(asked) > LONGEST:
        return Refused(f"it is longer than {LONGEST} words")
    for word in asked:
        if word.small in english().beyond:
            return Refused(f"a survey cannot tell {english().beyond[word.small]}")
    return _best([r for each in known for r in readings(each, asked)])


def _best(found: Sequence[Reading]) -> Meant | Refused:
    """The reading that leaves no word over and fits best, if none fits as well."""
    whole = [r for r in found if not r.unknown and r.fit > 0]
    sound = sorted((r for r in whole if isinstance(r.meant, Meant)), key=_rank)
    if not sound:
        return _refused(found, whole)
    first = sound[0]
    close = [r for r in whole if r.fit > first.fit - APART]
    rivals = [r for r in close if _other(r, first)]
    if rivals:
        near = _near([first, *rivals])
        several = len({survey.id for survey, _ in near}) > 1
        why = "several surveys ask that" if several else "it can be read in two ways"
        return Refused(why, near)
    assert isinstance(first.meant, Meant)
    return first.meant


def _rank(reading: Reading) -> tuple[float, int]:
    """The best fit first; of two that fit alike, the one that finds more groups."""
    meant = reading.meant
    return -reading.fit, -len(meant.domains) if isinstance(meant, Meant) else 0


def _other(one: Reading, first: Reading) -> bool:
    """Whether a reading asks for something else, not for the same groups otherwise.

    An answer may be a question of its own: Argo is a tool and a project. What an older
    wave asked may have been asked otherwise since.
    """
    a, b = one.meant, first.meant
    assert isinstance(b, Meant)
    if isinstance(a, Cannot):
        if one.survey.id != first.survey.id or one.topic == first.topic:
            return False
        last = one.survey.waves[-1].id
        since = b.wave != last and last in one.topic.question.columns
        return bool(first.names & one.topic.title) or (since and not first.dated)
    return (a.survey.id, a.question, a.terms) != (b.survey.id, b.question, b.terms)


def _refused(found: Sequence[Reading], whole: Sequence[Reading]) -> Refused:
    if whole:
        best = max(whole, key=lambda r: r.fit)
        assert isinstance(best.meant, Cannot)
        return Refused(best.meant.why, _near(sorted(whole, key=lambda r: -r.fit)))
    ordered = sorted(found, key=lambda r: (len(r.unknown), -r.fit))
    if not ordered or not ordered[0].fit:
        return Refused("no question of the survey covers that")
    unknown = ordered[0].unknown
    if not unknown:
        return Refused("no question of the survey covers that", _near(ordered))
    listed = ", ".join(f"“{word}”" for word in unknown[:5])
    return Refused(f"the survey does not tell of {listed}", _near(ordered))


def _near(ordered: Sequence[Reading]) -> tuple[tuple[Survey, str], ...]:
    found = {(r.survey.id, r.topic.question.id): r.survey for r in ordered if r.fit}
    listed = [(survey, question) for (_, question), survey in found.items()]
    return tuple(listed[:NEAREST])
