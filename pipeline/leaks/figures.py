"""Estimates that are published and must not be: hidden, on few, or not the build's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isclose
from pathlib import Path

from pipeline.definition import Survey
from pipeline.estimates.sets import STATISTIC
from pipeline.leaks.reading import Folder, Leak, Shown, counts
from pipeline.warehouse import parquet, reader

Key = tuple[str, str, str, str, str, str]
ROUNDED = 5e-5  # published with four digits at least
PERCENT = re.compile(r"\d+(?:\.\d+)?\s?%")
LOW = re.compile(r"(\d+(?:\.\d+)?)(?=–\d+(?:\.\d+)?%)")
TICK = re.compile(r"\d*[05]%|\d\.\d%|[1-9]%")
HIDDEN = re.compile(r"\btoo few\b")


def figure_leaks(survey: Survey, build: Path, folder: Folder) -> Iterator[Leak]:
    """Compare every published estimate with the build's."""
    known = _known(build)
    bases: dict[tuple[str, ...], set[int | None]] = {}
    for key, (_, n) in known.items():
        bases.setdefault(key[:4], set()).add(n)
    kinds = {key[4] for key in known}
    for shown in folder.shown:
        what = _wrong(survey, known, kinds, shown)
        place = (shown.wave, shown.question, shown.by, shown.domain)
        if not what and shown.n not in {None, *bases.get(place, {shown.n})}:
            what = f"states a base of {shown.n} that the build has not, or hides"
        if what:
            yield Leak(file=shown.file, where=shown.where, what=what)
    yield from _drawn(folder)
    for said in folder.said:
        for n in counts(said.text):
            if 0 < n < survey.min_base and not HIDDEN.search(said.text):
                what = f"a base of {n}, under {survey.min_base}"
                yield Leak(file=said.file, where=said.text[:80], what=what)


def _drawn(folder: Folder) -> Iterator[Leak]:
    """What is drawn or told of a figure is what its file of data has.

    The ends of an axis are drawn too, so a round share by itself tells nothing.
    """
    told = {said.file: set[str]() for said in folder.said}
    for said in folder.said:
        told[said.file].update(PERCENT.findall(said.text))
        told[said.file].update(f"{low}%" for low in LOW.findall(said.text))
    allowed = told.get("report.json", set()) | {"0%", "100%"}
    for said in folder.said:
        if said.file.endswith((".csv", "explore.html", ".xlsx", "report.json")):
            continue
        odd = set(PERCENT.findall(said.text)) - allowed
        if odd and not TICK.fullmatch(said.text.strip()):
            what = f"{min(odd)} is in no figure of report.json"
            yield Leak(file=said.file, where=said.text.strip()[:80], what=what)
    for plot in folder.plots:
        values = [s.value for s in folder.shown if s.file == plot.data]
        for value in plot.values:
            if not any(
                v is not None and isclose(v, value, abs_tol=ROUNDED) for v in values
            ):
                what = f"draws {value:g}, which is not in {plot.data}"
                yield Leak(file="report.json", where=plot.figure, what=what)


def _known(build: Path) -> dict[Key, tuple[float | None, int | None]]:
    """Value and n of each estimate of the build; none of either where it is hidden."""
    rows = reader().execute(
        'SELECT wave, question, "by", domain, statistic, term, estimate, n'
        f" FROM {parquet(build / 'estimates.parquet')} UNION ALL"
        f" SELECT wave, question, '', '', '{STATISTIC}', term, estimate, n"
        f" FROM {parquet(build / 'combinations.parquet')}"
    )
    return {(w, q, b, d, s, t): (e, n) for w, q, b, d, s, t, e, n in rows.fetchall()}


def _wrong(
    survey: Survey,
    known: dict[Key, tuple[float | None, int | None]],
    kinds: set[str],
    shown: Shown,
) -> str:
    if shown.n is not None and shown.n < survey.min_base:
        return f"rests on {shown.n}, under {survey.min_base}"
    if shown.statistic not in kinds or shown.value is None:
        return ""
    key = (
        shown.wave, shown.question, shown.by, shown.domain, shown.statistic, shown.term,
    )  # fmt: skip
    if key not in known:
        return "is no estimate of this build"
    value, _ = known[key]
    if value is None:
        return "is hidden in the build and shown here"
    if not isclose(value, shown.value, rel_tol=1e-5, abs_tol=ROUNDED * 1.01):
        return f"is {shown.value:g} here and {value:g} in the build"
    return ""
