"""Titles of figures say what the data show, and no more."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pipeline.narrative.facts import Row, Trend
from pipeline.narrative.headline import Message, headline
from pipeline.outline import FigureKind, FigureSpec
from tests.narrative_sample import SURVEY, change, other, share
from tests.test_narrative_claims import by_role, tools
from tests.test_narrative_facts import write_estimates


def titled(
    folder: Path,
    rows: list[Row],
    kind: FigureKind,
    question: str,
    *,
    term: str = "",
    by: str = "",
    trends: tuple[Trend, ...] = (),
) -> str:
    """The title of a figure of these estimates."""
    return message(folder, rows, kind, question, term=term, by=by, trends=trends).title


def message(
    folder: Path,
    rows: list[Row],
    kind: FigureKind,
    question: str,
    *,
    term: str = "",
    by: str = "",
    trends: tuple[Trend, ...] = (),
) -> Message:
    """Title and subject of a figure of these estimates."""
    write_estimates(folder, rows, trends)
    spec = FigureSpec(id="one", kind=kind, question=question, term=term, by=by)
    return headline(SURVEY, folder, spec)


def test_the_highest_of_many_is_named_if_it_stands_out(tmp_path: Path) -> None:
    rows = by_role(devops=0.84, backend=0.2, lead=0.3, qa=0.1)
    assert titled(tmp_path, rows, "bars", "use", term="yes", by="role") == (
        "DevOps engineers are the most likely to use AI tools, at 84%"
    )


def test_the_spread_is_the_message_if_none_stands_out(tmp_path: Path) -> None:
    rows = by_role(devops=0.84, backend=0.83, lead=0.3, qa=0.1)
    assert titled(tmp_path, rows, "bars", "use", term="yes", by="role") == (
        "Across roles, 10% to 84% of respondents use AI tools"
    )


def test_no_difference_is_the_message_if_there_is_none(tmp_path: Path) -> None:
    rows = by_role(devops=0.31, backend=0.30, lead=0.3, qa=0.33)
    title = titled(tmp_path, rows, "bars", "use", term="yes", by="role")
    assert title == (
        "No significant difference between roles: 30% to 33% of respondents use AI"
        " tools"
    )


def test_no_difference_is_claimed_only_if_no_two_differ(tmp_path: Path) -> None:
    rows = [
        share("use", "yes", p, n=n, by="role", domain=d)
        for d, p, n in (
            ("devops", 0.20, 30),
            ("backend", 0.27, 20_000),
            ("lead", 0.33, 20_000),
            ("qa", 0.40, 30),
        )
    ]
    assert titled(tmp_path, rows, "bars", "use", term="yes", by="role") == (
        "Across roles, 20% to 40% of respondents use AI tools"
    )


def test_the_highest_must_stand_out_from_small_groups_too(tmp_path: Path) -> None:
    rows = by_role(devops=0.84, backend=0.70)
    title = titled(tmp_path, rows, "bars", "use", term="yes", by="role")
    assert "more likely" not in title
    assert "the most likely" in title
    few = share("use", "yes", 0.69, n=12, by="role", domain="lead")
    title = titled(tmp_path, [*rows, few], "bars", "use", term="yes", by="role")
    assert title == "Across roles, 69% to 84% of respondents use AI tools"


def test_uncertain_cells_do_not_end_the_range_of_a_heat_map(tmp_path: Path) -> None:
    cells = {"devops": 0.9, "backend": 0.6, "lead": 0.3, "qa": 0.0}
    rows = [
        share("use", "yes", p, n=200, by="role*side", domain=f"{role}*dev")
        for role, p in cells.items()
    ]
    marks = {"devops": "wide", "qa": "all-or-none", "lead": "complement"}
    rows = [
        msgspec.structs.replace(row, caution=marks.get(row.domain.split("*")[0], ""))
        for row in rows
    ]
    title = titled(tmp_path, rows, "heat", "use", term="yes", by="role*side")
    assert title == (
        "Across roles and sides with enough answers, 30% to 60% of respondents use AI"
        " tools"
    )


def test_two_domains_are_compared(tmp_path: Path) -> None:
    rows = [
        share("use", "yes", p, by="side", domain=d)
        for d, p in (("ops", 0.5), ("dev", 0.2))
    ]
    assert titled(tmp_path, rows, "bars", "use", term="yes", by="side") == (
        "People in ops are more likely than people in dev to use AI tools: 50% against"
        " 20%"
    )
    rows += [
        share("use", "no", 1 - (r.estimate or 0), by="side", domain=r.domain)
        for r in rows
    ]
    assert "People in ops" in titled(tmp_path, rows, "stacked", "use", by="side")


def test_the_largest_change_that_holds_is_named(tmp_path: Path) -> None:
    rows = [*tools(0.8, 0.5, 0.2, (1, 2, 3))]
    rows += [share("tools", t, 0.4, wave="2024", rank=1) for t in "abc"]
    trends = (
        change("tools", "a", 0.0001, 0.4),
        change("tools", "b", 0.04, 0.1),
        change("tools", "c", 0.3, -0.2),
    )
    title = titled(tmp_path, rows, "waves", "tools", trends=trends)
    assert title == "In 2025, 80% of AI tool users use Alpha, up from 40% in 2024"


def test_a_moved_rank_is_named_only_if_its_share_changed(tmp_path: Path) -> None:
    rows = [*tools(0.8, 0.5, 0.2, (1, 2, 3))]
    rows += [
        share("tools", t, p, wave="2024", rank=r)
        for t, p, r in (("a", 0.3, 3), ("b", 0.5, 2), ("c", 0.6, 1))
    ]
    held = (change("tools", "a", 0.0001, 0.5), change("tools", "c", 0.2, -0.4))
    assert titled(tmp_path, rows, "ranks", "tools", trends=held) == (
        "Alpha rises from third place in 2024 to first in 2025"
    )
    about = message(tmp_path, rows, "ranks", "tools", trends=held)
    assert about.term == "a", "the line to draw in colour"
    unclear = (change("tools", "a", 0.4, 0.5),)
    assert titled(tmp_path, rows, "ranks", "tools", trends=unclear) == (
        "Which tools do you use?"
    )


def test_the_ratings_furthest_apart_are_named(tmp_path: Path) -> None:
    rows = [
        other("dependence", "mode", value, by="role", domain=role)
        for role, value in (("devops", 7.0), ("lead", 0.0), ("qa", 4.0))
    ]
    title = titled(tmp_path, rows, "distribution", "dependence", by="role")
    assert title == (
        "Among AI tool users, DevOps engineers most often rate their dependence on AI"
        " at 7 out of 10, team leads at 0"
    )


@pytest.mark.parametrize(
    "kind", ["bars", "waves", "distribution", "stacked", "ranks", "heat"]
)
def test_a_figure_without_shown_estimates_has_the_questions_name(
    kind: FigureKind, tmp_path: Path
) -> None:
    question = "dependence" if kind == "distribution" else "use"
    title = titled(tmp_path, [share("use", "yes", None)], kind, question, by="role")
    assert title == SURVEY.question(question).label()


def test_a_sum_that_leads_is_the_message(tmp_path: Path) -> None:
    parts = (
        ("much", 0.3, 1),
        ("fairly", 0.25, 2),
        ("not", 0.2, 3),
        ("any", 0.55, None),
    )
    rows = [share("stance", t, p, rank=r) for t, p, r in parts]
    assert titled(tmp_path, rows, "bars", "stance") == "Most respondents like it (55%)"
    parts = (("much", 0.1, 3), ("fairly", 0.2, 2), ("not", 0.4, 1), ("any", 0.3, None))
    rows = [share("stance", t, p, rank=r) for t, p, r in parts]
    assert titled(tmp_path, rows, "bars", "stance") == (
        "The largest share of respondents do not like it (40%)"
    )


def test_the_first_option_is_the_message_if_it_is_apart(tmp_path: Path) -> None:
    assert titled(tmp_path, tools(0.8, 0.4, 0.1, (1, 2, 3)), "bars", "tools") == (
        "Most AI tool users use Alpha (80%)"
    )
    assert titled(tmp_path, tools(0.4, 0.2, 0.1, (1, 2, 3)), "bars", "tools") == (
        "The largest share of AI tool users use Alpha (40%)"
    )
    assert titled(tmp_path, tools(0.4, 0.39, 0.1, (1, 2, 3)), "bars", "tools") == (
        "Two answers lead among AI tool users: 40% use Alpha and 39% Beta"
    )


def test_no_is_said_by_the_share_of_yes(tmp_path: Path) -> None:
    rows = [share("use", "no", 0.78, rank=1), share("use", "yes", 0.22, rank=2)]
    title = titled(tmp_path, rows, "bars", "use")
    assert title == "Among respondents, 22% use AI tools"


def test_groups_without_a_common_name_are_named_at_the_ends(tmp_path: Path) -> None:
    odd = msgspec.structs.replace(
        SURVEY,
        dimensions=(
            msgspec.structs.replace(SURVEY.dimensions[0], label="Kind of role"),
        ),
    )
    rows = by_role(devops=0.84, backend=0.83, lead=0.3, qa=0.1)
    write_estimates(tmp_path, rows)
    spec = FigureSpec(id="one", kind="bars", question="use", term="yes", by="role")
    assert headline(odd, tmp_path, spec).title == (
        "From 10% of test engineers to 84% of DevOps engineers use AI tools"
    )
