"""Ways to read a question: which words are a group, an answer, a question's own.

A reading says what would be meant, which words it leaves over, and how well it fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import combinations, pairwise

import msgspec

from pipeline.definition import Survey
from pipeline.narrative.asking.intent import (
    Cannot,
    Form,
    Kind,
    Said,
    form_of,
    intents,
    kind_of,
)
from pipeline.narrative.asking.naming import Unclear, named_answers
from pipeline.narrative.asking.places import Place, misplaced, places, together
from pipeline.narrative.asking.vocabulary import Answer, Topic, Vocabulary
from pipeline.narrative.asking.waves import YEAR, wave_named, wave_of
from pipeline.narrative.asking.words import Word, english

MOST_PLACES = 12  # names of groups, so that all ways to read them can be tried
ENOUGH = 0.4  # of the weight of what a question of the survey says
LOOSE = frozenset(("work", "us", "tool"))  # say nothing without other words
OFTEN = frozenset(("most", "least", "more", "less"))
STRANDED = frozenset(("for", "from", "with"))  # at the end of a question


class Meant(msgspec.Struct, frozen=True):
    """What is asked: answers of a question, in groups `by` dimensions, in a wave."""

    survey: Survey
    question: str
    kind: Kind
    terms: tuple[str, ...]
    by: str
    domains: tuple[str, ...]
    wave: str


class Reading(msgspec.Struct, frozen=True):
    """What is meant or why not, the words left over, and how well it fits."""

    survey: Survey
    topic: Topic
    meant: Meant | Cannot
    unknown: tuple[str, ...]
    fit: float


class _Met(msgspec.Struct, frozen=True):
    """Words of a text that a question has, and those of them that name answers."""

    own: frozenset[str]
    names: frozenset[str]


class Text(msgspec.Struct, frozen=True):
    """A question's words and how it begins."""

    asked: tuple[Word, ...]
    form: Form


def readings(known: Vocabulary, asked: Sequence[Word]) -> Iterator[Reading]:
    """All ways to read a text: with which groups, over which, as which question."""
    text = Text(tuple(asked), form_of(asked))
    found = places(known, asked)
    if len({(p.start, p.end) for p in found}) > MOST_PLACES:
        return
    over = [p for p in found if not p.code]
    groups = [p for p in found if p.code]
    chosen = [(), *((p,) for p in groups), *_pairs(known, groups)]
    for some in chosen:
        for dimension in (None, *over):
            taken = [*some, *([dimension] if dimension else [])]
            if not _apart(taken):
                continue
            for topic in known.topics:
                yield _reading(known, text, topic, some, dimension)


def _pairs(known: Vocabulary, groups: Sequence[Place]) -> list[tuple[Place, Place]]:
    return [
        (one, other)
        for one, other in combinations(sorted(groups, key=lambda g: g.start), 2)
        if together(known.survey, (one, other))
    ]


def _apart(taken: Sequence[Place]) -> bool:
    """Whether no two names share a word."""
    return all(a.end <= b.start or b.end <= a.start for a, b in combinations(taken, 2))


def _reading(
    known: Vocabulary,
    text: Text,
    topic: Topic,
    groups: tuple[Place, ...],
    over: Place | None,
) -> Reading:
    places_ = [*groups, *([over] if over else [])]
    inside = {i for p in places_ for i in range(p.start, p.end)}
    rest = [w for i, w in enumerate(text.asked) if i not in inside and not w.idle]
    rest = [w for w in rest if not (w.small == "often" and _most_often(text.asked))]
    years = [w.small for w in rest if YEAR.fullmatch(w.small)]
    wave = wave_named(known.survey, topic.question, years)
    answers = named_answers(topic, rest, text.asked, text.form, wave)
    chosen = () if isinstance(answers, Unclear) else answers
    said_by = frozenset().union(*(a.all for a in chosen))
    around = frozenset().union(*(p.around for p in groups), known.people)
    own = topic.own | said_by
    told = intents(rest, topic.steady | said_by)
    years = [year for year in years if year not in own]
    met = _Met(
        own=frozenset(w.stem for w in rest if w.stem in own),
        names=frozenset().union(*(a.name for a in chosen)),
    )
    clear = said_by | _explained(known, topic, met, text)
    unknown = [
        w.written for w in rest if _unaccounted(w, clear | around, chosen, years)
    ]
    fit = _fit(known, topic, met, text.asked)
    said = Said(
        form=text.form,
        intents=told,
        terms=len(chosen),
        groups=len(groups),
        dimension=over is not None,
        crossed=len({p.by for p in groups}) > 1,
    )
    meant = (
        Cannot(answers.why)
        if isinstance(answers, Unclear)
        else _meant(known, text, topic, said, (chosen, groups, over, years))
    )
    return Reading(known.survey, topic, meant, tuple(dict.fromkeys(unknown)), fit)


