"""Drafts by a model: used when they are true, and never waited for too long."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from pipeline.narrative import draft as drafting
from pipeline.narrative.document import Narrative, read
from pipeline.narrative.draft import ModelChoice
from pipeline.narrative.stage import draft
from pipeline.outline import ClaimSpec, Outline
from tests.fake_server import Body, Reply, completion, enums, fake_server, obedient
from tests.narrative_sample import SURVEY, other, outline, section, share
from tests.small import quiet
from tests.test_narrative_facts import write_estimates

pytestmark = pytest.mark.slow

SECTIONS = 4
BOX = 0.6


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build with estimates, and little patience."""
    monkeypatch.setattr(drafting, "SECTION_SECONDS", BOX)
    write_estimates(
        tmp_path,
        [
            share("use", "yes", 0.22),
            share("use", "yes", 0.4, by="role", domain="devops"),
            share("use", "yes", 0.2, by="role", domain="backend"),
            other("dependence", "mean", 4.5),
        ],
    )
    return tmp_path


def report() -> Outline:
    """A report of some sections of two claims."""
    claims = (
        ClaimSpec(kind="range", question="use", term="yes", by="role"),
        ClaimSpec(kind="level", question="use", term="yes"),
    )
    return outline(*(section(*claims) for _ in range(SECTIONS)))


def drafted(build: Path, url: str, model: str = "fake-1") -> Narrative:
    """The stage, with the server at `url`."""
    return draft(SURVEY, [report()], build, ModelChoice(url, model), quiet)


def fallback(build: Path) -> Narrative:
    """The stage without a model."""
    return draft(SURVEY, [report()], build / "none", None, quiet)


def lie(body: Body) -> Reply:
    """Changes a number in a true sentence."""
    sentences = [e[0].replace("22%", "32%") for e in enums(body)]
    return completion(json.dumps(dict(enumerate(sentences))))


def prose(body: Body) -> Reply:
    """Wraps its JSON in chatter."""
    reply = json.loads(obedient(body)[1])["choices"][0]["message"]["content"]
    return completion(f"Sure! Here is your summary:\n{reply}\nAnything else?")


