"""Pulls and pushes over HTTP, against Debian's registry and read with skopeo."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from registries import (
    PASSWORD,
    Reply,
    Request,
    Shelf,
    basic_auth,
    docker_registry,
    need,
    serving,
)
from services import Running, service, tiny_store, until
from small_models import CREATED, gguf, made, tensor

from pipeline.serving.artifact.package import package

pytestmark = pytest.mark.slow

LINES = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Running]:
    """A service of the tiny model."""
    folder = tmp_path_factory.mktemp("served")
    models = tiny_store(folder / "models", shared)
    with service(folder / "run", models=models) as running:
        yield running


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry of this machine."""
    with docker_registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


def lines(text: str) -> list[dict[str, Any]]:
    """The objects of a transfer."""
    return [json.loads(line) for line in text.splitlines()]


def named(served: Running, registry: str, name: str) -> str:
    """The tiny model, under a name in the registry."""
    query = {"repo": f"{registry}/{name}", "tag": "v1"}
    tagged = served.client.post("/models/tiny/tag", params=query)
    assert tagged.status_code == 201
    return f"{registry}/{name}:v1"


def test_a_pushed_model_is_what_skopeo_reads_and_comes_back_the_same(
    served: Running, registry: str
) -> None:
    need("skopeo")
    client, name = served.client, named(served, registry, "team/tiny")
    model = client.get("/models/tiny").json()
    pushed = client.post(f"/models/{name}/push", headers=LINES)
    assert pushed.headers["content-type"].startswith("application/json")
    *steps, last = lines(pushed.text)
    assert last == {
        "type": "success",
        "message": "Model pushed successfully",
        "mode": "push",
    }
    for step in steps:
        assert step["type"] == "progress"
        assert step["mode"] == "push"
        assert 0 <= step["layer"]["current"] <= step["layer"]["size"] <= step["total"]
    raw = subprocess.run(
        ["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{name}"],
        capture_output=True,
        check=True,
    ).stdout
    assert f"sha256:{hashlib.sha256(raw).hexdigest()}" == model["id"]

    client.delete(f"/models/{model['id']}?force=true")
    assert client.get("/models").json() == []
    remote = client.get(f"/models/{name}?remote=true").json()
    assert (remote["id"], remote["config"]) == (model["id"], model["config"])
    pulled = lines(
        client.post("/models/create", json={"from": name}, headers=LINES).text
    )
    assert pulled[-1]["message"] == "Model pulled successfully"
    done = {x["layer"]["id"]: x["layer"] for x in pulled if x["type"] == "progress"}
    assert all(layer["current"] == layer["size"] for layer in done.values())
    assert all("Downloaded: " in x["message"] for x in pulled[:-1])
    assert client.get(f"/models/{name}").json()["id"] == model["id"]
    again = lines(
        client.post("/models/create", json={"from": name}, headers=LINES).text
    )
    size = model["config"]["size"]
    assert again[-1]["message"] == f"Using cached model: {size}"
    client.post(f"/models/{name}/tag", params={"repo": "ai/tiny", "tag": "latest"})
    client.delete(f"/models/{name}")


def test_without_json_a_transfer_is_lines_of_text(
    served: Running, registry: str
) -> None:
    name = named(served, registry, "team/text")
    answer = served.client.post(f"/models/{name}/push")
    assert answer.headers["content-type"].startswith("text/plain")
    *steps, last = answer.text.splitlines()
    assert last == "Model pushed successfully"
    assert all(step.startswith("Uploaded: ") for step in steps)


@pytest.mark.slow
def test_before_the_first_line_what_goes_wrong_is_a_status(
    served: Running, registry: str, tmp_path: Path
) -> None:
    client = served.client

    def pull(name: str) -> tuple[int, str]:
        answer = client.post("/models/create", json={"from": name}, headers=LINES)
        return answer.status_code, answer.text

    assert pull("NOT A NAME")[0] == 400
    status, text = pull(f"{registry}/team/nowhere")
    assert (status, text[:15]) == (404, "Model not found")
    assert pull("127.0.0.1:1/team/model")[0] == 500
    with docker_registry(tmp_path / "closed", basic_auth(tmp_path / "auth")) as closed:
        status, text = pull(f"{closed}/team/model")
        assert (status, text[:12]) == (401, "Unauthorized")
        assert PASSWORD not in text
        name = named(served, closed, "team/tiny")
        assert client.post(f"/models/{name}/push").status_code == 401
        client.delete(f"/models/{name}")


