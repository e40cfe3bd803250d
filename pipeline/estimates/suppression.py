"""Which domains may be shown: none on a small base, none that gives one away.

A domain (DevOps × IT/SaaS) that fewer than the minimum base answered is hidden with
all its answers. Domains add up, so others are hidden to protect it (complementary
suppression: Cox 1980), until two rules hold:

1. What is left of a published domain covers at least the minimum base, so no sum of
   hidden domains can be worked out that could not have been published.
2. The values of n that agree with everything published span at least half the minimum
   base, for each hidden domain: it is not known, nor nearly.

Answers add up as bases do, so what bases do not give away, counts, weights, shares and
means do not. Margins, crosses and linked tables are one thing here: a cell is a
combination of the finest options, a domain a set of cells, a published domain an
equation. Spans are certified by lines of tables that nobody can tell from the true one,
no longer than the span: they may hide too much, never too little. See also `audit`.

Not hidden: how many of each role (in each industry) took part, though it bounds n; what
the few who are in no domain answered (everyone less the domains): to hide a blank or
two, a large domain would have to go; that none or all of a large group gave an answer;
what respondents find by leaving themselves out. The reason for hiding stays
unpublished: it tells n from the minimum base.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, compress, product

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.definition import Survey

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SMALL, PROTECTS = "small base", "protects another"
Domain = tuple[str, str]
Domains = set[Domain]
Reasons = dict[Domain, str]
Columns = tuple[Sequence[str], Sequence[str], Sequence[int]]

# The second rule: how much of the minimum base the values of a hidden n must span.
SPAN = 0.5
# Of the domains that help at least this much, relative to the best, hide the smallest.
USEFUL = 0.4
# Rounded so that the last bits of a sum, which differ by machine, decide nothing.
DIGITS, ROUNDS, RIDGE = 6, 100, 1e-10
# Crosses that need more cells than this together are protected one by one.
CELLS = 5000


class Table(msgspec.Struct, frozen=True):
    """The bases of one question in one wave: n by split (`role*industry`) by domain.

    The split of everyone and its domain are "". By dimension, `options` are those each
    domain is made of, and `asked` is the question.
    """

    question: str
    bases: dict[str, dict[str, int]]
    options: dict[str, dict[str, tuple[str, ...]]]
    asked: dict[str, str]

    def questions(self, by: str) -> set[str]:
        """The questions whose answers make a split."""
        return {self.asked[d] for d in parts(by)}


def table(survey: Survey, question: str, columns: Columns) -> Table:
    """The table of one question in one wave from its rows' split, domain and n."""
    bases: dict[str, dict[str, int]] = {}
    for by, domain, n in zip(*columns, strict=True):
        bases.setdefault(by, {})[domain] = int(n)
    all_ = survey.dimensions
    options = {d.id: {g.code: g.options for g in survey.domains(d.id)} for d in all_}
    return Table(question, bases, options, {d.id: d.question for d in all_})


def parts(name: str) -> list[str]:
    """The dimensions of a split, or the codes of a domain."""
    return name.split("*") if name else []


def reasons(survey: Survey, bases: Mapping[str, Columns]) -> dict[str, list[str]]:
    """Why each base of one wave is hidden, or "": by question, in the order given.

    Who was asked a question is an answer to an earlier one (`asked`, `base`), so what
    is hidden there is hidden here: its n would be a part of that hidden base.
    """
    tables = {q: table(survey, q, columns) for q, columns in bases.items()}
    found: dict[str, Reasons] = {}
    for question in (q for q in survey.questions if q.id in tables):
        gates = [found[g] for g in (*question.asked, *question.base) if g in found]
        also = {name for gate in gates for name, why in gate.items() if why}
        found[question.id] = hide(tables[question.id], survey.min_base, also)
    for question_id, also in _reverse(tables, found).items():
        already = {name for name, why in found[question_id].items() if why}
        found[question_id] = hide(tables[question_id], survey.min_base, also | already)
    return {
        q: [found[q][name] for name in zip(by, domain, strict=True)]
        for q, (by, domain, _) in bases.items()
    }


def _reverse(tables: dict[str, Table], found: dict[str, Reasons]) -> dict[str, Domains]:
    """Domains to hide in one direction because of those hidden in the other.

    Where role by industry hides an industry, industry by role would tell its roles.
    """
    also: dict[str, Domains] = {}
    for asked, table in tables.items():
        hidden = {by for (by, _), why in found[asked].items() if why}
        for ends in map(table.questions, sorted(hidden)):
            for other in ends & tables.keys() if asked not in ends else ():
                need = ends - {other} | {asked}
                names = {n for n in found[other] if need <= table.questions(n[0])}
                also[other] = also.get(other, set()) | names
    return also


