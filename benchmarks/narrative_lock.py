"""The second lock, measured: what it refuses that is so, and takes that is not."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.narrative_cases import (
    Case,
    said,
    sentences,
    show,
    tables,
)
from pipeline.definition import Question, Survey
from pipeline.narrative.claims import facts_of
from pipeline.narrative.facts import domains, load_estimates
from pipeline.narrative.links import licensed
from pipeline.narrative.sections import sayable
from pipeline.narrative.trials.context import Context
from pipeline.narrative.trials.mutants import spoilt
from pipeline.narrative.trials.tables import outline, source
from pipeline.outline import ClaimSpec, SectionSpec
from pipeline.project import Project

TABLES = 200
SPOILT_TABLES = 40
ADVERSARIAL = Path(__file__).parent / "adversarial.toml"
FIRST_RUN = {"lies": "123 of 124 when first run", "third": "106 of 106 when first run"}


def false_alarms(cases: list[Case]) -> None:
    """The second lock on what is so."""
    for name, of in (("reports", cases), (f"{TABLES} random tables", tables(TABLES))):
        texts = wrong = 0
        for _, found in said(of):
            for sentence in sentences(found):
                texts += 1
                wrong += bool(found.lock.troubles(sentence.text))
        show(f"false alarms of the second lock, {name}", f"{wrong} of {texts:,}", "0")


def by_rule(project: Project, cases: list[Case]) -> None:
    """The second lock on all that claims of every kind say of every question.

    Among them are groups split by the very question they are asked about.
    """
    texts = wrong = 0
    for at in {at.survey.id: at for at, _ in cases}.values():
        estimates = load_estimates(project.build(at.survey.id), crossed=False)
        plain = msgspec.structs.replace(at, estimates=estimates)
        for question in at.survey.questions:
            if at.wave in question.columns and question.kind != "open":
                claims = tuple(_every_claim(at.survey, question))
                section = SectionSpec(id="all", title="All", claims=claims)
                found = sayable(plain, section)
                said = [sentence.text for sentence in sentences(found)]
                texts += len(said)
                wrong += sum(bool(found.lock.troubles(text)) for text in said)
    show("false alarms of the second lock, every question", f"{wrong} of {texts:,}")


def _every_claim(survey: Survey, question: Question) -> Iterator[ClaimSpec]:
    """A claim of each kind that a question bears, split by up to three dimensions."""
    if question.kind == "numeric" or question.scale is not None:
        kinds = ("mean",) if question.kind == "numeric" else ("mean", "mode")
        yield from (ClaimSpec(kind=kind, question=question.id) for kind in kinds)
        return
    splits = [d.id for d in survey.dimensions if "*" not in d.id][:3]
    yield ClaimSpec(kind="ranking", question=question.id, top=3)
    for option in [o.code for o in question.choices if not o.missing][:6]:
        about = {"question": question.id, "term": option}
        for kind in ("level", "trend", "ranking"):
            yield msgspec.convert(about | {"kind": kind}, ClaimSpec)
        for by in splits:
            one, other = domains(survey, by)[:2]
            ends = {"domain": one, "versus": other}
            yield msgspec.convert(about | {"kind": "range", "by": by}, ClaimSpec)
            compared = about | ends | {"kind": "compare", "by": by}
            yield msgspec.convert(compared, ClaimSpec)


def connectives(cases: list[Case]) -> None:
    """Sentences tied to the one before: taken where that is so, and nowhere else."""
    tried = wrong = lies = taken = 0
    for at, found in said([*cases, *tables(TABLES)]):
        units, allowed = found.units, licensed(at, found.units)
        for (_, j), linked in allowed.items():
            for sentence in linked:
                for k, unit in enumerate(units):
                    so = sentence in allowed.get((k, j), ())
                    for before in unit.wordings:
                        bad = found.lock.troubles(sentence.text, before=before.text)
                        tried, wrong = tried + so, wrong + (so and bool(bad))
                        lies, taken = lies + (not so), taken + (not so and not bad)
    show("connectives: false alarms of the second lock", f"{wrong} of {tried:,}", "0")
    show("connectives out of place that it lets pass", f"{taken} of {lies:,}", "0")


def mutants(cases: list[Case]) -> None:
    """What was spoilt, by kind: how much each lock rejects."""
    tried: Counter[str] = Counter()
    gate: Counter[str] = Counter()
    lock: Counter[str] = Counter()
    for at, found in said([*cases, *tables(SPOILT_TABLES)]):
        facts = tuple(facts_of(each.claim for each in found.units).values())
        language = {sentence.text for sentence in sentences(found)}
        for sentence in sentences(found):
            for lie in spoilt(Context(at, sentence, facts), len(sentence.text)):
                tried[lie.kind] += 1
                gate[lie.kind] += lie.text not in language
                lock[lie.kind] += bool(found.lock.troubles(lie.text))
    print(f"\n{'mutants':<24}{'tried':>10}{'gate':>10}{'second lock':>14}")
    for kind, count in sorted(tried.items()):
        shares = (100 * rejected[kind] / count for rejected in (gate, lock))
        print(f"  {kind:<22}{count:>10,}" + "".join(f"{s:>11.2f} %" for s in shares))
    total = tried.total()
    show("mutants rejected by the gate", f"{gate.total():,} of {total:,}", "all")
    show(
        "mutants rejected by the second lock", f"{lock.total():,} of {total:,}", "99 %"
    )


def adversarial(cases: list[Case]) -> None:
    """Lies written by hand."""
    lies = tomllib.loads(ADVERSARIAL.read_text(encoding="utf-8"))
    for batch, first_run in FIRST_RUN.items():
        caught = total = 0
        for at, made in cases:
            for section in made.sections:
                found = sayable(at, section)
                for text in lies.get(made.id, {}).get(section.id, {}).get(batch, ()):
                    total += 1
                    caught += bool(found.lock.troubles(text))
        name = "hand-written lies caught by the second lock"
        show(name, f"{caught} of {total}", first_run)


def stale(count: int = 60) -> None:
    """Texts of one table read against another."""
    taken = total = 0
    for seed in range(count):
        pair = (source(seed), source(seed + 1000))
        for section in outline(seed).sections:
            one, other = (sayable(each, section) for each in pair)
            true_there = {s.text for s in sentences(other)}
            for sentence in sentences(one):
                if sentence.text in true_there:
                    continue  # so there too
                total += 1
                taken += not other.lock.troubles(sentence.text)
    show("text of table A accepted for table B", f"{taken} of {total:,}", "0")
