"""Fixtures for all tests, and the rule that in CI nothing may be skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With STATEOF_REQUIRE_ALL=1 a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("STATEOF_REQUIRE_ALL") == "1" and reporter is not None:
        skipped = reporter.stats.get("skipped", [])
        if skipped and session.exitstatus == 0:
            reporter.write_line(f"{len(skipped)} tests were skipped", red=True)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real surveys and reference results, which are not part of this repository."""
    folder = Path(os.environ.get("STATEOF_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here: set STATEOF_SHARED")
    return folder
