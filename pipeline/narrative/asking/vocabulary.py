"""The words that a survey's definition has for its questions, answers and groups."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable

import msgspec

from pipeline.definition import Net, Option, Question, Survey
from pipeline.narrative.answers import NONE, is_rest
from pipeline.narrative.asking.words import english, stems, telling, words
from pipeline.narrative.lexicon import domain_noun, listing, option_name

OR = re.compile(r"[,;/]| or ")
JOINED = re.compile(r"[,;/]| or | and ")
ASIDE = re.compile(r"\s*\((?!except|but|not|without|excl).*?\)")
FIRST = re.compile(r"(?<=[?.:])\s")
UNITS = stems("employees staff machines")
NOUN = 3  # words that say what is counted
SHORT = 2  # a name of an answer cut short
ORDERING = ("most", "least", "more", "than")
PLAIN = ("yes", "agree")  # the answer that is meant where none is named
ANSWERS = frozenset(("yes", "no", "unsure"))


class Group(msgspec.Struct, frozen=True):
    """A group by one of its names; `around` are words that may be said with it."""

    by: str
    code: str
    name: tuple[str, ...]
    around: frozenset[str]


class Answer(msgspec.Struct, frozen=True):
    """An answer by one of its names; a `part` of a name is less sure than the whole.

    `name` are the words that tell it from the question, `all` all that it is said with.
    A sum has the answers `of` it; `either` if it names them, as "good or very good".
    """

    code: str
    name: frozenset[str]
    all: frozenset[str]
    part: int
    of: tuple[str, ...]
    either: bool


class Topic(msgspec.Struct, frozen=True):
    """A question's words: `own` in all, `fields` one by one, and its answers'.

    `steady` are those of its own that tell no answer from another; `spelt` is its text,
    `base` who was asked, `frame` what must be said for a verb to be an answer.
    """

    question: Question
    own: frozenset[str]
    steady: frozenset[str]
    spelt: tuple[str, ...]
    base: frozenset[str]
    frame: frozenset[str]
    fields: tuple[frozenset[str], ...]
    answers: tuple[Answer, ...] = ()

    @property
    def plain(self) -> str:
        """The answer that is meant where none is named, if there is one."""
        codes = {a.code for a in self.answers}
        said = [a.code for a in self.answers if not a.name and a.of]
        return next((c for c in (*PLAIN, *said) if c in codes), "")

    @property
    def title(self) -> frozenset[str]:
        """The words of its heading."""
        return stems(self.question.label())

    @property
    def said(self) -> frozenset[str]:
        """The words of its heading and around its answers."""
        return self.title | stems(self.question.say.replace("{option}", " "))

    @property
    def things(self) -> frozenset[str]:
        """What it asks "which" of, and what its heading names."""
        after: tuple[str, ...] = ()
        for word in ("which", "what"):
            if word in self.spelt:
                after = self.spelt[self.spelt.index(word) + 1 :]
        return self.title | stems(" ".join(after[:NOUN]))

    @property
    def how(self) -> tuple[str, ...]:
        """How it asks: "how favorable"."""
        return self.spelt[:2] if self.spelt[:1] == ("how",) else ()

    @property
    def counted(self) -> frozenset[str]:
        """What it asks "how many" of: clusters, years."""
        if "many" not in self.spelt:
            return frozenset()
        after = self.spelt[self.spelt.index("many") + 1 :]
        return stems(" ".join(after[:NOUN]))

    def offered(self, code: str, wave: str) -> bool:
        """Whether an answer could be given in a wave; a sum always can."""
        options = {o.code: o for o in self.question.choices}
        return code not in options or options[code].offered(wave)

    @property
    def yes_or_no(self) -> bool:
        """Whether its answers make no list."""
        return {o.code for o in self.question.choices} <= ANSWERS


class Vocabulary(msgspec.Struct, frozen=True):
    """A survey's words, and how much each tells: rare ones most."""

    survey: Survey
    topics: tuple[Topic, ...]
    groups: tuple[Group, ...]
    dimensions: tuple[tuple[str, tuple[str, ...]], ...]
    people: frozenset[str]
    weights: dict[str, float]

    def weight(self, found: Iterable[str]) -> float:
        """How much some words tell; one that is nowhere in the survey tells most."""
        most = math.log(2 + 2 * len(self.topics))
        return sum(self.weights.get(stem, most) for stem in found)

    def part(self, whole: frozenset[str], found: frozenset[str]) -> float:
        """How much of a whole is found, 0 to 1."""
        return self.weight(whole & found) / self.weight(whole)


def vocabulary(survey: Survey) -> Vocabulary:
    """All words of a survey by which a reader can ask for something."""
    topics = tuple(_topic(survey, q) for q in survey.questions if _sayable(survey, q))
    seen = Counter(stem for topic in topics for stem in topic.own)
    size = len(topics)
    topics = tuple(_without_common(topic, frozenset(seen)) for topic in topics)
    return Vocabulary(
        survey=survey,
        topics=topics,
        groups=tuple(_groups(survey)),
        dimensions=tuple((d.id, _named(d.label)) for d in survey.dimensions),
        people=stems(survey.title) & english().people,
        weights={s: math.log(1 + (1 + 2 * size) / (1 + n)) for s, n in seen.items()},
    )


def _sayable(survey: Survey, question: Question) -> bool:
    """Whether sentences can be made of it.

    The question behind a dimension may name people, not what they do: then it has
    no phrase of its own.
    """
    splits = {dimension.question for dimension in survey.dimensions}
    silent = question.id in splits and not question.say
    return question.kind != "open" and bool(question.columns) and not silent


