"""Sums over coarser rows are the sums of the rows that they are made of."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import pytest

from pipeline.estimates.rollup import rolled_up


def made_up(rows: int, places: int) -> dict[str, np.ndarray[Any, Any]]:
    """Distinct rows by item, two dimensions, answer and place."""
    rng = np.random.default_rng(places)
    sizes = {"item": 4, "role": 3, "band": 2, "value": 5, "place": places}
    at = rng.choice(int(np.prod(list(sizes.values()))), rows, replace=False)
    keys = dict(
        zip(sizes, np.unravel_index(np.sort(at), [*sizes.values()]), strict=True)
    )
    sums = {name: rng.uniform(1, 9, rows) for name in ("w", "w2", "q", "r0", "r1")}
    return keys | {"n": rng.integers(1, 9, rows)} | sums


@pytest.mark.parametrize("places", [1, 5_000])
@pytest.mark.parametrize("by", [[], ["band"], ["role"], ["role", "band"]])
def test_rows_add_up_by_what_is_kept(by: list[str], places: int) -> None:
    rows = made_up(80, places)
    found = rolled_up(rows, by)
    names = ["item", *by, "value", "place"]
    listed = sorted(
        (tuple(int(rows[k][i]) for k in names), i) for i in range(len(rows["n"]))
    )
    expected = [
        (key, [i for _, i in same]) for key, same in groupby(listed, lambda row: row[0])
    ]
    keys = list(zip(*(found[k].tolist() for k in names), strict=True))
    assert keys == [key for key, _ in expected]
    for name in ("n", "w", "w2", "q", "r0", "r1"):
        sums = [rows[name][i].sum() for _, i in expected]
        assert found[name] == pytest.approx(sums, rel=1e-14)


def test_written_numbers_are_kept_apart_however_near() -> None:
    rows = made_up(80, 1)
    written = np.array([0.1, 0.1 + 1e-9, 2.5, 1e6, -3.0])
    found = rolled_up(rows | {"value": written[rows["value"]]}, [])
    assert set(found["value"].tolist()) == set(written.tolist())
