"""What a slice estimates, as columns of tidy rows: shares, nets, means, medians, modes.

One row is one estimate; what it has not is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from pipeline.estimates import intervals
from pipeline.estimates.batch import Batch
from pipeline.estimates.cautions import share_cautions
from pipeline.estimates.cube import Slice
from pipeline.estimates.formulas import population_variance, quantile, ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Texts = NDArray[np.object_]
    Columns = dict[str, NDArray[Any]]

TEXTS = (
    "wave",
    "question",
    "item",
    "statistic",
    "term",
    "by",
    "domain",
    "method",
    "flag",
    "reason",
    "caution",
)
NUMBERS = (
    "estimate",
    "se",
    "low",
    "high",
    "n",
    "count",
    "n_weighted",
    "n_eff",
    "n_kish",
    "deff",
    "df",
    "rank",
)


class Shares(msgspec.Struct, frozen=True):
    """Shares of any options, (cells,) each; `row` is the slice's row of each."""

    row: Ints
    item: Texts
    term: Texts
    count: Floats
    p: Floats
    variance: Floats
    rank: Floats | float


def tidy(part: Slice) -> Iterator[Columns]:
    """All estimates of a slice, in blocks of one statistic."""
    kind = part.batch.kind
    if kind != "numeric":
        yield share_block(part, _options(part))
        yield from (share_block(part, net) for net in _nets(part))
    if kind in ("scale", "numeric"):
        yield _means(part)
        yield _medians(part)
    if kind == "scale":
        rows = np.arange(len(part.n))
        yield _block(part, rows, "mode", part.values[part.w.argmax(axis=1)])


def _options(part: Slice) -> Shares:
    """The share of every option that the wave offered."""
    shown = part.batch.shown[part.question]
    p = part.w / part.W[:, None]
    variance = part.spread.of_shares(p, part.W)
    # What was not offered is behind all that was.
    rank = ranks(np.where(shown, p, -1))
    row, value = np.nonzero(shown)
    of = part.question[row], value
    items, terms = part.batch.items[of], part.batch.terms[of]
    sums = part.count[shown], p[shown], variance[shown]
    return Shares(row, items, terms, *sums, rank[shown])


def _nets(part: Slice) -> Iterator[Shares]:
    """The first net of every question, the second, and so on."""
    ids = np.array([q.id for q in part.batch.questions], dtype=object)
    for y, code in nets_of(part.batch):
        counted = y[part.question]
        p = (part.w * counted).sum(axis=1) / part.W
        variance = part.spread.of_means(counted, p, part.W)
        count = (part.count * counted).sum(axis=1)
        row = np.flatnonzero(code[part.question] != "")
        own = part.question[row]
        sums = count[row], p[row], variance[row]
        yield Shares(row, ids[own], code[own], *sums, np.nan)


def nets_of(batch: Batch) -> Iterator[tuple[Floats, Texts]]:
    """The first net of every question, the second, and so on.

    Which values are in it (questions × values, 0 or 1), and its code: empty for a
    question that has no such net.
    """
    nets = [
        [n for n in q.nets if any(q.option(c).offered(batch.wave) for c in n.of)]
        for q in batch.questions
    ]
    for i in range(max(map(len, nets))):
        y = np.zeros(batch.shown.shape)
        code = np.full(len(nets), "", dtype=object)
        for q in (q for q in range(len(nets)) if len(nets[q]) > i):
            net, code[q] = nets[q][i], nets[q][i].code
            y[q] = np.isin(batch.terms[q], net.of)
        yield y, code


def share_block(part: Slice, shares: Shares) -> Columns:
    row, p, variance = shares.row, shares.p, shares.variance
    n, se = part.n[row], np.sqrt(variance)
    n_eff, deff = _precision(part, row, p, se)
    low, high = intervals.share_interval(intervals.DEFAULT, p, se, n, part.df)
    return _block(
        part,
        row,
        "share",
        p,
        item=shares.item,
        term=shares.term,
        se=se,
        low=low,
        high=high,
        count=shares.count,
        n_eff=n_eff,
        deff=deff,
        rank=shares.rank,
        method=intervals.DEFAULT,
        caution=share_cautions(p, se, part.n, row, part.df),
    )


def _precision(part: Slice, row: Ints, p: Floats, se: Floats) -> tuple[Floats, Floats]:
    """Effective n and design effect of shares.

    p(1-p)/se² and, as in R, se² over p(1-p)/(n-1). Where everyone or no one is in the
    share these say nothing and Kish's (1965) for the weights stand in. A share that
    weighting fixed has a design effect of 0 and no effective n.
    """
    n, kish = part.n[row], part.W[row] ** 2 / part.W2[row]
    n_eff = intervals.share_effective_n(p, se, kish)
    with np.errstate(divide="ignore", invalid="ignore"):
        deff = np.where(intervals.extreme(p), n / n_eff, (n - 1) / n_eff)
    return np.where(np.isinf(n_eff), np.nan, n_eff), deff


def _means(part: Slice) -> Columns:
    mean = (part.w * part.values).sum(axis=1) / part.W
    y = np.broadcast_to(part.values, part.w.shape)
    variance = part.spread.of_means(y, mean, part.W)
    se = np.sqrt(variance)
    low, high = intervals.mean_interval(mean, se, part.df)
    with np.errstate(divide="ignore", invalid="ignore"):
        simple = population_variance(part.values, part.w, part.n) / part.n
        deff = variance / simple
        n_eff = np.where(deff > 0, part.n / deff, np.nan)
    return _block(
        part,
        np.arange(len(part.n)),
        "mean",
        mean,
        se=se,
        low=low,
        high=high,
        n_eff=n_eff,
        deff=deff,
        method="t",
    )


def _medians(part: Slice) -> Columns:
    """Medians, with Woodruff's (1952) interval: that of the share below, read back."""
    median = quantile(part.values, part.w, np.array(0.5))
    below = (part.values <= median[:, None]).astype(float)
    p = (part.w * below).sum(axis=1) / part.W
    se = np.sqrt(part.spread.of_means(below, p, part.W))
    ends = intervals.mean_interval(p, se, part.df)
    low, high = (quantile(part.values, part.w, np.clip(end, 0, 1)) for end in ends)
    rows = np.arange(len(part.n))
    return _block(part, rows, "median", median, low=low, high=high, method="woodruff")


def _block(
    part: Slice, row: Ints, statistic: str, estimates: Floats, **given: Any
) -> Columns:
    """Columns of one statistic; `row` is the slice's row of each estimate."""
    ids = np.array([q.id for q in part.batch.questions], dtype=object)
    question = ids[part.question[row]]
    columns: dict[str, Any] = {
        "wave": part.batch.wave,
        "question": question,
        "item": question,
        "statistic": statistic,
        "by": part.by,
        "domain": part.domain[row],
        "estimate": estimates,
        "n": part.n[row],
        "n_weighted": part.W[row],
        "n_kish": part.W[row] ** 2 / part.W2[row],
        "df": part.df,
    } | given
    empty = dict.fromkeys(TEXTS, "") | dict.fromkeys(NUMBERS, np.nan)
    return {
        name: _column(columns.get(name, nothing), len(row), text=name in TEXTS)
        for name, nothing in empty.items()
    }


def _column(given: Any, size: int, *, text: bool) -> NDArray[Any]:
    """`given` as a column, to be read only: what is repeated is kept once."""
    column = np.asarray(given, dtype=object if text else float)
    return np.broadcast_to(column, size)