def _topic(survey: Survey, question: Question) -> Topic:
    frame = question.say.replace("{option}", " ")
    asked = FIRST.split(question.text)[0]
    fields = [question.title, asked, question.text, frame, _yes(question)]
    base = stems(question.base_say if question.base_say != survey.say else "")
    own = stems(" ".join(fields)) | base
    labels = [stems(option.label) for option in question.choices] or [frozenset()]
    steady = own - (frozenset().union(*labels) - frozenset.intersection(*labels))
    topic = Topic(
        question=question,
        own=own,
        steady=steady,
        base=base,
        frame=_frame(question),
        spelt=tuple(word.small for word in words(asked)),
        fields=tuple(f for f in map(_kept, [*fields, *_shorter(question)]) if f)
        + _nicknames(survey, question),
    )
    entries: tuple[Option | Net, ...] = (*question.choices, *question.nets)
    answers = tuple(a for entry in entries for a in _names(question, entry, topic))
    return msgspec.structs.replace(topic, answers=answers)


def _yes(question: Question) -> str:
    """What those say who say yes, where that is all that is said of it."""
    said = {entry.code: entry.say for entry in (*question.choices, *question.nets)}
    return said.get("yes", "") if question.say == "{option}" else ""


def _without_common(topic: Topic, common: frozenset[str]) -> Topic:
    """A question whose answers have no short name that others use: AI is no trend."""
    clear = (a for a in topic.answers if a.part < SHORT or not a.name <= common)
    return msgspec.structs.replace(topic, answers=tuple(clear))


def _kept(text: str) -> frozenset[str]:
    """The words that say what is asked: "most" in "most important trends" does not."""
    told = english().intent
    found = (w for w in telling(text) if told.get(w.small, "") not in ORDERING)
    return frozenset(word.stem for word in found)


def _shorter(question: Question) -> list[str]:
    """How a question is called for short: "use" for "use … to manage pipelines"."""
    if question.kind == "numeric":
        return [question.say.split(" in ")[0]]
    verb = question.say.split("{option}")[0]
    return [verb] if len(stems(verb)) == 1 else []


def _frame(question: Question) -> frozenset[str]:
    """What is said before a verb: "use AI tools" in "use AI tools to write code"."""
    if listing(question) != "to":
        return frozenset()
    return stems(question.say.split("{option}")[0])


def _nicknames(survey: Survey, question: Question) -> tuple[frozenset[str], ...]:
    """What those are called elsewhere who gave one answer to it: "AI tool users"."""
    found = []
    for other in survey.questions:
        condition = other.base or other.asked
        if list(condition) == [question.id] and len(condition[question.id]) == 1:
            found.append(stems(other.base_say))
    return tuple(name for name in dict.fromkeys(found) if name)


def _names(question: Question, entry: Option | Net, topic: Topic) -> list[Answer]:
    """All that an answer may be called, whole names first."""
    said = option_name(question, entry.code)
    all_ = stems(f"{entry.label} {said}")
    of = entry.of if isinstance(entry, Net) else ()
    either = bool(of) and " or " in f"{entry.label} {said}"
    made: dict[frozenset[str], Answer] = {}
    for part, name in _called(entry, said, topic.own):
        left = name - topic.steady
        if name and (left - topic.own or not part or of):
            made.setdefault(left, Answer(entry.code, left, all_, part, of, either))
    return list(made.values()) or [Answer(entry.code, all_, all_, 0, of, either)]


def _called(
    entry: Option | Net, said: str, own: frozenset[str]
) -> Iterable[tuple[int, frozenset[str]]]:
    """Names and how far each is from the whole: 0 whole, 1 a part, 2 a short form."""
    wholes = (said, entry.label, ASIDE.sub("", entry.label))
    yield from ((0, stems(whole)) for whole in wholes)
    if isinstance(entry, Net):
        for whole in wholes:
            first, *others = (stems(part) for part in OR.split(whole))
            if others and all(first < other for other in others):
                yield 1, first  # "favorable or very favorable": all are favorable
    elif not (is_rest(entry.code) or NONE.match(entry.code)):
        yield from ((SHORT, each) for each in _shortened(said, own))


def _shortened(name: str, own: frozenset[str]) -> list[frozenset[str]]:
    """The proper names inside a name: Gemini for Google Gemini."""
    found = [word for word in telling(name) if word.stem not in own]
    if len(found) < 2 or JOINED.search(name) or not name[:1].isupper():
        return []
    later = (word for word in found[1:] if word.written[:1].isupper())
    return [frozenset((word.stem,)) for word in later]


def _groups(survey: Survey) -> Iterable[Group]:
    for dimension in survey.dimensions:
        question = survey.question(dimension.question)
        for group in survey.domains(dimension.id):
            noun = domain_noun(survey, dimension.id, group.code)
            labels = [o.label for o in question.choices if o.code in group.options]
            around = stems(" ".join([dimension.label, noun, question.title, *labels]))
            names = {_named(group.label), _named(noun), _counted(_named(noun))} - {()}
            for name in sorted(names):
                yield Group(dimension.id, group.code, name, around - {*name})


def _counted(name: tuple[str, ...]) -> tuple[str, ...]:
    """A name without what it counts: "organizations of 10 to 49" for "… employees"."""
    return name[:-1] if name[-1:] and name[-1] in UNITS else name


def _named(text: str) -> tuple[str, ...]:
    return tuple(word.stem for word in telling(text))
