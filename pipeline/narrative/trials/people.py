"""Whom and what a figure is of, exchanged, widened or crossed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from random import Random

from pipeline.narrative.facts import domains
from pipeline.narrative.lexicon import domain_noun, scope, verbs
from pipeline.narrative.trials.context import Context, exchanged, replaced, upper
from pipeline.wording import infinitive

FOREIGN = ("astronauts", "people in Atlantis", "Acme Corp")


def entities(context: Context, _: Random) -> Iterator[str]:
    """Another group of the dimension, or one that is not in the survey."""
    text, survey = context.sentence.text, context.source.survey
    for fact in context.own():
        if not fact.by or fact.display not in text:
            continue
        noun = domain_noun(survey, fact.by, fact.domain)
        for other in domains(survey, fact.by)[:6]:
            same = context.shown(fact, fact.term, fact.by, other) == fact.display
            new = domain_noun(survey, fact.by, other)
            if (
                other != fact.domain
                and not same
                and new.casefold() not in text.casefold()
            ):
                yield from replaced(text, noun, new)
        yield from replaced(text, noun, FOREIGN[len(text) % len(FOREIGN)])


def swapped_arguments(context: Context, _: Random) -> Iterator[str]:
    """Two groups in each other's place."""
    text, survey = context.sentence.text, context.source.survey
    facts = [f for f in context.own() if f.by and f.statistic != "rank"]
    for one, two in pairwise(facts):
        nouns = [domain_noun(survey, f.by, f.domain) for f in (one, two)]
        differ = one.domain != two.domain and one.display != two.display
        if differ and all(noun.casefold() in text.casefold() for noun in nouns):
            yield exchanged(text, *nouns)


def metrics(context: Context, _: Random) -> Iterator[str]:
    """Another answer in the place of this one."""
    text, survey = context.sentence.text, context.source.survey
    for fact in context.own():
        question = survey.question(fact.question)
        if fact.statistic != "share" or question.scale is not None:
            continue
        if fact.display not in text:
            continue  # a break is one of all answers to a question
        old = verbs(question, fact.term)
        for option in question.choices[:6]:
            new = verbs(question, option.code)
            same = context.shown(fact, option.code, fact.by, fact.domain)
            if option.code == fact.term or same == fact.display:
                continue
            if new.casefold() not in text.casefold():
                yield from replaced(text, old, new)
                yield from replaced(text, infinitive(old), infinitive(new))


def roles(context: Context, _: Random) -> Iterator[str]:
    """The figure of one group said of everyone, and the other way round."""
    text, survey = context.sentence.text, context.source.survey
    for fact in context.own():
        if not fact.by or fact.statistic != "share" or fact.display not in text:
            continue
        everyone = context.shown(fact, fact.term, "", "")
        noun = domain_noun(survey, fact.by, fact.domain)
        base = survey.question(fact.question).base_say or survey.say
        if everyone != fact.display:
            yield from replaced(text, noun, base)
            if everyone[0].isdigit() and text.count(fact.display) == 1:
                yield text.replace(fact.display, everyone)


def restrictions(context: Context, _: Random) -> Iterator[str]:
    """Who was asked left out, or made wider."""
    text, survey = context.sentence.text, context.source.survey
    bases = {survey.question(f.question).base_say for f in context.own()}
    for base in sorted(filter(None, bases - {survey.say})):
        for form in (f"Among {base}, ", f"among {base}, ", f" among {base}"):
            if form in text and any(f.by for f in context.own()):
                yield upper(text.replace(form, "", 1))
        yield from replaced(text, base, survey.say)
        yield from replaced(text, base, "people")


def scopes(context: Context, _: Random) -> Iterator[str]:
    """A range over more than was shown, or over something else."""
    text, survey = context.sentence.text, context.source.survey
    for dimension in survey.dimensions:
        name = scope(survey, dimension.id)
        if f"{name} shown" in text:
            yield from replaced(text, f"{name} shown", name)
            yield from replaced(text, f"the {name} shown", f"all {name}")
            yield from replaced(text, f"{name} shown", "countries of the world")
            for other in survey.dimensions:
                if scope(survey, other.id) != name:
                    yield from replaced(text, name, scope(survey, other.id))


def crosses(context: Context, _: Random) -> Iterator[str]:
    """Two shares of everyone read as one of the other."""
    survey = context.source.survey
    facts = [f for f in context.facts if f.statistic == "share" and not f.by]
    for one, two in pairwise(facts):
        first, second = (verbs(survey.question(f.question), f.term) for f in (one, two))
        if first != second and one.wave == two.wave:
            base = survey.question(one.question).base_say or survey.say
            yield f"Of the {one.display} of {base} who {first}, {two.display} {second}."
            yield f"Among those who {first}, {two.display} {second}."


def bases(context: Context, _: Random) -> Iterator[str]:
    """The share of some said of others who were counted elsewhere."""
    text, survey = context.sentence.text, context.source.survey
    said = {q.base_say or survey.say for q in survey.questions}
    for fact in context.own()[:1]:
        base = survey.question(fact.question).base_say or survey.say
        for other in sorted(said - {base})[:3]:
            yield from replaced(text, base, other)
