"""Answers on their way: streamed as they come, ended when either side leaves."""

from __future__ import annotations

import json
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from services import TINY, Running, service, tiny_store, until

pytestmark = pytest.mark.slow

LONG_ONES = 8


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Running]:
    """A service of the tiny model."""
    folder = tmp_path_factory.mktemp("served")
    models = tiny_store(folder / "models", shared)
    with service(folder / "run", models=models) as running:
        yield running


def streamed(served: Running, **more: Any) -> Any:
    """A request for a stream, as a context."""
    talk = [{"role": "user", "content": "hello"}]
    body = {"model": TINY, "messages": talk, "stream": True, "temperature": 0} | more
    return served.client.stream("POST", "/v1/chat/completions", json=body)


def events(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    """The events of a stream up to its end."""
    for line in answer.iter_lines():
        if line.startswith("data:") and "[DONE]" not in line:
            yield json.loads(line.removeprefix("data:"))


def words(found: list[dict[str, Any]]) -> str:
    """The text in a stream's events."""
    choices = [choice for event in found for choice in event["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def running(served: Running) -> list[dict[str, Any]]:
    """What `ps` says."""
    found: list[dict[str, Any]] = served.client.get("/engines/ps").json()
    return found


def test_a_stream_says_what_a_whole_answer_says(served: Running) -> None:
    whole = served.ask(temperature=0, max_tokens=24).json()
    with streamed(served, max_tokens=24) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = list(events(answer))
    assert words(found) == whole["choices"][0]["message"]["content"]
    assert whole["model"] == TINY


def test_a_stream_comes_as_it_is_made(served: Running) -> None:
    with streamed(served, max_tokens=100) as answer:
        parts = list(answer.iter_raw())
    assert len(parts) > 10


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_ends_the_work(served: Running, stream: bool) -> None:
    served.ask()
    before = metric(served, "engine_stopped_total")

    def stopped() -> bool:
        _leave_early(served, stream)
        until(lambda: not any(one.get("in_use") for one in running(served)))
        return metric(served, "engine_stopped_total") > before

    until(stopped)
    assert served.ask().status_code == 200


def _leave_early(served: Running, stream: bool) -> None:
    """Go after the first bytes, or after a tenth of a second without one."""
    talk = [{"role": "user", "content": "hello"}]
    body = {"model": TINY, "messages": talk, "stream": stream, "max_tokens": 1900}
    url = f"{served.url}/v1/chat/completions"
    with (
        suppress(httpx.ReadTimeout),
        httpx.Client(timeout=httpx.Timeout(60, read=0.1), trust_env=False) as client,
        client.stream("POST", url, json=body) as answer,
    ):
        next(answer.iter_raw())


def test_an_engine_that_is_killed_mid_stream_says_so_and_is_replaced(
    served: Running,
) -> None:
    ends: list[dict[str, Any]] = []
    pids: list[int] = []

    def killed() -> bool:
        """Kill the engine while it works; whether that was before it had ended."""
        served.ask()
        (worker,) = served.workers()
        pids.append(worker.pid)
        with streamed(served, max_tokens=1900) as answer:
            found = events(answer)
            next(found)
            worker.send_signal(signal.SIGKILL)
            ends.append(list(found)[-1])
        return "error" in ends[-1]

    until(killed)
    problem = ends[-1]["error"]
    assert problem["code"] == "engine_ended"
    assert "killed" in problem["message"]
    assert served.ask().status_code == 200
    (other,) = served.workers()
    assert other.pid not in pids


@pytest.mark.slow
def test_an_engine_that_is_killed_before_it_answers_is_a_clear_error(
    served: Running,
) -> None:
    answers: list[httpx.Response] = []

    def killed() -> bool:
        """Kill the engine while it works; whether that was before it had answered."""
        served.ask()
        (worker,) = served.workers()
        before = len(answers)
        asking = threading.Thread(
            target=lambda: answers.append(served.ask(max_tokens=1900))
        )
        asking.start()
        until(
            lambda: (
                metric(served, "engine_requests_running") > 0 or len(answers) > before
            )
        )
        worker.send_signal(signal.SIGKILL)
        asking.join()
        return answers[-1].status_code != 200

    until(killed)
    answer = answers[-1]
    assert answer.status_code == 500
    assert answer.headers["x-should-retry"] == "false"
    assert "killed" in answer.json()["error"]["message"]
    assert served.ask().status_code == 200


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"grammar": 'root ::= "a" ('}, "grammar"),
        ({"grammar": "root ::= nowhere"}, "grammar"),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "schema": {"type": "nonsense"}},
                }
            },
            "schema",
        ),
        ({"temperature": "warm"}, "temperature"),
        ({"messages": "hello"}, "messages"),
    ],
)
def test_a_request_that_the_engine_refuses_is_told_and_costs_nothing(
    served: Running, more: dict[str, Any], says: str
) -> None:
    served.ask()
    before = [worker.pid for worker in served.workers()]
    answer = served.ask(**more)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"].lower()
    assert [worker.pid for worker in served.workers()] == before


