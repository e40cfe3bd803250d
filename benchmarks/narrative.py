"""Every figure that is claimed of the narrative, measured on this machine.

    python -m benchmarks.narrative            # all but the model, about two minutes
    python -m benchmarks.narrative --model    # and the drafts of the embedded model

Reads the builds of this project's surveys, so run `stateof run` for each before; a
survey without a build is named and left out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

import msgspec

from pipeline.definition import Question, Survey
from pipeline.load import load_survey
from pipeline.narrative import language
from pipeline.narrative.claims import Source, facts_of
from pipeline.narrative.draft import ModelChoice, known_numbers
from pipeline.narrative.facts import domains, load_estimates
from pipeline.narrative.links import licensed
from pipeline.narrative.lock.tokens import tokens
from pipeline.narrative.offer import LARGE, SMALL, Offer, offer
from pipeline.narrative.patterns import bank, pattern_text
from pipeline.narrative.plan import Plan
from pipeline.narrative.sections import Planned, Sayable, plan_outline, sayable
from pipeline.narrative.selection import selected
from pipeline.narrative.stage import draft
from pipeline.narrative.trials.context import Context
from pipeline.narrative.trials.mutants import spoilt
from pipeline.narrative.trials.tables import outline, source
from pipeline.outline import ClaimSpec, Outline, SectionSpec, outlines_of
from pipeline.project import Project
from pipeline.report import Report, Sentence
from pipeline.wording import trigrams

TABLES = 200
SPOILT_TABLES = 40
ADVERSARIAL = Path(__file__).parent / "adversarial.toml"
FIRST_RUN = {"lies": "123 of 124 when first run", "third": "106 of 106 when first run"}
DRAFTS = 20  # a section, by a model that chooses at random
Case = tuple[Source, Outline]


def reports(project: Project) -> Iterator[Case]:
    """Every report whose survey has been built, with its estimates."""
    for name in project.surveys():
        if not (project.build(name) / "estimates.parquet").is_file():
            print(f"  ({name} has no build: its reports are left out)")
            continue
        survey = load_survey(project.definition(name))
        estimates = load_estimates(project.build(name), crossed=True)
        for made in outlines_of(project.reports(), survey):
            at = Source(survey, estimates, made.wave)
            yield at, selected(made, at, project.build(name))


def show(name: str, value: str, wanted: str = "") -> None:
    """One line of the result."""
    print(f"{name:<52}{value:>20}   {wanted}", flush=True)


def said(cases: Iterable[Case]) -> Iterator[tuple[Source, Sayable]]:
    """What each section may say, before either lock has read it."""
    for at, made in cases:
        yield from ((at, sayable(at, section)) for section in made.sections)


def sentences(found: Sayable) -> list[Sentence]:
    """The language of a section."""
    return [s for each in found.units for s in each.wordings]


def published(project: Project, cases: list[Case]) -> None:
    """What stands in report.json: proved by both locks, with all its provenance."""
    total = unsupported = proved = 0
    for at, made in cases:
        path = project.published(made.wave, made.id) / "report.json"
        if not path.is_file():
            print(f"  ({made.id} has not been published)")
            continue
        report = msgspec.json.decode(path.read_bytes(), type=Report)
        planned = {p.section.id: p for p in plan_outline(at, made)}
        facts = {fact.id for fact in report.facts}
        claims = {claim.id for claim in report.claims}
        spoken = [section for section in report.sections if section.summary]
        drafted = sum(section.origin == "model" for section in spoken)
        wanted = "8/10 where a model is used"
        name = f"sections of {made.id} that a model drafted"
        show(name, f"{drafted} of {len(spoken)}", wanted)
        for section in report.sections:
            unsupported += _unsupported(planned[section.id], section.summary)
            for sentence in section.summary:
                total += 1
                proved += (
                    sentence.claim in claims
                    and bool(pattern_text(sentence.pattern))
                    and bool(sentence.facts)
                    and {*sentence.facts} <= facts
                )
    show("published sentences not supported", f"{unsupported} of {total}", "0")
    show("sentences with full provenance", f"{proved} of {total}", "100 %")


def _unsupported(planned: Planned, summary: Sequence[Sentence]) -> int:
    """How many sentences one of the two locks does not let pass where they stand."""
    found, place, before = 0, None, ""
    for sentence in summary:
        place = planned.plan.place_of(sentence, place) if planned.plan else None
        troubles = planned.lock.troubles(sentence.text, before=before)
        found += place is None or bool(troubles)
        before = sentence.text
    return found


def false_alarms(cases: list[Case]) -> None:
    """The second lock on what is so."""
    for name, of in (("reports", cases), (f"{TABLES} random tables", _tables(TABLES))):
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


def _tables(count: int) -> list[Case]:
    return [(source(seed), outline(seed)) for seed in range(count)]


def mutants(cases: list[Case]) -> None:
    """What was spoilt, by kind: how much each lock rejects."""
    tried: Counter[str] = Counter()
    gate: Counter[str] = Counter()
    lock: Counter[str] = Counter()
    for at, found in said([*cases, *_tables(SPOILT_TABLES)]):
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


def connectives(cases: list[Case]) -> None:
    """Sentences tied to the one before: taken where that is so, and nowhere else."""
    tried = wrong = lies = taken = 0
    for at, found in said([*cases, *_tables(TABLES)]):
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


def freedom(cases: list[Case]) -> None:
    """Drafts by models that choose at random from all they are offered."""
    for name, free in (("small", SMALL), ("large", LARGE)):
        made = member = 0
        texts: set[tuple[str, str]] = set()
        for at, report in cases:
            for planned in plan_outline(at, report):
                if planned.plan is None:
                    continue
                known = known_numbers(at.survey, planned.plan)
                offered = offer(planned.plan, free)
                for seed in range(DRAFTS):
                    text = _at_random(planned.plan, offered, Random(seed))
                    back = language.read(text, planned.plan, offered, known)
                    made += 1
                    member += not _unsupported(planned, back)
                    texts.add((f"{report.id}.{planned.section.id}", text))
        show(f"drafts by a {name} model that both locks take", f"{member} of {made}")
        show(f"different texts of a {name} model", f"{len(texts)} of {made}")


def _at_random(plan: Plan, offered: Offer, dice: Random) -> str:
    """One sentence for each claim, in an order that the offer leaves open."""
    left, chosen = [*range(len(plan.units))], list[str]()
    before: int | None = None
    while left:
        free = offered.any_order or before is not None
        place = dice.choice(left) if free else 0
        linked = () if before is None else offered.links.get((before, place), ())
        sentence = dice.choice([*offered.sentences[place], *linked])
        chosen.append(sentence.text)
        left.remove(place)
        before = place
    return " ".join(chosen)


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


def style(cases: list[Case]) -> None:
    """Paragraphs of record: what is said, how it begins, what repeats."""
    must = expressed = texts = digits = 0
    plain, named = Repeated(), Repeated()
    for at, made in cases:
        for planned in plan_outline(at, made):
            hidden = sum("was not let pass" not in why for why in planned.left_out)
            must += len(planned.section.claims) - hidden
            if planned.plan is None:
                continue
            units = planned.plan.units
            expressed += len({c for each in units for c in each.claim.covers})
            best = [sentence.text for sentence in planned.plan.best]
            texts += len(best)
            digits += sum(text[:1].isdigit() for text in best)
            plain.add([text.casefold().split() for text in best])
            named.add([_words(text, planned) for text in best])
    show("must-say claims expressed", f"{expressed} of {must}", "100 %")
    show("sentences that begin with a figure", f"{100 * digits / texts:.1f} %", "≤ 5 %")
    show("repeated trigrams, names of the survey as a word", named.share(), "≤ 1 %")
    show("repeated trigrams, names word by word", plain.share())


class Repeated:
    """Trigrams that come again within a paragraph."""

    def __init__(self) -> None:
        self.all = self.again = 0

    def add(self, paragraph: list[list[str]]) -> None:
        """Count those of one paragraph."""
        each = Counter(gram for words in paragraph for gram in trigrams(words))
        self.all += each.total()
        self.again += sum(count - 1 for count in each.values())

    def share(self) -> str:
        """As a percentage."""
        return f"{100 * self.again / self.all:.2f} %"


def _words(text: str, planned: Planned) -> list[str]:
    """A sentence's words; a group, answer or topic is one, whatever its length."""
    found = tokens(text, planned.lock.reading)
    return [token.text for token in found if token.kind != "mark"]


