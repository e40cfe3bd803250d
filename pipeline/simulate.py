"""Simulated responses of a survey whose respondent data is not public.

`simulation.toml` says how many answer what. Weights depend only on industry and size,
so they are known before anyone has answered; answers are then dealt out so that the
*weighted* share is the one asked for. Seeded: the same files every time.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from pipeline.definition import Question, Survey, Wave
from pipeline.errors import DefinitionError
from pipeline.load import load_survey, read_toml
from pipeline.project import replace_file
from pipeline.weights import margin, rake

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

SKIPPED = 0.02
JITTER = 0.025  # between the shares of domains that have none of their own
METADATA = (
    "Notice",
    "Respondent ID",
    "Collector ID",
    "Start Date",
    "End Date",
    "Status",
)


class SimulatedWave(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many respondents, and who they are, before weighting."""

    respondents: int
    tests: int
    duplicates: int
    roles: dict[str, int]
    industries: dict[str, int]
    sizes: dict[str, int]


class Simulation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `simulation.toml` says; see its comments."""

    seed: int
    wave: dict[str, SimulatedWave]
    answer: list[dict[str, Any]]


class People(msgspec.Struct, frozen=True):
    """The respondents of one wave: code of each single answer, ticks, weights."""

    size: int
    weights: Floats
    answers: dict[str, Any]
    rng: np.random.Generator
    eagerness: Floats


def simulate(folder: Path) -> list[Path]:
    """Write `raw/<wave>.csv` for the survey in `folder`; returns the files."""
    survey = load_survey(folder / "survey.toml")
    plan = read_toml(folder / "simulation.toml", Simulation)
    written = []
    for wave in survey.waves:
        rng = np.random.Generator(np.random.PCG64([plan.seed, int(wave.id)]))
        people = _people(survey, wave, plan.wave[wave.id], rng)
        for spec in (a for a in plan.answer if a["wave"] == wave.id):
            _answer(survey, people, spec)
        path = folder / "raw" / wave.files[0]
        replace_file(path, _export(survey, wave, plan.wave[wave.id], people))
        written.append(path)
    return written


def _people(
    survey: Survey, wave: Wave, plan: SimulatedWave, rng: np.random.Generator
) -> People:
    drawn = {"role": plan.roles, "industry": plan.industries, "size": plan.sizes}
    answers = {}
    for question, counts in drawn.items():
        codes = np.repeat(np.array(list(counts), dtype=object), list(counts.values()))
        answers[question] = rng.permutation(codes)
    answers["size"][rng.random(plan.respondents) < SKIPPED / 2] = ""
    weights = _weights(survey, wave, answers)
    eagerness = rng.normal(size=plan.respondents)
    return People(plan.respondents, weights, answers, rng, eagerness)


def _weights(survey: Survey, wave: Wave, answers: dict[str, Any]) -> Floats:
    """The weights that the pipeline will give: each respondent is a cell of one."""
    targets = [t for t in survey.targets if t.wave == wave.id]
    margins = [margin(t.dimension, answers[t.dimension], t.shares) for t in targets]
    return rake(np.ones(len(answers["role"])), margins).factors


def _answer(survey: Survey, people: People, spec: dict[str, Any]) -> None:
    """Deal out one question's answers among those who were asked and did not skip."""
    question = survey.question(spec["question"])
    asked = np.ones(people.size, dtype=bool)
    for gate, codes in question.asked.items():
        asked &= np.isin(people.answers[gate], list(codes))
    answering = asked & (people.rng.random(people.size) >= SKIPPED)
    groups = _groups(survey, people, spec.get("by"), answering)
    if question.kind == "select-all":
        ticks = _ticks(question, people, spec, groups, answering)
        people.answers[question.id] = ticks
        return
    given = np.full(people.size, "", dtype=object)
    if "declined" in spec:
        missing = next(o.code for o in question.choices if o.missing)
        declined = answering & (people.rng.random(people.size) < spec["declined"])
        given[declined] = missing
        groups = [(domain, mask & ~declined) for domain, mask in groups]
    score = people.rng.normal(size=people.size)
    score -= spec.get("lean", 0.0) * people.eagerness
    for domain, mask in groups:
        for code, chosen in _dealt(question, people, spec, domain, mask, score):
            given[chosen] = code
    people.answers[question.id] = given


def _groups(
    survey: Survey, people: People, by: str | None, mask: Mask
) -> list[tuple[str, Mask]]:
    if by is None:
        return [("", mask)]
    source = people.answers[survey.dimension(by).question]
    found = [
        (group.code, mask & np.isin(source, list(group.options)))
        for group in survey.domains(by)
    ]
    known = np.logical_or.reduce([m for _, m in found])
    return [*found, ("*", mask & ~known)]


def _share(entry: Any, domain: str) -> float:
    if isinstance(entry, dict):
        return float(entry.get(domain, entry.get("*", next(iter(entry.values())))))
    return float(entry)


