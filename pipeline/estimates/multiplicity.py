"""P-values of a family of tests, adjusted for how many were tried; R's `p.adjust`.

holm                of all tests, the chance of a single false difference is below α
                    (Holm 1979, Scand. J. Stat. 6)
benjamini_hochberg  of what is called a difference, a share of α is expected to be none
                    (Benjamini & Hochberg 1995, JRSS B 57)

Arguments are p-values of any shape, results have that shape. NaN says that there was no
test: it stays NaN and does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

Method = Literal["none", "holm", "BH"]


def adjust(p: ArrayLike, method: Method) -> Floats:
    """Adjusted p-values: reject those under α."""
    return _ADJUSTED[method](p)


def holm(p: ArrayLike) -> Floats:
    """The i-th smallest of m times m - i + 1, and not below that of a smaller one."""
    p, at = _ascending(p)
    m = len(at)
    scaled = p.flat[at] * np.arange(m, 0, -1)
    return _placed(p, at, np.maximum.accumulate(scaled))


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """The i-th smallest of m times m/i, and not above that of a larger one."""
    p, at = _ascending(p)
    m = len(at)
    scaled = p.flat[at] * m / np.arange(1, m + 1)
    return _placed(p, at, np.minimum.accumulate(scaled[::-1])[::-1])


def counted(p: ArrayLike) -> int:
    """How many p-values there are."""
    return int(np.isfinite(np.asarray(p, float)).sum())


def _unadjusted(p: ArrayLike) -> Floats:
    return np.array(p, dtype=float)


def _ascending(p: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
    """The p-values, and the places (m,) of those that are numbers, smallest first."""
    p = np.asarray(p, float)
    at = np.argsort(p, axis=None, kind="stable")  # NaN sorts last
    return p, at[: counted(p)]


def _placed(p: Floats, at: NDArray[np.int64], values: Floats) -> Floats:
    found = np.full(p.shape, np.nan)
    found.flat[at] = np.minimum(values, 1)
    return found


_ADJUSTED: dict[Method, Callable[[ArrayLike], Floats]] = {
    "none": _unadjusted,
    "holm": holm,
    "BH": benjamini_hochberg,
}
