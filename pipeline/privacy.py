"""How well respondents are hidden among each other: k-anonymity over the dimensions.

Who answers alike on the dimensions known of someone is as hard to tell from them as
their group is large. One who is alone in a group could be found by a colleague who
knows as much (L. Sweeney, "k-anonymity", 2002).
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import msgspec

from pipeline.definition import Survey
from pipeline.errors import Missing
from pipeline.warehouse import connect, parquet

DEEPEST = 3  # dimensions that are crossed, besides all of them at once


class Crossed(msgspec.Struct, frozen=True, kw_only=True):
    """Respondents of a wave grouped by some dimensions.

    `alone` are those in a group of one, `few` those in groups under `k`.
    """

    wave: str
    dimensions: tuple[str, ...]
    respondents: int
    groups: int
    smallest: int
    alone: int
    few: int


class Anonymity(msgspec.Struct, frozen=True, kw_only=True):
    """All crosses of up to three dimensions, and of all; `k` is the survey's
    `min_base`."""

    survey: str
    k: int
    crosses: tuple[Crossed, ...]

    def worst(self) -> list[Crossed]:
        """Of each wave and number of dimensions, the cross that leaves most alone."""
        found: dict[tuple[str, int], Crossed] = {}
        for cross in self.crosses:
            key = (cross.wave, len(cross.dimensions))
            if key not in found or _exposed(cross) > _exposed(found[key]):
                found[key] = cross
        return list(found.values())


def _exposed(cross: Crossed) -> tuple[int, int]:
    return cross.alone, cross.few


def anonymity(survey: Survey, build: Path) -> Anonymity:
    """Count the groups that dimensions make of the respondents that were ingested.

    Raises `Missing` if there are none yet.
    """
    path = build / "respondents.parquet"
    if not path.is_file():
        raise Missing(
            "there are no respondents yet",
            where=str(build),
            remedy=f"Run: stateof run {survey.id} --no-draft",
        )
    names = [dimension.id for dimension in survey.dimensions]
    chosen = [c for n in range(1, DEEPEST + 1) for c in combinations(names, n)]
    if len(names) > DEEPEST:
        chosen.append(tuple(names))
    con = connect()
    crosses = []
    for wave in survey.waves:
        for dimensions in chosen:
            listed = ", ".join(f'"{name}"' for name in dimensions)
            row = con.execute(
                "SELECT coalesce(sum(n), 0), count(*), coalesce(min(n), 0),"
                " count_if(n = 1), coalesce(sum(n) FILTER (WHERE n < ?), 0) FROM"
                f" (SELECT count(*) AS n FROM {parquet(path)} WHERE wave = ?"
                f" GROUP BY {listed})",
                [survey.min_base, wave.id],
            ).fetchall()[0]
            people, groups, smallest, alone, few = (int(value) for value in row)
            crosses.append(
                Crossed(
                    wave=wave.id,
                    dimensions=dimensions,
                    respondents=people,
                    groups=groups,
                    smallest=smallest,
                    alone=alone,
                    few=few,
                )
            )
    return Anonymity(survey=survey.id, k=survey.min_base, crosses=tuple(crosses))
