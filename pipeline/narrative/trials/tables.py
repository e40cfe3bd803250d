"""Estimates made up at random, for a survey with every form of wording.

Ties, zeros, 100 %, suppressed cells, a wave that is missing and a single group left all
come up, as a seed decides.
"""

from __future__ import annotations

import math
from random import Random

import msgspec

from pipeline.definition import Question
from pipeline.narrative.claims import Source
from pipeline.narrative.facts import Estimates, Row, Trend, domains
from pipeline.narrative.trials.survey import KNOWN_SPLITS, NOW, QUESTIONS, SURVEY, THEN
from pipeline.outline import ClaimSpec, Outline, SectionSpec

EDGES = (0.0, 1.0, 0.5, 0.2, 0.333)


def source(seed: int) -> Source:
    """Estimates for every question, group and wave, as the seed has it."""
    dice = Random(seed)
    groups: dict[tuple[str, str, str, str], dict[tuple[str, str], Row]] = {}
    trends: dict[tuple[str, str, str, str, str, str], Trend] = {}
    wild = dice.random() < 0.3
    waves = [NOW] if dice.random() < 0.15 else [THEN, NOW]
    for question in QUESTIONS[2:]:
        for by, domain in _places(dice):
            made = {w: _group(dice, question, w, by, domain, wild) for w in waves}
            for wave, rows in made.items():
                groups[wave, question.id, by, domain] = rows
            if not by and len(waves) > 1:
                for key, row in made[NOW].items():
                    change = _change(question, made[THEN].get(key), row)
                    if change:
                        trends[NOW, question.id, *key, "", ""] = change
    return Source(SURVEY, Estimates(groups, trends), NOW)


def _places(dice: Random) -> list[tuple[str, str]]:
    alone = dice.random() < 0.1
    found = [("", "")]
    for by in KNOWN_SPLITS:
        codes = domains(SURVEY, by)
        found += [(by, code) for code in (codes[:1] if alone else codes)]
    return found


def _group(
    dice: Random, question: Question, wave: str, by: str, domain: str, wild: bool
) -> dict[tuple[str, str], Row]:
    """All estimates of one question among one group."""
    size = dice.choice((12, 60, 400, 3000, 40_000))
    place = (wave, question.id, by, domain)
    if question.kind == "numeric":
        return {("mean", ""): _row(place, "mean", "", dice.uniform(1, 30), size, 5)}
    shares = _shares(dice, question, wild)
    order = sorted(shares.values(), reverse=True)
    rows: dict[tuple[str, str], Row] = {}
    for code, share in shares.items():
        spread = math.sqrt(share * (1 - share))
        row = _row(place, "share", code, share, size, spread)
        rank = 1 + order.index(share)
        rows["share", code] = msgspec.structs.replace(row, rank=rank)
    for net in question.nets:
        total = min(1.0, sum(shares[code] for code in net.of))
        spread = math.sqrt(total * (1 - total))
        rows["share", net.code] = _row(place, "share", net.code, total, size, spread)
    if question.scale is not None:
        first = max(shares, key=lambda code: shares[code])
        mean = sum(int(code) * share for code, share in shares.items())
        rows["mode", ""] = _row(place, "mode", "", float(first), size, 0)
        rows["mean", ""] = _row(place, "mean", "", mean, size, 2)
    hidden = dice.random() < 0.08
    if hidden:
        return {key: _hidden(row) for key, row in rows.items()}
    return rows


def _shares(dice: Random, question: Question, wild: bool) -> dict[str, float]:
    codes = [option.code for option in question.choices]
    if question.kind == "select-all":
        values = [dice.choice(EDGES) if wild else dice.random() for _ in codes]
    else:
        raw = [dice.choice((0, 1, 1, 2)) if wild else dice.random() for _ in codes]
        total = sum(raw) or 1.0
        values = [value / total for value in raw] if sum(raw) else [1.0, *raw[1:]]
    return dict(zip(codes, values, strict=True))


