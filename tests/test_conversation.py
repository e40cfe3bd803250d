"""A talk on the terminal with a model, against a service of one page."""

from __future__ import annotations

import json

import httpx
import pytest

from pipeline.cli.conversation import answer, chat


def test_a_talk_that_is_too_long_begins_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[list[str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append([m["content"] for m in json.loads(request.content)["messages"]])
        if len(asked) == 2:
            return httpx.Response(400, json={"error": {"message": "too long"}})
        event = {"choices": [{"delta": {"content": "well"}}]}
        return httpx.Response(200, text=f"data: {json.dumps(event)}\n\ndata: [DONE]\n")

    lines = iter(["one", "two", "three", "/bye"])
    monkeypatch.setattr("builtins.input", lambda _: next(lines))
    transport = httpx.MockTransport(answer)
    with httpx.Client(transport=transport, base_url="http://test") as client:
        chat(client, "model")
    assert asked == [["one"], ["one", "well", "two"], ["three"]]
    said = capsys.readouterr()
    assert said.out.count("well") == 2
    assert "too long" in said.err
    assert "begins anew" in said.err


def test_an_answer_may_have_any_character_and_come_in_any_pieces(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """U+2028 and others end lines in Unicode; in a stream of events they do not."""
    words = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\U0001f600"
    event = {"choices": [{"delta": {"content": words}}]}
    stream = f"data: {json.dumps(event, ensure_ascii=False)}\n\ndata: [DONE]".encode()
    pieces = (stream[i : i + 3] for i in range(0, len(stream), 3))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=pieces))
    with httpx.Client(transport=transport, base_url="http://test") as client:
        assert answer(client, "model", []) == words
    assert capsys.readouterr().out == f"{words}\n"