def test_a_model_that_can_never_fit_is_refused_at_once_with_the_numbers(
    served: Running,
) -> None:
    huge = {"target": "me/huge", "context_size": (1 << 31) - 1}
    made = served.client.post("/models/tiny/repackage", json=huge)
    assert made.status_code == 201
    answer = served.ask(model="me/huge")
    assert answer.status_code == 507
    assert answer.headers["x-should-retry"] == "false"
    assert re.search(r"[\d.]+ [GT]iB", answer.json()["error"]["message"])
    served.client.delete("/models/me/huge")


def test_a_prompt_of_a_megabyte_is_refused_and_never_cut(served: Running) -> None:
    answer = served.ask("word " * 200_000)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "context_length_exceeded"
    assert served.ask().status_code == 200


@pytest.mark.slow
def test_64_at_once_are_all_answered_in_the_order_they_came(served: Running) -> None:
    def ask(number: int, tokens: int) -> None:
        body = {"model": TINY, "prompt": "a", "max_tokens": tokens, "temperature": 0}
        path = f"/v1/completions?number={number}"
        assert served.client.post(path, json=body).status_code == 200

    def ended() -> list[int]:
        log = (served.folder / "service.log").read_text()
        return [int(number) for number in re.findall(r"\?number=(\d+) .* 200", log)]

    # Long ones first, so that the others have to wait.
    tokens = [1900] * LONG_ONES + [4] * 64
    threads = [threading.Thread(target=ask, args=pair) for pair in enumerate(tokens)]
    most = 0
    for count, thread in enumerate(threads, 1):
        thread.start()
        until(lambda count=count: len(ended()) + _open(served) > count)
        most = max(most, count - len(ended()))
    for thread in threads:
        thread.join()
    assert ended() == list(range(len(tokens)))
    assert most > 32, "they were done too soon to show anything"


def _open(served: Running) -> int:
    """Requests that the service has and has not answered, this one among them."""
    return metric(served, "stateof_requests_open")


def metric(served: Running, name: str) -> int:
    """A metric's value, 0 if there is none."""
    lines = served.client.get("/metrics").text.splitlines()
    found = [x for x in lines if re.match(rf"{name}[ {{]", x)]
    return int(found[0].split()[-1]) if found else 0


@pytest.mark.slow
def test_the_engines_end_with_the_service(tmp_path: Path, shared: Path) -> None:
    models = tiny_store(tmp_path / "models", shared)
    for number in (signal.SIGTERM, signal.SIGKILL):
        with service(tmp_path / str(int(number)), models=models) as started:
            started.ask()
            (worker,) = started.workers()
            started.process.send_signal(number)
            started.process.wait(15)
            psutil.wait_procs([worker], timeout=15)
            assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