def _row(
    place: tuple[str, str, str, str],
    statistic: str,
    term: str,
    value: float,
    size: int,
    spread: float,
) -> Row:
    wave, question, by, domain = place
    se = spread / math.sqrt(size)
    half = 1.96 * math.sqrt(se**2 + (0.96 / size**2 if statistic == "share" else 0))
    share = statistic == "share"
    select = SURVEY.question(question).kind == "select-all"
    return Row(
        wave=wave,
        question=question,
        item=f"{question}.{term}" if select else question,
        statistic=statistic,
        term=term,
        by=by,
        domain=domain,
        estimate=value,
        se=se,
        low=max(0.0, value - half) if share else value - half,
        high=min(1.0, value + half) if share else value + half,
        n=size,
        n_weighted=float(size),
        n_eff=float(size),
        rank=None,
    )


def _hidden(row: Row) -> Row:
    names = ("estimate", "se", "low", "high", "n", "n_weighted", "n_eff", "rank")
    return msgspec.structs.replace(row, **dict.fromkeys(names))


def _change(question: Question, then: Row | None, now: Row) -> Trend | None:
    if then is None or then.estimate is None or now.estimate is None:
        return None
    if now.statistic == "mode":
        return None
    stop = SURVEY.break_between(question, THEN, NOW)
    gap = now.estimate - then.estimate
    error = math.hypot(now.se or 0.0, then.se or 0.0)
    p_value = math.erfc(abs(gap) / error / math.sqrt(2)) if error else None
    return Trend(
        question=question.id,
        statistic=now.statistic,
        term=now.term,
        by="",
        domain="",
        wave_from=THEN,
        wave_to=NOW,
        difference=None if stop else gap,
        p_value=None if stop else p_value,
        comparable=stop is None,
        reason=stop.reason if stop else "",
        se=None if stop else error,
    )


def outline(seed: int, sections: int = 4) -> Outline:
    """A report of sections whose claims the seed picks, of every kind."""
    dice = Random(seed)
    made = tuple(
        SectionSpec(id=f"s{i}", title=f"Section {i}", claims=_claims(dice))
        for i in range(sections)
    )
    return Outline(
        id="trial", survey="trial", wave=NOW, title="", standfirst="", sections=made
    )


def _claims(dice: Random) -> tuple[ClaimSpec, ...]:
    return tuple(_claim(dice) for _ in range(dice.randint(1, 5)))


def _claim(dice: Random) -> ClaimSpec:
    kind = dice.choice(
        ("level", "range", "compare", "trend", "ranking", "mode", "mean")
    )
    by = dice.choice(KNOWN_SPLITS)
    codes = list(domains(SURVEY, by))
    dice.shuffle(codes)
    if kind in ("mode", "mean"):
        question = "depend" if kind == "mode" else dice.choice(("depend", "years"))
        return _spec(dice, kind, question, "", by, codes)
    asked = SURVEY.question(dice.choice([q.id for q in QUESTIONS[2:-2]]))
    terms = [o.code for o in asked.choices] + [n.code for n in asked.nets]
    if kind == "ranking":
        term = dice.choice([o.code for o in asked.choices])
        term = term if dice.random() < 0.3 else ""
        if asked.say and "{option}" not in asked.say:
            term = ""
        return _spec(dice, kind, asked.id, term, by, codes)
    if kind == "trend" and dice.random() < 0.2:
        return ClaimSpec(kind="trend", question="depend")
    term = "yes" if terms[0] == "yes" else dice.choice(terms)
    return _spec(dice, kind, asked.id, term, by, codes)


def _spec(
    dice: Random, kind: str, question: str, term: str, by: str, codes: list[str]
) -> ClaimSpec:
    more: dict[str, object] = {}
    if kind == "range":
        more = {"by": by}
    elif kind == "compare":
        against = codes[1] if dice.random() < 0.8 else ""
        more = {"by": by, "domain": codes[0], "versus": against}
    elif kind != "trend" and dice.random() < 0.4:
        more = {"by": by, "domain": codes[0]}
    elif kind == "ranking":
        more = {"top": dice.randint(1, 3)}
    asked = {"kind": kind, "question": question, "term": term}
    return msgspec.convert(asked | more, ClaimSpec)
