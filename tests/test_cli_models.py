"""`stateof model` and `stateof serve`, as they are typed."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from registries import docker_registry
from services import CREATED, ROOT, TINY, Running, service, tiny_store, until
from typer.testing import CliRunner

from pipeline.cli import app

pytestmark = pytest.mark.slow

VERBS = (
    *("pull", "push", "package", "tag", "list", "inspect", "rm", "run", "ps", "df"),
    *("unload", "logs", "status", "doctor", "prune", "check"),
)
HEAD = (
    "MODEL NAME  PARAMETERS  QUANTIZATION  ARCHITECTURE  MODEL ID  CREATED  CONTEXT"
    "  SIZE"
)


class Typed:
    """The command line with a store and, perhaps, a service of the test's own."""

    def __init__(self, models: Path, url: str = "http://127.0.0.1:1") -> None:
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(models.parent),
            "PYTHONPATH": str(ROOT),
            "MODELS_PATH": str(models),
            "MODEL_RUNNER_HOST": url,
        }

    def command(self, *arguments: str) -> list[str]:
        """What is typed."""
        return [sys.executable, "-m", "pipeline", *arguments]

    def __call__(
        self, *arguments: str, stdin: str = "", status: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """Run it; it must end with that status."""
        done = subprocess.run(
            self.command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=self.env,
        )
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        return done

    def model(self, *arguments: str, **more: object) -> str:
        """What `stateof model …` prints."""
        return self("model", *arguments, **more).stdout  # type: ignore[arg-type]


@pytest.fixture
def typed(tmp_path: Path, shared: Path) -> Typed:
    """A store with the tiny model, and no service."""
    return Typed(tiny_store(tmp_path / "models", shared))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Running]:
    """A service of the tiny model."""
    folder = tmp_path_factory.mktemp("served")
    models = tiny_store(folder / "models", shared)
    with service(folder / "run", models=models) as running:
        yield running


@pytest.fixture
def asked(served: Running) -> Typed:
    """The command line with that service."""
    return Typed(served.folder.parent / "models", served.url)


def test_every_verb_has_help_with_an_example() -> None:
    def helped(*arguments: str) -> str:
        return CliRunner().invoke(app, [*arguments, "--help"]).output

    listed = helped("model")
    for verb in VERBS:
        assert f"\n  {verb} " in listed
        assert f"Example: stateof model {verb}" in helped("model", verb)
    assert "Example: stateof serve" in helped("serve")


def test_models_are_listed_in_dockers_columns(typed: Typed) -> None:
    head, line = typed.model("list").splitlines()
    assert head.split() == HEAD.split()
    fields = re.split(r"  +", line)
    assert fields[:4] == ["tiny", "119.36K", "MOSTLY_F32", "llama"]
    assert re.fullmatch(r"[0-9a-f]{12}", fields[4])
    assert re.fullmatch(r"\d+ (weeks|months|years) ago", fields[5])
    assert fields[-1] == "466.25KiB"
    (model,) = json.loads(typed.model("list", "--json"))
    assert model["tags"] == ["ai/tiny:latest"]
    assert typed.model("list", "-q") == model["id"][7:19] + "\n"


def test_an_empty_store_is_a_table_with_its_head(tmp_path: Path) -> None:
    empty = Typed(tmp_path / "models")
    assert empty.model("list").split() == HEAD.split()
    assert json.loads(empty.model("list", "--json")) == []


def test_a_model_is_packaged_the_same_every_time_and_inspected(
    typed: Typed, shared: Path, tmp_path: Path
) -> None:
    (tmp_path / "LICENSE").write_text("do as you like")
    arguments = [
        *("package", "--gguf", str(shared / "models/tiny/tiny.gguf")),
        *("-l", str(tmp_path / "LICENSE"), "--context-size", "64"),
        *("--created", CREATED, "me/licensed:v1"),
    ]
    first = typed.model(*arguments).strip()
    assert typed.model(*arguments).strip() == first
    found = json.loads(typed.model("inspect", "me/licensed:v1"))
    assert found["id"] == first
    assert found["licenses"] == ["do as you like"]
    assert found["config"]["context_size"] == 64
    assert json.loads(typed.model("inspect", first[7:19])) == found


def test_names_are_given_and_taken_away(typed: Typed) -> None:
    model = typed.model("tag", "tiny", "me/other:v2").strip()
    assert typed.model("rm", "me/other:v2") == "Untagged: me/other:v2\n"
    typed.model("tag", "tiny", "me/other:v2")
    typed.model("rm", model, status=1)
    gone = typed.model("rm", "-f", model).splitlines()
    assert sorted(gone[:2]) == ["Untagged: ai/tiny:latest", "Untagged: me/other:v2"]
    assert gone[2] == f"Deleted: {model}"


