"""The words for what was measured and of whom, out of the survey's definition.

Who is counted is never dropped: when a question was put to some respondents only and
the sentence is about a domain, the restriction comes as `among`, which every pattern
must then use.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from pipeline.definition import Option, Question, Survey
from pipeline.wording import listed, on_scale, plural, relative

Form = Literal["noun", "to", "middle", "before", "that", "verb"]
NAMED = ("noun", "middle")  # an option is a name
FRAMED = ("middle", "before")  # words follow the option
LONGEST_FRAMED = 6  # words of an option with words after it
PREPOSITIONS = frozenset(
    ("about", "as", "at", "by", "for", "from", "in", "of", "on", "to", "with")
)
WHERE = " where "
YES = "yes"
QUOTED = "answer “"
CLAUSE = re.compile(r" (?:who|that|which|whose) ")


class Who(msgspec.Struct, frozen=True):
    """Who is counted: `among` "among AI tool users, ", `noun` "DevOps engineers"."""

    among: str
    noun: str

    @property
    def whole(self) -> str:
        """Both in one phrase: "DevOps engineers among AI tool users"."""
        return f"{self.noun} {self.among}".rstrip(", ")

    @property
    def rel(self) -> str:
        """The relative pronoun that fits: who or that."""
        return relative(self.noun)


def who(survey: Survey, question: Question, by: str = "", domain: str = "") -> Who:
    """Who is counted in a domain of a question."""
    if not by:
        return Who("", question.base_say or survey.say)
    restricted = question.base_say and question.base_say != survey.say
    among = f"among {question.base_say}, " if restricted else ""
    return Who(among, domain_noun(survey, by, domain))


def domain_noun(survey: Survey, by: str, domain: str) -> str:
    """A plural noun for the people of a domain: `DevOps engineers in IT/SaaS`."""
    pairs = list(zip(by.split("*"), domain.split("*"), strict=True))
    nouns = [_group_noun(survey, part, code) for part, code in pairs]
    if len(nouns) == 1:
        return nouns[0]
    anyone = (f"{survey.say} ", "people ")
    head, *rest = sorted(nouns, key=lambda noun: noun.startswith(anyone))
    return " ".join([head, *(_qualifier(noun, anyone) for noun in rest)])


def _qualifier(noun: str, anyone: tuple[str, ...]) -> str:
    """What "people in IT/SaaS" adds to another noun: in IT/SaaS."""
    for word in anyone:
        if noun.startswith(word):
            return noun.removeprefix(word)
    return f"who are also {noun}"


def _group_noun(survey: Survey, by: str, domain: str) -> str:
    for group in survey.domains(by):
        if group.code == domain:
            name = survey.dimension(by).label
            return group.say or f"{survey.say} with “{group.label}” as {lowered(name)}"
    raise AssertionError(f"{domain} is no domain of {by}")


def has_clause(noun: str) -> bool:
    """Whether a noun says who it means in a clause: "respondents who code"."""
    return bool(CLAUSE.search(noun))


def scope(survey: Survey, by: str) -> str:
    """What a range runs over: `industries`; `groups` if that has no simple name."""
    labels = [lowered(survey.dimension(part).label) for part in by.split("*")]
    plain = all(not ({*name.split()} & PREPOSITIONS or "," in name) for name in labels)
    return listed(plural(name) for name in labels) if plain else "groups"


def lowered(name: str) -> str:
    """A heading's name inside a sentence: Industry → industry, but IT stays."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def option_name(question: Question, term: str) -> str:
    """What an option or net is called inside a sentence."""
    for net in question.nets:
        if net.code == term:
            return net.say or net.label
    option = question.option(term)
    return option.say or option.label


