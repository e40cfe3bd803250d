"""What a notebook asks: answers are frames with bases, and hide what they must."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec import structs
from small import DEFINITION, built, write_survey

from pipeline import open_survey
from pipeline.analysis import Analysis
from pipeline.definition import Break
from pipeline.errors import DataError, NotFound
from pipeline.trends import trend
from pipeline.warehouse import connect, parquet, write_parquet

BAND = """
[[question]]
id = "band"
text = "Band?"
kind = "single"
columns = { 2024 = "band", 2025 = "band" }
options = [{ code = "low", label = "Low" }, { code = "high", label = "High" }]

[[dimension]]
id = "band"
label = "Band"
question = "band"
"""
WAVE = """
[[wave]]
id = "2024"
files = ["2024.csv"]
start = 2024-01-01
end = 2024-02-01
respondent = "id"
missing = ["NA"]
unused = ["status"]
"""


def rows(seed: int, n: int, shift: float) -> str:
    """Respondents: ops say yes more often, and more so in the high band."""
    rng = np.random.default_rng(seed)
    lines = ["id,status,role,ai,tools,depend,band"]
    for i in range(n):
        ops, high = rng.random() < 0.4, rng.random() < 0.5
        # Two more roles are too small to show, and hide each other.
        role = "Test" if i < 4 else "Lead" if i < 8 else "Ops" if ops else "Developer"
        yes = rng.random() < shift + 0.3 * ops + 0.2 * high
        tools = rng.choice(["A", "B", "A;B", ""]) if yes else ""
        depend = str(int(np.clip(rng.normal(4 + 2 * ops, 2), 0, 10))) if yes else ""
        said = "Yes" if yes else "No"
        band = "High" if high else "Low"
        lines.append(f"{i},Complete,{role},{said},{tools},{depend},{band}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """A built survey of two waves and two dimensions."""
    folder = tmp_path_factory.mktemp("project")
    definition = DEFINITION.replace("min_base = 1", "min_base = 5")
    definition = definition.replace("2025 = ", "2024 = X, 2025 = ")
    for name in ("role", "ai", "tools", "depend"):
        definition = definition.replace(
            f'X, 2025 = "{name}"', f'"{name}", 2025 = "{name}"'
        )
    definition = definition.replace(
        '{ code = "ops", label = "Ops" }]',
        '{ code = "ops", label = "Ops" }, { code = "qa", label = "Test" },'
        ' { code = "lead", label = "Lead" }]',
    )
    at = definition.index("[[wave]]")
    definition = definition[:at] + WAVE.lstrip() + "\n" + definition[at:] + BAND
    home = folder / "data" / "small" / "raw"
    home.mkdir(parents=True)
    (home / "2024.csv").write_text(rows(1, 300, 0.2), encoding="utf-8")
    made, home = write_survey(folder, definition=definition, rows=rows(2, 500, 0.3))
    build = built(made, home)
    trend(made, build, lambda _: None)
    return open_survey("small", folder)


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
    found = survey.crosstab("depend", by="role").query("term == 'mean'")
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


def test_a_question_too_few_answered_is_refused_whole(survey: Analysis) -> None:
    """The rows of the whole base are marked hidden, as a small base would be."""
    built = survey.build / "estimates.parquet"
    kept = built.read_bytes()
    con = connect()
    con.execute(f"CREATE TABLE e AS SELECT * FROM {parquet(built)}")
    con.execute("UPDATE e SET flag = 'suppressed' WHERE question = 'ai'")
    try:
        write_parquet(con, "SELECT * FROM e", built)
        with pytest.raises(DataError, match="too few answered ai"):
            survey.crosstab("ai", by="role")
        with pytest.raises(DataError, match="too few answered ai"):
            survey.split("ai", by="role", term="yes")
    finally:
        built.write_bytes(kept)
