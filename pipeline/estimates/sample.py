"""A sample in DuckDB: its design, and the sums that estimates are made of.

One SQL statement adds up the weights of each *pattern* (a combination of the columns
asked for) in each sampling unit; everything after that works on the sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from pipeline.design import Design, Replicates
from pipeline.errors import DataError
from pipeline.estimates.frame import (
    EVERYONE,
    codes,
    frame_of,
    places,
    read,
    with_implied_weight,
)
from pipeline.estimates.variance import Frame, Sums, replicate, taylor
from pipeline.warehouse import statement

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Columns = dict[str, NDArray[Any]]


class Calibration(msgspec.Struct, frozen=True):
    """What the weights were fitted to, by SQL expressions.

    Variances are of residuals on `columns` (numbers; Deville & Särndal 1992, 3.4). The
    regression weighs respondents by `regress`: the weight before for GREG and
    post-stratification, 1 for raking (as R's `survey` does). `weight` is the fitted
    weight, if what is used now was trimmed since.
    """

    columns: tuple[str, ...]
    regress: str = "1"
    weight: str = ""


class Patterns(msgspec.Struct, frozen=True):
    """The distinct combinations of some columns, with sums over those who have them.

    Arrays are (patterns,): each of `columns`, the count `n`, `w` = Σw and `w2` = Σw².
    `replicates` (R × patterns) is empty without replicate weights.
    """

    columns: Columns
    n: Floats
    w: Floats
    w2: Floats
    df: float
    replicates: Floats
    spread: Callable[[Floats], Floats]

    def covariance(
        self, theta: Callable[[Floats], Floats], influence: Floats
    ) -> Floats:
        """Covariance (p × p) of an estimate, by replicates if the design has them.

        `theta` maps weights (… × patterns) to estimates (… × p); `influence` is its
        linearisation (patterns × p): the change of θ per unit of weight.
        """
        if len(self.replicates):
            return self.spread(
                np.vstack([theta(self.w[None, :]), theta(self.replicates)])
            )
        return self.spread(influence)


class Sample:
    """Respondents in a table (what may stand after FROM), their weights and design."""

    def __init__(
        self,
        con: DuckDBPyConnection,
        table: str,
        design: Design,
        weight: str = "",
        calibration: Calibration | None = None,
    ) -> None:
        self.con, self.design, self.calibration = con, design, calibration
        self.table, weight = (
            (table, weight) if weight else with_implied_weight(table, design)
        )
        self.weight = _squared_safely(con, self.table, weight)

    @cached_property
    def frame(self) -> Frame:
        """The units of the whole sample."""
        return frame_of(self.con, self.table, self.design, self.weight)

    def df(self, where: str = EVERYONE) -> float:
        """Degrees of freedom: primary units less strata that have anyone in `where`.

        The rule for every estimate is that of the full sample, as R's `degf`. With
        replicates it is what the design states, else one less than there are.
        """
        replicates = self.design.replicates
        if replicates is not None:
            return float(replicates.df or len(self.replicate_columns) - 1)
        if where == EVERYONE:
            return self.frame.df
        part = f"(SELECT * FROM {self.table} WHERE {where})"
        return frame_of(self.con, part, self.design, self.weight).df

    @cached_property
    def units(self) -> Columns:
        """The stratum and clusters of each unit of the frame, u0 …"""
        return read(self.con, self.table, self.design, self.weight)

    @cached_property
    def replicate_columns(self) -> tuple[str, ...]:
        """The columns of the replicate weights; `rep*` names all that begin so."""
        replicates = self.design.replicates
        if replicates is None:
            return ()
        if not isinstance(replicates.columns, str):
            return replicates.columns
        start = replicates.columns.removesuffix("*")
        rows = self.con.execute(f"DESCRIBE SELECT * FROM {self.table}").fetchall()
        found = tuple(row[0] for row in rows if row[0].startswith(start))
        if not found:
            raise DataError(
                f"no column begins with '{start}'",
                where="design.replicates.columns",
                remedy="Name the columns of the replicate weights.",
            )
        return found

    def patterns(self, columns: Sequence[str], where: str = EVERYONE) -> Patterns:
        """The combinations of `columns` (SQL expressions) among rows where `where`.

        With a calibration one combination may be listed several times.
        """
        if self.design.replicates is not None:
            return self._replicated(columns, where)
        fitted = self.calibration
        if fitted is None:
            rows = self._rows(columns, where)
            pattern, values = _distinct(rows, len(columns))
            chosen = np.ones(len(np.unique(pattern)), dtype=bool)
        else:
            # Those outside a domain have residuals too: they stay, with u = 0.
            kept = [f"CASE WHEN {where} THEN {c} END" for c in columns]
            inside = f"CASE WHEN {where} THEN 1 ELSE 0 END"
            rows = self._rows([*kept, inside, *fitted.columns], EVERYONE)
            pattern, values = _distinct(rows, len(columns) + 1 + len(fitted.columns))
            chosen = values[len(columns)] == 1
        size = len(chosen)
        sums = _sums(rows, pattern, self.located(rows))
        x = (
            None
            if fitted is None
            else np.column_stack([v.astype(float) for v in values[len(columns) + 1 :]])
        )
        fit = None if x is None else _fit(x, pattern, rows)

        def spread(u: Floats) -> Floats:
            everyone = np.zeros((size, u.shape[1]))
            everyone[chosen] = u
            explained = np.zeros_like(everyone) if fit is None else fit(everyone)
            return taylor(self.frame, sums, everyone, explained)

        n, w, w2 = (
            np.bincount(pattern, rows[k].astype(float), size)[chosen].astype(float)
            for k in ("n", "w", "w2")
        )
        named = {c: v[chosen] for c, v in zip(columns, values, strict=False)}
        return Patterns(named, n, w, w2, self.df(), np.empty((0, len(w))), spread)

    def _replicated(self, columns: Sequence[str], where: str) -> Patterns:
        design = self.design.replicates
        assert design is not None
        names = self.replicate_columns
        more = [f"CAST(SUM({c}) AS DOUBLE) AS r{i}" for i, c in enumerate(names)]
        rows = self._rows(columns, where, more)
        values = [rows[f"c{i}"] for i in range(len(columns))]
        replicates = np.array([rows[f"r{i}"] for i in range(len(names))], dtype=float)
        rscales = rscales_of(design, len(names))

        def spread(theta: Floats) -> Floats:
            full, values = theta[0], theta[1:]
            return replicate(values, full, design.scale, rscales, mse=design.mse)

        n, w, w2 = (rows[k].astype(float) for k in ("n", "w", "w2"))
        named = dict(zip(columns, values, strict=True))
        return Patterns(named, n, w, w2, self.df(), replicates, spread)

    def _rows(
        self, columns: Sequence[str], where: str, more: Sequence[str] = ()
    ) -> Columns:
        """The grouped sums: columns c0 …, the places u0 …, and the sums."""
        at = [] if self.design.replicates is not None else places(self.design)
        keys = [f"{c} AS c{i}" for i, c in enumerate(columns)]
        keys += [f"{c} AS u{i}" for i, c in enumerate(at)]
        query = statement("patterns").format(
            columns=", ".join(keys) or "1 AS k",
            sums=", ".join([*self._sums(), *more]),
            table=self.table,
            weight=self.weight,
            where=where,
            keys=", ".join(k.rsplit(" AS ", 1)[1] for k in keys) or "k",
        )
        rows: Columns = self.con.execute(query).fetchnumpy()  # type: ignore[assignment]
        return {k: _plain(v) for k, v in rows.items()}

    def _sums(self) -> list[str]:
        w, fitted = self.weight, self.calibration
        wanted = {"w": w, "w2": f"{w} * {w}"}
        if fitted is not None:
            p = fitted.weight or w
            ratio = f"{w} / {p}" if fitted.weight else "1"
            wanted["q"] = fitted.regress
            wanted["qw"] = f"({fitted.regress}) * ({ratio})"
            if fitted.weight:
                wanted |= {"p": p, "wp": f"{w} * {p}", "p2": f"{p} * {p}"}
        return [f"CAST(SUM({sql}) AS DOUBLE) AS {name}" for name, sql in wanted.items()]

    def located(self, rows: Columns) -> Ints:
        """The place in the frame of rows with u0 …: their stratum, or finest unit."""
        names = [f"u{i}" for i in range(len(places(self.design)))]
        known = self.units
        both = [np.concatenate([known[n], rows[n]]) for n in names]
        code = codes(both)
        size = len(known["u0"])
        place = np.empty(code.max() + 1, dtype=np.int64)
        place[code[:size]] = np.arange(size)
        return place[code[size:]]


def rscales_of(given: Replicates, count: int) -> Floats:
    """The factor of each of `count` replicates; one may stand for all."""
    if len(given.rscales) not in (1, count):
        raise DataError(
            f"{len(given.rscales)} factors for {count} replicate weights",
            where="design.replicates.rscales",
            remedy="Give one for all of them, or one for each.",
        )
    return np.broadcast_to(np.asarray(given.rscales, dtype=float), (count,))


def _squared_safely(con: DuckDBPyConnection, table: str, weight: str) -> str:
    """`weight` as a type that holds its square: others would overflow."""
    kind = con.execute(f"DESCRIBE SELECT {weight} AS w FROM {table}").fetchall()[0][1]
    if kind == "DOUBLE" or (
        kind.startswith("DECIMAL(") and int(kind[8:-1].split(",")[0]) <= 9
    ):
        return weight
    return f"CAST({weight} AS DOUBLE)"


def _distinct(rows: Columns, count: int) -> tuple[Ints, list[NDArray[Any]]]:
    """The pattern of each row, and the columns' values of each pattern."""
    columns = [rows[f"c{i}"] for i in range(count)]
    pattern = codes(columns or [np.zeros(len(rows["n"]))])
    _, first = np.unique(pattern, return_index=True)
    return pattern, [c[first] for c in columns]


def _sums(rows: Columns, pattern: Ints, unit: Ints) -> Sums:
    w, w2 = rows["w"], rows["w2"]
    p, wp, p2 = (rows.get(k, d) for k, d in (("p", w), ("wp", w2), ("p2", w2)))
    return Sums(pattern, unit, w, w2, p, wp, p2)


def _fit(x: Floats, pattern: Ints, rows: Columns) -> Callable[[Floats], Floats]:
    """What `x` (patterns × m) explains of linearised values, by weighted regression."""
    q, qw = (np.bincount(pattern, rows[k], len(x))[:, None] for k in ("q", "qw"))
    root = np.sqrt(q)
    scaled = root * x / np.sqrt((q * x**2).sum(axis=0))
    basis, size, _ = np.linalg.svd(scaled, full_matrices=False)
    # Margins add up to the same total, so x has fewer dimensions than columns.
    basis = basis[:, size > size[0] * 1e-10]

    def explained(u: Floats) -> Floats:
        found: Floats = basis @ (basis.T @ (u * (qw / root))) / root
        return found

    return explained


def _plain(column: NDArray[Any]) -> NDArray[Any]:
    """A column without a mask: a missing text is empty, a missing number NaN."""
    if not np.ma.isMaskedArray(column) or not np.ma.is_masked(column):
        return np.ma.getdata(column)
    empty = "" if column.dtype == object else np.nan
    kept = column if column.dtype == object else column.astype(float)
    return np.ma.filled(kept, empty)