def _most_often(asked: Sequence[Word]) -> bool:
    return any(b.small == "often" and a.small in OFTEN for a, b in pairwise(asked))


def _explained(
    known: Vocabulary, topic: Topic, met: _Met, text: Text
) -> frozenset[str]:
    """The words of its fields of which the text has enough; "how X" is enough.

    A word that only turns up in a long question is not what that question asks.
    """
    fields = [f for f in topic.fields if known.part(f, met.own) >= ENOUGH]
    how = [w.stem for w in text.asked[1:2] if (text.form, w.small) == topic.how]
    return frozenset(how).union(topic.base if fields else (), *fields)


def _unaccounted(
    word: Word, own: frozenset[str], chosen: Sequence[Answer], years: Sequence[str]
) -> bool:
    """Whether nobody accounts for a word; a "not" must be that of an answer."""
    if word.stem == "not":
        return not any("not" in answer.all for answer in chosen)
    told = word.small in english().intent or word.small in years
    return not (told or word.stem in own)


def _fit(known: Vocabulary, topic: Topic, met: _Met, asked: Sequence[Word]) -> float:
    """How much of what the question of the survey says is in the text, 0 to 1.

    Of two questions with the same words, the one whose order is nearer fits better.
    """
    best = max(known.part(field | met.names, met.own) for field in topic.fields)
    if not met.own or (met.own <= LOOSE and best < 1):
        return 0.0
    order = SequenceMatcher(None, [w.small for w in asked], topic.spelt).ratio()
    stranded = (asked[-1].small in STRANDED) != (topic.spelt[-1] in STRANDED)
    return best + order / 10 - stranded / 10


def _meant(
    known: Vocabulary,
    text: Text,
    topic: Topic,
    said: Said,
    found: tuple[tuple[Answer, ...], tuple[Place, ...], Place | None, Sequence[str]],
) -> Meant | Cannot:
    chosen, groups, over, years = found
    survey, question = known.survey, topic.question
    splits = {
        survey.dimension(p.by).question for p in (*groups, *([over] if over else []))
    }
    if question.id in splits:
        return Cannot("a group is not asked what makes it one")
    if any(misplaced(text.asked, p, topic) for p in groups):
        return Cannot("it asks who they are, not what a group does")
    kind = kind_of(topic, said)
    if isinstance(kind, Cannot):
        return kind
    wave = wave_of(survey, question, kind, years, since=_since(text))
    if isinstance(wave, Cannot):
        return wave
    terms = tuple(a.code for a in chosen)
    if not terms and topic.plain and kind in ("share", "range", "trend"):
        terms = (topic.plain,)
    for term in terms:
        if not topic.offered(term, wave):
            return Cannot(f"{wave} did not offer that answer")
    by, domains = _who(survey, groups, over)
    return Meant(survey, question.id, kind, terms, by, domains, wave)


def _since(text: Text) -> bool:
    """Whether a year is where a change begins."""
    pairs = pairwise(text.asked)
    return any(a.small == "since" and YEAR.fullmatch(b.small) for a, b in pairs)


def _who(
    survey: Survey, groups: Sequence[Place], over: Place | None
) -> tuple[str, tuple[str, ...]]:
    """The dimensions, joined, and the groups of them that are asked about."""
    if over:
        return over.by, ()
    if len({p.by for p in groups}) < 2:
        return (groups[0].by if groups else ""), tuple(p.code for p in groups)
    codes = {p.by: p.code for p in groups}
    cross = next(c for c in survey.crosses if {*c} == {*codes})
    return "*".join(cross), ("*".join(codes[by] for by in cross),)
