"""A survey with estimates made by hand, to draw every kind of chart from."""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from pipeline.definition import Survey
from pipeline.load import load_survey
from pipeline.outline import FigureSpec
from pipeline.warehouse import connect, fill, write_parquet

NOTICE = "Simulated to match published figures"
LONG = "Somebody who does a little of everything, and answers the phone as well"
DEFINITION = f"""
id = "charted"
title = "The <Charted> & Co. Survey"
sample = "opt-in"
notice = "{NOTICE}"
crosses = [["role", "industry"]]

[[wave]]
id = "2023"
files = ["2023.csv"]
start = 2023-01-01
end = 2023-02-01

[[wave]]
id = "2024"
files = ["2024.csv"]
start = 2024-01-01
end = 2024-02-01

[[wave]]
id = "2025"
files = ["2025.csv"]
start = 2025-01-01
end = 2025-02-01

[[question]]
id = "role"
text = "Role?"
kind = "single"
columns = {{ 2024 = "role", 2025 = "role" }}
options = [
    {{ code = "dev", label = "Developer" }},
    {{ code = "ops", label = "Ops & <friends>" }},
    {{ code = "all", label = "{LONG}" }},
    {{ code = "other", label = "Another role" }},
]

[[question]]
id = "industry"
text = "Industry?"
kind = "single"
columns = {{ 2025 = "industry" }}
options = [
    {{ code = "it", label = "IT/SaaS" }},
    {{ code = "energy", label = "Energy" }},
    {{ code = "telecom", label = "Telecommunications" }},
]

[[question]]
id = "use"
title = "AI at work"
text = "Do you use AI at work?"
kind = "single"
columns = {{ 2024 = "use", 2025 = "use" }}
options = [{{ code = "yes", label = "Yes" }}, {{ code = "no", label = "No" }}]
say = "use AI at work"
breaks = [{{ wave = "2025", reason = "The wording changed" }}]

[[question]]
id = "tools"
text = "Which tools do you use?"
kind = "select-all"
columns = {{ 2023 = "tools", 2024 = "tools", 2025 = "tools" }}
asked = {{ use = ["yes"] }}
base_say = "AI users"
say = "use {{option}}"
options = [
    {{ code = "a", label = "ChatGPT" }},
    {{ code = "b", label = "{LONG}" }},
    {{ code = "c", label = "New in 2025" }},
    {{ code = "none", label = "None of these" }},
]

[[question]]
id = "easier"
text = "AI makes work easier"
kind = "single"
columns = {{ 2025 = "easier" }}
options = [
    {{ code = "sa", label = "Strongly agree" }},
    {{ code = "a", label = "Agree" }},
    {{ code = "n", label = "Neither" }},
    {{ code = "d", label = "Disagree" }},
    {{ code = "sd", label = "Strongly disagree" }},
]
nets = [{{ code = "agree", label = "Agree, in all", of = ["sa", "a"] }}]

[[question]]
id = "mesh"
text = "Is a mesh used?"
kind = "single"
columns = {{ 2024 = "mesh", 2025 = "mesh" }}
options = [
    {{ code = "production", label = "In production", waves = ["2024"] }},
    {{ code = "most", label = "In production, mostly", waves = ["2025"] }},
    {{ code = "few", label = "In production, a little", waves = ["2025"] }},
    {{ code = "none", label = "No plans" }},
    {{ code = "unsure", label = "Don't know" }},
]
nets = [
    {{ code = "any", label = "In production", of = ["production", "most", "few"] }},
]

[[question]]
id = "confident"
text = "How confident are you?"
kind = "single"
columns = {{ 2025 = "confident" }}
ordered = true
options = [
    {{ code = "not", label = "Not confident" }},
    {{ code = "somewhat", label = "Somewhat confident" }},
    {{ code = "confident", label = "Confident" }},
]

[[question]]
id = "depend"
title = "Dependence on AI"
text = "How dependent are you on AI?"
kind = "scale"
columns = {{ 2024 = "depend", 2025 = "depend" }}
scale = {{ low = 0, high = 10, low_label = "0 - never", high_label = "10 - wholly" }}
say = "dependence on AI"

[[question]]
id = "years"
text = "Years of experience?"
kind = "numeric"
columns = {{ 2025 = "years" }}
say = "years of experience"

[[question]]
id = "anything"
text = "Anything else?"
kind = "open"
columns = {{ 2025 = "anything" }}

[[dimension]]
id = "role"
label = "Role"
question = "role"

[[dimension]]
id = "industry"
label = "Industry"
question = "industry"
"""
COLUMNS = (
    "wave VARCHAR, question VARCHAR, item VARCHAR, statistic VARCHAR, term VARCHAR,"
    ' "by" VARCHAR, domain VARCHAR, estimate DOUBLE, low DOUBLE, high DOUBLE, n BIGINT,'
    " rank BIGINT, method VARCHAR, flag VARCHAR, caution VARCHAR"
)
SPLITS = {
    "": [""],
    "role": ["dev", "ops", "all", "other"],
    "industry": ["it", "energy", "telecom"],
}
SHARES: dict[str, dict[str, list[float]]] = {
    "use": {"": [0.4, 0.6]},
    "tools": {"": [0.5, 0.3, 0.2, 0.004], "2025": [0.8, 0.25, 0.4, 0.004]},
    "easier": {"": [0.3, 0.34, 0.16, 0.15, 0.05]},
    "mesh": {"": [0.3, 0.5, 0.2], "2025": [0.3, 0.1, 0.4, 0.2]},
    "confident": {"": [0.2, 0.5, 0.3]},
    "depend": {"": [0.02, 0.03, 0.05, 0.1, 0.15, 0.3, 0.15, 0.1, 0.05, 0.03, 0.02]},
}

