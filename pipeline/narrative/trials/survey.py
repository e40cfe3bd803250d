"""A survey with every form of wording."""

from __future__ import annotations

import datetime as dt

from pipeline.definition import (
    Break,
    Dimension,
    Net,
    Option,
    Question,
    Scale,
    Survey,
    Wave,
)

NOW, THEN = "2025", "2024"
BOTH = {THEN: "x", NOW: "x"}
KNOWN_SPLITS = ("role", "region")


def _wave(year: str) -> Wave:
    day = dt.date(int(year), 1, 1)
    return Wave(id=year, files=(f"{year}.csv",), start=day, end=day)


def _options(**names: str) -> tuple[Option, ...]:
    return tuple(Option(code=c, label=n.capitalize(), say=n) for c, n in names.items())


def _single(name: str, say: str, **more: object) -> Question:
    asked = {
        "id": name,
        "text": f"{name}?",
        "kind": "single",
        "columns": BOTH,
        "say": say,
    }
    return Question(**(asked | more))  # type: ignore[arg-type]


ROLES = _options(
    ops="operations engineers",
    data="data scientists",
    lead="team leads",
    test="test engineers",
    web="web developers",
)
REGIONS = _options(north="people in the north", south="people in the south")
USERS = {"asked": {"use": ("yes",)}, "base_say": "tool users"}
YES_NO = (Option(code="yes", label="Yes"), Option(code="no", label="No"))
QUESTIONS = (
    _single("role", "", options=ROLES),
    _single("region", "", options=REGIONS),
    _single("use", "use smart tools", options=YES_NO),
    _single("pay", "are paid by the hour", options=YES_NO, base_say="employees"),
    _single("daily", "use smart tools every day", options=YES_NO, **USERS),
    _single(
        "tools",
        "use {option}",
        kind="select-all",
        options=_options(a="Alpha", b="Beta", c="Gamma", d="Delta"),
        **USERS,
    ),
    _single(
        "tasks",
        "use smart tools to {option}",
        kind="select-all",
        options=_options(code="write code", test="write tests", find="find errors"),
        **USERS,
    ),
    _single(
        "issues",
        "say {option} holds them back",
        kind="select-all",
        options=_options(
            plan="planning", hire="hiring", debt="old code", none="nothing"
        ),
    ),
    _single(
        "trust",
        "{option} what smart tools say",
        options=_options(
            much="trust", not_="distrust", un="neither trust nor distrust"
        ),
        **USERS,
    ),
    _single(
        "owner",
        "{option}",
        options=_options(
            all="say that everyone owns quality",
            lead="say that leads own quality",
            none="say that nobody owns quality",
        ),
        nets=(
            Net(
                code="some",
                label="Someone",
                of=("all", "lead"),
                say="say that quality is owned",
            ),
        ),
    ),
    _single(
        "place",
        "{option}",
        options=_options(home="work at home", office="work in an office"),
        breaks=(Break(wave=NOW, reason="The wording changed."),),
    ),
    _single(
        "depend",
        "dependence on tools",
        kind="scale",
        scale=Scale(low=0, high=10),
        **USERS,
    ),
    _single("years", "years of practice", kind="numeric"),
)
SURVEY = Survey(
    id="trial",
    title="Trial",
    sample="opt-in",
    waves=(_wave(THEN), _wave(NOW)),
    questions=QUESTIONS,
    dimensions=(
        Dimension(id="role", label="Role", question="role"),
        Dimension(id="region", label="Region", question="region"),
    ),
)