def _dealt(
    question: Question,
    people: People,
    spec: dict[str, Any],
    domain: str,
    mask: Mask,
    score: Floats,
) -> list[tuple[str, Mask]]:
    """Cut the domain, in order of score, into the options' weighted shares."""
    if question.scale is not None:
        codes = [o.code for o in question.choices]
        shares = _bell(np.array([float(c) for c in codes]), spec, domain)
    else:
        codes = [o.code for o in question.choices if o.code in spec]
        shares = np.array([_share(spec[code], domain) for code in codes])
        codes.append(spec["rest"])
        shares = np.append(shares, 1 - shares.sum())
    order = np.flatnonzero(mask)[np.argsort(score[mask], kind="stable")]
    reached = np.cumsum(people.weights[order])
    if not len(order):
        return []
    middle = (reached - people.weights[order] / 2) / reached[-1]
    place = np.searchsorted(np.cumsum(shares)[:-1], middle)
    return [(code, order[place == i]) for i, code in enumerate(codes)]


def _bell(steps: Floats, spec: dict[str, Any], domain: str) -> Floats:
    """Shares of the ratings: a bell, over a floor of people who answer anything."""
    peak, spread, scatter = (
        _share(spec[key], domain) for key in ("peak", "spread", "scatter")
    )
    bell = np.exp(-(((steps - peak) / spread) ** 2))
    shares: Floats = (1 - scatter) * bell / bell.sum() + scatter / len(steps)
    return shares


def _ticks(
    question: Question,
    people: People,
    spec: dict[str, Any],
    groups: list[tuple[str, Mask]],
    answering: Mask,
) -> dict[str, Mask]:
    tilts = spec.get("tilt", {})
    ticks = {o.code: np.zeros(people.size, dtype=bool) for o in question.choices}
    chosen = [o.code for o in question.choices if o.code in spec]
    for option in (code for code in chosen if code != "none"):
        score = people.rng.normal(size=people.size) + 0.4 * people.eagerness
        for role, extra in tilts.get(option, {}).items():
            score += extra * (people.answers["role"] == role)
        for domain, mask in groups:
            wanted = _share(spec[option], domain)
            if domain and domain not in spec[option]:
                wanted += JITTER * people.rng.normal()
            order = np.flatnonzero(mask)[np.argsort(-score[mask], kind="stable")]
            reached = np.cumsum(people.weights[order])
            middle = reached - people.weights[order] / 2
            total = reached[-1] if len(order) else 0
            ticks[option][order[middle <= wanted * total]] = True
    none = answering & ~np.logical_or.reduce(list(ticks.values()))
    ticks[spec["none"]] |= none
    return ticks


def _export(survey: Survey, wave: Wave, plan: SimulatedWave, people: People) -> bytes:
    """A platform's export: two header rows, one column an option, dirt included."""
    questions = list(survey.asked_in(wave.id))
    top, below = list(METADATA), [""] * len(METADATA)
    for question in questions:
        items = (
            [o.label for o in question.choices]
            if question.kind == "select-all"
            else ["Response"]
        )
        top += [question.text] + [""] * (len(items) - 1)
        below += items
    rows = [_row(survey, wave, questions, people, i) for i in range(people.size)]
    again = people.rng.choice(people.size, plan.duplicates, replace=False)
    tests = people.rng.choice(people.size, plan.tests, replace=False)
    rows += [list(rows[i]) for i in again]
    for number, i in enumerate(tests):
        row = list(rows[i])
        row[1], row[5] = f"T{number + 1:04d}", "Test"
        rows.insert(int(people.rng.integers(len(rows) - plan.duplicates)), row)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([top, below, *rows])
    return text.getvalue().encode()


def _row(
    survey: Survey, wave: Wave, questions: list[Question], people: People, i: int
) -> list[str]:
    if wave.start is None or wave.end is None:
        raise DefinitionError(
            "a simulation needs the days in the field",
            where=f"wave {wave.id}",
            remedy="Give the wave its start and end.",
        )
    days = (wave.end - wave.start).days
    day = wave.start + dt.timedelta(days=int(i * days / people.size))
    start = dt.datetime.combine(day, dt.time(8 + i % 12, i * 7 % 60))
    end = start + dt.timedelta(minutes=6 + i % 17)
    stamp = "%m/%d/%Y %H:%M"
    row = [
        survey.notice,
        f"{wave.id}{i + 1:06d}",
        f"{430_000_000 + i % 3}",
        start.strftime(stamp),
        end.strftime(stamp),
        "Complete",
    ]
    for question in questions:
        given = people.answers[question.id]
        if question.kind == "select-all":
            row += [o.label if given[o.code][i] else "" for o in question.choices]
        elif question.scale is not None and given[i] in ("0", "10"):
            ends = question.scale
            row.append(ends.low_label if given[i] == "0" else ends.high_label)
        else:
            row.append(question.option(given[i]).label if given[i] else "")
    return row
