"""The estimate stage: answers and weights → estimates.parquet, one tidy row each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.definition import Survey
from pipeline.estimates.cube import Slice, cube
from pipeline.estimates.formulas import (
    effective_n,
    mean_variance,
    quantile,
    ranks,
    share_variance,
    wilson,
)
from pipeline.warehouse import build_warehouse, connect, write_parquet

if TYPE_CHECKING:
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
    build_warehouse(build)
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
        yield _block(part, "median", quantile(part.values, part.w, 0.5))
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
    sums = [a[:, offered] for a in (part.count, part.w, part.w2)]
    return _share_block(part, items, codes, *sums, rank=True)


def _nets(part: Slice) -> Iterator[Columns]:
    codes = [o.code for o in part.question.choices if not o.missing]
    for net in part.question.nets:
        of = [codes.index(code) for code in net.of]
        if not any(part.question.option(code).offered(part.wave) for code in net.of):
            continue
        sums = [
            a[:, of].sum(axis=1, keepdims=True) for a in (part.count, part.w, part.w2)
        ]
        yield _share_block(part, [part.question.id], [net.code], *sums, rank=False)


def _share_block(
    part: Slice,
    items: list[str],
    terms: list[str],
    count: Any,
    w: Any,
    w2: Any,
    *,
    rank: bool,
) -> Columns:
    W, W2 = part.W[:, None], part.W2[:, None]
    p = w / W
    variance = share_variance(p, w2, W, W2, part.respondents)
    n_eff = effective_n(p, variance, W, W2)
    low, high = wilson(p, n_eff)
    k = len(terms)
    return _block(
        part,
        "share",
        p.ravel(),
        item=np.tile(items, len(part.domains)),
        term=np.tile(terms, len(part.domains)),
        repeat=k,
        se=np.sqrt(variance).ravel(),
        low=low.ravel(),
        high=high.ravel(),
        count=count.ravel(),
        n_eff=n_eff.ravel(),
        deff=(part.n[:, None] / n_eff).ravel(),
        rank=ranks(p).ravel() if rank else np.nan,
        method="wilson",
    )


def _means(part: Slice) -> Columns:
    from scipy.special import stdtrit

    mean = (part.w * part.values).sum(axis=1) / part.W
    se = np.sqrt(mean_variance(mean, part.values, part.w2, part.W, part.respondents))
    half = stdtrit(part.respondents - 1, 0.975) * se
    return _block(
        part,
        "mean",
        mean,
        se=se,
        low=mean - half,
        high=mean + half,
        n_eff=part.W**2 / part.W2,
        deff=part.n * part.W2 / part.W**2,
        method="t",
    )


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
        "estimate": estimates,
        "n": np.repeat(part.n, repeat),
        "n_weighted": np.repeat(part.W, repeat),
        "df": float(part.respondents - 1),
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
    for name in HIDDEN:
        table[name][small] = np.nan


def _write(table: Columns, path: Path) -> None:
    con = connect()
    con.register("rows", table)
    order = ", ".join(
        f'"{n}"'
        for n in ("wave", "question", "statistic", "by", "domain", "item", "term")
    )
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
        f"SELECT {', '.join(chr(34) + n + chr(34) for n in TEXTS[:7])}, {numbers},"
        f' "method", "flag" FROM (SELECT {texts}, {nan} FROM rows) ORDER BY {order}',
        path,
    )