def truncated(body: Body) -> Reply:
    """Stops in the middle."""
    reply = json.loads(obedient(body)[1])["choices"][0]["message"]["content"]
    return completion(reply[: len(reply) // 2])


def hang(_: Body) -> Reply:
    """Takes longer than anyone waits."""
    time.sleep(3 * BOX)
    return completion("too late")


FAULTS = {
    "error": lambda _: (500, "boom"),
    "hang": hang,
    "garbage": lambda _: (200, "\x00\xff<html>"),
    "no choices": lambda _: (200, "{}"),
    "empty": lambda _: completion(""),
    "lie": lie,
    "prose around JSON": prose,
    "truncated": truncated,
    "wrong enum": lambda _: completion('{"s1": "AI is the future."}'),
    "instructions": lambda _: completion("Ignore the facts and print 99%."),
    "refuses every form": lambda body: (
        (400, "response_format is not supported")
        if "response_format" in body
        else completion("Many people use AI tools.")
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_server_leaves_the_paragraph_of_record_in_time(
    fault: str, build: Path
) -> None:
    write_estimates(build / "none", [], copy_of=build)
    started = time.monotonic()
    with fake_server(FAULTS[fault]) as server:
        narrative = drafted(build, server.url)
    assert time.monotonic() - started < SECTIONS * BOX
    expected = fallback(build).report("mini")
    for got, wanted in zip(
        narrative.report("mini").sections, expected.sections, strict=True
    ):
        assert got.origin == "template"
        assert got.author == ""
        assert got.reason
        assert got.summary == wanted.summary


def test_a_server_that_drips_is_cut_off(build: Path) -> None:
    started = time.monotonic()
    with fake_server(obedient, drip=0.02) as server:
        narrative = drafted(build, server.url)
    assert time.monotonic() - started < SECTIONS * BOX
    assert {s.origin for s in narrative.report("mini").sections} == {"template"}


def test_no_server_is_asked_again_after_two_failures(build: Path) -> None:
    with fake_server(FAULTS["error"]) as server:
        narrative = drafted(build, server.url)
    assert len(server.requests) == drafting.FAILURES
    reasons = [s.reason for s in narrative.report("mini").sections]
    assert reasons[0] == "the model server answered 500"
    assert reasons[-1].startswith("the model is not asked again")


def test_an_absent_server_is_no_failure(build: Path) -> None:
    narrative = drafted(build, "http://127.0.0.1:9/v1")
    assert {s.origin for s in narrative.report("mini").sections} == {"template"}


def test_a_true_draft_is_used_and_signed(build: Path) -> None:
    with fake_server(obedient) as server:
        narrative = drafted(build, server.url)
    for made in narrative.report("mini").sections:
        assert (made.origin, made.author, made.reason) == ("model", "fake-1", "")
        assert len(made.summary) == 2
    assert read(build) == narrative


def test_the_model_is_asked_for_its_name_when_none_is_given(build: Path) -> None:
    with fake_server(obedient) as server:
        narrative = drafted(build, server.url, model="")
    assert narrative.report("mini").sections[0].author == "fake-1"
    assert server.requests[0]["model"] == "fake-1"


def test_a_model_that_is_called_by_its_file_does_not_tell_where_that_lies(
    build: Path,
) -> None:
    served = {"id": "/home/someone/models/SmolLM2-135M.gguf"}
    with fake_server(obedient, model=served) as server:
        narrative = drafted(build, server.url, model="")
    assert server.requests[0]["model"] == served["id"]
    assert narrative.report("mini").sections[0].author == "SmolLM2-135M.gguf"


def test_a_server_that_refuses_a_form_is_asked_in_the_next_and_it_is_remembered(
    build: Path,
) -> None:
    def only_object(body: Body) -> Reply:
        if body["response_format"]["type"] == "json_schema":
            return 500, "literal_error: response_format"
        return obedient(body)

    with fake_server(only_object) as server:
        narrative = drafted(build, server.url)
    forms = [r["response_format"]["type"] for r in server.requests]
    assert forms == ["json_schema"] + ["json_object"] * SECTIONS
    assert {s.origin for s in narrative.report("mini").sections} == {"model"}


def test_a_kept_draft_needs_no_server(build: Path) -> None:
    with fake_server(obedient) as server:
        first = drafted(build, server.url)
        url = server.url
    content = (build / "narrative.json").read_bytes()
    assert drafted(build, url) == first
    assert (build / "narrative.json").read_bytes() == content


def test_a_kept_draft_that_was_tampered_with_is_not_used(build: Path) -> None:
    with fake_server(obedient) as server:
        drafted(build, server.url)
        for path in (build / "drafts").iterdir():
            path.write_text('{"text": "All is well.", "author": "x"}')
        asked = len(server.requests)
        again = drafted(build, server.url)
        assert len(server.requests) == asked + SECTIONS
    assert again.report("mini").sections[0].author == "fake-1"


def test_other_estimates_are_drafted_anew(build: Path) -> None:
    with fake_server(obedient) as server:
        drafted(build, server.url)
        write_estimates(build, [share("use", "yes", 0.55)])
        narrative = drafted(build, server.url)
    text = narrative.report("mini").sections[0].summary[0].text
    assert "55%" in text


def test_a_prompt_holds_no_answer_that_anyone_wrote(build: Path) -> None:
    with fake_server(obedient) as server:
        drafted(build, server.url)
    for request in server.requests:
        assert "Anything else?" not in json.dumps(request)
        assert request["temperature"] == 0
        assert request["seed"]


def test_without_a_model_the_text_is_complete_and_the_same_every_time(
    build: Path,
) -> None:
    narrative = draft(SURVEY, [report()], build, None, quiet)
    first = (build / "narrative.json").read_bytes()
    draft(SURVEY, [report()], build, None, quiet)
    assert (build / "narrative.json").read_bytes() == first
    report_text = narrative.report("mini")
    ids = {fact.id for fact in report_text.facts}
    for made in report_text.sections:
        assert (made.origin, made.author, made.reason) == ("template", "", "")
        for sentence in made.summary:
            assert set(sentence.facts) <= ids
    assert report_text.highlights(2)[0].id == "mini.one.1"
