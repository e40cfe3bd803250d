"""The estimate stage: answers and weights → estimates.parquet, one tidy row each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.definition import Survey
from pipeline.estimates import intervals, presentation
from pipeline.estimates.cube import Slice, cube
from pipeline.estimates.formulas import (
    effective_n,
    population_variance,
    quantile,
    ranks,
)
from pipeline.warehouse import build_warehouse, connect, write_parquet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Columns = dict[str, Any]

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
    "deff",
    "df",
    "rank",
)
HIDDEN = tuple(name for name in NUMBERS if name != "df")


def estimate(survey: Survey, build: Path, progress: Callable[[str], None]) -> None:
    """Write estimates.parquet and the warehouse it was made from."""
    progress("sums")
    build_warehouse(survey, build)
    con = connect(build / "warehouse.duckdb", read_only=True)
    blocks = [block for part in cube(con, survey) for block in _blocks(part)]
    con.close()
    progress(f"{sum(len(b['estimate']) for b in blocks)} estimates")
    table = {
        name: np.concatenate([b[name] for b in blocks]) for name in (*TEXTS, *NUMBERS)
    }
    _suppress(table, survey.min_base)
    _write(table, build / "estimates.parquet")


def _blocks(part: Slice) -> Iterator[Columns]:
    kind = part.question.kind
    if kind != "numeric":
        yield _shares(part)
        yield from _nets(part)
    if kind in ("scale", "numeric"):
        yield _means(part)
        yield _medians(part)
    if kind == "scale":
        yield _block(part, "mode", part.values[part.w.argmax(axis=1)])


def _shares(part: Slice) -> Columns:
    question = part.question
    options = [o for o in question.choices if not o.missing]
    offered = [i for i, o in enumerate(options) if o.offered(part.wave)]
    codes = [options[i].code for i in offered]
    items = list(question.items(part.wave))
    if question.kind != "select-all":
        items = items * len(codes)
    p = part.w / part.W[:, None]
    variance = part.spread.of_shares(p, part.W)
    return _share_block(
        part,
        items,
        codes,
        part.count[:, offered],
        p[:, offered],
        variance[:, offered],
        rank=True,
    )


def _nets(part: Slice) -> Iterator[Columns]:
    codes = [o.code for o in part.question.choices if not o.missing]
    for net in part.question.nets:
        of = [codes.index(code) for code in net.of]
        if not any(part.question.option(code).offered(part.wave) for code in net.of):
            continue
        y = np.zeros(part.w.shape)
        y[:, of] = 1
        p = part.w[:, of].sum(axis=1) / part.W
        variance = part.spread.of_means(y, p, part.W)
        count = part.count[:, of].sum(axis=1)
        columns = (a[:, None] for a in (count, p, variance))
        yield _share_block(part, [part.question.id], [net.code], *columns, rank=False)


def _share_block(
    part: Slice,
    items: list[str],
    terms: list[str],
    count: Floats,
    p: Floats,
    variance: Floats,
    *,
    rank: bool,
) -> Columns:
    n_eff = effective_n(p, variance, part.W[:, None], part.W2[:, None])
    se, n = np.sqrt(variance), part.n[:, None]
    low, high = intervals.share_interval(intervals.DEFAULT, p, se, n, part.df)
    caution = presentation.codes(presentation.present_shares(p, se, n, part.df).flags)
    k = len(terms)
    return _block(
        part,
        "share",
        p.ravel(),
        item=np.tile(items, len(part.domains)),
        term=np.tile(terms, len(part.domains)),
        repeat=k,
        se=se.ravel(),
        low=low.ravel(),
        high=high.ravel(),
        count=count.ravel(),
        n_eff=n_eff.ravel(),
        deff=(n / n_eff).ravel(),
        rank=ranks(p).ravel() if rank else np.nan,
        method=intervals.DEFAULT,
        caution=caution.ravel(),
    )


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
    return _block(part, "median", median, low=low, high=high, method="woodruff")


def _block(
    part: Slice, statistic: str, estimates: Any, *, repeat: int = 1, **given: Any
) -> Columns:
    """Columns of one statistic; what is not given is empty."""
    size = len(estimates)
    columns: Columns = {
        "wave": part.wave,
        "question": part.question.id,
        "item": part.question.id,
        "statistic": statistic,
        "term": "",
        "by": part.by,
        "domain": np.repeat(np.array(part.domains, dtype=object), repeat),
        "method": "",
        "flag": "",
        "reason": "",
        "caution": "",
        "estimate": estimates,
        "n": np.repeat(part.n, repeat),
        "n_weighted": np.repeat(part.W, repeat),
        "df": part.df,
    }
    columns.update(given)
    return {
        name: np.broadcast_to(np.asarray(columns.get(name, np.nan)), size).astype(
            object if name in TEXTS else float
        )
        for name in (*TEXTS, *NUMBERS)
    }


def _suppress(table: Columns, min_base: int) -> None:
    """Hide every estimate on a base under the minimum, here and so everywhere."""
    small = table["n"] < min_base
    table["flag"][small] = "suppressed"
    table["reason"][small] = f"fewer than {min_base} answered"
    table["caution"][small] = ""
    for name in HIDDEN:
        table[name][small] = np.nan


def _write(table: Columns, path: Path) -> None:
    con = connect()
    con.register("rows", table)
    keys = ("wave", "question", "statistic", "by", "domain", "item", "term")
    order = _quoted(keys)
    numbers = ", ".join(
        f'CAST("{n}" AS BIGINT) AS "{n}"' if n in ("n", "count", "rank") else f'"{n}"'
        for n in NUMBERS
    )
    nan = ", ".join(
        f"nullif({n}, 'NaN'::DOUBLE) AS {n}" for n in (f'"{m}"' for m in NUMBERS)
    )
    texts = ", ".join(f'CAST("{n}" AS VARCHAR) AS "{n}"' for n in TEXTS)
    write_parquet(
        con,
        f"SELECT {_quoted(TEXTS[:7])}, {numbers}, {_quoted(TEXTS[7:])}"
        f" FROM (SELECT {texts}, {nan} FROM rows) ORDER BY {order}",
        path,
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
