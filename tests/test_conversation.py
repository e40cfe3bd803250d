"""A talk on the terminal with a model, against a service of one page."""

from __future__ import annotations

import json

import httpx
import pytest

from pipeline.cli.conversation import chat


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