def hide(table: Table, min_base: int, also: Iterable[Domain] = ()) -> Reasons:
    """Why each domain is hidden, or "", by (split, domain).

    `also` names domains that are hidden whatever their base. A domain that nobody is in
    is no secret: it has no row in the estimates, which says so.
    """
    sizes = {(by, d): n for by, found in table.bases.items() for d, n in found.items()}
    small = {name for name, n in sizes.items() if 0 < n < min_base}
    hidden = forced = small | {name for name in also if sizes.get(name)}
    for splits in _steps(table):
        hidden = _System(table, splits).protect(hidden, forced, min_base)
    hidden = hidden | {name for name in sizes if _whole(table, name) in hidden}
    why = dict.fromkeys(sizes, "") | dict.fromkeys(hidden, PROTECTS)
    return why | dict.fromkeys(small, SMALL)


def _whole(table: Table, name: Domain) -> Domain:
    """The domain but for the question's own answers, which are counts in the rest."""
    pairs = zip(*map(parts, name), strict=True)
    kept = [(d, code) for d, code in pairs if table.asked[d] != table.question]
    return "*".join(d for d, _ in kept), "*".join(code for _, code in kept)


def _steps(table: Table) -> Iterator[list[str]]:
    """Splits to protect together: those by one question, then crosses with their ends.

    In that order, since a margin tells more than a cell and should be the last to go.
    """
    ends = {by: table.questions(by) for by in table.bases}
    mine = [by for by, questions in ends.items() if table.question not in questions]
    mine.sort(key=lambda by: len(parts(by)))
    single = sorted({q for by in mine if len(parts(by)) == 1 for q in ends[by]})
    size = {table.asked[d]: len(domains) + 1 for d, domains in table.options.items()}
    groups: list[set[str]] = []
    for one in (ends[by] for by in mine if len(parts(by)) > 1):
        met = [group for group in groups if group & one]
        met = met if np.prod([size[q] for q in one.union(*met)]) <= CELLS else []
        groups = [group for group in groups if group not in met] + [one.union(*met)]
    for questions in [*({q} for q in single), *groups]:
        yield [by for by in mine if ends[by] <= questions]


