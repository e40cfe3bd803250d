"""A model may propose patterns; what is false of any table is refused."""

from __future__ import annotations

import json
import tomllib

import pytest

from pipeline.errors import NotFound
from pipeline.narrative import propose as proposing
from pipeline.narrative.propose import as_toml, propose, rendered, tried
from tests.fake_server import Body, Reply, completion, fake_server

GOOD = "{among}{after} of {noun} {vp} in {to}, up from {before} in {from}."
REFUSED = {
    "{among}{after} of {noun} {vp} in {to}, because of AI.": "“because”",
    "{among}{after} of {noun} {vp}, up from 12% in {from}.": "“12”",
    "{among}{after} of Germans {vp}, up from {before} in {from}.": "“Germans”",
    "{after} of {noun} {vp} in {to}, up from {before} in {from}.": "dropped",
    "{among}{before} of {noun} {vp} in {to}, up from {after} in {from}.": "let pass",
    "{among}in {to}, {after} of {noun} {vp}, down from {before} in {from}.": "“down”",
    "{among}in {to}, {share} of {noun} {vp}, up from {before} in {from}.": "no slot",
    "{among}in {from}, {after} of {noun} {vp}, up from {before} in {to}.": "let pass",
    "{among}in {to}, {after} of {noun} {vp}, up from {before} in {from}.": "already",
}


@pytest.fixture(autouse=True)
def few_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough to find a pattern that is false."""
    monkeypatch.setattr(proposing, "TABLES", 12)
    monkeypatch.setattr(proposing, "SPOILT", 2)


def test_a_true_pattern_passes_with_examples() -> None:
    trial = tried("trend_up", GOOD, list(rendered("trend_up")))
    assert trial.problems == ()
    assert all("up from" in example for example in trial.examples)
    assert trial.examples


@pytest.mark.parametrize(("text", "why"), REFUSED.items())
def test_any_other_is_refused_with_a_reason(text: str, why: str) -> None:
    trial = tried("trend_up", text, list(rendered("trend_up")))
    assert why in " ".join(trial.problems)


def test_the_model_is_told_what_was_wrong_and_may_mend_it_twice() -> None:
    bad, *_ = REFUSED
    asked: list[str] = []

    def model(body: Body) -> Reply:
        asked.append(body["messages"][-1]["content"])
        patterns = [bad] if len(asked) < 3 else [GOOD]
        return completion(f"```json\n{json.dumps({'patterns': patterns})}\n```")

    with fake_server(model) as server:
        trials, name = propose("trend_up", server.url)
    assert len(asked) == proposing.ROUNDS
    assert bad in asked[1]
    assert name == "fake-1"
    assert [trial.text for trial in trials if not trial.problems] == [GOOD]
    added = tomllib.loads(as_toml("trend_up", trials, name))
    assert added == {"trend_up": {"proposed_1": GOOD}}


def test_a_model_that_babbles_proposes_nothing() -> None:
    with fake_server(lambda _: completion("Certainly! I love patterns.")) as server:
        assert propose("trend_up", server.url) == ([], "fake-1")


def test_an_unknown_family_is_answered_with_those_there_are() -> None:
    with pytest.raises(NotFound, match="trend_upp"):
        propose("trend_upp", "http://127.0.0.1:9/v1")
