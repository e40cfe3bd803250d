"""Which shares are precise enough to be shown.

The presentation standard for proportions of the US National Center for Health
Statistics: Parker et al. (2017), Vital and Health Statistics Series 2 No. 175. It
judges 95 % intervals. (That for counts, No. 200, is of totals in the population: with
weights of mean 1 there are none.) The first that holds decides:

    1. effective sample size under 30                  suppress
    2. interval no wider than 5 points                 show
    3. interval 30 points wide or wider                suppress
    4. interval wider than 130 % of the share          suppress
    5. otherwise                                       show, with a footnote if wider
                                                       than 130 % of the complement

and what is shown is reviewed with fewer than 8 degrees of freedom, or at 0 or 100 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from pipeline.estimates.intervals import (
    adjusted_n,
    clopper_pearson,
    extreme,
    share_effective_n,
    snapped,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    # By the code of a rule, the cells that it applies to.
    Flags = Mapping[str, Bools]

LEVEL = 0.95
MIN_EFFECTIVE_N = 30
NARROW, WIDE = 0.05, 0.30
MAX_RELATIVE_WIDTH = 1.30
MIN_DF = 8


class Rule(msgspec.Struct, frozen=True):
    """What follows when a rule applies to a cell, and why, in words."""

    code: str
    action: Literal["suppress", "footnote", "review"]
    reason: str


SMALL = Rule("small", "suppress", f"effective sample size under {MIN_EFFECTIVE_N}")
NO_INTERVAL = Rule("no-interval", "suppress", "no interval can be computed")
TOO_WIDE = Rule("wide", "suppress", f"interval {WIDE:.2f} wide or wider")
VAGUE = Rule("vague", "suppress", f"relative width over {MAX_RELATIVE_WIDTH:.0%}")
COMPLEMENT = Rule("complement", "footnote", "the complement's interval is unreliable")
FEW_DF = Rule("few-df", "review", f"fewer than {MIN_DF} degrees of freedom")
ALL_OR_NONE = Rule("all-or-none", "review", "0 or 100 %")

SHARE_RULES = (SMALL, NO_INTERVAL, TOO_WIDE, VAGUE, COMPLEMENT, FEW_DF, ALL_OR_NONE)
RULES: Mapping[str, Rule] = {rule.code: rule for rule in SHARE_RULES}


class Shares(msgspec.Struct, frozen=True, eq=False):
    """Shares as the standard judges them; arrays of one shape, fractions not percent.

    `n_eff` and `n_eff_adjusted` are respondents, capped at n; low and high Korn and
    Graubard's bounds; relative widths are fractions of the share and of its complement.
    """

    n_eff: Floats
    n_eff_adjusted: Floats
    low: Floats
    high: Floats
    relative_width: Floats
    relative_width_complement: Floats
    flags: Flags


def present_shares(p: ArrayLike, se: ArrayLike, n: ArrayLike, df: ArrayLike) -> Shares:
    """Judge shares `p`, in 0 to 1, with `se`, on `n` respondents and `df`.

    Arguments broadcast. Series 2 No. 175; the interval is Korn and Graubard's (1998)
    with the effective n adjusted for the degrees of freedom and capped at n.
    """
    p, se, n, df = (np.asarray(a, float) for a in np.broadcast_arrays(p, se, n, df))
    p, n_eff = snapped(p), share_effective_n(p, se, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        adjusted = np.minimum(adjusted_n(n_eff, n, df, LEVEL), n)
        low, high = clopper_pearson(p, adjusted, LEVEL)
        relative, of_complement = (high - low) / p, (high - low) / (1 - p)
    n_eff = np.minimum(n_eff, n)
    return Shares(
        n_eff=n_eff,
        n_eff_adjusted=adjusted,
        low=low,
        high=high,
        relative_width=relative,
        relative_width_complement=of_complement,
        flags=share_flags(p, n_eff, high - low, df),
    )


def shown(flags: Flags) -> Bools:
    """Cells that no rule suppresses."""
    suppressing = [f for code, f in flags.items() if RULES[code].action == "suppress"]
    kept: Bools = ~np.logical_or.reduce(suppressing)
    return kept


def codes(flags: Flags) -> NDArray[np.object_]:
    """The codes of each cell's rules, a space between them; nothing if none applies."""
    number = np.zeros(np.shape(next(iter(flags.values()))), dtype=np.int64)
    for i, holds in enumerate(flags.values()):
        number |= holds.astype(np.int64) << i
    return np.asarray(_texts(tuple(flags))[number], dtype=object)


@cache
def _texts(flags: tuple[str, ...]) -> NDArray[np.object_]:
    """The codes of every set of flags, by its number: a bit for each flag in it."""
    texts = [
        " ".join(code for i, code in enumerate(flags) if number >> i & 1)
        for number in range(1 << len(flags))
    ]
    return np.array(texts, dtype=object)


def share_flags(p: Floats, n_eff: Floats, width: Floats, df: ArrayLike) -> Flags:
    """Flags of shares by effective n, at most n, and the interval's width."""
    # Any width is infinitely many times 0 %, or the complement of 100 %, so there only
    # the sample size is judged, and a person does the rest.
    ends = extreme(p)
    broad = ~ends & (width > NARROW)
    flags = _first(
        {
            SMALL.code: n_eff < MIN_EFFECTIVE_N,
            NO_INTERVAL.code: np.isnan(n_eff + width),
            TOO_WIDE.code: broad & (width >= WIDE),
            VAGUE.code: broad & (width > MAX_RELATIVE_WIDTH * p),
        }
    )
    kept = shown(flags)
    return flags | {
        COMPLEMENT.code: kept & broad & (width > MAX_RELATIVE_WIDTH * (1 - p)),
        FEW_DF.code: kept & np.less(df, MIN_DF),
        ALL_OR_NONE.code: kept & ends,
    }


def _first(holds: Flags) -> dict[str, Bools]:
    """The same flags, each only where none before it is set."""
    flags: dict[str, Bools] = {}
    taken = np.zeros((), dtype=bool)
    for code, cells in holds.items():
        flags[code] = cells & ~taken
        taken = taken | cells
    return flags
