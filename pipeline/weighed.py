"""How a wave was weighted, and replicate weights to take to other programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.definition import Survey, Wave
from pipeline.errors import DataError, NotFound
from pipeline.warehouse import open_warehouse

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from pipeline.replicates import Factors

    Floats = NDArray[np.float64]
    Columns = dict[str, NDArray[Any]]

MOST = 2000  # replicates: a file with more is of use to nobody


def weight_rows(
    survey: Survey, build: Path, wave: str
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Each target's share before, aimed at, and after; and what it cost, in words."""
    from pipeline.weights.stage import WaveWeights

    wanted = survey.wave(wave or survey.waves[-1].id).id
    text = (build / "weights.json").read_bytes()
    waves = msgspec.json.decode(text, type=list[WaveWeights])
    found = next(w for w in waves if w.wave == wanted)
    said = (
        f"Weights of {found.wave}",
        f"Effective n {found.effective_n:,.0f} of {found.respondents:,}, design"
        f" effect {found.design_effect:.2f}; weights {found.smallest:.2f} to"
        f" {found.largest:.2f} with a mean of 1.",
        *found.sources,
    )
    return [msgspec.structs.asdict(margin) for margin in found.margins], said


def replicated(
    survey: Survey, build: Path, wave_id: str, make: str, count: int, seed: int
) -> pd.DataFrame:
    """A row a respondent: `weight`, and replicates `r1` … weighted again as it was.

    `attrs` have what R's `svrepdesign` asks for: type, scale, rscales. Raises
    `DataError` for a design that gives no replicates, or too many.
    """
    import pandas as pd

    wave = survey.wave(wave_id or survey.waves[-1].id)
    if wave.design.replicates:
        raise DataError(
            "the export has replicate weights already",
            where=f"wave {wave.id}",
            remedy="Take those: the definition's design names their columns.",
        )
    targets = [t for t in survey.targets if t.wave == wave.id]
    columns = _columns(build, wave, [t.dimension for t in targets])
    made = _factors(wave, columns, make, count, seed)
    start = columns["base_weight" if targets else "weight"]
    again = _again(survey, wave, columns) if targets else None
    weights = made.weights(start, again)
    names = [f"r{i + 1}" for i in range(weights.shape[1])]
    frame = pd.DataFrame(weights, columns=names)
    frame.insert(0, "weight", columns["weight"])
    frame.insert(0, "respondent", columns["respondent"])
    frame.attrs = {"type": made.kind, "scale": made.scale}
    frame.attrs["rscales"] = made.rscales.tolist()
    return frame


def _columns(build: Path, wave: Wave, dimensions: Sequence[str]) -> Columns:
    """What is known of a wave's respondents, in their order; "" is no known domain."""
    design = wave.design.stored()
    units = [name for name in (design.strata, *design.clusters) if name]
    numbers = [f"CAST({n} AS DOUBLE) AS {n}" for n in ("base_weight", "weight")]
    numbers += [f'CAST("{n}" AS DOUBLE) AS "{n}"' for n in design.fpc]
    texts = [f'COALESCE("{d}", \'\') AS "{d}"' for d in dict.fromkeys(dimensions)]
    listed = ", ".join(["respondent", *units, *numbers, *texts])
    con = open_warehouse(build)
    found: Columns = con.execute(  # type: ignore[assignment]
        f"SELECT {listed} FROM people WHERE wave = ? ORDER BY respondent", [wave.id]
    ).fetchnumpy()
    return found


def _factors(wave: Wave, columns: Columns, make: str, count: int, seed: int) -> Factors:
    """The factors of the wave's primary units; without clusters, each respondent."""
    from pipeline.replicates import bootstrap, jackknife

    design = wave.design.stored()
    psu = columns[design.clusters[0] if design.clusters else "respondent"]
    strata = columns[design.strata] if design.strata else None
    fpc = columns[design.fpc[0]] if design.fpc else None
    if make == "bootstrap":
        return bootstrap(psu, strata, fpc, replicates=count, seed=seed)
    if make != "jackknife":
        raise NotFound.among("way to make replicates", make, ["jackknife", "bootstrap"])
    units = set(zip(psu if strata is None else strata, psu, strict=True))
    if len(units) > MOST:
        raise DataError(
            f"a jackknife has a replicate for each of {len(units):,} primary units",
            where=f"wave {wave.id}",
            remedy='Make a bootstrap: replicate_weights(make="bootstrap")',
        )
    return jackknife(psu, strata, fpc, single_psu=design.single_psu)


def _again(survey: Survey, wave: Wave, columns: Columns) -> Callable[[Floats], Floats]:
    """Weights to weights as the wave's were made, adding up to the respondents."""

    from pipeline.weights import margin, trim
    from pipeline.weights.stage import fitted

    weighting = survey.weighting
    margins = [
        margin(t.dimension, columns[t.dimension].tolist(), t.shares)
        for t in survey.targets
        if t.wave == wave.id
    ]

    def again(weights: Floats) -> Floats:
        made: Floats = weights * fitted(weighting, margins, weights).factors
        there = made > 0
        if weighting.trim is not None:
            low, high = weighting.trim
            made[there] = trim(made[there] / made[there].mean(), low, high, strict=True)
        made *= len(made) / made.sum()
        return made

    return again
