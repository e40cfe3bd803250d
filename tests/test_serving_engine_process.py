"""The worker as a process: it starts, fails and ends as whoever starts it expects."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.engine_worker import is_alive, needs_engine, start, wait_until_ready, worker

pytestmark = [needs_engine, pytest.mark.slow]


@pytest.fixture
def weights(shared: Path) -> Path:
    return shared / "models/tiny/tiny.gguf"


def last_words(log: Path) -> str:
    return log.read_text(errors="replace").strip().splitlines()[-1]


def failure(folder: Path, weights: Path, **settings: object) -> str:
    """The last words of a worker that must end with status 1."""
    started = start(folder, weights, **settings)
    started.client.close()
    assert started.process.wait(60) == 1, started.log.read_text(errors="replace")
    words = last_words(started.log)
    assert words.startswith("The model cannot be served: ")
    return words


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "no such file" in failure(tmp_path, tmp_path / "none.gguf")


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"Hello" * 100)
    assert "a.gguf" in failure(tmp_path, tmp_path / "a.gguf")


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.999])
def test_a_file_that_was_cut_short(tmp_path: Path, weights: Path, part: float) -> None:
    raw = weights.read_bytes()
    (tmp_path / "a.gguf").write_bytes(raw[: int(len(raw) * part)])
    assert "a.gguf" in failure(tmp_path, tmp_path / "a.gguf")


def test_a_header_that_claims_2_to_the_60_tensors(
    tmp_path: Path, weights: Path
) -> None:
    raw = bytearray(weights.read_bytes())
    raw[8:16] = (1 << 60).to_bytes(8, "little")
    (tmp_path / "a.gguf").write_bytes(raw)
    assert "a.gguf" in failure(tmp_path, tmp_path / "a.gguf")


def test_a_sound_file_that_is_no_language_model(tmp_path: Path, shared: Path) -> None:
    assert "cannot be loaded" in failure(tmp_path, shared / "models/tiny/dummy.gguf")


def test_a_file_at_which_llama_cpp_gives_up(tmp_path: Path, weights: Path) -> None:
    """Its header is sound, but two tokens have one name."""
    raw = weights.read_bytes()
    (tmp_path / "a.gguf").write_bytes(raw.replace(b"<0x41>", b"<0x42>"))
    assert "gave up: llama-vocab.cpp" in failure(tmp_path, tmp_path / "a.gguf")


def test_a_shard_that_is_missing(tmp_path: Path, shared: Path) -> None:
    name = "tiny-split-00001-of-00003.gguf"
    (tmp_path / name).write_bytes((shared / "models/tiny" / name).read_bytes())
    assert "missing" in failure(tmp_path, tmp_path / name)


def test_projectors_adapters_and_templates_that_cannot_be_used(
    tmp_path: Path, weights: Path
) -> None:
    assert "images are not supported" in failure(tmp_path, weights, projector="p.gguf")
    assert "adapter" in failure(tmp_path, weights, adapters=(str(weights),))
    assert "none.jinja" in failure(
        tmp_path, weights, template=str(tmp_path / "none.jinja")
    )


def test_settings_that_are_none(tmp_path: Path) -> None:
    for told in ([], ["{"], ['{"socket": "x"}'], ['{"mode": "dance"}']):
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.serving.engine", *told],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr.startswith("The model cannot be served: ")


def test_three_shards_are_one_model(
    tmp_path: Path, shared: Path, weights: Path
) -> None:
    asked = {"prompt": "Hello", "temperature": 0}
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = shared / "models/tiny/tiny-split-00001-of-00003.gguf"
    with worker(tmp_path / "a", weights) as one, worker(tmp_path / "b", first) as other:
        assert (
            one.completion(**asked)["choices"] == other.completion(**asked)["choices"]
        )


def test_an_adapter_changes_what_is_written(
    tmp_path: Path, shared: Path, weights: Path
) -> None:
    asked = {"prompt": "Hello", "temperature": 0, "max_tokens": 30}
    lora = str(shared / "models/tiny/tiny-lora.gguf")
    with worker(tmp_path, weights) as plain:
        before = plain.completion(**asked)["choices"]
    with worker(tmp_path, weights, adapters=(lora,)) as adapted:
        assert adapted.completion(**asked)["choices"] != before


def test_a_template_file_is_used_in_place_of_the_model_s(
    tmp_path: Path, weights: Path
) -> None:
    template = tmp_path / "t.jinja"
    template.write_text("{{ messages[-1].content }}")
    with worker(tmp_path, weights, template=str(template)) as started:
        usage = started.chat("12345", max_tokens=1)["usage"]
        assert usage["prompt_tokens"] == len(" 12345")


def test_health_answers_before_the_model_is_loaded(
    tmp_path: Path, weights: Path
) -> None:
    started = start(tmp_path, weights)
    with worker_socket(started.socket, started.process):
        first = started.client.get("/health")
        assert (first.status_code, first.json()) == (503, {"status": "loading"})
        wait_until_ready(started)
        assert started.client.get("/health").json() == {"status": "ok"}
        assert stat.S_IMODE(os.stat(started.socket).st_mode) == 0o600
    started.client.close()
    started.process.terminate()
    started.process.wait(3)


def test_told_to_stop_it_ends_within_three_seconds_even_at_work(
    tmp_path: Path, weights: Path
) -> None:
    started = start(tmp_path, weights, context=1024)
    started.client.close()
    with worker_socket(started.socket, started.process) as connection:
        body = b'{"prompt": "Hi", "n": 128, "max_tokens": 1000}'
        head = b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
        connection.sendall(head % len(body) + body)
        wait_for_metric(started.socket, b"engine_requests_running 1")
        started.process.send_signal(signal.SIGTERM)
        started.process.wait(3)


def test_it_ends_with_the_process_that_started_it(
    tmp_path: Path, weights: Path
) -> None:
    code = f"""
        import subprocess, sys, time
        from pathlib import Path
        from tests.engine_worker import start, wait_until_ready
        started = start(Path({str(tmp_path)!r}), Path({str(weights)!r}))
        wait_until_ready(started)
        print(started.process.pid, flush=True)
        time.sleep(60)
    """
    starter = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    assert is_alive(pid)
    starter.kill()
    starter.wait()
    starter.stdout.close()
    deadline = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(pid)


def test_its_threads_sleep_while_they_wait_and_it_is_the_first_to_go(
    tmp_path: Path, weights: Path
) -> None:
    with worker(tmp_path, weights) as started:
        pid = started.process.pid
        assert int(Path(f"/proc/{pid}/oom_score_adj").read_text()) == 500
        code = (
            "import os; from pipeline.serving.engine.process import settle;"
            "settle(os.getppid()); print(os.environ['OMP_WAIT_POLICY'])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "PASSIVE"


def test_the_settings_import_nothing_heavy() -> None:
    code = (
        "import sys, pipeline.serving.engine.settings;"
        "print({'llama_cpp', 'numpy', 'starlette', 'jinja2'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def worker_socket(path: str, process: subprocess.Popen[bytes]) -> socket.socket:
    """A connection to a worker that is starting."""
    while not Path(path).exists():
        assert process.poll() is None
        time.sleep(0.01)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return connection


def wait_for_metric(path: str, line: bytes) -> None:
    """Until the worker's metrics have this line."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            with connection.makefile("rb") as answer:
                if line in answer.read():
                    return
    raise AssertionError(f"{line!r} did not come")
