"""How much memory there is: control groups of both kinds, and the machine."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from pipeline.serving.runner.budget import Budget, Room, Taken, limits, private, reserve

GIB = 1 << 30
MIB = 1 << 20


def group(folder: Path, version: int, limit: str, used: int, cached: int) -> None:
    """A group's files as the kernel shows them; half of what is cached is active."""
    folder.mkdir(parents=True, exist_ok=True)
    prefix = "total_" if version == 1 else ""
    names = (
        ("memory.limit_in_bytes", "memory.usage_in_bytes")
        if version == 1
        else ("memory.max", "memory.current")
    )
    for name, text in zip(names, (limit, str(used)), strict=True):
        (folder / name).write_text(f"{text}\n")
    (folder / "memory.stat").write_text(
        f"{prefix}rss 5\n{prefix}active_file {cached // 2}\n"
        f"{prefix}inactive_file {cached // 2}\n{prefix}unevictable 0\n"
    )


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "cgroup"
    path.write_text(text)
    return path


def test_a_limit_of_version_2_holds(tmp_path: Path) -> None:
    groups = tmp_path / "fs"
    group(groups / "app/worker", 2, str(4 * GIB), 3 * GIB, GIB)
    found = list(limits(groups, own(tmp_path, "0::/app/worker\n")))
    assert found == [Room(4 * GIB, 2 * GIB)], "what is cached can be dropped"


def test_a_limit_of_a_group_above_holds_too(tmp_path: Path) -> None:
    groups = tmp_path / "fs"
    group(groups / "slice", 2, str(2 * GIB), GIB, 0)
    group(groups / "slice/app", 2, "max", GIB, 0)
    group(groups / "slice/app/one", 2, str(8 * GIB), GIB, 0)
    found = set(limits(groups, own(tmp_path, "0::/slice/app/one\n")))
    assert found == {Room(2 * GIB, GIB), Room(8 * GIB, 7 * GIB)}


def test_a_limit_of_version_1_holds(tmp_path: Path) -> None:
    groups = tmp_path / "fs"
    group(groups / "memory/docker/abc", 1, str(GIB), 600 * MIB, 100 * MIB)
    text = "9:name=systemd:/\n4:memory:/docker/abc\n1:cpu,cpuacct:/\n0::/\n"
    found = list(limits(groups, own(tmp_path, text)))
    assert found == [Room(GIB, 524 * MIB)]


def test_a_container_sees_its_group_as_the_root(tmp_path: Path) -> None:
    """Under version 1 it is told the path on the host, which is not there."""
    groups = tmp_path / "fs"
    group(groups / "memory", 1, str(GIB), 0, 0)
    text = "4:memory:/docker/abc\n"
    assert list(limits(groups, own(tmp_path, text))) == [Room(GIB, GIB)]
    group(groups, 2, str(2 * GIB), 0, 0)
    assert list(limits(groups, own(tmp_path, "0::/\n"))) == [Room(2 * GIB, 2 * GIB)]


def test_without_groups_the_machine_counts(tmp_path: Path) -> None:
    budget = Budget(tmp_path / "none", tmp_path / "none")
    total = psutil.virtual_memory().total
    assert budget.total() == total - reserve(total)
    assert 0 < budget.free([]) <= budget.total()


def test_the_smaller_of_group_and_machine_counts(tmp_path: Path) -> None:
    groups = tmp_path / "fs"
    group(groups / "a", 2, str(256 * MIB), 100 * MIB, 0)
    budget = Budget(groups, own(tmp_path, "0::/a\n"))
    assert budget.total() == 224 * MIB
    assert budget.free([]) == (256 - 100 - 32) * MIB
    group(groups / "a", 2, "9223372036854771712", 100 * MIB, 0)  # version 1's "none"
    assert Budget(groups, own(tmp_path, "0::/a\n")).total() > 224 * MIB


def test_this_machine_can_be_asked() -> None:
    budget = Budget()
    assert 0 < budget.total() <= psutil.virtual_memory().total


@pytest.mark.parametrize(
    ("total", "kept"), [(64 * GIB, 512 * MIB), (4 * GIB, 512 * MIB), (GIB, 128 * MIB)]
)
def test_a_reserve_is_left_to_the_rest(total: int, kept: int) -> None:
    assert reserve(total) == kept


def test_what_a_model_has_yet_to_take_is_set_aside(tmp_path: Path) -> None:
    """What it has taken is no longer free, so it is not taken off twice."""
    groups = tmp_path / "fs"
    group(groups / "a", 2, str(2 * GIB), 0, 0)
    budget = Budget(groups, own(tmp_path, "0::/a\n"))
    free = budget.free([])
    assert free - budget.free([Taken(None, 100 * MIB)]) == 100 * MIB
    mine = private(os.getpid())
    assert 0 < mine < psutil.Process().memory_info().rss
    taken = Taken(os.getpid(), mine + 100 * MIB)
    assert free - budget.free([taken]) == pytest.approx(100 * MIB, abs=20 * MIB)
    assert budget.free([Taken(os.getpid(), 1)]) == free


def test_a_process_that_has_ended_has_nothing() -> None:
    assert private(2**22 + 1) == 0
