"""All of R's figures are compared by a test, and what differs has a reason."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from reference import Reference

HERE = Path(__file__).parent
# Where each statistic of reference.csv is compared, all of its rows.
COMPARED = {
    "column_test": "test_estimates_comparison",
    "mean_rank": "test_reference_linear",
    "multiresponse_pct_respondents": "test_reference_linear",
    "multiresponse_pct_responses": "test_reference_linear",
    "nchs_proportion": "test_estimates_presentation",
    "nchs_rule": "test_estimates_presentation",
    "nps": "test_reference_linear",
    "nps_by": "test_reference_linear",
    "ranked_first": "test_reference_linear",
    "rao_scott_F": "test_estimates_chisq",
    "rao_scott_X2": "test_estimates_chisq",
    "rao_scott_eigen": "test_estimates_chisq",
    "rao_scott_lincom": "test_estimates_chisq",
    "regTermTest": "test_estimates_regression",
    "subset_mean": "test_reference_linear",
    "svyby_mean": "test_reference_linear",
    "svyby_prop": "test_reference_linear",
    "svyby_total": "test_reference_linear",
    "svychisq": "test_estimates_chisq",
    "svyciprop": "test_estimates_intervals",
    "svycontrast": "test_estimates_comparison",
    "svyglm": "test_estimates_regression",
    "svymean": "test_reference_linear",
    "svymean_prop": "test_reference_linear",
    "svyquantile": "test_estimates_quantiles",
    "svyranktest": "test_estimates_ranktest",
    "svyratio": "test_reference_linear",
    "svytotal": "test_reference_linear",
    "svyttest": "test_estimates_ttest",
    "svyttest_diff": "test_estimates_ttest",
    "svyvar": "test_reference_linear",
    "top2box": "test_reference_linear",
    "top2box_by": "test_reference_linear",
    "wave_change": "test_estimates_comparison",
    "weight_summary": "test_weights_reference",
}
# Rows compared less closely than 1e-9 (1e-6 where weights or p-values iterate), or not.
REASONS = {
    ("svyciprop", "likelihood"): "R reads the bounds off a spline through ten points:"
    " four digits; its own finer grid agrees to 2e-8",
    ("svyciprop", "asin"): "ten low bounds, where R's angle passes 0 and comes back:"
    " ours are 0",
    ("svyciprop", "logit"): "R's regression stops at 1e-9, so 1e-8; two rows have a"
    " replicate without a case, where R stops on the way",
    ("svytotal", "lonely.psu=adjust"): "the value of survey 4.5, not of 4.1-1",
    ("svyquantile", "all"): "the df column: R counts rows with missing values there,"
    " its intervals do not",
    ("svyglm", "quasibinomial"): "compared with R's early stop (epsilon=1e-8), without"
    " which ours are the more exact",
    ("rao_scott_lincom", "p < 1e-14"): "absolute, 3e-16: R's quadrature has no more",
}


def test_every_statistic_has_a_test_that_reads_its_rows(shared: Path) -> None:
    rows = Counter(row["statistic"] for row in Reference(shared / "reference").all)
    assert set(rows) == set(COMPARED)
    assert sum(rows.values()) == 3049
    for statistic, module in COMPARED.items():
        text = (HERE / f"{module}.py").read_text(encoding="utf-8")
        assert re.search(rf"\b{statistic}\b", text), f"{module} has no {statistic}"


def test_every_exception_is_of_rows_that_are_there(shared: Path) -> None:
    there = {row["statistic"] for row in Reference(shared / "reference").all}
    for (statistic, which), reason in REASONS.items():
        assert statistic in there
        print(f"{statistic} ({which}): {reason}")