def timing(project: Project) -> None:
    """All sections of State of App Dev and one of CNCF, without a model."""
    sections, seconds = 0, 0.0
    for name in ("state-of-app-dev", "cncf"):
        build = project.build(name)
        survey = load_survey(project.definition(name))
        made = outlines_of(project.reports(), survey)
        load_estimates(build, crossed=True)
        started = time.perf_counter()
        for each in made:
            at = Source(survey, load_estimates(build, crossed=True), each.wave)
            sections += len(plan_outline(at, each))
        seconds += time.perf_counter() - started
    show("twelve sections without a model", f"{12 * seconds / sections:.2f} s", "≤ 2 s")


def with_model(project: Project) -> None:
    """Both State of App Dev reports, drafted anew by the embedded model."""
    name = "state-of-app-dev"
    survey = load_survey(project.definition(name))
    made = outlines_of(project.reports(), survey)
    with tempfile.TemporaryDirectory() as folder:
        for file in ("estimates.parquet", "trends.parquet", "findings.json"):
            (Path(folder) / file).symlink_to(project.build(name) / file)
        started = time.perf_counter()
        text = draft(survey, made, Path(folder), ModelChoice(), lambda _: None)
        seconds = time.perf_counter() - started
    sections = [s for report in text.reports for s in report.sections]
    drafted = sum(section.origin == "model" for section in sections)
    show(
        "sections drafted by the embedded model",
        f"{drafted} of {len(sections)}",
        "8/10",
    )
    show("seconds that took", f"{seconds:.0f} s", "≤ 60 s")


def main() -> None:
    """Print all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", action="store_true", help="draft with the model too")
    wanted = parser.parse_args()
    project = Project.find()
    cases = list(reports(project))
    if not cases:
        sys.exit("no survey has been built: run stateof run first")
    families = sum(len(patterns) >= 6 for patterns in bank().values())
    show("families of six patterns or more", str(families), "≥ 8")
    published(project, cases)
    style(cases)
    timing(project)
    false_alarms(cases)
    by_rule(project, cases)
    connectives(cases)
    freedom(cases)
    adversarial(cases)
    stale()
    mutants(cases)
    if wanted.model:
        with_model(project)


if __name__ == "__main__":
    main()
