"""A larger model varies the text, and says nothing that is not in its language."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from pipeline.narrative.claims import Source
from pipeline.narrative.document import ReportText
from pipeline.narrative.draft import ModelChoice
from pipeline.narrative.facts import load_estimates
from pipeline.narrative.gate import proved
from pipeline.narrative.plan import Plan
from pipeline.narrative.sections import plan_section
from pipeline.narrative.stage import draft
from pipeline.outline import ClaimSpec
from tests.fake_server import Answer, Body, Reply, completion, fake_server, listed
from tests.narrative_sample import GAPS, SURVEY, outline, section, share
from tests.small import quiet
from tests.test_narrative_facts import write_estimates

pytestmark = pytest.mark.slow

BIG = {"id": "fake-1", "meta": {"n_params": 8_000_000_000}}
CLAIMS = (
    ClaimSpec(kind="level", question="use", term="yes"),
    ClaimSpec(kind="range", question="use", term="yes", by="role"),
    *GAPS,
)
REPORT = outline(section(*CLAIMS))
DRAFTS = 8


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build whose section has four claims, two of which go opposite ways."""
    sides = (("ops", 0.6, 0.2), ("dev", 0.3, 0.5))
    rows = [share("use", "yes", 0.22)]
    for domain, value in (("devops", 0.4), ("backend", 0.2)):
        rows.append(share("use", "yes", value, by="role", domain=domain))
    for domain, *values in sides:
        for term, value in zip("xy", values, strict=True):
            rows.append(share("trends", term, value, by="side", domain=domain))
    write_estimates(tmp_path, rows)
    return tmp_path


def planned(build: Path) -> Plan:
    """The language of the section."""
    source = Source(SURVEY, load_estimates(build, crossed=False), "2025")
    plan = plan_section(source, REPORT.sections[0], Counter()).plan
    assert plan
    return plan


def unusual(seed: int, plan: Plan) -> Answer:
    """A model that takes any order, and connectives wherever they may stand."""
    dice = Random(seed)

    def answer(body: Body) -> Reply:
        offered = {*listed(body)}
        left, said = [*range(len(plan.units))], list[str]()
        before: int | None = None
        while left:
            place = dice.choice(left)
            ways = [s.text for s in plan.sayable(place, before) if s.text in offered]
            linked = [text for text in ways if text.split(" ")[1] == "contrast,"]
            said.append(dice.choice(linked or ways))
            left.remove(place)
            before = place
        return completion(json.dumps({"sentences": said}))

    return answer


def drafted(build: Path, answer: Answer, model: Body = BIG) -> ReportText:
    """The report as a server's model drafts it, with no draft kept from before."""
    for kept in build.glob("drafts/*"):
        kept.unlink()
    with fake_server(answer, model=model) as server:
        choice = ModelChoice(server.url, str(model["id"]))
        return draft(SURVEY, [REPORT], build, choice, quiet).report("mini")


def test_unusual_orders_vary_the_text_and_all_are_of_the_language(build: Path) -> None:
    plan = planned(build)
    texts, leads, linked = set(), set(), 0
    for seed in range(DRAFTS):
        text = drafted(build, unusual(seed, plan))
        made = text.sections[0]
        assert (made.origin, made.reason) == ("model", "")
        held = proved(SURVEY, build, REPORT, text, strict=True, progress=quiet)
        assert held == text
        texts.add(tuple(sentence.text for sentence in made.summary))
        leads.add(made.summary[0].claim)
        linked += any("/" in sentence.pattern for sentence in made.summary)
    assert len(texts) == DRAFTS, "no two are the same"
    assert len(leads) > 1, "another claim may lead"
    assert 0 < linked < DRAFTS


def test_freedom_is_not_trust(build: Path) -> None:
    plan = planned(build)

    def astray(body: Body) -> Reply:
        """Puts a connective where it may not stand."""
        linked = next(text for text in listed(body) if text.startswith("By contrast"))
        firsts = [unit.wordings[0].text for unit in plan.units[:-1]]
        return completion(json.dumps({"sentences": [linked, *firsts]}))

    def lie(body: Body) -> Reply:
        """Changes a number."""
        firsts = [unit.wordings[0].text for unit in plan.units]
        firsts[0] = firsts[0].replace("22%", "32%")
        return completion(json.dumps({"sentences": firsts}))

    def nested(_: Body) -> Reply:
        return completion('{"sentences": [["22%"]]}')

    for answer in (astray, lie, nested):
        made = drafted(build, answer).sections[0]
        assert made.origin == "template"
        assert made.reason.startswith("the draft was not used")
        assert [s.text for s in made.summary] == [s.text for s in plan.best]


def test_a_small_model_fills_places(build: Path) -> None:
    asked: list[Body] = []

    def noted(body: Body) -> Reply:
        asked.append(body)
        return completion("{}")

    small = {"id": "fake-1", "meta": {"n_params": 134_515_008}}
    drafted(build, noted, small)
    drafted(build, noted)
    forms = [b["response_format"]["json_schema"]["schema"] for b in asked]
    assert [list(form["properties"]) for form in forms] == [
        ["s1", "s2", "s3", "s4"],
        ["sentences"],
    ]


def test_a_rebuild_asks_no_server_how_large_its_model_is(build: Path) -> None:
    with fake_server(unusual(1, planned(build)), model=BIG) as server:
        choice = ModelChoice(server.url, "fake-1")
        first = draft(SURVEY, [REPORT], build, choice, quiet)
    assert first.report("mini").sections[0].origin == "model"
    assert draft(SURVEY, [REPORT], build, choice, quiet) == first
