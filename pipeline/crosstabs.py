"""Crosstabs and comparisons of columns, from the respondents in the warehouse.

Columns are the domains that may be shown, of one dimension or of several side by side;
rows are the answers, their nets, and the mean of a scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from pipeline.asked import Asked, Row
from pipeline.errors import NotFound

if TYPE_CHECKING:
    from pipeline.estimates.chisq import Test
    from pipeline.estimates.comparison import Banner, Comparison
    from pipeline.estimates.letters import Lettered

METHODS = {"strict": "strict t", "t": "t"}
MEAN = ""  # the row of a scale's mean; no option's code is empty


def crosstab_rows(asked: Asked) -> list[Row]:
    """One row a cell: its value, base, and the letters of the columns it is above."""
    from pipeline.estimates.letters import Rules, Span, letters

    cells = banner_of(asked)
    names = {column for column, _ in cells.found.keys}
    spans = [
        Span(d, tuple(c for c in columns_of(asked, d) if c in names)) for d in asked.by
    ]
    rules = Rules(minimum_base=asked.survey.min_base)
    found = letters(cells, spans, rules)
    se = dict(zip(cells.found.keys, cells.found.se, strict=True))
    rows = [_total_row(cells, row) for row in rows_of(asked)]
    return rows + list(_cell_rows(found, se))


def _cell_rows(found: Lettered, se: dict[Any, float]) -> list[Row]:
    heads = {head.column: head for head in found.heads}
    return [
        {
            "by": heads[cell.column].span,
            "domain": cell.column.partition("=")[2],
            "letter": heads[cell.column].letter,
            "statistic": _statistic(cell.row),
            "term": cell.row,
            "estimate": cell.value,
            "se": se[cell.column, cell.row],
            "letters": " ".join(cell.letters),
            "n": cell.n,
            "n_weighted": heads[cell.column].n_weighted,
            "n_eff": heads[cell.column].n_effective,
            "base": cell.base,
        }
        for cell in found.cells
    ]


def _statistic(row: str) -> str:
    return "mean" if row == MEAN else "share"


def _total_row(cells: Banner, row: str) -> Row:
    found = cells.found
    at = found.at("", row)
    return {
        "by": "",
        "domain": "",
        "letter": "",
        "statistic": _statistic(row),
        "term": row,
        "estimate": found.values[at],
        "se": found.se[at],
        "letters": "",
        "n": found.n[at],
        "n_weighted": found.n_weighted[at],
        "n_eff": cells.effective[at],
        "base": "",
    }


def comparison_rows(asked: Asked, term: str, margin: float, test: str) -> list[Row]:
    """One row a pair of domains: their difference, its interval and tests.

    A `test` is `strict`, which holds its level in small and uneven domains too, or `t`.
    """
    from pipeline.estimates.comparison import equivalent

    if test not in METHODS:
        raise NotFound.among("test", test, METHODS)
    asked.measure(term)  # or it says which answers there are
    found = _t_tests(asked, term) if test == "t" else _strict_tests(asked, term)
    low, high = found.interval()
    same = equivalent(found, margin) if margin else None
    return [
        {
            "domain": one[0].partition("=")[2],
            "versus": other[0].partition("=")[2],
            "difference": found.values[i],
            "se": found.se[i],
            "low": low[i],
            "high": high[i],
            "df": found.df[i],
            "p_value": found.p[i],
            "p_adjusted": found.p_adjusted[i],
            **({"p_equivalent": same.p_adjusted[i]} if same else {}),
            "tests": found.family.tests,
            "method": f"{METHODS[test]}, {found.family.method}",
        }
        for i, (one, other) in enumerate(found.pairs)
    ]


def _strict_tests(asked: Asked, term: str) -> Comparison:
    """Tests of every pair of domains as column letters have them."""
    from pipeline.estimates.comparison import compare_strictly, pairs_of

    dimension, cells = asked.dimension, banner_of(asked)
    pairs = [p for p in pairs_of(cells.found) if p[0][-1] == term and p[0][0]]
    pairs = [p for p in pairs if p[1][0]]
    return compare_strictly(cells, pairs, of=f"{term or 'mean'}: pairs of {dimension}")


def _t_tests(asked: Asked, term: str) -> Comparison:
    """Student's t of every pair of domains, as R's `svyttest` of those in the two."""
    import numpy as np

    from pipeline.estimates.comparison import compared
    from pipeline.estimates.ttest import two_sample

    asked.require_base()
    sample, y = asked.sample(), asked.measure(term)
    is_in = columns_of(asked, asked.dimension)
    pairs = list(combinations(is_in, 2))
    tests = [
        two_sample(sample, y, is_in[a], f"{is_in[a]} OR {is_in[b]}") for a, b in pairs
    ]
    each = [(t.estimate, t.se, t.df, t.p_value) for t in tests]
    apart, se, df, p = np.array(each, dtype=float).reshape(-1, 4).T
    keys = [((a, term), (b, term)) for a, b in pairs]
    return compared(keys, apart, (se, df, p), "holm")


def independence_lines(asked: Asked) -> list[str]:
    """What a test of each dimension says, for a question with one answer each."""
    if asked.question.kind not in ("single", "scale"):
        return []
    lines = []
    for name in asked.by:
        test = independence_of(asked, name)
        said = test.reason or (
            f"F({test.df:.2f}, {test.df2:,.0f}) = {test.statistic:.2f},"
            f" p {'< 0.0001' if test.p_value < 1e-4 else f'= {test.p_value:.4f}'}"
        )
        label = asked.survey.dimension(name).label
        lines.append(f"Do answers depend on {label.lower()}? Rao-Scott {said}.")
    return lines


def independence_of(asked: Asked, dimension: str) -> Test:
    """Rao and Scott's test that answers do not depend on the dimension."""
    from pipeline.estimates.chisq import Crosstab, independence
    from pipeline.estimates.linear import total
    from pipeline.estimates.scheme import column_of

    one = replace(asked, by=(dimension,))
    sample, item = one.sample(), column_of(asked.question.id)
    found = total(sample, ["1"], [f'"{dimension}"', item], one.shown())
    domains = list(dict.fromkeys(key[0] for key in found.keys))
    values = sorted({key[1] for key in found.keys})
    place = {key[:2]: i for i, key in enumerate(found.keys)}
    order = [place.get((d, v), -1) for d in domains for v in values]
    totals, cov = _spread(found.values, found.cov, order)
    table = Crosstab(
        totals=totals.reshape(len(domains), len(values)),
        covariance=cov,
        n=int(sample.patterns([]).n.sum()),
        df=found.df,
    )
    return independence(table)