@pytest.mark.slow
def test_a_model_goes_to_a_registry_and_comes_back(
    typed: Typed, tmp_path: Path
) -> None:
    with docker_registry(tmp_path / "registry") as registry:
        name = f"{registry}/team/tiny:v1"
        model = typed.model("tag", "tiny", name).strip()
        pushed = typed("model", "push", name)
        assert pushed.stdout.strip() == model
        assert re.search(r"[0-9a-f]{12}  487.\d kB there", pushed.stderr)
        typed.model("rm", "-f", model)
        remote = json.loads(typed.model("inspect", "--remote", name))
        assert remote["id"] == model
        pulled = typed("model", "pull", name)
        assert pulled.stdout.strip() == model
        assert re.search(r"[0-9a-f]{12}  487.\d kB here", pulled.stderr)
        assert "\033" not in pulled.stderr
        typed.model("rm", "-f", model)
        shown = on_terminal(typed, "model", "pull", name)
        assert f"[{'=' * 30}] 100 %" in shown
        assert model in shown


def test_sizes_are_told_by_type(typed: Typed) -> None:
    head, models, engine = typed.model("df").splitlines()
    assert head.split() == ["TYPE", "SIZE"]
    assert models.split("  ")[0] == "Models"
    assert engine.startswith("Inference engine")
    assert json.loads(typed.model("df", "--json"))["Models"] > 487_000


def test_what_no_model_uses_is_pruned(typed: Typed, tmp_path: Path) -> None:
    blobs = tmp_path / "models/blobs/sha256"
    (blobs / ("0" * 64)).write_bytes(bytes(1500))
    (blobs / ("1" * 64 + ".incomplete")).write_bytes(bytes(500))
    said = typed.model("check")
    assert "No model uses 2.0 kB in 2 files" in said
    assert "All models are whole." in said
    assert json.loads(typed.model("prune", "--json")) == {"files": 2, "bytes": 2000}
    assert typed.model("prune") == "Freed 0 B in 0 files.\n"
    assert typed.model("check") == "All models are whole.\n"


def test_a_damaged_model_is_found_discarded_and_packaged_again(
    typed: Typed, tmp_path: Path, shared: Path
) -> None:
    blobs = (tmp_path / "models/blobs/sha256").iterdir()
    weights = max(blobs, key=lambda path: path.stat().st_size)
    content = weights.read_bytes()
    weights.chmod(0o600)
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    found = typed("model", "check", status=1)
    assert f"blobs/sha256/{weights.name}  it has another digest" in found.stdout
    assert "1 model is not whole" in found.stderr
    assert weights.exists()
    found = typed("model", "check", "--repair", status=1)
    assert f"Deleted: blobs/sha256/{weights.name}" in found.stdout
    assert "the blob is not there" in found.stdout
    given = shared / "models/tiny/tiny.gguf"
    typed.model("package", "--gguf", str(given), "--created", CREATED, TINY)
    assert "All models are whole." in typed.model("check")