FIGURES = (
    FigureSpec(id="bars-by", kind="bars", question="use", term="yes", by="role"),
    FigureSpec(id="bars", kind="bars", question="tools"),
    FigureSpec(id="bars-top", kind="bars", question="tools", top=2),
    FigureSpec(id="bars-net", kind="bars", question="easier"),
    FigureSpec(id="bars-one-sum", kind="bars", question="mesh", waves=("2024",)),
    FigureSpec(id="bars-ordered", kind="bars", question="confident"),
    FigureSpec(id="bars-mean", kind="bars", question="depend", by="role"),
    FigureSpec(id="bars-numeric", kind="bars", question="years", by="role"),
    FigureSpec(id="waves", kind="waves", question="tools", waves=("2024", "2025")),
    FigureSpec(id="waves-three", kind="waves", question="tools"),
    FigureSpec(id="waves-broken", kind="waves", question="use"),
    FigureSpec(id="waves-by", kind="waves", question="use", term="yes", by="role"),
    FigureSpec(id="waves-mean", kind="waves", question="depend"),
    FigureSpec(id="distribution", kind="distribution", question="depend", by="role"),
    FigureSpec(id="distribution-all", kind="distribution", question="depend"),
    FigureSpec(id="stacked", kind="stacked", question="easier", by="role"),
    FigureSpec(id="likert", kind="likert", question="easier", by="role"),
    FigureSpec(id="likert-all", kind="likert", question="easier"),
    FigureSpec(id="trend", kind="trend", question="tools"),
    FigureSpec(
        id="trend-broken",
        kind="trend",
        question="use",
        term="yes",
        by="role",
        waves=("2024", "2025"),
    ),
    FigureSpec(id="ranks", kind="ranks", question="tools"),
    FigureSpec(id="ranks-term", kind="ranks", question="tools", term="c"),
    FigureSpec(id="ranks-by", kind="ranks", question="tools", by="role"),
    FigureSpec(
        id="heat", kind="heat", question="use", term="yes", by="role*industry"
    ),
    FigureSpec(id="heat-options", kind="heat", question="tools", by="role"),
    FigureSpec(id="ridges", kind="ridges", question="depend", by="role"),
    FigureSpec(id="panels", kind="panels", question="tools", by="role"),
    FigureSpec(
        id="panels-two", kind="panels", question="use", term="yes", by="role*industry"
    ),
    FigureSpec(id="combinations", kind="combinations", question="tools"),
)  # fmt: skip


