"""Tests that a notebook asks for are R's, of domains that may be shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import built, of_r, write_schools
from two_waves import two_waves

from pipeline import open_survey
from pipeline.analysis import Analysis
from pipeline.errors import DataError, NotFound

MORE = """
[[question]]
id = "comp"
text = "Comparable improvement?"
kind = "single"
columns = { 2025 = "comp.imp" }
options = [{ code = "yes", label = "Yes" }, { code = "no", label = "No" }]

[[question]]
id = "api99"
text = "Score in 1999"
kind = "numeric"
columns = { 2025 = "api99" }

[[dimension]]
id = "comp"
label = "Improvement"
question = "comp"
"""
STRATIFIED = 'weight = "pw"\ndesign = { strata = "stype", fpc = ["fpc"] }'
SIMPLE = 'weight = "pw"\ndesign = { fpc = ["fpc"] }'


def schools(folder: Path, shared: Path, name: str, wave: str) -> Analysis:
    """A sample of R's schools, built."""
    built(*write_schools(folder, wave, of_r(shared, f"data/{name}.csv"), MORE))
    return open_survey("small", folder)


@pytest.fixture(scope="module")
def stratified(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """R's dstrat."""
    folder = tmp_path_factory.mktemp("dstrat")
    return schools(folder, shared, "apistrat", STRATIFIED)


@pytest.fixture(scope="module")
def simple(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """R's dsrs, in which all weigh the same."""
    return schools(tmp_path_factory.mktemp("dsrs"), shared, "apisrs", SIMPLE)


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """A survey with roles too small to be shown."""
    return two_waves(tmp_path_factory.mktemp("two"))


def r(shared: Path, design: str, statistic: str, term: str) -> list[dict[str, str]]:
    """R's rows; there must be some."""
    found = [
        row
        for row in of_r(shared, "reference.csv")
        if (row["design"], row["statistic"]) == (design, statistic)
        and row["term"].startswith(term)
    ]
    assert found
    return found


def test_a_t_test_of_two_domains_is_rs(simple: Analysis, shared: Path) -> None:
    (theirs,) = r(shared, "dsrs", "svyttest_diff", "api00~comp.imp")
    (ours,) = simple.compare("api00", by="comp", test="t").to_dict("records")
    assert (ours["domain"], ours["versus"]) == ("yes", "no")
    assert ours["difference"] == pytest.approx(float(theirs["estimate"]), rel=1e-6)
    for name, of_r_ in (("se", "se"), ("low", "ci_low"), ("high", "ci_high")):
        assert ours[name] == pytest.approx(float(theirs[of_r_]), rel=1e-5)
    assert ours["df"] == float(theirs["df"])
    assert ours["p_value"] == pytest.approx(float(theirs["p_value"]), rel=1e-4)
    assert ours["method"] == "t, holm"


def test_a_t_test_of_a_stratified_sample_is_rs(
    stratified: Analysis, shared: Path
) -> None:
    (theirs,) = r(shared, "dstrat", "svyttest", "api00~comp.imp")
    (ours,) = stratified.compare("api00", by="comp", test="t").to_dict("records")
    t = ours["difference"] / ours["se"]
    assert t == pytest.approx(float(theirs["estimate"]), rel=1e-5)
    assert ours["p_value"] == pytest.approx(float(theirs["p_value"]), rel=1e-4)


def test_t_tests_of_several_pairs_are_adjusted_together(simple: Analysis) -> None:
    found = simple.compare("api00", by="stype", test="t")
    assert len(found) == 3
    assert (found["p_adjusted"] >= found["p_value"]).all()
    assert found["p_adjusted"].min() == pytest.approx(3 * found["p_value"].min())


def test_a_paired_test_is_rs(stratified: Analysis, shared: Path) -> None:
    (theirs,) = r(shared, "dstrat", "svyttest", "I(api00-api99)~0")
    (ours,) = stratified.paired("api00", "api99").to_dict("records")
    t = ours["difference"] / ours["se"]
    assert t == pytest.approx(float(theirs["estimate"]), rel=1e-5)
    assert (ours["df"], ours["n"]) == (float(theirs["df"]), 200)
    assert ours["low"] < ours["difference"] < ours["high"]


@pytest.mark.parametrize("scores", ["wilcoxon", "van-der-waerden", "median"])
def test_a_rank_test_of_two_domains_is_rs(
    simple: Analysis, shared: Path, scores: str
) -> None:
    """All weigh the same, so that the order of rows does not matter to R."""
    theirs = r(shared, "dsrs", "svyranktest", "api00~comp.imp")
    (row,) = [t for t in theirs if t["method"] == scores.replace("-der-w", "derW")]
    found = simple.rank_test("api00", by="comp", scores=scores)
    one = found.iloc[0]
    assert one["statistic"] == pytest.approx(float(row["estimate"]), rel=1e-6)
    assert one["p_value"] == pytest.approx(float(row["p_value"]), rel=1e-5)
    assert one["df"] == float(row["df"])


def test_a_wilcoxon_score_is_the_chance_to_be_higher(simple: Analysis) -> None:
    found = simple.rank_test("api00", by="comp").set_index("domain")
    mean = (found["estimate"] * found["n"]).sum() / found["n"].sum()
    assert mean == pytest.approx(0.5)
    assert found.loc["yes", "estimate"] > 0.5 > found.loc["no", "estimate"]
    assert found["n"].sum() == 200


def test_only_domains_that_may_be_shown_are_tested(survey: Analysis) -> None:
    compared = survey.compare("ai", by="role", term="yes", test="t")
    assert compared[["domain", "versus"]].values.tolist() == [["dev", "ops"]]
    published = survey.mean("depend", by="role").dropna(subset="estimate")["domain"]
    assert len(published) == 1
    with pytest.raises(DataError, match="it takes two groups"):
        survey.rank_test("depend", by="role")
    shown = survey.rank_test("depend", by="band")
    assert set(shown["domain"]) == {"low", "high"}
    both = survey.paired("depend", "depend", by="role")
    assert set(both["domain"]) == {*published}
    assert both["reason"].iloc[0] == "the values do not vary under this design"


@pytest.mark.parametrize(
    ("ask", "error", "says"),
    [
        (lambda s: s.compare("depend", by="band", test="z"), NotFound, "no test 'z'"),
        (lambda s: s.rank_test("ai", by="band"), DataError, "have no order"),
        (lambda s: s.rank_test("depend", by="band", scores="x"), NotFound, "scores"),
        (lambda s: s.rank_test("depend", by=""), NotFound, "by what"),
        (lambda s: s.paired("depend", "ai"), DataError, "not answered on one scale"),
        (lambda s: s.paired("ai", "ai"), DataError, "not answered on one scale"),
    ],
)
def test_a_test_that_does_not_suit_says_what_would(
    survey: Analysis, ask: object, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        ask(survey)  # type: ignore[operator]
