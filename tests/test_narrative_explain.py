"""From a sentence down to the sums: they give the estimate again."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import Missing, NotFound
from pipeline.narrative.explain import explain, shown
from pipeline.narrative.reading import read_back
from pipeline.narrative.stage import draft
from pipeline.outline import ClaimSpec, Outline, SectionSpec
from pipeline.project import Project
from pipeline.warehouse import open_warehouse
from tests.small import built, quiet, write_survey

CLAIMS = (
    ClaimSpec(kind="level", question="ai", term="yes"),
    ClaimSpec(kind="level", question="tools", term="a", by="role", domain="dev"),
    ClaimSpec(kind="mean", question="depend"),
    ClaimSpec(kind="mode", question="depend"),
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose only survey has been built and drafted."""
    survey, home = write_survey(tmp_path)
    report = Outline(
        id="r",
        survey="small",
        wave="2025",
        title="",
        standfirst="",
        sections=(SectionSpec(id="s", title="S", claims=CLAIMS),),
    )
    draft(survey, [report], built(survey, home), None, quiet)
    return Project(tmp_path)


def test_every_sum_gives_its_estimate_again(project: Project) -> None:
    proofs = [explain(project, f"r.s.{i}") for i in range(1, 5)]
    sums = [each.sums for proof in proofs for each in proof.facts if each.sums]
    assert len(sums) >= 3
    assert all(found.agrees for found in sums)
    for proof in proofs:
        assert proof.claim
        assert proof.pattern


def test_the_sql_that_is_shown_can_be_run(project: Project) -> None:
    proof = explain(project, "r.s.1")
    (fact,) = proof.facts
    assert fact.sums
    con = open_warehouse(project.build("small"))
    assert con.execute(fact.sums.sql).fetchone() == (5, 5.0, 3, 3.0, 7.0)
    con.close()


def test_the_chain_is_readable(project: Project) -> None:
    text = shown(explain(project, "r.s.1"))
    for part in (
        "60%",
        "2025.ai.share.yes",
        "3 of 5 answers",
        "the estimate",
        "SELECT",
    ):
        assert part in text


def test_other_ids_are_answered_with_those_that_are_known(project: Project) -> None:
    with pytest.raises(NotFound, match=r"r\.s\.9"):
        explain(project, "r.s.9")
    (project.build("small") / "narrative.json").unlink()
    with pytest.raises(Missing, match="no text yet"):
        explain(project, "r.s.1")


REPORT = """
id = "r"
survey = "small"
wave = "2025"
title = ""
standfirst = ""

[[section]]
id = "s"
title = "S"
claim = [{ kind = "level", question = "ai", term = "yes" }]
"""
TRUE = "60% of respondents answer “Yes” to “AI?”."


def test_a_sentence_of_ones_own_is_read_back_and_marked(project: Project) -> None:
    (project.root / "reports").mkdir()
    (project.root / "reports" / "r.toml").write_text(REPORT, encoding="utf-8")
    assert read_back(project, "r.s", TRUE) == (TRUE, [])
    marked, troubles = read_back(project, "r.s", f"Happily, {TRUE}")
    assert marked.replace("\u0332", "") == f"Happily, {TRUE}"
    assert marked.count("\u0332") == len("Happily,")
    assert troubles == ["“happily” says something that is not known"]
    assert read_back(project, "r.s", TRUE.replace("60", "61"))[1]
    with pytest.raises(NotFound):
        read_back(project, "r.t", TRUE)
