"""How a wave was sampled and weighted, as its definition states it.

Design ──── strata, clusters, finite populations, replicate weights: what the variance
            of an estimate follows from
Weighting ─ how weights are fitted to the targets, and how far they may go
"""

from __future__ import annotations

from typing import Literal

import msgspec

SinglePSU = Literal["fail", "remove", "certainty", "average", "adjust"]
ReplicateKind = Literal["BRR", "Fay", "JK1", "JKn", "SDR", "bootstrap", "other"]

# Names in the warehouse; no dimension's id begins with an underscore.
STRATUM, CLUSTER, FPC, REPLICATE = "_stratum", "_cluster", "_fpc", "_replicate"


class _Noun(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Frozen, keyword-only, and a misspelt key is an error."""


class Replicates(_Noun, frozen=True):
    """Replicate weights: one column a replicate, full analysis weights.

    The variance of an estimate θ is `scale` Σ_r `rscales`_r (θ_r - θ̄)², where θ̄ is the
    mean of the replicates' estimates or, with `mse`, that of the full sample. `rscales`
    is one number for all or one for each.
    """

    columns: str | tuple[str, ...]
    kind: ReplicateKind
    scale: float
    rscales: tuple[float, ...] = (1.0,)
    mse: bool = False
    df: int = 0


class Design(_Noun, frozen=True):
    """A sample design by the names of its columns; all empty is weights only.

    `clusters` and `fpc` go stage by stage; `strata` are of the first stage. An `fpc`
    column holds the population's size (or, between 0 and 1, the fraction sampled) of
    the stage in which the respondent's unit was drawn; without it a stage counts as
    drawn with replacement, and later stages add nothing. Units with unequal
    probabilities drawn with replacement (PPS) need no more than their weights.
    `single_psu` says what a stratum with one primary unit contributes: nothing
    (`certainty`), an error (`fail`), the average of the other strata (`average`), its
    distance from the mean of all (`adjust`); `remove` treats it as `certainty` and
    leaves the unit out of the degrees of freedom.
    """

    strata: str = ""
    clusters: tuple[str, ...] = ()
    fpc: tuple[str, ...] = ()
    single_psu: SinglePSU = "fail"
    replicates: Replicates | None = None

    def stored(self) -> Design:
        """The same design by the columns' names in the warehouse."""
        replicates = self.replicates and msgspec.structs.replace(
            self.replicates, columns=f"{REPLICATE}*"
        )
        return Design(
            strata=self.strata and STRATUM,
            clusters=tuple(f"{CLUSTER}{i + 1}" for i in range(len(self.clusters))),
            fpc=tuple(f"{FPC}{i + 1}" for i in range(len(self.fpc))),
            single_psu=self.single_psu,
            replicates=replicates,
        )


class Target(_Noun, frozen=True):
    """Population shares of a dimension, to which a wave is weighted."""

    wave: str
    dimension: str
    shares: dict[str, float]
    source: str


class Weighting(_Noun, frozen=True):
    """How weights are fitted to the targets.

    `rake` meets each margin in turn (Deming & Stephan 1940); `post-stratify` takes one
    target; `linear` (GREG) and `logit` find the nearest weights that meet all (Deville
    & Särndal 1992). `bounds` are how low and high the ratio of new to old weight may
    be. `trim` then cuts weights outside these multiples of their mean and gives what
    is cut to the others. A domain with a target but without respondents is an `error`;
    `ignore` leaves it out, and the others share out the whole.
    """

    method: Literal["rake", "post-stratify", "linear", "logit"] = "rake"
    bounds: tuple[float, float] | None = None
    trim: tuple[float, float] | None = None
    empty: Literal["error", "ignore"] = "error"

    @property
    def regress(self) -> str:
        """SQL for the weights of the regression on the targets that errors follow.

        Raking regresses without weights, the others with those before (as R does).
        """
        plain = self.method == "rake" and self.bounds is None
        return "1" if plain else "base_weight"