def _spread(values: Any, cov: Any, order: Sequence[int]) -> tuple[Any, Any]:
    """Totals and covariance of all cells; a cell with nobody has 0 of both."""
    import numpy as np

    at = np.array(order, dtype=int)
    there = at >= 0
    totals = np.where(there, values[at], 0.0)
    return totals, np.where(np.outer(there, there), cov[np.ix_(at, at)], 0.0)


def banner_of(asked: Asked) -> Banner:
    """All cells of the question's answers by everyone and by each domain shown."""
    from pipeline.estimates.comparison import banner

    asked.require_base()
    columns = {"": "TRUE"}
    for dimension in asked.by:
        columns |= columns_of(asked, dimension)
    rows = {row: asked.measure(row) for row in rows_of(asked)}
    return banner(asked.sample(), rows, columns)


def columns_of(asked: Asked, dimension: str) -> dict[str, str]:
    """The domains of a dimension that may be shown, with their conditions."""
    hidden = replace(asked, by=(dimension,)).hidden()
    shown = [g.code for g in asked.survey.domains(dimension) if g.code not in hidden]
    return {
        f"{dimension}={code}": f"COALESCE(\"{dimension}\" = '{code}', FALSE)"
        for code in shown
    }


def rows_of(asked: Asked) -> list[str]:
    """The answers offered in the wave, the nets, and the mean of a scale."""
    question = asked.question
    numbers = [MEAN] if question.kind in ("scale", "numeric") else []
    if question.kind == "numeric":
        return numbers
    return [*asked.offered, *(net.code for net in question.nets), *numbers]
