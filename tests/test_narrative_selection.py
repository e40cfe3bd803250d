"""What is said besides: large, well founded and new findings first."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pipeline.findings import Finding
from pipeline.narrative.claims import Source
from pipeline.narrative.facts import Row
from pipeline.narrative.selection import selected
from pipeline.outline import ClaimSpec, SectionSpec
from tests.narrative_sample import outline, share, source

LEVEL = ClaimSpec(kind="level", question="tools", term="a")


def found(term: str, least: float, most: float, **more: str) -> Finding:
    """A gap between two roles in the use of a tool."""
    about = {"kind": "gap", "by": "role", "high": "devops", "low": "qa"} | more
    made = {
        "id": f"{about['kind']}/{term}/{about['by']}",
        "question": "tools",
        "term": term,
        "wave": "2025",
        "estimate_high": most,
        "estimate_low": least,
        "difference": most - least,
        "p_adjusted": 0.001,
    }
    return msgspec.convert(made | about, Finding)


def rows(
    term: str, low: float, high: float, n: int = 500, wave: str = "2025"
) -> list[Row]:
    """The shares of both roles."""
    return [
        share("tools", term, p, n=n, by="role", domain=d, wave=wave)
        for d, p in (("devops", high), ("qa", low))
    ]


def chosen(
    folder: Path, at: Source, findings: list[Finding], more: int = 1
) -> list[ClaimSpec]:
    """The claims that a section gets besides its own."""
    (folder / "findings.json").write_bytes(msgspec.json.encode(findings))
    section = SectionSpec(id="s", title="S", claims=(LEVEL,), more=more)
    (made,) = selected(outline(section), at, folder).sections
    assert made.claims[0] == LEVEL
    return list(made.claims[1:])


def test_the_larger_difference_comes_first(tmp_path: Path) -> None:
    at = source([*rows("b", 0.2, 0.4), *rows("c", 0.2, 0.6)])
    both = [found("b", 0.2, 0.4), found("c", 0.2, 0.6)]
    (claim,) = chosen(tmp_path, at, both)
    assert claim == ClaimSpec(kind="range", question="tools", term="c", by="role")
    assert len(chosen(tmp_path, at, both, more=5)) == 2


def test_a_small_base_counts_less(tmp_path: Path) -> None:
    at = source([*rows("b", 0.2, 0.4), *rows("c", 0.2, 0.6, n=40)])
    (claim,) = chosen(tmp_path, at, [found("b", 0.2, 0.4), found("c", 0.2, 0.6)])
    assert claim.term == "b"


def test_what_was_so_the_wave_before_is_less_new(tmp_path: Path) -> None:
    before = rows("c", 0.2, 0.6, wave="2024")
    at = source([*rows("b", 0.2, 0.5), *rows("c", 0.2, 0.6), *before])
    (claim,) = chosen(tmp_path, at, [found("b", 0.2, 0.5), found("c", 0.2, 0.6)])
    assert claim.term == "b"


@pytest.mark.parametrize(
    "finding",
    [
        found("b", 0.2, 0.6, wave="2024"),
        found("b", 0.2, 0.6, question="use"),
        found("none", 0.2, 0.6, question="trends"),
    ],
)
def test_what_is_no_news_here_is_left(finding: Finding, tmp_path: Path) -> None:
    assert chosen(tmp_path, source(rows("b", 0.2, 0.6)), [finding]) == []


def test_two_domains_are_compared_and_changes_are_trends(tmp_path: Path) -> None:
    sides = found("b", 0.2, 0.6, by="side", high="ops", low="dev")
    change = found("c", 0.2, 0.6, kind="change", by="", high="2025", low="2024")
    at = source([share("tools", "c", 0.6), share("tools", "c", 0.2, wave="2024")])
    kinds = {c.term: c.kind for c in chosen(tmp_path, at, [sides, change], more=2)}
    assert kinds == {"b": "compare", "c": "trend"}
