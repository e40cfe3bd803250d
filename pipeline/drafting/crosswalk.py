"""A new wave's draft against the survey's definition: which questions are the same.

Questions are paired by wording, column and options; options by label. What is not
plain is a guess, and says so: a person reviews the file.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

import msgspec

from pipeline.crosswalk import Comparable, Crossed
from pipeline.definition import Option, Question, Survey
from pipeline.drafting.choices import OTHER
from pipeline.drafting.codes import code_for
from pipeline.drafting.nouns import Choice, Draft, Guess, Sure
from pipeline.load import plain

LEAST = 0.55  # of the likeness of two questions
SAME = 0.9  # of two wordings or labels, but for details
NEAR = 0.75
LONG_LIST = 60  # options


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A question of the survey and the guess that is thought to be the same."""

    crossed: Crossed
    guess: Guess
    evidence: str
    sure: Sure


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    """What of a new wave is the survey's: pairs, and questions that are new or gone."""

    draft: Draft
    pairs: tuple[Pair, ...]
    added: tuple[Guess, ...]
    missing: tuple[str, ...]


def cross(survey: Survey, draft: Draft) -> Crossing:
    """Pair the new wave's questions with the survey's, the likest first."""
    ranked = sorted(
        (
            (-_likeness(question, guess), i, j)
            for i, question in enumerate(survey.questions)
            for j, guess in enumerate(draft.guesses)
            if _same_kind(question, guess)
        ),
    )
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for score, i, j in ranked:
        if -score >= LEAST and i not in chosen and j not in taken:
            chosen[i] = j
            taken.add(j)
    pairs = tuple(
        _pair(survey.questions[i], draft.guesses[j]) for i, j in sorted(chosen.items())
    )
    known = {question.id for question in survey.questions}
    added = []
    for j, guess in enumerate(draft.guesses):
        if j not in taken:
            name = code_for(guess.id, known)
            known.add(name)
            added.append(msgspec.structs.replace(guess, id=name))
    missing = [q.id for i, q in enumerate(survey.questions) if i not in chosen]
    return Crossing(
        draft=draft, pairs=pairs, added=tuple(added), missing=tuple(missing)
    )


def _same_kind(question: Question, guess: Guess) -> bool:
    return question.kind == guess.kind and question.separator == guess.separator


def _likeness(question: Question, guess: Guess) -> float:
    """From 0 to 1: the wording or the column's name, and the options."""
    wording = max(_alike(question.text, guess.text), _alike_names(question, guess))
    if not guess.choices or not question.options:
        return wording
    return 0.5 * wording + 0.5 * _shared(question, guess)


def _alike_names(question: Question, guess: Guess) -> float:
    """Are the columns called the same, but for case and marks?"""
    theirs = guess.columns if isinstance(guess.columns, str) else ""
    ours = [name for name in question.columns.values() if isinstance(name, str)]
    names = {re.sub(r"\W|_", "", name).casefold() for name in (*ours, question.id)}
    return 0.95 if re.sub(r"\W|_", "", theirs).casefold() in names - {""} else 0.0


def _alike(one: str, other: str) -> float:
    a, b = plain(one), plain(other)
    if a == b:
        return 1.0
    words, others = set(re.findall(r"\w+", a)), set(re.findall(r"\w+", b))
    if words == others and len(words) > 1:
        return 0.95  # "Engineer, data" is "Data engineer"
    shared = len(words & others) / max(len(words | others), 1)
    # Letter by letter is slow: only where words agree at all.
    return SequenceMatcher(None, a, b).ratio() if shared > 0.3 else shared


def _shared(question: Question, guess: Guess) -> float:
    """The share of both lists' options that have the same label."""
    ours = {_bare(option.label) for option in question.choices}
    theirs = {_bare(choice.label) for choice in guess.choices}
    return len(ours & theirs) / max(len(ours | theirs), 1)


