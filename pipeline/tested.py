"""Tests of a question by itself: the order of its answers, and against another.

rank_rows ─── do domains differ in the order of what they answer?
paired_rows ─ do the same people rate one thing above another?
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from pipeline.asked import Asked, Row
from pipeline.errors import DataError, NotFound

if TYPE_CHECKING:
    from pipeline.definition import Question
    from pipeline.estimates.sample import Sample


def rank_rows(asked: Asked, scores: str) -> list[Row]:
    """Mean scores of domains by the order of their answers, and whether they differ.

    Raises `DataError` for a question whose answers have no order.
    """
    from pipeline.estimates.ranktest import Scores, mean_scores, rank_test
    from pipeline.estimates.scheme import column_of

    question, dimension = asked.question, asked.dimension
    if scores not in get_args(Scores):
        raise NotFound.among("scores", scores, get_args(Scores))
    if question.kind not in ("scale", "numeric") and not question.ordered:
        raise DataError(
            f"the answers to {question.id} have no order",
            where="rank test",
            remedy="If they have, say so in the definition: ordered = true",
        )
    asked.require_base()
    item, chosen = column_of(question.id), cast(Scores, scores)
    means = mean_scores(asked.sample(), item, f'"{dimension}"', chosen, asked.shown())
    test = rank_test(means, chosen)
    low, high = means.interval()
    return [
        {
            "domain": key[0],
            "estimate": means.values[i],
            "se": means.se[i],
            "low": low[i],
            "high": high[i],
            "n": means.n[i],
            "statistic": test.statistic,
            "df": test.df,
            "df2": test.df2,
            "p_value": test.p_value,
            "method": f"rank test, {scores}",
            "reason": test.reason,
        }
        for i, key in enumerate(means.keys)
    ]


def paired_rows(asked: Asked, other: Asked) -> list[Row]:
    """The mean difference of two answers of the same people, by domain, and its test.

    The base is who answered both. Raises `DataError` for answers in different units,
    and where too few answered both.
    """
    from pipeline.estimates.scheme import column_of
    from pipeline.estimates.ttest import paired

    _check_units(asked.question, other.question)
    for one in (asked, other):
        one.require_base()
    sample = asked.sample(other.question.items(asked.wave))
    a, b = (column_of(one.question.id) for one in (asked, other))
    by = asked.dimension if asked.by else ""
    rows = []
    for domain in _of_both(asked, other, sample, f"({a}) + ({b})"):
        where = f"\"{by}\" = '{domain}'" if by else "TRUE"
        test = paired(sample, a, b, where)
        low, high = test.interval()
        rows.append(
            {
                "domain": domain,
                "difference": test.estimate,
                "se": test.se,
                "low": low,
                "high": high,
                "df": test.df,
                "n": test.n,
                "p_value": test.p_value,
                "method": "paired t",
                "reason": test.reason,
            }
        )
    return rows


def _check_units(a: Question, b: Question) -> None:
    """Raise `DataError` unless both are numbers, or scales with the same ends."""
    ends = [(q.scale.low, q.scale.high) if q.scale else q.kind for q in (a, b)]
    if ends[0] != ends[1] or ends[0] not in ("numeric", ends[0] if a.scale else ""):
        raise DataError(
            f"{a.id} and {b.id} are not answered on one scale",
            where="paired test",
            remedy="Name two numbers, or two scales with the same ends.",
        )


def _of_both(asked: Asked, other: Asked, sample: Sample, both: str) -> list[str]:
    """The domains of which those who answered both may be shown.

    Their bases are held to the rules for published ones (`suppression`), with all that
    is hidden of either question. Those who answered one only are nobody or as many as a
    base: else their answers follow from what is published of all.
    """
    from pipeline.estimates.scheme import column_of
    from pipeline.estimates.suppression import hide, table

    by = "".join(asked.by)
    bases = _bases(sample, by, both)
    also = {(by, domain) for domain in asked.hidden() | other.hidden()}
    for one in (asked, other):
        whole = _bases(sample, by, column_of(one.question.id))
        apart = {name: n - bases.get(name, 0) for name, n in whole.items()}
        also |= {name for name, n in apart.items() if 0 < n < asked.survey.min_base}
    splits, domains = zip(*bases, strict=True)
    columns = (splits, domains, [*bases.values()])
    why = hide(
        table(asked.survey, asked.question.id, columns), asked.survey.min_base, also
    )
    if why["", ""] or not bases["", ""]:
        raise DataError(
            "too few answered both, or only one of the two, for anything to be shown",
            where=f"{asked.question.id} and {other.question.id}, wave {asked.wave}",
        )
    return [domain for split, domain in bases if split == by and not why[split, domain]]


def _bases(sample: Sample, by: str, value: str) -> dict[tuple[str, str], int]:
    """How many have a value, in all and by domain: by (split, domain)."""
    from pipeline.estimates.linear import known

    found = {("", ""): int(sample.patterns(["1"], known("TRUE", [value])).n.sum())}
    if by:
        split = sample.patterns([f'"{by}"'], known("TRUE", [value, f'"{by}"']))
        for code, n in zip(split.columns[f'"{by}"'], split.n, strict=True):
            found[by, code] = found.get((by, code), 0) + int(n)
    return found