def test_a_layer_that_is_not_what_it_should_be_is_an_error_line(
    served: Running, tmp_path: Path
) -> None:
    shelf = Shelf(made(tmp_path))
    weights = shelf.package.manifest.layers[0]

    def lie(request: Request) -> Reply | None:
        if request.path.endswith(weights.digest):
            return Reply(200, b"x" * weights.size)
        return None

    shelf.lies = lie
    with serving(shelf.answer) as url:
        name = f"{url.removeprefix('http://')}/team/model"
        answer = served.client.post(
            "/models/create", json={"from": name}, headers=LINES
        )
        last = lines(answer.text)[-1]
        assert last["type"] == "error"
        assert "digest" in last["message"]
        assert served.client.get(f"/models/{name}").status_code == 404


def test_a_token_given_is_shown_to_the_registry(
    served: Running, tmp_path: Path
) -> None:
    shelf = Shelf(made(tmp_path))
    asks = 'Bearer realm="http://127.0.0.1:1/token",service="test"'
    shelf.lies = lambda request: (
        None
        if request.authorization == "Bearer xyz"
        else Reply(401, WWW_Authenticate=asks)
    )
    with serving(shelf.answer) as url:
        body = {"from": f"{url.removeprefix('http://')}/team/token"}
        create = "/models/create"
        assert served.client.post(create, json=body).status_code != 200
        body["bearer-token"] = "xyz"
        assert served.client.post(create, json=body).status_code == 200


def test_what_is_no_model_is_422(served: Running, tmp_path: Path) -> None:
    shelf = Shelf(made(tmp_path))
    other = b'{"schemaVersion":2,"config":{"mediaType":"text/x","size":2,"digest":"'
    digest = hashlib.sha256(b"{}").hexdigest().encode()
    layer = b'"},"layers":[{"mediaType":"text/x","size":2,"digest":"sha256:'
    raw = other + b"sha256:" + digest + layer + digest + b'"}]}'
    kind = "application/vnd.oci.image.manifest.v1+json"
    shelf.lies = lambda request: (
        Reply(200, raw, Content_Type=kind) if "/manifests/" in request.path else None
    )
    with serving(shelf.answer) as url:
        name = f"{url.removeprefix('http://')}/team/text"
        answer = served.client.post("/models/create", json={"from": name})
        assert answer.status_code == 422
        assert "not a model" in answer.text


@pytest.mark.slow
def test_a_client_that_leaves_ends_a_pull_and_the_next_goes_on_from_there(
    served: Running, tmp_path: Path
) -> None:
    noise = tmp_path / "big.gguf"
    noise.write_bytes(gguf([], [tensor("t", (1 << 18,), 0, 0)], os.urandom(1 << 20)))
    shelf = Shelf(package(noise, created=CREATED))
    weights = shelf.package.manifest.layers[0]
    half = weights.size // 2

    def stall(request: Request) -> Reply | None:
        if request.path.endswith(weights.digest) and not request.range:
            part = shelf.blobs[weights.digest][:half]
            return Reply(200, part, announced=weights.size, stall=2)
        return None

    shelf.lies = stall
    with serving(shelf.answer) as url:
        body = {"from": f"{url.removeprefix('http://')}/team/big"}
        create = f"{served.url}/models/create"
        with httpx.stream("POST", create, json=body, headers=LINES) as answer:
            assert next(answer.iter_lines())
        unfinished = served.folder.parent / "models/blobs/sha256"
        until(lambda: any(p.suffix == ".incomplete" for p in unfinished.iterdir()))
        again = served.client.post("/models/create", json=body, headers=LINES)
        assert lines(again.text)[-1]["type"] == "success"
    ranges = [one.range for one in shelf.seen if one.range]
    assert ranges
    assert all(int(one[6:-1]) > 0 for one in ranges)
