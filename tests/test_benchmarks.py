"""The benchmarks run, and the tools in them agree; how long they take is not asked."""

from __future__ import annotations

import pytest

from benchmarks import performance


@pytest.mark.slow
def test_tools_agree_and_a_simulated_export_becomes_a_report(
    capfd: pytest.CaptureFixture[str],
) -> None:
    # A tool that differs from ours by more than 1e-12 ends it.
    performance.main(["900"])
    said = capfd.readouterr().out
    lines = {line[:18].strip(): line for line in said.splitlines()}
    assert "skipped" not in lines["stateof"] + lines["DuckDB by hand"] + lines["pandas"]
    assert {*performance.STAGES, "all"} <= set(lines)
