"""What a notebook asks: answers are frames with bases, and hide what they must."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from two_waves import two_waves

from pipeline.analysis import Analysis
from pipeline.definition import Break
from pipeline.errors import DataError, DefinitionError, NotFound
from pipeline.warehouse import connect, parquet, write_parquet


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """A built survey of two waves and two dimensions."""
    return two_waves(tmp_path_factory.mktemp("project"))


OTHERS = """
[[question]]
id = "old"
text = "Band, as asked in 2024?"
kind = "single"
columns = { 2024 = "band" }
options = [
    { code = "mean", label = "Mean", raw = ["Low"] },
    { code = "other", label = "Other", raw = ["High"] },
]

[[question]]
id = "new"
text = "Tools, with one more?"
kind = "select-all"
separator = ";"
columns = { 2024 = "tools", 2025 = "tools" }
options = [
    { code = "a", label = "A", waves = ["2025"] },
    { code = "b", label = "B", raw = { 2024 = ["A", "B"] } },
]

[[question]]
id = "said"
text = "In your words?"
kind = "open"
columns = { 2025 = "ai" }

[[dimension]]
id = "old"
label = "Old band"
question = "old"
"""


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The same, with a question of one wave, an option of one, and a code `mean`."""
    return two_waves(tmp_path_factory.mktemp("others"), OTHERS)


@pytest.mark.parametrize(
    "ask",
    [
        lambda s: s.share("old", wave="2025"),
        lambda s: s.crosstab("old", by="role", wave="2025"),
        lambda s: s.compare("old", by="role", term="mean", wave="2025"),
        lambda s: s.adjusted("old", by="role", holding=[], term="mean", wave="2025"),
        lambda s: s.split("old", by="role", term="mean", wave="2025"),
        lambda s: s.rows("share", "old", "", "2025"),
        lambda s: s.chart("old", wave="2025"),
        lambda s: s.share("ai", by="old"),
        lambda s: s.crosstab("ai", by="role,old"),
        lambda s: s.adjusted("ai", by="role", holding=["old"], term="yes"),
        lambda s: s.split("ai", by="old", term="yes"),
    ],
)
def test_a_question_not_asked_in_a_wave_says_which_waves_asked_it(
    others: Analysis, ask: Any
) -> None:
    with pytest.raises(NotFound) as caught:
        ask(others)
    assert "old was not asked in 2025" in str(caught.value)
    assert "It was asked in: 2024." in str(caught.value)


def test_an_answer_not_offered_in_a_wave_is_refused(others: Analysis) -> None:
    for ask in (
        lambda: others.compare("new", by="role", term="a", wave="2024"),
        lambda: others.split("new", by="band", term="a"),
        lambda: others.compare("ai", by="band", term="refused", wave="2024"),
    ):
        with pytest.raises(NotFound, match=r"was no answer to \w+ in 2024"):
            ask()


def test_a_statistic_that_a_question_does_not_have_is_refused(others: Analysis) -> None:
    for ask, says in (
        (lambda: others.mean("ai"), "ai is single, and has no mean\n  It has: share."),
        (lambda: others.quantile("ai"), "ai is single, and has no median"),
        (lambda: others.share("said"), "said is open, and has no share"),
        (lambda: others.trend("said"), "said is open, and has no estimates"),
    ):
        with pytest.raises(NotFound) as caught:
            ask()
        assert str(caught.value).startswith(says)


def test_an_option_called_mean_is_an_answer_like_others(others: Analysis) -> None:
    found = others.crosstab("old", by="role").query("domain == 'dev'")
    published = others.share("old", by="role").query("domain == 'dev'")
    assert found["term"].tolist() == ["mean", "other"]
    assert set(found["statistic"]) == {"share"}
    assert found["estimate"].tolist() == pytest.approx(published["estimate"].tolist())
    shown = others.crosstab("old", by="role")._repr_html_()
    low = published["estimate"].iloc[0]
    assert f"{100 * low:.1f}%" in shown
    (row,) = others.compare("old", by="role", term="mean").to_dict("records")
    assert row["difference"] == pytest.approx(
        low
        - others.share("old", by="role").query("domain == 'ops'")["estimate"].iloc[0]
    )


def test_a_crosstab_has_shares_bases_and_letters(survey: Analysis) -> None:
    found = survey.crosstab("ai", by="role,band")
    yes = found[found["term"] == "yes"].set_index("domain")
    assert yes.loc["ops", "letters"].upper() == "A"
    assert yes.loc["dev", "letters"] == ""
    assert yes.loc["high", "letters"].upper() == "C"
    published = survey.share("ai", by="role").query("term == 'yes'").set_index("domain")
    for domain in ("dev", "ops"):
        assert yes.loc[domain, "estimate"] == pytest.approx(
            published.loc[domain, "estimate"]
        )
        assert yes.loc[domain, "se"] == pytest.approx(published.loc[domain, "se"])
        assert yes.loc[domain, "n"] == published.loc[domain, "n"]


