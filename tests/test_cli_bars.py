"""How far a pull or push is: bars with rates on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
import sys
import time

import pytest

from pipeline.cli.bars import Bars
from pipeline.serving.distribution import Progress

DIGEST = "sha256:" + "ab" * 32
SIZE = 100_000_000


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *steps: tuple[float, int]
) -> str:
    """What is shown of a layer of 100 MB: seconds and bytes of each report."""
    clock = iter(seconds for seconds, _ in steps)
    now = [0.0]
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with Bars() as bars:
        for _, current in steps:
            now[0] = next(clock)
            bars(Progress("pull", DIGEST, SIZE, current, total=SIZE))
    return stream.getvalue()


def test_a_bar_on_a_terminal_says_how_fast_and_how_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was there before, as of a pull that was broken off, does not count."""
    shown = told(monkeypatch, Terminal(), (0, 20_000_000), (2, 40_000_000))
    line = shown.split("\033[K")[-1]
    assert line == (
        "abababababab  [============>                 ]  40 %"
        "  40.0 MB of 100.0 MB, 10.0 MB/s, 6 seconds left\n"
    )


def test_no_rate_is_told_before_it_says_something_and_after_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = told(monkeypatch, Terminal(), (0, 0), (0.5, 1_000_000))
    assert "/s" not in shown
    shown = told(monkeypatch, Terminal(), (0, 0), (9, 100_000_000))
    assert shown.endswith("100 %  100.0 MB of 100.0 MB\n")


def test_elsewhere_a_layer_is_a_line_when_it_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = told(monkeypatch, io.StringIO(), (0, 0), (2, 50), (3, 100_000_000))
    assert shown == "abababababab  100.0 MB here\n"
