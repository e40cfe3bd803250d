"""Presentation standards against reference rows, each threshold, and laws."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.estimates.presentation import (
    RULES,
    SHARE_RULES,
    Shares,
    codes,
    present_shares,
    shown,
)


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


class Sample:
    """A data set with its design: enough to estimate a share and its error again."""

    def __init__(self, rows: list[dict[str, str]], weight: str, *design: str) -> None:
        self.columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        self.w = self.columns[weight].astype(float)
        everyone = np.zeros(len(rows), int), np.arange(len(rows))
        stratum, psu = [self.columns[d] for d in design] or everyone
        self.stratum = np.unique(stratum, return_inverse=True)[1]
        self.psu = np.unique([self.stratum, psu], axis=1, return_inverse=True)[1]

    def share(self, item: str, yes: str, domain: Any) -> dict[str, float]:
        """Taylor linearisation; degrees of freedom are those of the domain."""
        y = self.columns[item] == yes
        domain = domain & ~np.isin(self.columns[item], ["", "NA"])
        w = self.w * domain
        p = (w * y).sum() / w.sum()
        totals = np.bincount(self.psu, w * (y - p) / w.sum())
        of = np.zeros(len(totals), int)
        of[self.psu] = self.stratum
        psus = np.bincount(of)
        centred = totals - (np.bincount(of, totals) / psus)[of]
        variance = (psus / (psus - 1))[of] @ centred**2
        there = [len(np.unique(ids[domain])) for ids in (self.psu, self.stratum)]
        return {
            "estimate": p,
            "se": np.sqrt(variance),
            "n": domain.sum(),
            "df": there[0] - there[1],
            "events": (y * domain).sum(),
        }


def developers(data: Sample, domain: str) -> dict[str, float]:
    """`role|industry` for the use of AI, `lang_cobol|role` for COBOL."""
    first, second = domain.split("|")
    role, industry = data.columns["role"], data.columns["industry"]
    if first == "lang_cobol":
        return data.share(first, "1", role == second)
    return data.share("uses_ai", "Yes", (role == first) & (industry == second))


def health(data: Sample, domain: str) -> dict[str, float]:
    """`race==1|agecat==(0,19]` for high cholesterol."""
    parts = dict(part.split("==") for part in domain.split("|"))
    race, age = data.columns["race"], data.columns["agecat"]
    inside = (race == parts["race"]) & (age == parts["agecat"])
    return data.share("HI_CHOL", "1", inside)


def computed(folder: Path, domains: set[str]) -> dict[str, dict[str, float]]:
    devs = Sample(table(folder / "data/devsurvey.csv"), "weight")
    design = ("WTMEC2YR", "SDMVSTRA", "SDMVPSU")
    nhanes = Sample(table(folder / "data/nhanes.csv"), *design)
    return {
        d: health(nhanes, d) if d.startswith("race") else developers(devs, d)
        for d in domains
    }


def rule_values(judged: Shares, at: int) -> dict[str, float]:
    """One cell's values under the names of the reference."""
    return {
        "n_eff_raw": judged.n_eff[at],
        "n_eff_adj": judged.n_eff_adjusted[at],
        "abs_width": judged.high[at] - judged.low[at],
        "rel_width": judged.relative_width[at],
        "rel_width_complement": judged.relative_width_complement[at],
        "display": shown(judged.flags)[at],
        "review_df_lt_8": judged.flags["few-df"][at],
        "footnote_complement": judged.flags["complement"][at],
    }


def test_every_value_of_the_standard_is_the_reference_s(shared: Path) -> None:
    """Published estimates are judged as they are, others are computed from the data."""
    folder = shared / "reference"
    rows = [r for r in table(folder / "reference.csv") if "nchs_" in r["statistic"]]
    cells = computed(folder, {row["domain"] for row in rows})
    published = [row for row in rows if row["statistic"] == "nchs_proportion"]
    for row in published:
        for name in ("estimate", "se", "n", "df"):
            assert cells[row["domain"]][name] == pytest.approx(float(row[name]), 1e-9)
            cells[row["domain"]][name] = float(row[name])
    columns = [
        [c[name] for c in cells.values()] for name in ("estimate", "se", "n", "df")
    ]
    judged = present_shares(*columns)
    at = {domain: i for i, domain in enumerate(cells)}
    for row in published:
        i = at[row["domain"]]
        bounds = (float(row["ci_low"]), float(row["ci_high"]))
        assert (judged.low[i], judged.high[i]) == pytest.approx(bounds, rel=1e-9)
    rules = [row for row in rows if row["statistic"] == "nchs_rule"]
    for row in rules:
        cell = cells[row["domain"]]
        assert (cell["n"], cell["df"]) == (float(row["n"]), float(row["df"]))
        found = rule_values(judged, at[row["domain"]]) | {"events": cell["events"]}
        assert found[row["term"]] == pytest.approx(float(row["estimate"]), 1e-9), row
    assert len(published) > 0
    assert len(rules) > 0


