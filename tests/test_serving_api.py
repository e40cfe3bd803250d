"""The service over HTTP: Docker's shapes, OpenAI's errors, closed doors."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from services import CREATED, Running, service, tiny_store, until

from pipeline.serving.api import application, server
from pipeline.serving.api.doors import Doors
from pipeline.serving.api.service import Service
from pipeline.serving.runner import Local
from pipeline.serving.store import entries, open_store

pytestmark = pytest.mark.slow

UNIX_TIME = int(datetime.fromisoformat(CREATED).timestamp())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Running]:
    """A service of the tiny model."""
    folder = tmp_path_factory.mktemp("served")
    models = tiny_store(folder / "models", shared)
    with service(folder / "run", models=models) as running:
        yield running


def problem(answer: httpx.Response) -> dict[str, Any]:
    """The error in an answer of OpenAI's shape."""
    found: dict[str, Any] = answer.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return found


def test_a_model_is_listed_as_docker_lists_it(served: Running) -> None:
    (model,) = served.client.get("/models").json()
    assert model["id"].startswith("sha256:")
    assert model["tags"] == ["ai/tiny:latest"]
    assert model["created"] == UNIX_TIME
    assert model["config"] == {
        "format": "gguf",
        "quantization": "MOSTLY_F32",
        "parameters": "119.36K",
        "architecture": "llama",
        "size": "466.25KiB",
    }


@pytest.mark.parametrize(
    "name", ["tiny", "ai/tiny", "ai/tiny:latest", "docker.io/ai/tiny", "ID", "SHORT"]
)
def test_a_model_is_found_by_each_of_its_names(served: Running, name: str) -> None:
    (model,) = served.client.get("/models").json()
    short = model["id"].removeprefix("sha256:")[:12]
    name = {"ID": model["id"], "SHORT": short}.get(name, name)
    assert served.client.get(f"/models/{name}").json() == model


def test_a_model_can_have_names_of_many_parts_and_of_hugging_face(
    served: Running,
) -> None:
    client = served.client
    model = client.get("/models/tiny").json()["id"]
    for repository, tag, shown in (
        ("hf.co/Org/Tiny-GGUF", "Q4_K_M", "huggingface.co/Org/Tiny-GGUF:Q4_K_M"),
        ("localhost:5000/a/b/c/d", "v1.2", "localhost:5000/a/b/c/d:v1.2"),
    ):
        name = f"{repository}:{tag}"
        query = {"repo": repository, "tag": tag}
        assert client.post("/models/tiny/tag", params=query).status_code == 201
        assert client.get(f"/models/{name}").json()["id"] == model
        assert client.get(f"/engines/v1/models/{name}").status_code == 200
        assert client.delete(f"/models/{name}").json() == [{"Untagged": shown}]


def test_the_service_imports_no_engine_and_nothing_heavy() -> None:
    heavy = "{'llama_cpp', 'numpy', 'pandas', 'duckdb', 'scipy', 'jinja2', 'altair'}"
    code = f"import sys, pipeline.serving.api.server; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_the_same_models_are_listed_as_openai_lists_them(served: Running) -> None:
    for base in ("/engines/llama.cpp/v1", "/engines/v1", "/v1"):
        listed = served.client.get(f"{base}/models").json()
        assert listed["object"] == "list"
        (model,) = listed["data"]
        assert model["id"] == "ai/tiny:latest"
        assert (model["object"], model["owned_by"]) == ("model", "docker")
        assert model["created"] == UNIX_TIME
        assert model["dmr"]["quantization"] == "MOSTLY_F32"
        assert served.client.get(f"{base}/models/tiny").json() == model


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/models/nowhere", 404, "Model not found: there is no model 'nowhere'"),
        ("DELETE", "/models/nowhere", 404, "Model not found"),
        ("GET", "/models/UP%20per", 400, "Invalid model reference"),
        ("POST", "/models/tiny/tag", 400, "missing repo or tag query parameter"),
        ("POST", "/models/nowhere/tag?repo=a&tag=b", 404, "Model not found"),
        ("POST", "/models/tiny/tag?repo=A%20B&tag=b", 400, "Invalid model reference"),
        ("POST", "/models/tiny/repackage", 400, "target is required"),
        ("POST", "/models/create", 400, "from is required"),
        ("POST", "/models/123456789012/push", 400, "Invalid model reference"),
        ("POST", "/models/localhost:1/a/b/push", 404, "Model not found"),
        ("POST", "/engines/_configure", 400, "model is required"),
        ("POST", "/engines/nowhere/_configure", 404, "Engine not found: there is no"),
        ("GET", "/nowhere", 404, "not found"),
        ("PUT", "/models/create", 405, "method not allowed"),
    ],
)
def test_what_cannot_be_done_is_said_with_dockers_status(
    served: Running, method: str, path: str, status: int, says: str
) -> None:
    answer = served.client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/plain")
    assert says in answer.text


