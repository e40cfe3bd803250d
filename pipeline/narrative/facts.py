"""Estimates in memory, and the facts that sentences rest on.

One load of the Parquet files into dictionaries; every look-up after that is a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import TypeVar

import msgspec

from pipeline.definition import Question, Survey
from pipeline.report import Fact
from pipeline.warehouse import parquet, reader
from pipeline.wording import number, ordinal, percent, rating

Group = tuple[str, str, str, str]  # wave, question, by, domain
Answer = tuple[str, str]  # statistic, term
Change = tuple[str, str, str, str, str, str]  # wave, question, statistic, term, …
Pair = tuple[str, str, str, str, str, str]  # wave, question, term, by, two domains
# Rules of the NCHS by which a share is not shown, or looked at first; see
# estimates/presentation.py. A complement that is imprecise is another share's trouble.
DOUBTS = frozenset(("small", "no-interval", "wide", "vague", "all-or-none"))
T = TypeVar("T", "Row", "Trend")


def doubtful(caution: str) -> bool:
    """Whether a presentation rule that applies says that an estimate is not precise."""
    return not DOUBTS.isdisjoint(caution.split())


class Row(msgspec.Struct, frozen=True):
    """A row of `estimates.parquet`, as far as text needs it."""

    wave: str
    question: str
    item: str
    statistic: str
    term: str
    by: str
    domain: str
    estimate: float | None
    se: float | None
    low: float | None
    high: float | None
    n: int | None
    n_weighted: float | None
    n_eff: float | None
    rank: int | None
    caution: str = ""
    n_kish: float | None = None
    df: float | None = None

    @property
    def certain(self) -> bool:
        """Whether it is precise enough to stand for a whole range of cells."""
        return not doubtful(self.caution)

    @property
    def shown(self) -> bool:
        """Whether the estimate may be published: it exists and is not suppressed."""
        return self.estimate is not None


class Trend(msgspec.Struct, frozen=True):
    """A row of `trends.parquet`, as far as text needs it."""

    question: str
    statistic: str
    term: str
    by: str
    domain: str
    wave_from: str
    wave_to: str
    difference: float | None
    p_value: float | None
    comparable: bool
    reason: str
    se: float | None = None


class Estimates(msgspec.Struct, frozen=True):
    """Every estimate that a report may speak of, by what it is about."""

    groups: Mapping[Group, Mapping[Answer, Row]]
    trends: Mapping[Change, Trend]
    covariances: Mapping[Pair, float] = {}

    def covariance(self, one: Row, other: Row) -> float:
        """That of one share in two domains; of crossed ones it is not kept: 0.

        Of everyone and a domain it is the domain's part of the weight in its variance.
        """
        if other.by == "" != one.by:
            part = (one.n_weighted or 0.0) / (other.n_weighted or 1.0)
            return part * (one.se or 0.0) ** 2
        ends = sorted((one.domain, other.domain))
        key = (one.wave, one.question, one.term, one.by, ends[0], ends[1])
        return self.covariances.get(key, 0.0)

    def group(
        self, wave: str, question: str, by: str = "", domain: str = ""
    ) -> Mapping[Answer, Row]:
        """All estimates of one question among one domain."""
        return self.groups.get((wave, question, by, domain), {})

    def row(
        self,
        wave: str,
        question: str,
        statistic: str,
        term: str = "",
        by: str = "",
        domain: str = "",
    ) -> Row | None:
        """One estimate, or nothing where it is missing or suppressed."""
        row = self.group(wave, question, by, domain).get((statistic, term))
        return row if row is not None and row.shown else None

    def trend(
        self,
        wave: str,
        question: str,
        statistic: str,
        term: str,
        by: str = "",
        domain: str = "",
    ) -> Trend | None:
        """The change up to `wave` from the wave before, where both are there."""
        return self.trends.get((wave, question, statistic, term, by, domain))


def load_estimates(build: Path, *, crossed: bool) -> Estimates:
    """Read a build's estimates; those of crossed dimensions only if asked for.

    Crosses are nine in ten rows, and few reports speak of them. What was read is kept
    in memory until the files change.
    """
    files = ("estimates", "trends", "covariances")
    paths = [build / f"{name}.parquet" for name in files]
    ages = (p.stat().st_mtime_ns if p.is_file() else 0 for p in paths)
    return _load(*zip(paths, ages, strict=True), crossed)


@lru_cache(maxsize=2)
def _load(
    estimates: tuple[Path, int],
    trends: tuple[Path, int],
    covariances: tuple[Path, int],
    crossed: bool,
) -> Estimates:
    groups: dict[Group, dict[Answer, Row]] = {}
    for row in _read(estimates[0], Row, crossed):
        key = (row.wave, row.question, row.by, row.domain)
        groups.setdefault(key, {})[row.statistic, row.term] = row
    changes: dict[Change, Trend] = {}
    for change in _read(trends[0], Trend, crossed) if trends[1] else ():
        about = (change.question, change.statistic, change.term)
        where = (change.by, change.domain)
        known = changes.get((change.wave_to, *about, *where))
        if known is None or known.wave_from < change.wave_from:
            changes[change.wave_to, *about, *where] = change
    links = _covariances(covariances[0]) if covariances[1] else {}
    return Estimates(groups=groups, trends=changes, covariances=links)


def _covariances(path: Path) -> dict[Pair, float]:
    rows = reader().execute(
        'SELECT wave, question, term, "by", least(first, second),'
        f" greatest(first, second), covariance FROM {parquet(path)}"
        " WHERE covariance <> 0"
    )
    return {row[:6]: row[6] for row in rows.fetchall()}


def _read(path: Path, kind: type[T], crossed: bool) -> list[T]:
    names = kind.__struct_fields__
    columns = ", ".join(f'"{name}"' for name in names)
    only = "" if crossed else """ WHERE "by" NOT LIKE '%*%'"""
    rows = reader().execute(f"SELECT {columns} FROM {parquet(path)}{only}").fetchall()
    tidy = [dict(zip(names, row, strict=True)) for row in rows]
    return msgspec.convert(tidy, list[kind])  # type: ignore[valid-type]


def domains(survey: Survey, by: str) -> tuple[str, ...]:
    """The domains of `by` (a dimension, or two joined by `*`), in order."""
    codes = [[g.code for g in survey.domains(part)] for part in by.split("*")]
    return tuple("*".join(parts) for parts in product(*codes))


def fact_of(row: Row, question: Question, base: str, label: str) -> Fact:
    """A published value with its lineage; the row must be one that may be shown."""
    assert row.estimate is not None
    display, interval = displayed(row, question)
    return Fact(
        id=fact_id(row),
        wave=row.wave,
        question=row.question,
        item=row.item,
        term=row.term,
        statistic=row.statistic,
        by=row.by,
        domain=row.domain,
        estimate=row.estimate,
        low=row.low,
        high=row.high,
        n=row.n or 0,
        display=display,
        base=base,
        label=label,
        interval=interval,
    )


def place_of(row: Row, question: Question, base: str, label: str, place: int) -> Fact:
    """The place of an option among those that may have one, as a fact of its own."""
    share = fact_of(row, question, base, label)
    return msgspec.structs.replace(
        share,
        id=f"{share.id}.rank",
        statistic="rank",
        estimate=float(place),
        low=None,
        high=None,
        display=ordinal(place),
        interval="",
    )


def fact_id(row: Row) -> str:
    """A readable key: `2025.ai_use.share.yes.industry=it`."""
    where = f"{row.by}={row.domain}" if row.by else ""
    parts = (row.wave, row.question, row.statistic, row.term, where)
    return ".".join(part for part in parts if part)


def displayed(row: Row, question: Question) -> tuple[str, str]:
    """How a value and its interval are printed."""
    value, ends = row.estimate, (row.low, row.high)
    assert value is not None
    if row.statistic == "share":
        shown = [percent(value), *(percent(e) for e in ends if e is not None)]
    elif row.statistic == "mode":
        return rating(value, question.scale), ""
    else:
        edges = (number(e) for e in ends if e is not None)
        shown = [rating(value, question.scale, digits=1), *edges]
    interval = f"{shown[1]} to {shown[2]}" if len(shown) == 3 else ""
    return shown[0], interval