@cache
def charted(folder: Path) -> tuple[Survey, Path]:
    """The survey, and the folder of its estimates."""
    home = folder / "data" / "charted"
    home.mkdir(parents=True, exist_ok=True)
    (home / "survey.toml").write_text(DEFINITION, encoding="utf-8")
    survey = load_survey(home / "survey.toml")
    con = connect()
    fill(con, f"estimates({COLUMNS})", list(_rows(survey)))
    write_parquet(con, "SELECT * FROM estimates", home / "build" / "estimates.parquet")
    fill(con, f"sets({COLUMNS})", _sets())
    write_parquet(con, "SELECT * FROM sets", home / "build" / "combinations.parquet")
    con.close()
    return survey, home / "build"


def _sets() -> list[tuple[Any, ...]]:
    """What goes together in the latest wave, with all of everything in it."""
    shares = {"a": 0.3, "a+b+c": 0.2, "b": 0.15, "none": 0.1, "-": 0.05, "+": 0.2}
    of = ("2025", "tools", "tools", "share")
    return [
        (*of, term, "", "", p, p - 0.04, p + 0.04, 1000, rank, "wilson", "", "")
        for rank, (term, p) in enumerate(shares.items(), start=1)
    ]


def figure_spec(name: str) -> FigureSpec:
    """The figure of this id."""
    return next(spec for spec in FIGURES if spec.id == name)


def _rows(survey: Survey) -> list[tuple[Any, ...]]:
    rows = []
    for question in survey.questions:
        if question.id not in (*SHARES, "years"):
            continue
        for wave, (by, domain) in product(question.columns, _places()):
            rows += _estimates(question.id, wave, by, domain, survey)
    return rows


def _places() -> list[tuple[str, str]]:
    plain = [(by, code) for by, codes in SPLITS.items() for code in codes]
    crossed = [f"{a}*{b}" for a, b in product(SPLITS["role"], SPLITS["industry"])]
    return [*plain, *(("role*industry", code) for code in crossed)]


def _estimates(
    question: str, wave: str, by: str, domain: str, survey: Survey
) -> list[tuple[Any, ...]]:
    """Shares (and mean and mode) in one place; no one in another role can be shown."""
    hidden = "other" in domain or domain == "all*energy"
    shift = 0.03 * (len(domain) % 4)
    n = 1000 if not by else 120

    def row(
        statistic: str, term: str, value: float, spread: float, rank: int | None
    ) -> tuple[Any, ...]:
        item = f"{question}.{term}" if question == "tools" else question
        numbers: tuple[float | int | None, ...] = (
            (None, None, None, None, None)
            if hidden
            else (value, max(value - spread, 0), value + spread, n, rank)
        )
        flag = "suppressed" if hidden else ""
        caution = "vague" if domain == "ops*energy" else ""
        head = (wave, question, item, statistic, term, by, domain)
        return (*head, *numbers, "wilson", flag, caution)

    if question == "years":
        return [row("mean", "", 11.4 + len(domain), 0.6, None)]
    asked = survey.question(question)
    table = SHARES[question]
    shares = table.get(wave, table[""])
    codes = [o.code for o in asked.choices if o.offered(wave)]
    if question == "tools" and wave != "2025":
        codes, shares = [c for c in codes if c != "c"], [*shares[:2], shares[3]]
    most = max(range(len(shares)), key=lambda i: shares[i])
    moved = {most: -shift, (most + 1) % len(shares): shift}
    shares = [share + moved.get(i, 0) for i, share in enumerate(shares)]
    order = sorted(range(len(codes)), key=lambda i: -shares[i])
    rows = [
        row("share", code, share, 0.04, order.index(i) + 1)
        for i, (code, share) in enumerate(zip(codes, shares, strict=True))
    ]
    if question == "depend":
        rows += [row("mean", "", 4.96, 0.2, None), row("mode", "", 5, 0, None)]
    for net in asked.nets:
        summed = sum(p for code, p in zip(codes, shares, strict=True) if code in net.of)
        rows.append(row("share", net.code, summed, 0.04, None))
    return rows