def test_a_crosstab_shows_wording_base_and_test(survey: Analysis) -> None:
    shown = survey.crosstab("ai", by="role")._repr_html_()
    for text in ("AI?", "Rao-Scott F(", "Ops (B)", "Effective n", "chose to take part"):
        assert text in shown


def test_a_domain_that_is_hidden_is_hidden_in_every_answer(survey: Analysis) -> None:
    assert (
        survey.share("ai", by="role").query("domain == 'qa'")["estimate"].isna().all()
    )
    assert set(survey.crosstab("ai", by="role")["domain"]) == {"", "dev", "ops"}
    compared = survey.compare("ai", by="role", term="yes")
    assert compared[["domain", "versus"]].values.tolist() == [["dev", "ops"]]
    # Of those who use AI so few are in the small roles that a larger one covers them.
    published = survey.mean("depend", by="role").dropna(subset="estimate")["domain"]
    assert set(survey.quantile("depend", 0.5, by="role")["domain"]) == {*published}
    assert len(published) == 1
    adjusted = survey.adjusted("ai", by="role", holding=["band"], term="yes")
    assert set(adjusted["domain"]) == {"dev", "ops"}


def test_a_comparison_is_a_difference_with_its_family(survey: Analysis) -> None:
    (row,) = survey.compare("ai", by="band", term="yes").to_dict("records")
    shares = survey.share("ai", by="band").query("term == 'yes'").set_index("domain")
    expected = shares.loc["low", "estimate"] - shares.loc["high", "estimate"]
    assert row["difference"] == pytest.approx(expected)
    assert row["low"] < expected < row["high"] < 0
    assert row["p_adjusted"] == row["p_value"] < 0.05
    assert row["tests"] == 1


def test_equivalence_is_claimed_within_a_margin_only(survey: Analysis) -> None:
    def small(margin: float) -> float:
        found = survey.compare("depend", by="band", margin=margin)
        return float(found["p_equivalent"].iloc[0])

    assert small(3.0) < 0.05 < small(0.01)


def test_a_mean_of_a_scale_has_a_row_of_its_own(survey: Analysis) -> None:
    found = survey.crosstab("depend", by="role").query("statistic == 'mean'")
    published = survey.mean("depend", by="role").set_index("domain")["estimate"]
    for row in found.query("domain != ''").to_dict("records"):
        assert row["estimate"] == pytest.approx(published[row["domain"]])


def test_a_select_all_question_is_a_crosstab_too(survey: Analysis) -> None:
    found = survey.crosstab("tools", by="band").query("domain == 'low'")
    published = survey.share("tools", by="band").query("domain == 'low'")
    assert found["estimate"].tolist() == pytest.approx(published["estimate"].tolist())


def test_mentions_add_up_to_all_of_them(survey: Analysis) -> None:
    found = survey.mentions("tools", by="band")
    for domain in ("low", "high"):
        parts = found[found["domain"] == domain].set_index("term")["estimate"]
        shares = survey.share("tools", by="band").query(f"domain == '{domain}'")
        expected = shares.set_index("term")["estimate"]
        assert parts.sum() == pytest.approx(1)
        assert parts["a"] == pytest.approx(expected["a"] / expected.sum())


def test_a_net_promoter_score_is_promoters_less_detractors(survey: Analysis) -> None:
    (row,) = survey.nps("depend").to_dict("records")
    shares = survey.share("depend").set_index("term")["estimate"]
    promoters = shares[["9", "10"]].sum()
    detractors = shares[[str(i) for i in range(7)]].sum()
    assert row["estimate"] == pytest.approx(100 * (promoters - detractors))
    assert row["low"] < row["estimate"] < row["high"]


def test_held_equal_means_that_the_other_dimension_does_not_count(
    survey: Analysis,
) -> None:
    found = survey.adjusted("ai", by="role", holding=["band"], term="yes")
    ops = found.set_index("domain").loc["ops"]
    # The bands are mixed alike in both roles, so there is little to adjust.
    assert ops["estimate"] == pytest.approx(ops["unadjusted"], abs=0.03)
    assert ops["p_value"] < 0.001


def test_a_change_is_split_into_people_and_answers(survey: Analysis) -> None:
    (row,) = survey.split("ai", by="role", term="yes").to_dict("records")
    assert row["composition"] + row["rate"] == pytest.approx(row["change"])
    assert abs(row["composition"]) < abs(row["rate"])