@pytest.mark.parametrize("body", ["{", "[]", "nonsense", '{"from": 1}', "[" * 100_000])
def test_a_body_that_is_not_what_is_asked_for_is_said(
    served: Running, body: str
) -> None:
    answer = served.client.post("/models/create", content=body)
    assert answer.status_code == 400
    assert "invalid request" in answer.text


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "says"),
    [
        ("/v1/chat/completions", "{", 400, None, "invalid request"),
        ("/v1/chat/completions", "{}", 400, "missing_model", "model is required"),
        ("/v1/chat/completions", '{"model": 1}', 400, None, "invalid request"),
        ("/v1/completions", '{"model": "no"}', 404, "model_not_found", "no model 'no'"),
        (
            "/engines/nowhere/v1/embeddings",
            '{"model": "tiny"}',
            404,
            "engine_not_found",
            "no engine 'nowhere'",
        ),
        ("/v1/nowhere", "{}", 404, None, "not found"),
    ],
)
def test_under_v1_an_error_has_openais_shape(
    served: Running, path: str, body: str, status: int, code: str | None, says: str
) -> None:
    answer = served.client.post(path, content=body)
    assert answer.status_code == status
    found = problem(answer)
    assert found["code"] == code
    assert says in found["message"]


def test_a_model_is_tagged_repackaged_and_deleted(served: Running) -> None:
    client = served.client
    tagged = client.post("/models/tiny/tag?repo=localhost:5000/me/tiny&tag=v2")
    assert tagged.status_code == 201
    target = "localhost:5000/me/tiny:v2"
    message = f'Model tagged successfully with "{target}"'
    assert tagged.json() == {"message": message, "target": target}
    again = {"target": "me/small", "context_size": 64}
    made = client.post("/models/ai/tiny:latest/repackage", json=again)
    assert made.status_code == 201
    assert made.json()["target"] == "me/small"
    small = client.get("/models/me/small").json()
    assert small["config"]["context_size"] == 64
    tiny = client.get("/models/tiny").json()
    short = tiny["id"].removeprefix("sha256:")[:12]
    refused = client.delete(f"/models/{short}")
    assert refused.status_code == 409
    assert client.delete(f"/models/{target}").json() == [{"Untagged": target}]
    gone = client.delete("/models/me/small").json()
    assert gone == [{"Untagged": "me/small:latest"}, {"Deleted": small["id"]}]
    assert [one["id"] for one in client.get("/models").json()] == [tiny["id"]]


@pytest.mark.parametrize("size", [-5, 0, 1e20, 1 << 70, 1.5, "long"])
def test_a_context_size_that_is_not_possible_is_refused(
    served: Running, size: Any
) -> None:
    body = {"target": "me/other:v1", "context_size": size}
    answer = served.client.post("/models/tiny/repackage", json=body)
    assert answer.status_code == 400
    assert "context_size" in answer.text


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("path", ["/models/create", "/v1/chat/completions"])
def test_a_body_of_20_mib_is_refused_whether_announced_or_not(
    served: Running, path: str, streamed: bool
) -> None:
    whole = b" " * (20 << 20)
    pieces = (whole[: 1 << 20] for _ in range(20))
    answer = served.client.post(path, content=pieces if streamed else whole)
    assert answer.status_code == 400
    assert "request too large" in answer.text
    assert served.client.get("/health").json() == {"status": "ok"}


def test_a_foreign_host_gets_nothing(served: Running) -> None:
    for path in ("/models", "/v1/models", "/health"):
        answer = served.client.get(path, headers={"Host": "evil.example"})
        assert answer.status_code == 403
        assert "tiny" not in answer.text


def test_a_foreign_page_gets_nothing_and_changes_nothing(served: Running) -> None:
    headers = {"Origin": "https://evil.example"}
    for method, path in (("GET", "/models"), ("DELETE", "/models/tiny")):
        answer = served.client.request(method, path, headers=headers)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    asked = headers | {"Access-Control-Request-Method": "POST"}
    assert served.client.options("/v1/models", headers=asked).status_code == 403
    assert served.client.get("/models/tiny").status_code == 200


