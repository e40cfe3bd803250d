"""Linear and logistic regression under a sample design, for comparisons all else equal.

fit ────── outcome and terms → Model, with a sandwich covariance
wald_test  do these terms matter? An F test of all their coefficients at once
adjusted ─ the mean at each level of a term if everybody had it, the rest as is

The coefficients β solve Σ w x (y - μ) = 0 with μ = xβ, or its logistic. One respondent
more changes them by H⁻¹ x (y - μ), H = Σ w μ' x x', and how that varies over the design
is their covariance (Binder 1983, Int. Stat. Rev. 51): R's `survey::svyglm` with
gaussian() and quasibinomial(), `regTermTest`. With replicate weights the model is
fitted to each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from scipy.special import fdtrc, stdtr

from pipeline.errors import NotFound
from pipeline.estimates import newton
from pipeline.estimates.chisq import Test
from pipeline.estimates.frame import EVERYONE
from pipeline.estimates.intervals import mean_interval
from pipeline.estimates.linear import Estimates, known
from pipeline.estimates.sample import Patterns, Sample
from pipeline.estimates.terms import Category, Key, Term, matrix, name_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Of an estimate, the standard error that rounding leaves of none.
NOTHING = 1e-12


class Model(msgspec.Struct, frozen=True, eq=False):
    """A fitted model: coefficients (p,), their covariance (p × p), n respondents.

    `keys` (p,) say of which term and level (None: a number's) each is; `df` are the
    design's, less one for each coefficient but the first. `solve` maps weights
    (R × patterns) to coefficients (R × p); `x` and `influence` are patterns × p.
    """

    family: newton.Family
    terms: tuple[Term, ...]
    keys: tuple[Key, ...]
    coefficients: Floats
    covariance: Floats
    df: float
    n: float
    patterns: Patterns
    x: Floats
    influence: Floats
    solve: Callable[[Floats], Floats]

    @property
    def names(self) -> tuple[str, ...]:
        """Term and level in one, as R writes them."""
        return tuple(map(name_of, self.keys))

    @property
    def se(self) -> Floats:
        """Standard errors (p,)."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0))

    @property
    def t(self) -> Floats:
        """Coefficients over their standard errors (p,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Floats = self.coefficients / self.se
        return found

    @property
    def p_value(self) -> Floats:
        """Two-sided p-values (p,) of Student's t; NaN without degrees of freedom."""
        df = self.df if self.df > 0 else math.nan
        return np.multiply(2, stdtr(df, -np.abs(self.t)), dtype=float)

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper ends (p,) by Student's t."""
        return mean_interval(self.coefficients, self.se, self.df, level=level)

    def at(self, term: str, level: Any = None) -> int:
        """The place of a coefficient."""
        return self.keys.index((term, level))


def fit(
    sample: Sample,
    outcome: str,
    terms: Sequence[Term],
    family: newton.Family = "linear",
    where: str = EVERYONE,
    epsilon: float = 0.0,
) -> Model:
    """Regress `outcome` (an SQL expression) on `terms` among those who answered all.

    A `logistic` outcome is 0 or 1, or a share. `epsilon` stops where the deviance
    changes by less: R does at 1e-8, before the fifth digit of some standard errors, and
    1e-8 gives R's digits. Raises `DataError` without a unique solution, saying which
    term is to blame.
    """
    columns = [outcome, *(term.sql for term in terms)]
    base = known(where, columns)
    # Where R starts, and so where it stops, depends on each respondent's weight.
    found = sample.patterns([*columns, sample.weight] if epsilon else columns, base)
    table = matrix(found, outcome, terms, family)
    names = [name_of(key) for key in table.keys]
    problem = newton.pose(table.x, table.y, found.w, names, family, epsilon)
    mean = _mean_weight(sample, where)
    start = newton.start(table.y, found.w / found.n / mean, family)
    last = newton.solve(problem, found.w / mean, start)
    solve = partial(newton.solve_each, problem, eta=last.eta)
    influence = last.influence / mean
    return Model(
        family=family,
        terms=table.terms,
        keys=table.keys,
        coefficients=last.beta,
        covariance=found.covariance(solve, influence),
        df=sample.df(base) + 1 - len(names),
        n=float(found.n.sum()),
        patterns=found,
        x=table.x,
        influence=influence,
        solve=solve,
    )


def wald_test(model: Model, terms: Sequence[str]) -> Test:
    """Are all coefficients of these terms 0? W / k as F(k, df); R's `regTermTest`."""
    labels = {term for term, _ in model.keys}
    for term in terms:
        if term not in labels:
            raise NotFound.among("term", term, labels)
    at = [i for i, (term, _) in enumerate(model.keys) if term in terms]
    return wald(model.coefficients[at], model.covariance[np.ix_(at, at)], model.df)


def wald(values: Floats, cov: Floats, df: float) -> Test:
    """Are all of `values` (k,) 0? W / k as F(k, df), W = θ'V⁻¹θ with V = `cov`."""
    k = len(values)
    size = np.sqrt(np.diag(cov))
    if df <= 0:
        reason = f"the design leaves {df:g} degrees of freedom for the test"
        return Test(math.nan, k, df, math.nan, "wald", reason)
    fixed = (size <= NOTHING * np.abs(values)).any()
    if fixed or np.linalg.cond(cov / np.outer(size, size)) > newton.SINGULAR:
        reason = "the covariance is singular: the design has too few units for the test"
        return Test(math.nan, k, df, math.nan, "wald", reason)
    f = float(values @ np.linalg.solve(cov, values)) / k
    return Test(f, k, df, float(fdtrc(k, df, f)), "wald")


def adjusted(model: Model, term: str) -> Estimates:
    """The mean at each level of a categorical term, the other terms held equal.

    Level by level everybody in the model is given that level, keeps the rest, and the
    predictions are averaged (predictive margins: Graubard & Korn 1999, Biometrics 55).
    Keys are (level,). Errors are of the coefficients and of who is averaged over, both
    at once, so that a model without other terms gives the plain means and theirs.
    """
    found, w = model.patterns, model.patterns.w
    category = _category(model, term)
    settings = [_everybody(model, term, level) for level in category.levels]

    def margins(weights: Floats) -> Floats:
        betas = model.solve(weights).T
        mu = (newton.predict(x @ betas, model.family)[0] for x in settings)
        sums = np.array([np.einsum("rp,pr->r", weights, m) for m in mu])
        means: Floats = sums / weights.sum(axis=1)
        return means.T

    values = margins(w[None, :])[0]
    influence = []
    for x, value in zip(settings, values, strict=True):
        mu, slope = newton.predict(x @ model.coefficients, model.family)
        influence.append((mu - value + model.influence @ (x.T @ (w * slope))) / w.sum())
    inside = np.array([found.columns[category.sql] == v for v in category.levels])
    return Estimates(
        keys=tuple((level,) for level in category.levels),
        values=values,
        cov=found.covariance(margins, np.column_stack(influence)),
        df=model.df,
        n=inside @ found.n,
        n_weighted=inside @ w,
        srs=np.full(len(values), np.nan),
    )


def _category(model: Model, label: str) -> Category:
    among = {t.label: t for t in model.terms if isinstance(t, Category)}
    if label not in among:
        raise NotFound.among("categorical term", label, among)
    return among[label]


def _everybody(model: Model, label: str, level: Any) -> Floats:
    """The model's `x` if everybody had this level."""
    x = model.x.copy()
    for i, key in enumerate(model.keys):
        if key[0] == label:
            x[:, i] = key[1] == level
    return x


def _mean_weight(sample: Sample, where: str) -> float:
    everyone = sample.patterns(["1"], where)
    return float(everyone.w.sum() / everyone.n.sum())
