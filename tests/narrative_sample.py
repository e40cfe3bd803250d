"""A survey and estimates made by hand, for tests of what may be said of them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable

from pipeline.definition import (
    Dimension,
    Group,
    Net,
    Option,
    Question,
    Scale,
    Survey,
    Wave,
)
from pipeline.narrative.claims import Source
from pipeline.narrative.facts import Estimates, Row, Trend
from pipeline.outline import ClaimSpec, Outline, SectionSpec

ROLES = {
    "devops": "DevOps engineers",
    "backend": "back-end developers",
    "lead": "team leads",
    "qa": "test engineers",
}


def _wave(year: int) -> Wave:
    return Wave(
        id=str(year),
        files=(f"{year}.csv",),
        start=dt.date(year, 1, 1),
        end=dt.date(year, 2, 1),
    )


BOTH = {"2024": "x", "2025": "x"}

SURVEY = Survey(
    id="mini",
    title="Mini",
    sample="opt-in",
    waves=(_wave(2024), _wave(2025)),
    questions=(
        Question(
            id="role",
            text="Your role?",
            kind="single",
            columns=BOTH,
            options=tuple(Option(code=c, label=c, say=n) for c, n in ROLES.items()),
        ),
        Question(
            id="use",
            text="Do you use AI tools?",
            kind="single",
            columns=BOTH,
            options=(Option(code="yes", label="Yes"), Option(code="no", label="No")),
            say="use AI tools",
        ),
        Question(
            id="tools",
            text="Which tools do you use?",
            kind="select-all",
            columns=BOTH,
            asked={"use": ("yes",)},
            base_say="AI tool users",
            options=(
                Option(code="a", label="Alpha"),
                Option(code="b", label="Beta"),
                Option(code="c", label="Gamma"),
            ),
            say="use {option}",
        ),
        Question(
            id="dependence",
            text="How dependent are you?",
            kind="scale",
            columns=BOTH,
            base_say="AI tool users",
            scale=Scale(low=0, high=10),
            nets=(Net(code="high", label="high", of=("9", "10"), say="depend much"),),
            say="dependence on AI",
        ),
        Question(
            id="stance",
            text="How do you like it?",
            kind="single",
            columns=BOTH,
            options=(
                Option(code="much", label="Much", say="like it much"),
                Option(code="fairly", label="Fairly", say="like it fairly"),
                Option(code="not", label="Not", say="do not like it"),
                Option(code="unsure", label="Not sure", say="are not sure"),
            ),
            nets=(Net(code="any", label="Any", of=("much", "fairly"), say="like it"),),
            say="{option}",
        ),
        Question(
            id="trends",
            text="Which trends matter?",
            kind="select-all",
            columns=BOTH,
            options=(
                Option(code="x", label="X"),
                Option(code="y", label="Y"),
                Option(code="z", label="Z"),
                Option(code="none", label="None of these"),
            ),
            say="name {option}",
        ),
        Question(id="words", text="Anything else?", kind="open", columns=BOTH),
    ),
    dimensions=(
        Dimension(id="role", label="Role", question="role"),
        Dimension(
            id="side",
            label="Side",
            question="role",
            groups=(
                Group(
                    code="ops", label="Ops", options=("devops",), say="people in ops"
                ),
                Group(code="dev", label="Dev", options=("*",), say="people in dev"),
            ),
        ),
    ),
    min_base=30,
)


def share(
    question: str,
    term: str,
    value: float | None,
    *,
    n: int = 400,
    by: str = "",
    domain: str = "",
    wave: str = "2025",
    rank: int | None = None,
) -> Row:
    """A share with its simple-random-sample error; `None` is a suppressed one."""
    p = value or 0.0
    half = 1.96 * math.sqrt(p * (1 - p) / n + 0.96 / n**2)
    hidden = value is None
    return Row(
        wave=wave,
        question=question,
        item=f"{question}.{term}" if question == "tools" else question,
        statistic="share",
        term=term,
        by=by,
        domain=domain,
        estimate=value,
        se=None if hidden else math.sqrt(p * (1 - p) / n),
        low=None if hidden else max(0.0, p - half),
        high=None if hidden else min(1.0, p + half),
        n=None if hidden else n,
        n_weighted=None if hidden else float(n),
        n_eff=None if hidden else float(n),
        rank=None if hidden else rank,
    )


def other(
    question: str,
    statistic: str,
    value: float | None,
    *,
    by: str = "",
    domain: str = "",
) -> Row:
    """A mean, median or mode."""
    near = None if value is None else 0.1
    return Row(
        wave="2025",
        question=question,
        item=question,
        statistic=statistic,
        term="",
        by=by,
        domain=domain,
        estimate=value,
        se=near,
        low=None if value is None else value - 0.2,
        high=None if value is None else value + 0.2,
        n=None if value is None else 400,
        n_weighted=400.0,
        n_eff=400.0,
        rank=None,
    )


def change(
    question: str, term: str, p_value: float | None, difference: float, reason: str = ""
) -> Trend:
    """A change from 2024 to 2025."""
    return Trend(
        question=question,
        statistic="share" if term else "mean",
        term=term,
        by="",
        domain="",
        wave_from="2024",
        wave_to="2025",
        difference=difference,
        p_value=p_value,
        comparable=not reason,
        reason=reason,
    )


def source(rows: Iterable[Row], trends: Iterable[Trend] = ()) -> Source:
    """What claims on 2025 are made from."""
    groups: dict[tuple[str, str, str, str], dict[tuple[str, str], Row]] = {}
    for r in rows:
        key = (r.wave, r.question, r.by, r.domain)
        groups.setdefault(key, {})[r.statistic, r.term] = r
    changes = {
        (t.wave_to, t.question, t.statistic, t.term, t.by, t.domain): t for t in trends
    }
    return Source(SURVEY, Estimates(groups=groups, trends=changes), "2025")


# Two comparisons of the same groups.
GAPS = tuple(
    ClaimSpec(
        kind="compare",
        question="trends",
        term=term,
        by="side",
        domain="ops",
        versus="dev",
    )
    for term in "xy"
)


def section(*claims: ClaimSpec) -> SectionSpec:
    """A section that makes these claims."""
    return SectionSpec(id="one", title="One", claims=claims)


def outline(*sections: SectionSpec) -> Outline:
    """A report of these sections."""
    return Outline(
        id="mini",
        survey="mini",
        wave="2025",
        title="Mini",
        standfirst="",
        sections=sections,
    )
