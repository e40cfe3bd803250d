"""Clients that others have written use the service unchanged."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from node_tools import installed
from registries import need
from services import TINY, Running, service, tiny_store

pytestmark = pytest.mark.slow

ASKED: dict[str, Any] = {
    "model": TINY,
    "messages": [{"role": "user", "content": "hello"}],
    "max_tokens": 8,
    "temperature": 0,
    "seed": 1,
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Running]:
    """A service of the tiny model."""
    folder = tmp_path_factory.mktemp("served")
    models = tiny_store(folder / "models", shared)
    with service(folder / "run", models=models) as running:
        yield running


@pytest.fixture(scope="module")
def said(served: Running) -> str:
    """What the model says to it, for comparison."""
    whole = served.client.post("/v1/chat/completions", json=ASKED).json()
    text: str = whole["choices"][0]["message"]["content"]
    assert text
    return text


@pytest.mark.parametrize("base", ["/engines/llama.cpp/v1", "/engines/v1", "/v1"])
def test_openais_client_chats_streams_and_lists(
    served: Running, said: str, base: str
) -> None:
    from openai import NotFoundError, OpenAI

    with OpenAI(base_url=f"{served.url}{base}", api_key="none") as client:
        whole = client.chat.completions.create(**ASKED)
        assert whole.choices[0].message.content == said
        assert whole.usage
        assert whole.usage.completion_tokens == 8
        usage = {"include_usage": True}
        parts = list(
            client.chat.completions.create(**ASKED, stream=True, stream_options=usage)
        )
        text = "".join(c.delta.content or "" for part in parts for c in part.choices)
        assert text == said
        assert parts[-1].usage
        assert parts[-1].usage.total_tokens == whole.usage.total_tokens
        assert [m.id for m in client.models.list()] == ["ai/tiny:latest"]
        assert client.models.retrieve("tiny").owned_by == "docker"
        plain = client.completions.create(model=TINY, prompt="a", max_tokens=4)
        assert plain.choices[0].finish_reason == "length"
        with pytest.raises(NotFoundError, match="no model 'nowhere'"):
            client.chat.completions.create(**ASKED | {"model": "nowhere"})


def test_openais_client_gets_embeddings_of_length_one(served: Running) -> None:
    from openai import OpenAI

    with OpenAI(base_url=f"{served.url}/v1", api_key="none") as client:
        found = client.embeddings.create(model=TINY, input=["a word", "another"])
        assert [one.index for one in found.data] == [0, 1]
        for one in found.data:
            assert sum(x * x for x in one.embedding) == pytest.approx(1, abs=1e-4)


def test_langchain_chats_and_streams(served: Running, said: str) -> None:
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    chat = ChatOpenAI(
        base_url=f"{served.url}/v1",
        api_key=SecretStr("none"),
        model=TINY,
        temperature=0,
        seed=1,
        max_completion_tokens=8,
    )
    assert chat.invoke("hello").content == said
    assert "".join(str(part.content) for part in chat.stream("hello")) == said


def test_curl_streams_events_to_the_end(served: Running, said: str) -> None:
    need("curl")
    done = subprocess.run(
        [
            *("curl", "-sN", f"{served.url}/engines/v1/chat/completions"),
            *("-H", "Content-Type: application/json"),
            *("-d", json.dumps(ASKED | {"stream": True})),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    *found, end = [line for line in done.stdout.splitlines() if line]
    assert end == "data: [DONE]"
    events = [json.loads(line.removeprefix("data: ")) for line in found]
    choices = [choice for event in events for choice in event["choices"]]
    assert "".join(c["delta"].get("content") or "" for c in choices) == said


@pytest.mark.slow
def test_npms_clients_chat_stream_and_list(served: Running, said: str) -> None:
    done = subprocess.run(
        ["node", "chat.mjs", f"{served.url}/v1", TINY],
        cwd=installed(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for kind in ("whole", "streamed", "vercel", "vercelStreamed"):
        assert found[kind] == said, kind
    assert found["usage"]["completion_tokens"] == 8
    assert found["listed"] == ["ai/tiny:latest"]
    assert found["missing"] == {"status": 404, "code": "model_not_found"}
