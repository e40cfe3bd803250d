"""How often do column letters appear where nothing differs?

`python -m benchmarks.column_letters` draws pairs of columns with the same share in the
population and prints the percentage called different at .05, for each test. Weights are
lognormal with the design effect 1 + cv²; where they go with the answer, the log odds of
it move by 0.7 a standard deviation of log w, and the *weighted* share stays the same.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from scipy.special import expit, stdtr

from pipeline.estimates.comparison import pooled_z, strict_t

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SEED, TRIALS, BATCH, ALPHA = 20251, 20_000, 2_000, 0.05
SIZES = ((100, 100), (500, 500), (100, 500), (50, 400))
DEFFS = (1.1, 1.4, 2.25)
SHARES = (0.3, 0.1)
PULLS = (0.0, 0.7, -0.7)
TESTS = ("weighted z", "unweighted z", "Kish z", "Taylor t", "strict t")


class Setting(msgspec.Struct, frozen=True):
    """Two columns with `n` respondents; `pull` is how weights go with the answer."""

    n: tuple[int, int]
    deff: float
    pull: float
    share: float


class Column(msgspec.Struct, frozen=True):
    """What a column of each trial has, each (trials,): `v` is Σ w² (y-p)² / W²."""

    n: int
    w: Floats
    p: Floats
    v: Floats
    kish: Floats


def main() -> None:
    """Print the table, in per cent."""
    rng = np.random.default_rng(SEED)
    print("columns    deff share weights  " + "".join(f"{t:>13}" for t in TESTS))
    for n, deff, pull, share in product(SIZES, DEFFS, PULLS, SHARES):
        rates = false_positives(rng, Setting(n, deff, pull, share), TRIALS)
        kind = {0.0: "free", 0.7: "with", -0.7: "against"}[pull]
        head = f"{n[0]:>4}, {n[1]:<4} {deff:<4} {share:<5} {kind:<8} "
        print(head + "".join(f"{100 * rate:>13.1f}" for rate in rates.values()))


def false_positives(
    rng: np.random.Generator, setting: Setting, trials: int
) -> dict[str, float]:
    """The share of trials in which each test calls equal columns different."""
    odds = _log_odds(setting)
    called = dict.fromkeys(TESTS, 0)
    for start in range(0, trials, BATCH):
        size = min(BATCH, trials - start)
        a, b = (_column(*draw(rng, setting, odds, size, n)) for n in setting.n)
        for test, p in _p_values(a, b).items():
            called[test] += int((p < ALPHA).sum())
    return {test: count / trials for test, count in called.items()}


def draw(
    rng: np.random.Generator, setting: Setting, odds: float, trials: int, n: int
) -> tuple[Floats, Floats]:
    """Weights, of mean 1 in the population, and answers, each trials × n."""
    z = rng.normal(size=(trials, n))
    spread = np.log(setting.deff)
    w = np.exp(np.sqrt(spread) * z - spread / 2)
    y = rng.random((trials, n)) < expit(odds + setting.pull * z)
    return w, y.astype(float)


def closed_form(w: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Weighted shares and Σ w² (y-p)² / W² of each row: Taylor's but for n/(n-1)."""
    total = w.sum(axis=1)
    p: Floats = (w * y).sum(axis=1) / total
    v: Floats = ((w * (y - p[:, None])) ** 2).sum(axis=1) / total**2
    return p, v


def _column(w: Floats, y: Floats) -> Column:
    total = w.sum(axis=1)
    p, v = closed_form(w, y)
    return Column(w.shape[1], total, p, v, total**2 / (w**2).sum(axis=1))


def _p_values(a: Column, b: Column) -> dict[str, Floats]:
    """Two-sided p of each test; the two columns are all of the sample."""
    n = a.n + b.n
    p, v, e = (np.stack(x) for x in ((a.p, b.p), (a.v, b.v), (a.kish, b.kish)))
    v = v * n / (n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (a.p - b.p) / np.sqrt(v.sum(axis=0))
    return {
        "weighted z": pooled_z(a.p, b.p, a.w, b.w)[1],
        "unweighted z": pooled_z(a.p, b.p, a.n, b.n)[1],
        "Kish z": pooled_z(a.p, b.p, a.kish, b.kish, student=True)[1],
        "Taylor t": 2 * stdtr(n - 1, -np.abs(t)),
        "strict t": strict_t(p, v, e, 0.0, n - 1)[2],
    }


def _log_odds(setting: Setting) -> float:
    """Where the odds must start for the weighted share to be as asked, by bisection.

    E(w y)/E(w) is the mean of expit(odds + pull z) over z ~ N(σ, 1): a lognormal weight
    shifts the mean of log w by its variance (Gauss-Hermite on 60 points).
    """
    points, weights = np.polynomial.hermite_e.hermegauss(60)
    z = points + np.sqrt(np.log(setting.deff))
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        share = weights @ expit(middle + setting.pull * z) / weights.sum()
        low, high = (middle, high) if share < setting.share else (low, middle)
    return low


if __name__ == "__main__":
    main()
