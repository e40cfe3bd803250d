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
from collections import Counter
from pathlib import Path
from random import Random

import msgspec

from benchmarks.narrative_cases import (
    Case,
    reports,
    show,
    strays,
)
from benchmarks.narrative_lock import (
    adversarial,
    by_rule,
    connectives,
    false_alarms,
    mutants,
    stale,
)
from pipeline.load import load_survey
from pipeline.narrative import language
from pipeline.narrative.claims import Source
from pipeline.narrative.draft import ModelChoice, known_numbers
from pipeline.narrative.facts import load_estimates
from pipeline.narrative.lock.tokens import tokens
from pipeline.narrative.offer import LARGE, SMALL, Offer, offer
from pipeline.narrative.patterns import bank, pattern_text
from pipeline.narrative.plan import Plan
from pipeline.narrative.sections import Planned, plan_outline
from pipeline.narrative.stage import draft
from pipeline.outline import outlines_of
from pipeline.project import Project
from pipeline.report import Report
from pipeline.wording import trigrams

DRAFTS = 20  # a section, by a model that chooses at random


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
            unsupported += strays(planned[section.id], section.summary)
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
                    member += not strays(planned, back)
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