def one(p: float, n_eff: float, n: float = 1e6, df: float = 1e6) -> str:
    """The codes of a share with this effective sample size."""
    return str(codes(present_shares(p, np.sqrt(p * (1 - p) / n_eff), n, df).flags))


@pytest.mark.parametrize(
    ("p", "n_eff", "expected"),
    [
        (0.5, 29.9, "small"),
        (0.001, 29.9, "small"),
        # Under 5 points wide is shown, however wide in relation to the share.
        (0.001, 1000, ""),
        (0.5, 40, "wide"),
        (0.5, 100, ""),
        (0.04, 100, "vague"),
        (0.96, 100, "complement"),
        (0.999, 1000, ""),
    ],
)
def test_the_first_rule_that_holds_decides(
    p: float, n_eff: float, expected: str
) -> None:
    assert one(p, n_eff) == expected


def test_few_degrees_of_freedom_are_for_a_person_to_review() -> None:
    assert one(0.5, 800, df=7) == "few-df"
    assert one(0.5, 800, df=8) == ""
    assert one(0.5, 20, df=7) == "small"
    assert one(0.96, 200, df=7) == "complement few-df"


def test_of_0_and_100_percent_only_the_sample_size_is_judged() -> None:
    judged = present_shares([0, 1, 0], 0, [40, 40, 29], 28)
    assert codes(judged.flags).tolist() == ["all-or-none", "all-or-none", "small"]
    assert judged.n_eff.tolist() == [40, 40, 29]
    assert judged.high[0] == pytest.approx(1 - 0.025 ** (1 / judged.n_eff_adjusted[0]))
    assert judged.relative_width[0] == judged.relative_width_complement[1] == np.inf


def test_the_effective_sample_size_is_no_more_than_the_sample() -> None:
    judged = present_shares(0.3, 1e-4, 50, 49)
    assert (judged.n_eff, judged.n_eff_adjusted) == (50, 50)


@pytest.mark.parametrize(
    "given", [(0.3, np.nan, 500, 499), (np.nan, 0.01, 500, 499), (0.3, 0.01, 500, 0)]
)
def test_what_has_no_interval_is_suppressed(given: tuple[float, ...]) -> None:
    assert codes(present_shares(*given).flags) == "no-interval"


def test_a_rule_has_one_code_and_a_reason_in_words() -> None:
    assert len(RULES) == len(SHARE_RULES)
    assert [f"{rule.action}: {rule.reason}" for rule in SHARE_RULES] == [
        "suppress: effective sample size under 30",
        "suppress: no interval can be computed",
        "suppress: interval 0.30 wide or wider",
        "suppress: relative width over 130%",
        "footnote: the complement's interval is unreliable",
        "review: fewer than 8 degrees of freedom",
        "review: 0 or 100 %",
    ]


def codes_by_action(judged: Shares, action: str) -> Iterator[str]:
    of_action = {rule.code for rule in SHARE_RULES if rule.action == action}
    return (c for c in str(codes(judged.flags)).split() if c in of_action)


@given(
    p=st.floats(0, 1),
    deff=st.floats(0.3, 10),
    n=st.integers(1, 3000),
    df=st.integers(-1, 100),
)
def test_a_share_is_shown_or_has_one_reason_not_to_be(
    p: float, deff: float, n: int, df: int
) -> None:
    judged = present_shares(p, np.sqrt(p * (1 - p) * deff / n), n, df)
    suppressed = len([*codes_by_action(judged, "suppress")])
    assert suppressed == (0 if shown(judged.flags) else 1)
    if suppressed:
        assert not [*codes_by_action(judged, "footnote")]
        assert not [*codes_by_action(judged, "review")]
    else:
        assert 0 <= judged.low <= p <= judged.high <= 1