def verbs(question: Question, term: str) -> str:
    """What those who gave an answer do, in the plural: `use ChatGPT`.

    A `say` with no place for the option can only mean a plain yes; any other answer
    to such a question is quoted, which is stiff but always true.
    """
    if question.scale is not None:
        return _rating_verbs(question, term)
    if "{option}" in question.say:
        return question.say.replace("{option}", option_name(question, term))
    if question.say and term == YES:
        return question.say
    if _say(question, term):
        return _say(question, term)
    return f"{QUOTED}{_label(question, term)}” to “{question.text}”"


def is_quoted(question: Question, term: str) -> bool:
    """Whether an answer has no words of its own, or is not there at all."""
    known = any(option.code == term for option in question.choices)
    return not known or verbs(question, term).startswith(QUOTED)


def _rating_verbs(question: Question, term: str) -> str:
    if any(net.code == term for net in question.nets):
        return _say(question, term) or f"choose “{_label(question, term)}”"
    topic = f"their {question.say}" if question.say else f"“{question.text}”"
    return f"rate {topic} at {term}{on_scale(question.scale)}"


def listing(question: Question, terms: Sequence[str] = ()) -> Form:
    """How a list of answers goes on after the first; of all, unless `terms` are given.

    noun    "80% use ChatGPT and 53% GitHub Copilot": the option ends the phrase
    to      "80% use AI tools to write code and 52% to write tests"
    middle  "say planning (37%) or execution (33%) holds their team back"
    before  "are confident (35%) or are not (24%) in preparing the right data"
    that    "25% say that … and 23% that …": every phrase begins with "say"
    verb    the whole phrase again, or from its "where" on
    """
    head, mark, tail = (part.strip() for part in question.say.partition("{option}"))
    if not mark or question.scale is not None or not (head or tail):
        return _spelt_out(question)
    if WHERE in head and head.endswith((" is", " are")):
        return "verb"
    if tail:
        framed: Form = "middle" if head else "before"
        return framed if _short_names(question, terms) else _spelt_out(question)
    last = head.split()[-1]
    if last == "say":
        return _spelt_out(question)
    return "to" if last == "to" else "noun"


def _spelt_out(question: Question) -> Form:
    phrases = [verbs(question, o.code) for o in question.choices if not o.missing]
    return "that" if all(p.startswith("say ") for p in phrases) else "verb"


def _short_names(question: Question, terms: Sequence[str]) -> bool:
    """Whether a figure may follow an option in the middle of a phrase."""
    every = [o.code for o in question.choices if not o.missing]
    names = [option_name(question, term) for term in terms or every]
    return all(len(n.split()) <= LONGEST_FRAMED and "," not in n for n in names)


def first_answer(question: Question, term: str) -> str:
    """An answer that leads a list."""
    phrase = verbs(question, term)
    if listing(question) == "that":
        return f"say that {phrase.removeprefix('say ').removeprefix('that ')}"
    return phrase


def next_answer(question: Question, term: str) -> str:
    """An answer that follows another in a list."""
    form = listing(question)
    if form == "that":
        return first_answer(question, term).removeprefix("say ")
    if form == "verb":
        phrase = verbs(question, term)
        shared = "{option}" in question.say and WHERE in phrase
        return phrase[phrase.index(WHERE) + 1 :] if shared else phrase
    name = option_name(question, term)
    link = preposition(question)
    return f"{link} {name}" if link else name


def preposition(question: Question) -> str:
    """The word before the option that a list repeats: learn "from" A and from B."""
    words = question.say.partition("{option}")[0].split()
    return words[-1] if words and words[-1] in PREPOSITIONS else ""


def topic(question: Question) -> str:
    """What a scale or number measures: `dependence on AI`."""
    return question.say or lowered(question.label())


def _say(question: Question, term: str) -> str:
    return _entry(question, term).say


def _label(question: Question, term: str) -> str:
    return _entry(question, term).label


def _entry(question: Question, term: str) -> Option:
    for net in question.nets:
        if net.code == term:
            return Option(code=net.code, label=net.label, say=net.say)
    return question.option(term)
