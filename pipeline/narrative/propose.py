"""New patterns proposed by a model, tried before a person sees them.

A proposal is linted, realized on estimates made up at random, read by the second lock,
and spoilt in every way: what passes is shown with examples. Only a person adds it to
the bank; nothing here writes there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence

import msgspec

from pipeline.errors import NotFound
from pipeline.narrative.claims import Claim, facts_of
from pipeline.narrative.language import FENCE, THOUGHT
from pipeline.narrative.lint import lint
from pipeline.narrative.patterns import SLOT, Pattern, bank, realized
from pipeline.narrative.sections import Sayable, sayable
from pipeline.narrative.trials.context import Context
from pipeline.narrative.trials.mutants import spoilt
from pipeline.narrative.trials.tables import outline, source
from pipeline.serving.chat import Endpoint, Question, Speech, first_model

TABLES = 200
SPOILT = 12  # realizations that are spoilt, each in some fifty ways
EXAMPLES = 10
ROUNDS = 3  # the first and two of repair
SECONDS = 60.0
SYSTEM = (
    "You write sentence patterns for survey reports. A pattern is one English sentence"
    " of slots in braces and plain function words: no figure, no name, no cause, no"
    " forecast, nothing that the slots do not say. Reply with JSON only:"
    ' {"patterns": ["…", "…"]}'
)
SCHEMA = {
    "type": "object",
    "properties": {"patterns": {"type": "array", "items": {"type": "string"}}},
    "required": ["patterns"],
    "additionalProperties": False,
}


class Trial(msgspec.Struct, frozen=True):
    """A proposal with what is wrong with it, or with examples of it at work."""

    text: str
    problems: tuple[str, ...]
    examples: tuple[str, ...]


class Rendered(msgspec.Struct, frozen=True):
    """A pattern filled with a claim on a random table, and what that claim is of."""

    seed: int
    said: Sayable
    claim: Claim


def propose(family: str, url: str, model: str = "") -> tuple[list[Trial], str]:
    """Proposals for a family, each tried, and the model; two rounds of repair.

    Raises `NotFound` for an unknown family and `NoAnswer` if the server gives none.
    """
    if family not in bank():
        raise NotFound.among("family of patterns", family, bank())
    bare = Endpoint(url=url, model=model)
    name = model or first_model(bare, SECONDS)
    speech = Speech(msgspec.structs.replace(bare, model=name))
    claims = list(rendered(family))
    trials: dict[str, Trial] = {}
    for _ in range(ROUNDS):
        failed = [trial for trial in trials.values() if trial.problems]
        if trials and not failed:
            break
        reply = speech.ask(_question(family, failed), SECONDS)
        for text in _texts(reply):
            trials.setdefault(text, tried(family, text, claims))
    return list(trials.values()), name


def rendered(family: str) -> Iterator[Rendered]:
    """Every claim on the random tables that the family may word."""
    for seed in range(TABLES):
        made = source(seed)
        for section in outline(seed).sections:
            said = sayable(made, section)
            for unit in said.units:
                if family in unit.claim.licences:
                    yield Rendered(seed, said, unit.claim)


def tried(family: str, text: str, claims: Sequence[Rendered]) -> Trial:
    """A proposal after lint, slots, both properties and the mutants."""
    problems = lint(family, text) + list(_slots(family, text))
    if problems:
        return Trial(text, tuple(problems), ())
    pattern = Pattern(f"{family}.proposed", text, tuple(SLOT.findall(text)))
    examples: list[str] = []
    for each in claims:
        sentence = realized(each.claim, pattern)
        if sentence is None:
            continue
        troubles = each.said.lock.troubles(sentence.text)
        if troubles:
            why = f"“{sentence.text}” is not let pass: {troubles[0]}"
            return Trial(text, (why,), ())
        if len(examples) < SPOILT:
            facts = tuple(facts_of(u.claim for u in each.said.units).values())
            context = Context(source(each.seed), sentence, facts)
            for lie in spoilt(context, each.seed):
                if not each.said.lock.troubles(lie.text):
                    why = f"a lie of it is let pass ({lie.kind}): “{lie.text}”"
                    return Trial(text, (why,), ())
        examples.append(sentence.text)
    if not examples:
        return Trial(text, ("no random table has a claim that fills it",), ())
    shown = list(dict.fromkeys(examples))[:EXAMPLES]
    return Trial(text, (), tuple(shown))


def _slots(family: str, text: str) -> Iterator[str]:
    """The slots must be those of a pattern that is in the bank."""
    slots = {*SLOT.findall(text)}
    known = {slot for pattern in bank()[family] for slot in pattern.slots}
    foreign = slots - known
    if foreign:
        yield f"{family} has no slot {', '.join(sorted(foreign))}"
    if not {"among", "whole"} & slots:
        yield "whom it is about would be dropped: {among} or {whole} is missing"
    if text in {pattern.text for pattern in bank()[family]}:
        yield "it is in the bank already"


def _question(family: str, failed: Sequence[Trial]) -> Question:
    patterns = "\n".join(f"- {pattern.text}" for pattern in bank()[family][:5])
    wrong = "\n".join(f"- {t.text}: {'; '.join(t.problems)}" for t in failed)
    text = f"Kind of claim: {family}\nPatterns there are:\n{patterns}\n"
    if wrong:
        text += f"These of yours were refused:\n{wrong}\n"
    text += "Write five others that say the same in other words, with the same slots."
    return Question(
        messages=(
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": text},
        ),
        grammar="",
        schema=SCHEMA,
        max_tokens=800,
    )


def _texts(reply: str) -> list[str]:
    """The patterns in a reply; none if it is not what was asked for."""
    text = FENCE.sub(r"\1", THOUGHT.sub("", reply).strip())
    try:
        found = json.loads(text)["patterns"]
    except (ValueError, LookupError, TypeError):
        return []
    return [each.strip() for each in found if isinstance(each, str)]


def as_toml(family: str, trials: Sequence[Trial], model: str) -> str:
    """What a person may add to the bank, with where it comes from."""
    day = time.strftime("%Y-%m-%d")
    lines = [f"# Proposed by {model} on {day}; approved by: (your name)", f"[{family}]"]
    passed = [trial for trial in trials if not trial.problems]
    for place, trial in enumerate(passed, 1):
        lines += [f"# e.g. {example}" for example in trial.examples]
        lines.append(f"proposed_{place} = {json.dumps(trial.text, ensure_ascii=False)}")
    return "\n".join(lines)