def test_a_split_is_made_of_published_domains_only(survey: Analysis) -> None:
    """Each figure of it follows from what the share by role gives in both waves."""
    (row,) = survey.split("ai", by="role", term="yes").to_dict("records")
    parts = []
    for wave in ("2024", "2025"):
        found = survey.share("ai", by="role", wave=wave).query("term == 'yes'")
        parts.append(found.dropna(subset="estimate").set_index("domain"))
        assert set(parts[-1].index) == {"dev", "ops"}
    (p, r), (p2, r2) = (
        (d["n_weighted"] / d["n_weighted"].sum(), d["estimate"]) for d in parts
    )
    assert row["composition"] == pytest.approx(((p2 - p) * (r + r2) / 2).sum())
    assert row["rate"] == pytest.approx(((r2 - r) * (p + p2) / 2).sum())
    assert [row["n_from"], row["n_to"]] == [d["n"].sum() for d in parts]


def test_a_split_by_domains_that_are_hidden_but_for_one_is_refused(
    survey: Analysis,
) -> None:
    """Of those who use AI, one role only may be shown."""
    with pytest.raises(DataError, match="two domains or more"):
        survey.split("depend", by="role")


def test_a_crosstab_of_which_nothing_may_be_shown_has_the_total_only(
    survey: Analysis,
) -> None:
    """As where each role has fewer than the minimum base."""
    with marked(survey, "question = 'ai' AND \"by\" = 'role'"):
        found = survey.crosstab("ai", by="role")
    assert set(found["domain"]) == {""}
    assert "Rao-Scott" in found.caption[-1]


def test_a_trend_is_a_difference_with_its_test(survey: Analysis) -> None:
    found = survey.trend("ai").query("term == 'yes'").iloc[0]
    assert found["difference"] == pytest.approx(
        found["estimate_to"] - found["estimate_from"]
    )
    assert found["low"] < found["difference"] < found["high"]


def test_a_frame_shows_shares_in_percent_under_the_wording(survey: Analysis) -> None:
    shown = survey.share("ai", by="role")._repr_html_()
    assert "AI?" in shown
    assert "%" in shown
    assert survey.share("ai").query("term == 'yes'").caption[0] == "AI?"


@pytest.mark.parametrize(
    ("ask", "error", "says"),
    [
        (lambda s: s.compare("ai", by="role"), NotFound, "which answer to ai"),
        (lambda s: s.crosstab("ai", by="rol"), NotFound, "Did you mean role"),
        (lambda s: s.adjusted("ai", by="role", holding=["x"]), NotFound, "dimension"),
        (lambda s: s.quantile("depend", 1.5), DataError, "1.5"),
        (lambda s: s.compare("ai", by="", term="yes"), NotFound, "by what"),
        (lambda s: s.split("ai", by="", term="yes"), NotFound, "by what"),
        (lambda s: s.nps("ai"), DataError, "no scale from 0 to 10"),
        (lambda s: s.mentions("ai"), DataError, "no select-all"),
    ],
)
def test_a_wrong_question_is_answered_with_what_to_ask(
    survey: Analysis, ask: object, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        ask(survey)  # type: ignore[operator]


def test_weights_are_shown_with_their_price(survey: Analysis, tmp_path: Path) -> None:
    shown = survey.weights()
    assert shown.empty
    assert "Effective n 500 of 500" in shown.caption[1]


def test_a_break_follows_the_order_of_waves_not_of_their_names(
    survey: Analysis,
) -> None:
    first, second = survey.survey.waves
    waves = (structs.replace(first, id="9"), structs.replace(second, id="10"))
    stop = Break(wave="10", reason="asked otherwise")
    question = structs.replace(survey.survey.question("ai"), breaks=(stop,))
    made = structs.replace(survey.survey, waves=waves)
    assert made.break_between(question, "9", "10") == stop


@contextmanager
def marked(survey: Analysis, where: str) -> Iterator[None]:
    """The rows of the estimates marked hidden, as those on small bases would be."""
    built = survey.build / "estimates.parquet"
    kept = built.read_bytes()
    con = connect()
    con.execute(f"CREATE TABLE e AS SELECT * FROM {parquet(built)}")
    con.execute(f"UPDATE e SET flag = 'suppressed' WHERE {where}")
    try:
        write_parquet(con, "SELECT * FROM e", built)
        yield
    finally:
        built.write_bytes(kept)


def test_a_question_too_few_answered_is_refused_whole(survey: Analysis) -> None:
    with marked(survey, "question = 'ai'"):
        with pytest.raises(DataError, match="too few answered ai"):
            survey.crosstab("ai", by="role")
        with pytest.raises(DataError, match="too few answered ai"):
            survey.split("ai", by="role", term="yes")


def test_a_chart_may_be_of_another_kind_than_suits_the_question(
    survey: Analysis,
) -> None:
    usual = survey.chart("depend", by="role", wave="2025").to_dict()
    other = survey.chart("depend", by="role", wave="2025", kind="ridges").to_dict()
    assert "Chart of distributions in rows. " in other["description"]
    assert "Chart of distributions in rows. " not in usual["description"]
    with pytest.raises(DefinitionError, match="takes one answer"):
        survey.chart("ai", kind="combinations")