def test_the_doctor_names_the_build_that_is_here(typed: Typed) -> None:
    assert f"llama-cpp-python {version('llama-cpp-python')}" in typed.model("doctor")


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["inspect", "tinny"], 2, "There are: ai/tiny:latest."),
        (["rm", "nowhere"], 2, "no model 'nowhere'"),
        (["tag", "tiny", "Not A Name"], 2, "not a model's name"),
        (["pull", "127.0.0.1:1/a/b"], 3, "the connection failed"),
        (["push", "tiny@sha256:1"], 2, "not a model's name"),
        (["package", "--gguf", "nowhere.gguf", "me/x"], 1, "no such file"),
        (["package", "--gguf", "a", "--gguf", "b", "me/x"], 2, "more than once"),
        (["unload"], 2, "which model?"),
        (["ps"], 3, "stateof serve"),
        (["status"], 3, "no service runs"),
        (["logs"], 3, "no service runs"),
        (["run", "tiny"], 2, "there is no prompt"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_status(
    typed: Typed, arguments: list[str], status: int, says: str
) -> None:
    assert says in typed("model", *arguments, status=status).stderr


@pytest.mark.slow
def test_a_prompt_is_answered_from_the_line_or_from_stdin(asked: Typed) -> None:
    answer = asked.model("run", "tiny", "hello")
    assert answer.endswith("\n")
    assert asked.model("run", "tiny", stdin="hello\n")
    assert (
        "no model 'nowhere'" in asked("model", "run", "nowhere", "x", status=2).stderr
    )


@pytest.mark.slow
def test_without_a_service_one_is_started_for_the_answer(typed: Typed) -> None:
    assert typed.model("run", "tiny", "hello")
    assert "no service runs" in typed("model", "ps", status=3).stderr


@pytest.mark.slow
def test_what_runs_is_told_in_dockers_columns_and_unloaded(asked: Typed) -> None:
    asked.model("run", "tiny", "hello")
    head, line = asked.model("ps").splitlines()
    assert re.split(r"  +", head) == ["MODEL NAME", "BACKEND", "MODE", "UNTIL"]
    assert re.split(r"  +", line)[:3] == ["ai/tiny:latest", "llama.cpp", "completion"]
    assert re.search(r"[45] minutes from now$", line)
    assert json.loads(asked.model("ps", "--json"))[0]["keep_alive"] == "5m0s"
    assert asked.model("unload", "tiny") == "Unloaded 1 model.\n"
    assert asked.model("unload", "--all") == "Unloaded 0 models.\n"
    assert len(asked.model("ps").splitlines()) == 1


def test_the_services_state_and_logs_are_told(asked: Typed) -> None:
    assert "The service" in asked.model("status")
    found = json.loads(asked.model("status", "--json"))
    assert found["url"] == asked.env["MODEL_RUNNER_HOST"]
    assert "llama.cpp" in found["engines"]
    assert "==> service.log <==" in asked.model("logs")


@pytest.mark.slow
def test_one_can_chat_on_a_terminal(asked: Typed) -> None:
    shown = on_terminal(asked, "model", "run", TINY, says=["hello", "again", "/bye"])
    assert shown.count("> ") >= 3


@pytest.mark.slow
def test_ctrl_c_ends_a_service_and_frees_its_folder(
    tmp_path: Path, shared: Path
) -> None:
    models = tiny_store(tmp_path / "models", shared)
    with service(tmp_path / "run", models=models) as running:
        again = Typed(models)(
            *("serve", "--port", "0", "--folder", str(running.folder)), status=1
        )
        assert "a service runs in this folder already" in again.stderr
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(15) == 0
    with service(tmp_path / "run", models=models) as running:
        assert running.client.get("/health").status_code == 200


def test_a_service_is_not_opened_to_others_without_a_key(typed: Typed) -> None:
    said = typed("serve", "--host", "0.0.0.0", "--port", "0", status=2).stderr
    assert "STATEOF_API_KEY" in said


@pytest.mark.parametrize(
    ("engine", "says"),
    [
        ("r=file:///etc/passwd", "with an http or https address"),
        ("r=http://", "with an http or https address"),
        ("r=http://[::1", "with an http or https address"),
        ("r=http://user:secret@127.0.0.1", "may not carry a password"),
        ("r", "with an http or https address"),
        ("=http://127.0.0.1", "not NAME=URL"),
        ("llama.cpp=http://127.0.0.1", "an engine of this machine has that name"),
    ],
)
def test_an_engine_that_cannot_be_is_refused_at_the_start(
    typed: Typed, engine: str, says: str
) -> None:
    said = typed("serve", "--port", "0", "--engine", engine, status=2).stderr
    assert says in said
    assert "secret" not in said


def test_a_port_that_is_taken_is_said(
    served: Running, typed: Typed, tmp_path: Path
) -> None:
    port = served.url.rpartition(":")[2]
    folder = str(tmp_path / "other")
    said = typed("serve", "--port", port, "--folder", folder, status=1).stderr
    assert f"127.0.0.1:{port}" in said
    typed("serve", "--port", "99999", "--folder", folder, status=2)


@pytest.mark.slow
def test_another_server_answers_under_its_engines_name(
    served: Running, tmp_path: Path
) -> None:
    empty = tmp_path / "models"
    arguments = ["--engine", f"other={served.url}/v1"]
    with service(tmp_path / "run", *arguments, models=empty) as front:
        body = {"model": TINY, "prompt": "a", "max_tokens": 4, "temperature": 0}
        far = front.client.post("/engines/other/v1/completions", json=body).json()
        near = served.client.post("/v1/completions", json=body).json()
        assert far["choices"] == near["choices"]
        missing = front.client.post("/engines/v1/completions", json=body)
        assert missing.status_code == 404
        assert front.client.get("/engines/other/v1/models").json() == (
            served.client.get("/v1/models").json()
        )
        assert "other" in front.client.get("/engines/status").json()
    arguments = ["--engine", "other=http://127.0.0.1:1/v1"]
    with service(tmp_path / "alone", *arguments, models=empty) as front:
        gone = front.client.post("/engines/other/v1/completions", json=body)
        assert gone.status_code == 502
        assert gone.json()["error"]["code"] == "engine_not_reached"
    said = Typed(empty)("serve", "--engine", "other", status=2).stderr
    assert "NAME=URL" in said


def on_terminal(typed: Typed, *arguments: str, says: list[str] | None = None) -> str:
    """What a command shows on a terminal where these lines are typed."""
    here, there = pty.openpty()
    process = subprocess.Popen(
        typed.command(*arguments),
        stdin=there,
        stdout=there,
        stderr=there,
        env=typed.env,
    )
    os.close(there)
    shown, lines = "", list(says or [])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if select.select([here], [], [], 0.1)[0]:
            try:
                shown += os.read(here, 65536).decode(errors="replace")
            except OSError:
                break
        if lines and shown.endswith("> "):
            os.write(here, f"{lines.pop(0)}\n".encode())
    os.close(here)
    until(lambda: process.poll() is not None)
    assert process.returncode == 0, shown
    return shown
