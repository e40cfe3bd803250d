"""The unknowns of an audit, and all that is known of them.

The unknowns are how many respondents gave each combination of answers to the
dimensions' questions; every published base is an equation in them, and the least
and the most of a hidden base are two linear programs (the attacker's problems of
Fischetti and Salazar 2000; see Hundepool et al. 2012).

An outsider also knows that a domain without a row is empty; that a hidden base is no
smaller than a published one of a question that only its respondents were asked; and,
from the toplines of the dimensions' questions, how many are in no domain of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import product
from math import ceil, floor, inf, prod
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from pipeline.definition import Survey
from pipeline.errors import DataError
from pipeline.estimates.suppression import SPAN, parts

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

Domain = tuple[str, str]
Bases = Mapping[Domain, int | None]
TOLERANCE = 1e-5
MOST = 20_000
UNBOUNDED = 3


class Bound(msgspec.Struct, frozen=True):
    """The least and the most that a hidden base can be, and whether that is safe.

    With a `term` it is of how many gave that answer (`audit_answers`). A base is safe
    if they lie half the minimum base apart, if what is left of any published
    domain that it is part of covers the minimum base, and if no crosstab the other way
    round tells its answers (industry by role, where role by industry is hidden). A
    crosstab that is hidden as a whole is taken to be hidden for the sake of another.
    """

    wave: str
    question: str
    by: str
    domain: str
    low: float
    high: float
    safe: bool
    term: str = ""


class Case:
    """The bases of one question in one wave, and the unknowns they are sums of.

    The first unknown is everyone. Questions whose dimensions are crossed, directly or
    through others, share unknowns: one for each combination of their options, in which
    "" stands for every other answer and for none. If there were too many, each cross
    has its own, and they are linked by the questions they share.
    """

    def __init__(self, survey: Survey, wave: str, question: str, bases: Bases) -> None:
        self.wave, self.question, self.bases = wave, question, bases
        self.min_base = survey.min_base
        self.of = {d.id: d.question for d in survey.dimensions}
        self.codes = {
            d.id: {group.code: set(group.options) for group in survey.domains(d.id)}
            for d in survey.dimensions
        }
        self.splits = list(dict.fromkeys(by for by, _ in bases))
        self.blocks = self._linked()
        self.unknowns: list[tuple[int, dict[str, str]]] = [(-1, {})]
        for block, linked in enumerate(self.blocks):
            options = [[(q, option) for option in self._options(q)] for q in linked]
            self.unknowns += ((block, dict(answers)) for answers in product(*options))
        self.rows = {name: self._row(*name) for name in bases}

    def bounds(
        self, least: Iterable[Bases] = (), few: Mapping[str, int] | None = None
    ) -> Iterator[Bound]:
        """The bound of each hidden base, in the order of the bases.

        `least` are bases of questions that only these respondents were asked; `few` is
        how many at most are in no domain of a dimension.
        """
        limits = self.limits(least, few or {})
        left = self._left()
        for by, domain in self.hidden():
            row = self.rows[by, domain]
            low, high = self.least(row, limits), -self.least(-row, limits)
            wide = high - low >= SPAN * self.min_base - TOLERANCE
            safe = wide and left.get((by, domain), inf) >= self.min_base
            low, high = ceil(low - TOLERANCE), _floor(high)
            yield Bound(self.wave, self.question, by, domain, low, high, safe)

    def hidden(self) -> list[Domain]:
        """The domains that are hidden, but those made of the question's own answers."""
        own = [
            by for by in self.splits if self.question in {self.of[d] for d in parts(by)}
        ]
        return [
            (by, domain)
            for (by, domain), n in self.bases.items()
            if n is None and by not in own
        ]

    def _linked(self) -> list[list[str]]:
        """Questions that share unknowns."""
        linked: list[set[str]] = []
        for by in self.splits:
            questions = {self.of[d] for d in parts(by)}
            met = [group for group in linked if group & questions]
            if prod(len(self._options(q)) for q in questions.union(*met)) > MOST:
                met = []
            linked = [group for group in linked if group not in met]
            linked += [questions.union(*met)] if questions else []
        return [sorted(group) for group in linked]

    def _options(self, question: str) -> list[str]:
        named = {
            option
            for by in self.splits
            for d in parts(by)
            if self.of[d] == question
            for options in self.codes[d].values()
            for option in options
        }
        return ["", *sorted(named)]

    def _row(self, by: str, domain: str) -> Floats:
        """Which unknowns a base is the sum of."""
        if not by:
            return np.array([float(block < 0) for block, _ in self.unknowns])
        pairs = zip(parts(by), parts(domain), strict=True)
        return self._sum([(self.of[d], self.codes[d][code]) for d, code in pairs])

    def _sum(self, wanted: list[tuple[str, set[str]]], block: int = -1) -> Floats:
        """Which unknowns have these answers, in a block or the first that can tell."""
        asked = {question for question, _ in wanted}
        if block < 0:
            block = next(i for i, b in enumerate(self.blocks) if asked <= set(b))
        return np.array(
            [
                at == block and all(u[q] in options for q, options in wanted)
                for at, u in self.unknowns
            ],
            dtype=float,
        )

    def limits(self, least: Iterable[Bases], few: Mapping[str, int]) -> dict[str, Any]:
        """All that is known of the unknowns, as linprog takes it."""
        return self._equations() | self._limits(least, few)

    def links(self) -> list[tuple[Floats, int]]:
        """That blocks add up to everyone, and what they share: sums that are 0."""
        found = []
        for block, linked in enumerate(self.blocks):
            found.append((self._sum([], block) - self._row("", ""), 0))
            for q in linked:
                for one in ({option} for option in self._options(q)):
                    found.append(
                        (self._sum([(q, one)]) - self._sum([(q, one)], block), 0)
                    )
        return found

    def _equations(self) -> dict[str, Any]:
        """What is published, and how the unknowns hang together."""
        known = [
            (self.rows[name], n) for name, n in self.bases.items() if n is not None
        ]
        for by in self.splits:
            for codes in product(*(self.codes[d] for d in parts(by))):
                if (by, "*".join(codes)) not in self.bases:
                    known.append((self._row(by, "*".join(codes)), 0))
        return system("eq", known + self.links())

    def _limits(self, least: Iterable[Bases], few: Mapping[str, int]) -> dict[str, Any]:
        """What is known to be no less than a base, and no more than a few."""
        known = [
            (-self.rows[name], -n)
            for bases in least
            for name, n in bases.items()
            if name in self.rows and n is not None
        ]
        for d in (d for d in few if d in self.splits):
            named = set().union(*self.codes[d].values())
            rest = set(self._options(self.of[d])) - named
            known.append((self._sum([(self.of[d], rest)]), few[d]))
        return system("ub", known)

    def least(self, row: Floats, limits: dict[str, Any]) -> float:
        """The least that a sum of unknowns can be within the limits."""
        found = self.solved(row, limits, (0, None))
        return -inf if found is None else float(row @ found)

    def solved(self, row: Floats, limits: dict[str, Any], bounds: Any) -> Floats | None:
        """Unknowns that make a sum least; None if it has no end."""
        from scipy.optimize import linprog

        found: Any = linprog(row, **limits, bounds=bounds, method="highs")
        if found.status == UNBOUNDED:
            return None
        if not found.success:
            raise DataError(
                f"its bases contradict each other ({found.message})",
                where=f"estimates.parquet, {self.wave}, {self.question}",
            )
        unknowns: Floats = found.x
        return unknowns

    @cached_property
    def inside(self) -> Mask:
        """Whether a domain is in another: parts (columns) of wholes (rows)."""
        cells = np.array(
            [row if by else 1 + 0 * row for (by, _), row in self.rows.items()]
        )
        found: Mask = cells @ cells.T == cells.sum(axis=1)
        return found

    def _left(self) -> dict[Domain, int]:
        """The least that is left of a published domain which a hidden one is part of.

        Only parts in one split are taken away, for they do not overlap.
        """
        names, inside = list(self.rows), self.inside
        n = np.array([np.nan if v is None else v for v in self.bases.values()])
        found: dict[Domain, int] = {}
        for by in self.splits:
            mine = np.array([split == by for split, _ in names])
            for whole in np.flatnonzero(~np.isnan(n) & ~mine):
                inner = mine & inside[whole]
                left = int(n[whole] - np.nansum(n[inner]))
                for i in np.flatnonzero(inner & np.isnan(n)):
                    found[names[i]] = min(left, found.get(names[i], left))
        return found


def _floor(value: float) -> float:
    return value if value == inf else floor(value + TOLERANCE)


def system(kind: str, known: list[tuple[Floats, int]]) -> dict[str, Any]:
    """Rows and their right-hand sides as linprog takes them."""
    from scipy.sparse import csr_array

    told = [(row, n) for row, n in known if row.any()]
    if not told:
        return {}
    rows = csr_array(np.array([row for row, _ in told]))
    return {f"A_{kind}": rows, f"b_{kind}": np.array([n for _, n in told])}
