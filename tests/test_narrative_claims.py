"""What may be said of estimates, and what may not."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.definition import Option, Survey
from pipeline.estimates.multiplicity import holm
from pipeline.narrative.draft import known_numbers
from pipeline.narrative.facts import Row
from pipeline.narrative.sections import Planned, plan_section
from pipeline.outline import ClaimKind, ClaimSpec
from pipeline.wording import numbers
from tests.narrative_sample import ROLES, SURVEY, change, other, section, share, source

LEVEL = ClaimSpec(kind="level", question="use", term="yes")
TOOL = ClaimSpec(kind="level", question="tools", term="a")
COMPARE = ClaimSpec(
    kind="compare",
    question="use",
    term="yes",
    by="role",
    domain="devops",
    versus="backend",
)
RANGE = ClaimSpec(kind="range", question="use", term="yes", by="role")
TREND = ClaimSpec(kind="trend", question="use", term="yes")
RANKING = ClaimSpec(kind="ranking", question="tools", top=2)
MODE = ClaimSpec(kind="mode", question="dependence", by="role", domain="devops")


def planned(
    rows: list[Row], *claims: ClaimSpec, trends: tuple[object, ...] = ()
) -> Planned:
    """The plan of a section with these claims."""
    return plan_section(source(rows, trends), section(*claims), Counter())  # type: ignore[arg-type]


def said(rows: list[Row], *claims: ClaimSpec, trends: tuple[object, ...] = ()) -> str:
    """Every sentence that may be said, in one text."""
    plan = planned(rows, *claims, trends=trends).plan
    return "\n".join(s.text for u in plan.units for s in u.wordings) if plan else ""


def by_role(**shares: float | None) -> list[Row]:
    """The share of "yes" in each role."""
    return [share("use", "yes", p, by="role", domain=r) for r, p in shares.items()]


def test_most_needs_an_interval_above_half() -> None:
    assert "Most respondents" in said([share("use", "yes", 0.6)], LEVEL)
    assert "Most" not in said([share("use", "yes", 0.52)], LEVEL)


def test_a_fraction_is_said_with_its_figure() -> None:
    text = said([share("use", "yes", 0.21)], LEVEL)
    assert "One in five respondents (21%) use AI tools." in text


def test_a_suppressed_estimate_is_left_out_and_counted() -> None:
    hidden = planned([share("use", "yes", None)], LEVEL)
    assert hidden.plan is None
    assert hidden.left_out == (
        "level of use yes: 2025 has no estimate that may be shown",
    )


def test_the_rest_of_a_section_is_said_when_a_claim_is_left_out() -> None:
    rows = [share("use", "yes", 0.2), *by_role(devops=None, backend=0.3)]
    mixed = planned(rows, COMPARE, LEVEL)
    assert mixed.plan
    assert len(mixed.plan.best) == 1
    assert len(mixed.left_out) == 1


def test_a_difference_is_called_one_only_if_the_test_supports_it() -> None:
    assert "more likely" in said(by_role(devops=0.5, backend=0.3), COMPARE)
    assert "less likely" in said(by_role(devops=0.3, backend=0.5), COMPARE)
    close = said(by_role(devops=0.33, backend=0.3), COMPARE)
    assert "likely" not in close
    assert "no significant difference" in close


def test_all_comparisons_of_a_section_are_tested_together() -> None:
    rows = by_role(devops=0.37, backend=0.3, lead=0.3, qa=0.3)
    others = [
        ClaimSpec(
            kind="compare",
            question="use",
            term="yes",
            by="role",
            domain=domain,
            versus="qa",
        )
        for domain in ("backend", "lead")
    ]
    assert "more likely" in said(rows, COMPARE)
    assert "more likely" not in said(rows, COMPARE, *others)


def test_p_values_are_adjusted_as_holm_does() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert list(holm([])) == []


def test_a_difference_nobody_can_see_is_not_called_one() -> None:
    rows = [
        share("use", "yes", p, n=90_000, by="role", domain=d)
        for d, p in (("devops", 0.3040), ("backend", 0.2960))
    ]
    text = said(rows, COMPARE)
    assert "likely" not in text
    assert "30% of DevOps engineers and 30% of back-end developers use" in text


def test_shares_of_nought_do_not_make_a_difference_certain() -> None:
    rows = [
        share("use", "yes", 0.0, n=30, by="role", domain="devops"),
        share("use", "yes", 0.05, n=40, by="role", domain="backend"),
    ]
    assert "no significant difference" in said(rows, COMPARE)


def test_a_domain_against_everyone_is_no_test_of_strangers() -> None:
    """Half of everyone is the domain: the difference is halved, and so is its error."""
    everyone = ClaimSpec(
        kind="compare", question="use", term="yes", by="role", domain="devops"
    )
    rows = [share("use", "yes", 0.4, n=800), *by_role(devops=0.46)]
    assert "than all respondents" in said(rows, everyone)


def test_a_trend_is_said_as_tested() -> None:
    rows = [share("use", "yes", 0.3), share("use", "yes", 0.2, wave="2024")]
    up = said(rows, TREND, trends=(change("use", "yes", 0.001, 0.1),))
    assert "rose from 20% in 2024 to 30% in 2025" in up
    same = said(rows, TREND, trends=(change("use", "yes", 0.2, 0.1),))
    assert "rose" not in same
    assert "no significant change" in same


def test_waves_that_cannot_be_compared_are_never_said_not_to_have_changed() -> None:
    rows = [share("use", "yes", 0.3), share("use", "yes", 0.2, wave="2024")]
    reason = "The wording changed."
    text = said(rows, TREND, trends=(change("use", "yes", None, 0.1, reason),))
    assert text
    for sentence in text.splitlines():
        assert "cannot be" in sentence
        assert "o change" not in sentence


def test_waves_that_cannot_be_compared_are_not_and_the_reason_is_given() -> None:
    rows = [share("use", "yes", 0.3), share("use", "yes", 0.2, wave="2024")]
    reason = "The wording changed."
    text = said(rows, TREND, trends=(change("use", "yes", None, 0.1, reason),))
    assert "cannot be compared with 2024" in text
    assert ": the wording changed." in text
    assert "20%" not in text
    assert "30%" not in text


def test_a_first_wave_has_no_trend() -> None:
    assert planned([share("use", "yes", 0.3)], TREND).left_out == (
        "trend of use yes: no earlier wave to compare 2025 with",
    )


def test_a_range_runs_over_the_domains_shown_and_says_so() -> None:
    text = said(by_role(devops=0.2, backend=0.5, lead=None, qa=0.4), RANGE)
    assert "In the roles shown" in text
    assert "from 20% among DevOps engineers to 50% among back-end developers" in text
    assert "team leads" not in text


def test_ends_of_a_range_that_are_shared_are_all_named() -> None:
    text = said(by_role(devops=0.2, backend=0.5, lead=0.5, qa=0.4), RANGE)
    assert "50% among back-end developers and team leads" in text


def test_a_range_of_chance_is_called_one() -> None:
    text = said(by_role(devops=0.30, backend=0.33, lead=0.31, qa=0.32), RANGE)
    assert "does not differ significantly" in text


def test_domains_between_small_ends_are_compared_too() -> None:
    """The ends have 30 respondents each; what lies between them has 20,000 each."""
    rows = [
        share("use", "yes", p, n=n, by="role", domain=d)
        for d, p, n in (
            ("devops", 0.20, 30),
            ("backend", 0.27, 20_000),
            ("lead", 0.33, 20_000),
            ("qa", 0.40, 30),
        )
    ]
    text = said(rows, RANGE)
    assert "significant" not in text
    assert (
        "The share of respondents who use AI tools lies between 20% and 40% in the"
        " roles shown; it is higher among team leads (33%) than among back-end"
        " developers (27%)." in text
    )
    assert "among DevOps engineers" not in text


def test_domains_that_differ_by_less_than_is_shown_are_not_set_apart() -> None:
    rows = [
        share("use", "yes", p, n=n, by="role", domain=d)
        for d, p, n in (
            ("devops", 0.25, 30),
            ("backend", 0.2960, 90_000),
            ("lead", 0.3040, 90_000),
            ("qa", 0.35, 30),
        )
    ]
    text = said(rows, RANGE)
    assert "significant" not in text
    assert "higher" not in text
    assert "runs from 25% to 35%" in text


def test_all_pairs_count_in_the_test_of_a_range() -> None:
    """One pair in six at p = 0.04 is what chance gives."""
    rows = by_role(devops=0.30, backend=0.30, lead=0.30, qa=0.37)
    pair = planned(rows[2:], RANGE).plan
    assert pair
    assert pair.claims()[0].licences == ("range",)
    assert "significant" in said(rows, RANGE)


def test_an_end_that_many_share_says_so_of_each() -> None:
    rows = by_role(devops=0.5, backend=0.5, lead=0.5, qa=0.5)
    rows.append(share("use", "yes", 0.1, by="role", domain="sre"))
    survey = with_a_role("sre", "SREs")
    sources = msgspec.structs.replace(source(rows), survey=survey)
    made = plan_section(sources, section(RANGE), Counter()).plan
    assert made
    texts = " ".join(s.text for u in made.units for s in u.wordings)
    assert "to 50% among respondents in each of four roles." in texts


def with_a_role(code: str, noun: str) -> Survey:
    """The survey with one more role."""
    role, *others = SURVEY.questions
    options = (*role.choices, Option(code=code, label=code, say=noun))
    role = msgspec.structs.replace(role, options=options)
    return msgspec.structs.replace(SURVEY, questions=(role, *others))


def test_a_single_domain_is_no_range() -> None:
    assert planned(by_role(devops=0.2), RANGE).plan is None


def tools(a: float, b: float, c: float, ranks: tuple[int, int, int]) -> list[Row]:
    """The shares of three tools."""
    shares = zip("abc", (a, b, c), ranks, strict=True)
    return [share("tools", t, p, rank=r) for t, p, r in shares]


def test_the_first_is_called_so_only_if_it_is_apart_from_the_second() -> None:
    apart = said(tools(0.7, 0.4, 0.1, (1, 2, 3)), RANKING)
    assert "The largest share of AI tool users use Alpha (70%), followed by" in apart
    close = said(tools(0.41, 0.4, 0.1, (1, 2, 3)), RANKING)
    assert "The largest share of" not in close
    assert "Two answers lead among AI tool users: 41% use Alpha" in close


def test_a_tie_for_first_is_called_one() -> None:
    text = said(tools(0.4, 0.4, 0.1, (1, 1, 3)), RANKING)
    assert "The largest shares of AI tool users, 40% each, use Alpha and Beta." in text
    assert "followed by" not in text


def test_a_list_is_never_cut_between_equals() -> None:
    text = said(tools(0.7, 0.4, 0.4, (1, 2, 2)), RANKING)
    assert "70% use Alpha, 40% Beta and 40% Gamma" in text


def test_where_all_answers_are_asked_for_none_is_said_to_lead() -> None:
    every = ClaimSpec(kind="ranking", question="tools", top=3)
    text = said(tools(0.7, 0.4, 0.1, (1, 2, 3)), every)
    assert "Among AI tool users, 70% use Alpha, 40% Beta and 10% Gamma." in text
    assert "largest" not in text
    assert "most frequent" not in text


def test_a_share_that_an_order_states_is_not_said_again() -> None:
    rows = [*tools(0.7, 0.4, 0.1, (1, 2, 3)), share("use", "yes", 0.3)]
    lead = ClaimSpec(kind="level", question="use", term="yes")
    known = ClaimSpec(kind="level", question="tools", term="b")
    told = planned(rows, lead, RANKING, known).plan
    assert told
    assert [unit.claim.covers for unit in told.units] == [(0,), (1, 2)]
    alone = planned(rows, known, RANKING).plan
    assert alone
    assert len(alone.units) == 2, "what a section leads with stays"


def test_an_options_place_counts_ties() -> None:
    place = ClaimSpec(kind="ranking", question="tools", term="b")
    assert "Beta ranks second, at 40%" in said(tools(0.7, 0.4, 0.1, (1, 2, 3)), place)
    assert "Beta ranks joint first" in said(tools(0.4, 0.4, 0.1, (1, 1, 3)), place)


def test_none_of_these_takes_no_place() -> None:
    ranks = (("x", 0.5, 1), ("none", 0.4, 2), ("y", 0.3, 3), ("z", 0.2, 4))
    rows = [share("trends", t, p, rank=r) for t, p, r in ranks]
    place = ClaimSpec(kind="ranking", question="trends", term="y")
    assert "Y takes second place" in said(rows, place)
    first = ClaimSpec(kind="ranking", question="trends", top=1)
    largest = [share("trends", "none", 0.6, rank=1), share("trends", "x", 0.2, rank=2)]
    assert "None of these" in said(largest, first), "the largest share is nobody else's"


def test_shares_of_one_question_are_said_with_its_verb_once() -> None:
    rows = [share("tools", t, p) for t, p in (("a", 0.6), ("b", 0.3))]
    other_tool = msgspec.structs.replace(TOOL, term="b")
    assert "60% use Alpha and 30% Beta" in said(rows, TOOL, other_tool)


def test_first_everywhere_is_said_only_if_it_is() -> None:
    spec = ClaimSpec(kind="ranking", question="tools", by="role")

    def shares(leader: str, domain: str) -> list[Row]:
        return [
            share(
                "tools",
                term,
                0.6 if term == leader else 0.3,
                by="role",
                domain=domain,
                rank=1 if term == leader else 2,
            )
            for term in "abc"
        ]

    alike = shares("a", "devops") + shares("a", "backend")
    assert (
        "Alpha leads the answers of AI tool users in each of the roles shown"
        in said(alike, spec)
    )
    unlike = shares("a", "devops") + shares("b", "backend")
    assert planned(unlike, spec).plan is None


def test_modes_of_several_roles_are_said_together() -> None:
    rows = [
        other("dependence", "mode", value, by="role", domain=role)
        for role, value in (("devops", 7.0), ("lead", 0.0))
    ]
    lead = ClaimSpec(kind="mode", question="dependence", by="role", domain="lead")
    text = said(rows, MODE, lead)
    assert (
        "Among AI tool users, DevOps engineers most often rate their dependence on AI"
        " at 7 out of 10, team leads at 0." in text
    )


def test_a_tied_mode_names_all_its_ratings() -> None:
    rows = [
        other("dependence", "mode", 5.0, by="role", domain="devops"),
        *(
            share("dependence", t, 0.2, by="role", domain="devops", rank=1)
            for t in ("5", "6")
        ),
    ]
    assert "at 5 or 6 out of 10" in said(rows, MODE)


def test_who_was_asked_is_in_every_sentence_about_a_domain() -> None:
    domain = {"by": "role", "domain": "devops"}
    rows = [
        other("dependence", "mode", 7.0, **domain),
        other("dependence", "mean", 4.5, **domain),
        *(
            share("tools", t, p, rank=r, **domain)
            for t, p, r in (("a", 0.6, 1), ("b", 0.3, 2), ("c", 0.1, 3))
        ),
        share("tools", "a", 0.3, by="role", domain="backend"),
    ]
    kinds: tuple[ClaimKind, ...] = ("level", "compare", "range", "ranking")
    specs = [
        ClaimSpec(
            kind=kind,
            question="tools",
            term="" if kind == "ranking" else "a",
            by="role",
            domain="" if kind == "range" else "devops",
            versus="backend" if kind == "compare" else "",
        )
        for kind in kinds
    ]
    specs += [
        ClaimSpec(kind="mode", question="dependence", by="role", domain="devops"),
        ClaimSpec(kind="mean", question="dependence", by="role", domain="devops"),
    ]
    for spec in specs:
        sentences = said(rows, spec).splitlines()
        assert sentences, spec.kind
        assert all("AI tool users" in s for s in sentences), spec.kind


shares_of_roles = st.lists(
    st.one_of(st.none(), st.sampled_from([0.0, 1.0, 0.5]), st.floats(0, 1)),
    min_size=len(ROLES),
    max_size=len(ROLES),
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(shares=shares_of_roles, now=st.floats(0, 1), p_value=st.floats(0, 1))
def test_whatever_the_figures_every_number_said_is_one_of_them(
    shares: list[float | None], now: float, p_value: float
) -> None:
    rows = by_role(**dict(zip(ROLES, shares, strict=True)))
    rows += [share("use", "yes", now), share("use", "yes", 1 - now, wave="2024")]
    ranked = sorted((now, 0.5, 0.25), reverse=True)
    rows += tools(*ranked, (1, 2, 3))
    trends = (change("use", "yes", p_value, 2 * now - 1),)
    made = planned(
        rows, LEVEL, RANGE, COMPARE, TREND, RANKING, LEVEL, TOOL, trends=trends
    )
    assert made.plan
    known = known_numbers(SURVEY, made.plan)
    for unit in made.plan.units:
        ids = {fact.id for fact in unit.claim.facts()}
        for sentence in unit.wordings:
            assert numbers([sentence.text]) <= known
            assert sentence.facts
            assert set(sentence.facts) <= ids
            assert "{" not in sentence.text
            assert "  " not in sentence.text


def test_a_share_doubles_only_if_that_is_certain() -> None:
    def grown(now: float, then: float, p_value: float = 1e-6) -> Planned:
        rows = [share("use", "yes", now), share("use", "yes", then, wave="2024")]
        asked = ClaimSpec(kind="trend", question="use", term="yes")
        return planned(rows, asked, trends=(change("use", "yes", p_value, now - then),))

    def texts(made: Planned) -> list[str]:
        return (
            [s.text for u in made.plan.units for s in u.wordings] if made.plan else []
        )

    doubled = (
        "The share of respondents who use AI tools has more than doubled since 2024:"
        " 40%, up from 12%."
    )
    made = grown(0.4, 0.12)
    assert doubled in texts(made)
    assert made.lock.troubles(doubled) == []
    assert made.lock.troubles(doubled.replace("doubled", "tripled"))
    assert made.lock.troubles(doubled.replace("since 2024", "since 2025"))
    assert any("more than tripled" in text for text in texts(grown(0.8, 0.12)))
    for short in (grown(0.4, 0.19), grown(0.4, 0.12, 0.3), grown(0.12, 0.4)):
        assert not any("more than" in text for text in texts(short))
        assert short.lock.troubles(doubled)
