"""The chat client: clear about what went wrong, and never late."""

from __future__ import annotations

import time

import pytest

from pipeline.serving.chat import Endpoint, NoAnswer, Question, Speech, first_model
from tests.fake_server import completion, fake_server

ASKED = Question(
    messages=({"role": "user", "content": "Hello"},),
    grammar='root ::= "Hi"',
    schema={"type": "object"},
    max_tokens=8,
)


def test_a_grammar_is_sent_to_our_own_service_as_it_is() -> None:
    with fake_server(lambda _: completion("Hi")) as server:
        own = Endpoint(
            url=server.url, model="m", key="k", forms=("grammar", "json_object")
        )
        assert Speech(own).ask(ASKED, 2.0) == "Hi"
    (body,) = server.requests
    assert body["grammar"] == ASKED.grammar
    assert "response_format" not in body


@pytest.mark.parametrize(
    "url", ["", "localhost:1234", "ftp://a/v1", "http://:1/v1", "http://a:99999/v1"]
)
def test_an_address_that_is_none_is_said_to_be_none(url: str) -> None:
    with pytest.raises(NoAnswer, match="is no http address"):
        Speech(Endpoint(url=url, model="m")).ask(ASKED, 1.0)


def test_an_error_that_is_not_about_the_form_is_not_tried_in_other_forms() -> None:
    with fake_server(lambda _: (503, "busy")) as server:
        with pytest.raises(NoAnswer, match="answered 503"):
            Speech(Endpoint(url=server.url, model="m")).ask(ASKED, 2.0)
        assert len(server.requests) == 1


def test_time_is_up_when_it_is() -> None:
    def slow(_: object) -> tuple[int, str]:
        time.sleep(1.0)
        return completion("late")

    with fake_server(slow) as server:
        started = time.monotonic()
        with pytest.raises(NoAnswer, match="did not answer within"):
            Speech(Endpoint(url=server.url, model="m")).ask(ASKED, 0.2)
        assert time.monotonic() - started < 0.6


def test_a_server_that_lists_no_model_is_said_to() -> None:
    with fake_server(lambda _: completion("")) as server:
        assert first_model(Endpoint(url=server.url, model=""), 2.0) == "fake-1"
        with pytest.raises(NoAnswer, match="cannot be reached"):
            first_model(Endpoint(url="http://127.0.0.1:9/v1", model=""), 1.0)