class _System:
    """Domains as sets of cells: rows of `member` are domains, columns are cells.

    Respondents in no domain of a dimension form one without a code, never published.
    How few they are may be known, though not of which role: so few are no cover.
    """

    def __init__(self, table: Table, splits: list[str]) -> None:
        names, bases, cells = zip(*_domains(table, splits), strict=True)
        n, member = np.array(bases), np.array(cells)
        live = ~member[n == 0].any(axis=0)
        self.names = list(compress(names, n))
        self.n, self.member = n[n > 0], member[n > 0][:, live].astype(float)
        self.splits = np.array([[by == s for by, _ in self.names] for s in splits])
        self.named = np.array([bool(domain) or not by for by, domain in self.names])
        # Domains of the same cells are hidden together, as dearly as the first of them.
        first: dict[bytes, int] = {}
        twins = [first.setdefault(x.tobytes(), i) for i, x in enumerate(self.member)]
        self.twin = np.array(twins)
        depth = np.array([len(parts(by)) for by, _ in self.names])[self.twin]
        self.may_go = self.named & (depth > 0)
        self.rank = np.argsort(np.lexsort((self.n, -depth)))

    def protect(self, hidden: Domains, forced: Domains, min_base: int) -> Domains:
        """The hidden domains, and more until both rules hold; the total stays."""
        shown = np.array([name not in hidden for name in self.names]) & self.named
        known = shown | ~self.named & (self.n < min_base)
        while not shown[self.named].all():
            if picks := self._short(known, min_base) or self._narrow(known, min_base):
                known[self.named & np.isin(self.twin, self.twin[picks])] = False
                continue
            # To hide what the published ones give away would protect nothing.
            idle = self._spans(known & self.named)[0] == 0
            idle &= [name not in forced for name in self.names]
            if not idle.any():
                break
            known, self.may_go = known | idle, self.may_go & ~idle
        return {*compress(self.names, ~known & self.named)} | (hidden - {*self.names})

    def _short(self, known: Mask, min_base: int) -> list[int]:
        """Domains to hide for the first rule: parts of what leaves too little."""
        wide, inner = self._parts
        left = self.n[wide] - inner @ np.where(known, self.n, 0)
        short = (left < min_base) & (inner @ (~known & self.named)) & known[wide]
        return self._chosen(inner[s, e] & known for s, e in np.argwhere(short))

    def _narrow(self, known: Mask, min_base: int) -> list[int]:
        """Domains to hide for the second rule: those that pin down too narrow ones."""
        span, pins = self._spans(known)
        pins[~(known & self.may_go)] = 0
        most = np.maximum(pins.max(axis=0), 10**-DIGITS)
        first = sorted(np.flatnonzero(span < SPAN * min_base), key=self.n.__getitem__)
        return self._chosen(pins[:, i] >= USEFUL * most[i] for i in first)

    def _chosen(self, choices: Iterable[Mask]) -> list[int]:
        """The first in rank of each choice, unless one chosen before is among it."""
        chosen: list[int] = []
        for choice in sorted((c & self.may_go for c in choices), key=np.count_nonzero):
            if choice.any() and not choice[chosen].any():
                chosen.append(int(np.where(choice, self.rank, np.inf).argmin()))
        return chosen

    @cached_property
    def _parts(self) -> tuple[Mask, Mask]:
        """Domains of several cells; splits × these × all: the parts that lie inside."""
        cells = self.member.sum(axis=1)
        wide = cells > 1
        inside = self.member[wide][:, self.member.argmax(axis=1)] > 0
        inside[:, wide] = self.member[wide] @ self.member[wide].T == cells[wide]
        return wide, self.splits[:, None] & inside

    @cached_property
    def _x(self) -> Floats:
        """A table with these bases, by iterative proportional fitting."""
        x = np.ones(self.member.shape[1])
        for _ in range(ROUNDS):
            for mine in self.splits:
                rows = self.member[mine]
                x = x * (1 + (self.n[mine] / (rows @ x) - 1) @ rows)
            if np.allclose(self.member @ x, self.n, rtol=0, atol=10**-DIGITS):
                break
        return x

    def _spans(self, known: Mask) -> tuple[Floats, Floats]:
        """A lower bound on each hidden domain's span, and how known ones pin it.

        Cells x, fitted to the known domains E, move along W (c - E'y) with c a hidden
        one, W = diag(x), y = (E W E')⁻ E W c: no E changes, and y adds them up to c.
        """
        fixed = known & (self.member.sum(axis=1) == 1)
        free = ~self.member[fixed].any(axis=0)
        rest = known & ~fixed
        E, x = self.member[rest][:, free], self._x[free]
        aim = ~known & self.named
        C = self.member[aim][:, free].T
        S = (E * x) @ E.T
        S += np.eye(len(S)) * (RIDGE * S.max(initial=1))
        off = self.n[rest] - self.member[rest] @ self._x
        y, fit = np.split(np.linalg.solve(S, np.c_[(E * x) @ C, off]), [C.shape[1]], 1)
        move = np.round(C - E.T @ y, DIGITS)
        gain = np.round(np.einsum("ct,c,ct->t", C, x, move), DIGITS)
        span = np.full(len(known), np.inf)
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = move / np.maximum(1 + E.T @ fit, 10**-DIGITS)
            ends = 1 / rate.max(axis=0, initial=0) + 1 / -rate.min(axis=0, initial=0)
            span[aim] = np.where(gain > 0, np.round(gain * ends, DIGITS), 0)
        pins = np.zeros((len(known), len(known)))
        pins[np.ix_(rest, aim)] = y
        # A known domain of one cell is no equation here: its cell is left out.
        cell = self.member[fixed].argmax(axis=1)
        pins[np.ix_(fixed, aim)] = self.member[rest][:, cell].T @ y
        return span, np.abs(np.round(pins, DIGITS))


def _domains(table: Table, splits: list[str]) -> Iterator[tuple[Domain, int, Mask]]:
    """All domains that could be, n, and cells: combinations of the finest options."""
    dims = sorted({d for by in splits for d in parts(by)})
    of = {(d, o): c for d in dims for c, os in table.options[d].items() for o in os}
    options = {"", *(o for _, o in of)}
    asked = sorted({table.asked[d] for d in dims})
    groups = [[d for d in dims if table.asked[d] == question] for question in asked]
    partitions = [
        sorted({tuple((d, of.get((d, o), "")) for d in group) for o in options})
        for group in groups
    ]
    cells = [dict(chain(*each)) for each in product(*partitions)]
    for by in splits:
        names, bases = parts(by), table.bases[by]
        codes = [list(table.options[d]) for d in names]
        if len(names) == 1:
            bases = {**bases, "": table.bases[""][""] - sum(bases.values())}
            codes[0].append("")
        at = np.array(["*".join(cell[d] for d in names) for cell in cells])
        for domain in map("*".join, product(*codes)):
            yield (by, domain), bases.get(domain, 0), at == domain
