"""The service's folder is the user's alone, wherever it lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.errors import SurveyError
from pipeline.serving.places import make_private, run_folder


def test_the_runtime_folder_of_the_session_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert run_folder() == tmp_path / "stateof"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert run_folder().name == f"stateof-{os.getuid()}"


def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = make_private(tmp_path / "run")
    finally:
        os.umask(before)
    assert made.stat().st_mode & 0o777 == 0o700
    assert make_private(made) == made


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(SurveyError, match="others can enter") as caught:
        make_private(folder)
    assert "chmod 700" in caught.value.remedy


def test_a_link_or_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where names are free for all, as in /tmp, another could be first."""
    ours = tmp_path / "ours"
    ours.mkdir(mode=0o700)
    link = tmp_path / "stateof-1"
    link.symlink_to(ours)
    assert make_private(link) == link  # a link of our own is one
    if os.getuid() == 0:
        os.chown(link, 12345, 12345, follow_symlinks=False)
        with pytest.raises(SurveyError, match="it is theirs"):
            make_private(link)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(SurveyError, match="it is theirs"):
        make_private(ours)