def _bare(label: str) -> str:
    """A label without marks; all that mean "other" are one."""
    if OTHER.fullmatch(label.strip()):
        return "other"
    return re.sub(r"\W+", " ", plain(label).replace("’", "'")).strip()


def _pair(question: Question, guess: Guess) -> Pair:
    found, near = _options(question, guess)
    matched = set(found.values())
    new = [c for c in guess.choices if c.code not in matched]
    gone = [o for o in question.choices if question.options and o.code not in found]
    if len(question.choices) > LONG_LIST:
        # Of a list of countries, say, a small wave names fewer: nothing was left out.
        gone = []
    wording = max(_alike(question.text, guess.text), _alike_names(question, guess))
    added = 0 if len(question.choices) > LONG_LIST else len(new)
    comparable, reason = _verdict(wording, added, len(gone))
    labels = {choice.code: choice for choice in guess.choices}
    texts = {
        option.code: texts
        for option in question.choices
        if question.options and option.code in found
        if (texts := _texts(option, labels[found[option.code]]))
    }
    codes = {option.code for option in question.choices}
    crossed = Crossed(
        id=question.id,
        columns=guess.columns,
        comparable=comparable,
        reason=reason,
        options=texts,
        new=tuple(_new(choice, codes) for choice in new),
        gone=tuple(option.code for option in gone),
    )
    evidence = f"wording {wording:.0%} alike"
    if question.options:
        evidence += f"; {len(found)} of {len(codes)} options found"
    evidence += f"; by likeness only: {', '.join(near)}" if near else ""
    sure: Sure = "sure" if wording >= SAME and not near and not gone else "likely"
    if wording < NEAR or len(gone) * 2 > len(codes):
        sure = "guess"
    return Pair(crossed=crossed, guess=guess, evidence=evidence, sure=sure)


def _options(question: Question, guess: Guess) -> tuple[dict[str, str], list[str]]:
    """Our code → the guess's code, and which of them are only alike."""
    if not question.options:
        return {}, []
    left = {choice.code: choice for choice in guess.choices}
    found: dict[str, str] = {}
    for option in question.choices:
        ours = {_bare(text) for text in _all_spellings(option)}
        same = next((c for c in left.values() if _bare(c.label) in ours), None)
        if same:
            found[option.code] = same.code
            del left[same.code]
    near = []
    for option in question.choices:
        if option.code in found or not left:
            continue
        best = max(left.values(), key=lambda c: _alike(option.label, c.label))
        if _alike(option.label, best.label) >= NEAR:
            found[option.code] = best.code
            near.append(f'"{best.label}" as "{option.label}"')
            del left[best.code]
    return found, near


def _all_spellings(option: Option) -> tuple[str, ...]:
    raw = option.raw.values() if isinstance(option.raw, dict) else (option.raw,)
    return (option.label, *(text for texts in raw for text in texts))


def _texts(option: Option, choice: Choice) -> tuple[str, ...]:
    """What is written for the option in this wave, besides its label and code."""
    known = {plain(option.label), plain(option.code)}
    texts = dict.fromkeys((choice.label, *choice.raw))
    return tuple(text for text in texts if plain(text) not in known)


def _verdict(wording: float, new: int, gone: int) -> tuple[Comparable, str]:
    """Comparable only if wording and options are the same."""
    reasons = []
    if wording < SAME:
        reasons.append("the wording changed")
    if new:
        reasons.append(f"{new} answer{'s were' if new > 1 else ' was'} added")
    if gone:
        reasons.append(f"{gone} answer{'s were' if gone > 1 else ' was'} left out")
    said = " and ".join(reasons)
    return ("break", f"{said[0].upper()}{said[1:]}.") if said else ("yes", "")


def _new(choice: Choice, taken: set[str]) -> Option:
    code = code_for(choice.label, taken)
    taken.add(code)
    return Option(
        code=code,
        label=choice.label,
        raw=choice.raw,
        missing=choice.missing,
        write_in=choice.write_in,
    )
