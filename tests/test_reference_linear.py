"""Every mean, share, total, ratio and variance that R computed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reference import Reference, Row, differences

from pipeline.estimates.linear import Estimates, mean, ratio, share, total, variance
from pipeline.estimates.sample import Sample

pytestmark = pytest.mark.slow

# Iterated weights agree to the accuracy at which R stopped iterating.
ITERATED = ("rake", "callogit", "callin")
NPS = "100 * (nps >= 9)::INT - 100 * (nps <= 6)::INT"
LANGUAGES = ("python", "javascript", "java", "csharp", "go", "rust", "cobol")
SQL = {
    "ai": "CAST(uses_ai = 'Yes' AS INT)",
    "t2b": "CAST(satisfaction >= 4 AS INT)",
    "npsx": NPS,
}


@pytest.fixture(scope="module")
def r(shared: Path) -> Reference:
    """R's results."""
    return Reference(shared / "reference")


@pytest.mark.parametrize(
    "statistic",
    [
        "svymean",
        "svymean_prop",
        "svytotal",
        "svyratio",
        "svyvar",
        "svyby_mean",
        "svyby_prop",
        "svyby_total",
        "subset_mean",
        "top2box",
        "top2box_by",
        "nps",
        "nps_by",
        "multiresponse_pct_respondents",
        "multiresponse_pct_responses",
        "mean_rank",
        "ranked_first",
    ],
)
def test_r_finds_the_same(r: Reference, statistic: str) -> None:
    found = []
    for row in r.rows(statistic):
        if row["design"] == "dlonely" and row["method"] == "lonely.psu=adjust":
            row = as_in_4_5(r, row)
        single = row["method"].removeprefix("lonely.psu=")
        lonely = row["method"].startswith("lonely")
        sample = r.sample(row["design"], single if lonely else "fail")
        estimates, at = ours(sample, row)
        iterated = any(name in row["design"] for name in ITERATED)
        rel = 1e-6 if iterated else 1e-9
        found += differences(row, printed(sample, row, estimates, at), rel)
    assert not found, "\n".join(found)


def as_in_4_5(r: Reference, row: Row) -> Row:
    """A row with what R's survey 4.5 changed: the centre of a single unit's total."""
    newer = {
        d["column"]: d["survey_4.5"]
        for d in r.read("differs_from_4.5.csv")
        if d["id"] == row["id"]
    }
    return row | newer | ({"ci_low": "", "ci_high": ""} if newer else {})


def ours(sample: Sample, row: Row) -> tuple[Estimates, int]:
    """The estimates that a row is one of, and its place among them."""
    statistic, term = row["statistic"], row["term"].replace(".", "_")
    by, domain = grouping(row)
    if statistic == "subset_mean":
        column, value = domain[0].replace(".", "_").split("==")
        where = f"CAST({column} AS VARCHAR) = '{value}'"
        return mean(sample, [expression(term)], where=where), 0
    if statistic == "svymean_prop" or (statistic == "svyby_prop" and term not in SQL):
        item, value = option(row["term"])
        found = share(sample, item, by)
        keys = [tuple(str(part) for part in key) for key in found.keys]
        return found, keys.index((*domain, value))
    if statistic in ("svyratio", "multiresponse_pct_responses"):
        above, below = term.split("/") if "/" in term else (term, mentions())
        return ratio(sample, above, below), 0
    if statistic == "svyvar":
        return variance(sample, term), 0
    find = total if "total" in statistic else mean
    found = find(sample, [expression(term)], by)
    keys = [tuple(str(part) for part in key[:-1]) for key in found.keys]
    return found, keys.index(domain)


def printed(sample: Sample, row: Row, found: Estimates, at: int) -> dict[str, float]:
    """Our figures under R's names."""
    low, high = found.interval()
    values = {"estimate": found.values[at], "se": found.se[at]}
    if row["statistic"] == "subset_mean":
        column, value = row["domain"].replace(".", "_").split("==")
        values["df"] = sample.df(f"CAST({column} AS VARCHAR) = '{value}'")
    elif "normal" not in row["method"]:
        values |= {"ci_low": low[at], "ci_high": high[at], "df": found.df}
    if row["deff"]:
        finite = "deff=TRUE" in row["call"]
        values["deff"] = (found.deff_finite if finite else found.deff)[at]
    return {name: float(value) for name, value in values.items()}


def grouping(row: Row) -> tuple[list[str], tuple[str, ...]]:
    """The columns that a row's domain is split by, and the domain."""
    domain = tuple(row["domain"].split("|")) if row["domain"] else ()
    found = re.search(r"svyby\(~[^,]*, ?~([\w.+]+)", row["call"])
    if not domain or not found or row["statistic"] == "subset_mean":
        return [], domain
    names = found.group(1).replace(".", "_").split("+")
    return [f"CAST({name} AS VARCHAR)" for name in names], domain


def option(term: str) -> tuple[str, str]:
    """R's name of a dummy variable as an item and its value."""
    crossed = re.fullmatch(r"interaction\((.*)\)(.*)", term)
    if crossed:
        names = [n.strip().replace(".", "_") for n in crossed.group(1).split(",")]
        return " || '.' || ".join(names), crossed.group(2)
    factor = re.fullmatch(r"factor\((\w+)\)(.*)", term)
    if factor:
        return f"CAST({factor.group(1)} AS VARCHAR)", factor.group(2)
    known = ("stype", "sch.wide", "comp.imp", "awards", "agecat", "role", "industry",
             "size", "uses_ai", "both")  # fmt: skip
    name = next(k for k in known if term.startswith(k))
    return f"CAST({name.replace('.', '_')} AS VARCHAR)", term.removeprefix(name)


def expression(term: str) -> str:
    """R's name of a number as SQL."""
    if term in SQL:
        return SQL[term]
    dummy = re.fullmatch(r"stype(\w)", term)
    if dummy:
        return f"CAST(stype = '{dummy.group(1)}' AS INT)"
    first = re.search(r"(rank_\w+) == 1", term)
    return f"CAST({first.group(1)} = 1 AS INT)" if first else term


def mentions() -> str:
    """How many languages a respondent names."""
    return " + ".join(f"lang_{name}" for name in LANGUAGES)