def test_a_page_of_this_machine_may_ask_after_a_preflight(served: Running) -> None:
    origin = "http://localhost:5173"
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, x-stainless-os",
    }
    preflight = served.client.options("/v1/chat/completions", headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "POST" in preflight.headers["access-control-allow-methods"]
    allowed = preflight.headers["access-control-allow-headers"]
    assert allowed == "authorization, x-stainless-os"
    answer = served.client.get("/v1/models", headers={"Origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin
    assert "Origin" in answer.headers["vary"]


def test_the_unix_socket_answers_too_and_is_its_owners(served: Running) -> None:
    path = served.folder / "models.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    transport = httpx.HTTPTransport(uds=str(path))
    with httpx.Client(transport=transport, base_url="http://docker") as client:
        assert client.get("/models").json() == served.client.get("/models").json()


def test_only_loopback_is_listened_on(served: Running) -> None:
    import psutil

    sockets = psutil.Process(served.process.pid).net_connections(kind="inet")
    assert {one.laddr.ip for one in sockets if one.status == "LISTEN"} == {"127.0.0.1"}


def test_the_end_of_an_answer_does_not_wait_for_its_acknowledgement() -> None:
    with (
        server._tcp("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        for one in (listening, accepted):
            assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_what_runs_can_be_seen_configured_and_unloaded(served: Running) -> None:
    client = served.client
    client.post("/engines/unload", json={"all": True})
    assert client.get("/engines/ps").json() == []
    settings = {"model": "tiny", "context-size": 128, "keep_alive": "1h"}
    assert client.post("/engines/_configure", json=settings).status_code == 202
    before = datetime.now(UTC)
    assert served.ask().status_code == 200
    (one,) = client.get("/engines/ps").json()
    assert one["backend_name"] == "llama.cpp"
    assert (one["model_name"], one["mode"]) == ("ai/tiny:latest", "completion")
    assert one["keep_alive"] == "1h0m0s"
    assert datetime.fromisoformat(one["last_used"]) >= before.replace(microsecond=0)
    assert "in_use" not in one
    long = served.ask("word " * 200)
    assert long.status_code == 400  # 128 tokens, as it was configured
    assert problem(long)["code"] == "context_length_exceeded"
    unloaded = client.post("/engines/unload", json={"models": ["ai/tiny"]})
    assert unloaded.json() == {"unloaded_runners": 1}
    until(lambda: not served.workers())
    assert client.post("/engines/unload", json={}).json() == {"unloaded_runners": 0}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"context-size": 0}, "context: 0"),
        ({"keep_alive": "soon"}, "keep_alive"),
        ({"runtime-flags": ["--log-file", "/etc/passwd"]}, "--log-file"),
        ({"runtime-flags": ["--threads", "many"]}, "--threads"),
        ({"runtime-flags": ["--threads", "9999999"]}, "threads: 9999999"),
        ({"context-size": 10**12}, "context: 1000000000000"),
        ({"mode": "painting"}, "invalid request"),
    ],
)
def test_settings_that_are_not_possible_are_refused(
    served: Running, settings: dict[str, Any], says: str
) -> None:
    body = {"model": "tiny"} | settings
    answer = served.client.post("/engines/_configure", json=body)
    assert answer.status_code == 400
    assert says in answer.text


def test_sizes_status_version_and_logs_are_told(served: Running) -> None:
    client = served.client
    taken = client.get("/engines/df").json()
    blobs = served.folder.parent / "models/blobs/sha256"
    assert taken["models_disk_usage"] == sum(p.stat().st_size for p in blobs.iterdir())
    assert taken["default_backend_disk_usage"] > 1 << 20
    assert client.get("/engines/status").json()["llama.cpp"].startswith("running")
    assert client.get("/version").json().keys() == {"version"}
    assert "GET /engines/df" in client.get("/logs").text


def test_metrics_are_the_services_and_its_engines(served: Running) -> None:
    served.ask()
    text = served.client.get("/metrics").text
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert any('handler="infer",status="200"' in line for line in samples)
    labels = 'engine="llama.cpp",model="ai/tiny:latest",mode="completion"'
    assert any(labels in line for line in samples)
    families = [line.split()[2] for line in text.splitlines() if "# TYPE" in line]
    assert len(families) == len(set(families))


def test_a_key_is_asked_for_everywhere_but_at_the_health_check(
    tmp_path: Path, shared: Path
) -> None:
    models = tiny_store(tmp_path / "models", shared)
    key = {"STATEOF_API_KEY": "correct horse"}
    with service(tmp_path / "run", models=models, env=key) as served:
        client = served.client
        assert client.get("/health").status_code == 200
        for wrong in ("", "Bearer", "Bearer wrong", "Basic correct horse", "Bearer é"):
            headers = {"Authorization": wrong.encode()} if wrong else {}
            for path in ("/models", "/metrics", "/v1/models", "/logs"):
                answer = client.get(path, headers=headers)
                assert answer.status_code == 401
                assert answer.headers["www-authenticate"] == "Bearer"
        good = {"Authorization": "Bearer correct horse"}
        assert client.get("/v1/models", headers=good).status_code == 200
        preflight = client.options("/v1/models", headers={"Origin": "http://localhost"})
        assert preflight.status_code == 204


def test_requests_that_are_no_http_leave_the_service_alive(served: Running) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    for raw in (b"\x16\x03\x01\x02", b"GET / HTTP/1.1\r\n\r\n", b"A" * 200_000):
        with socket.create_connection((host, int(port)), timeout=10) as wire:
            wire.sendall(raw + b"\r\n\r\n")
            assert b" 400 " in wire.recv(4096)
    assert served.client.get("/health").status_code == 200


def test_nothing_that_was_refused_has_touched_the_store(served: Running) -> None:
    (entry,) = entries(open_store(served.folder.parent / "models"))
    assert entry.tags == ("docker.io/ai/tiny:latest",)
    listed = json.loads((served.folder.parent / "models/models.json").read_text())
    assert len(listed["models"]) == 1


def test_dockers_own_store_is_read_in_place(tmp_path: Path, shared: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(shared / "models/store_example", models, copy_function=shutil.copy)
    for path in [models, *models.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    with service(tmp_path / "run", models=models) as served:
        tags = [one["tags"] for one in served.client.get("/models").json()]
        assert tags == [
            ["ai/tiny:latest", "ai/tiny:v1"],
            ["localhost:5000/me/tiny-full:1.0"],
        ]
        assert served.ask(model="localhost:5000/me/tiny-full:1.0").status_code == 200


def test_a_fault_of_the_service_is_an_answer_in_the_paths_shape(
    tmp_path: Path, shared: Path
) -> None:
    class Faulty:
        engines: ClassVar[dict[str, Any]] = {"llama.cpp": Local()}

        def lease(self, *_: str) -> Any:
            raise ZeroDivisionError

        def running(self) -> Any:
            raise ZeroDivisionError

    async def asked() -> list[httpx.Response]:
        store = open_store(tiny_store(tmp_path / "models", shared))
        app = application(Service(store, Faulty(), tmp_path), Doors())  # type: ignore[arg-type]
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        base = "http://localhost"
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            body = {"model": "tiny"}
            answer = await client.post("/v1/completions", json=body)
            return [answer, await client.get("/engines/ps")]

    answer, listed = asyncio.run(asked())
    assert (answer.status_code, listed.status_code) == (500, 500)
    assert "ZeroDivisionError" in problem(answer)["message"]
    assert listed.text.startswith("a fault of the service")


def test_a_damaged_model_is_listed_and_can_be_removed_while_others_answer(
    tmp_path: Path, shared: Path
) -> None:
    models = tiny_store(tmp_path / "models", shared)
    with service(tmp_path / "run", models=models) as served:
        client = served.client
        copy = {"target": "me/copy", "context_size": 64}
        assert client.post("/models/tiny/repackage", json=copy).status_code == 201
        model = client.get("/models/me/copy").json()["id"]
        manifest = models / "manifests/sha256" / model.removeprefix("sha256:")
        manifest.write_bytes(b"{}")
        tags = {one["id"]: one["tags"] for one in client.get("/models").json()}
        assert tags[model] == ["me/copy:latest"]
        assert [one["id"] for one in client.get("/v1/models").json()["data"]] == [
            "ai/tiny:latest"
        ]
        assert client.get("/models/me/copy").status_code == 500
        assert served.ask().status_code == 200
        assert client.delete("/models/me/copy").status_code == 200
