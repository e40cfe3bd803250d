"""LimeSurvey: CSV with question codes or texts, `[sub-question]` in brackets.

The R syntax file that goes with an export has what the CSV lacks: names, labels of
variables, and the label of each code.
"""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from pipeline.ingest.formats.variables import Hint, Variable, tidy

ABOUT: dict[str, Hint] = {
    "response id": "id",
    "id": "id",
    "date submitted": "date",
    "submitdate": "date",
    "last page": "meta",
    "lastpage": "meta",
    "start language": "meta",
    "startlanguage": "meta",
    "seed": "meta",
    "date started": "date",
    "startdate": "date",
    "date last action": "date",
    "datestamp": "date",
    "ip address": "pii",
    "ipaddr": "pii",
    "referrer url": "meta",
    "refurl": "meta",
    "token": "pii",
    "access code": "pii",
}
TIMING = re.compile(  # how long it took, by question, by group, in all
    r"interview ?time|total time|(?:group|question) ?time\b.*|(?:group|question)time\d+"
    r"|\d+x\d+(?:x\d+\w*)?time"
)
SUB = re.compile(r"(?P<question>.*?)\s*\[(?P<sub>[^\[\]]*(?:\[[^\]]*\][^\[\]]*)*)\]\s*")
OTHER = {"other", "sonstiges", "autre", "otro", "andere", "anders"}


def recognised(names: list[str]) -> bool:
    """Does the header have the columns that LimeSurvey adds?"""
    plain = {name.strip().casefold() for name in names}
    return {"date submitted", "last page"} <= plain or {
        "submitdate",
        "lastpage",
    } <= plain


def variables(names: tuple[str, ...]) -> tuple[Variable, ...]:
    """What the header says of each column."""
    parts = [SUB.fullmatch(name) for name in names]
    keyed = [
        (name, m["question"] if m else name, m["sub"] if m else None)
        for name, m in zip(names, parts, strict=True)
    ]
    found: list[Variable] = []
    for question, group in groupby(keyed, lambda triple: triple[1]):
        found += _question(question, list(group))
    return tuple(found)


def _question(
    question: str, columns: list[tuple[str, str, str | None]]
) -> list[Variable]:
    subs = [c for c in columns if c[2] is not None]
    found = []
    for name, text, sub in columns:
        hint = ABOUT.get(name.strip().casefold(), "")
        if TIMING.fullmatch(name.strip().casefold()):
            hint = "meta"
        if text.lstrip().startswith("{"):
            hint = "meta"  # an equation that the survey computes
        if sub is None or (len(subs) < 2 and not sub):
            found.append(Variable(name=name, text=tidy(text), hint=hint))
            continue
        # A slider's ends are in its name: "Alcohol:|never|always".
        item = tidy(sub.split("|")[0].rstrip(":"))
        other = len(subs) == 1 and sub.casefold() in OTHER
        found.append(
            Variable(
                name=name,
                text=tidy(text),
                option=item,
                group="" if other else _pattern(name, sub),
                hint="open" if other else hint,
                source="sub-questions in brackets",
            )
        )
    return found


def _pattern(name: str, sub: str) -> str:
    return name.replace(f"[{sub}]", "[*]")


ATTRIBUTE = re.compile(
    r'attributes\(data\)\$variable\.labels\[(\d+)\]\s*<-\s*"((?:[^"\\]|\\.)*)"'
)
NAME = re.compile(r'names\(data\)\[(\d+)\]\s*<-\s*"((?:[^"\\]|\\.)*)"')
LIST = r'c\(((?:\s*(?:"(?:[^"\\]|\\.)*"|[-\d.]+)\s*,?)*)\)'
LEVELS = re.compile(
    rf"data\[,\s*(\d+)\]\s*<-\s*factor\(data\[,\s*\d+\],\s*levels={LIST}\s*,"
    rf"\s*labels={LIST}\)"
)
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|([-\d.]+)')


def syntax_labels(path: Path, names: tuple[str, ...]) -> dict[str, Variable]:
    """An R syntax file's labels, by the name of the column at their place; {} if the
    file is none."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if "attributes(data)$variable.labels" not in text:
        return {}
    wordings = {int(n): tidy(said) for n, said in ATTRIBUTE.findall(text)}
    labels = {
        int(n): tuple(zip(_list(codes), map(tidy, _list(said)), strict=False))
        for n, codes, said in LEVELS.findall(text)
    }
    return {
        names[place - 1]: Variable(
            name=names[place - 1],
            text=wordings.get(place, ""),
            labels=labels.get(place, ()),
            source=f"{path.name}",
        )
        for place in sorted(wordings | labels)
        if place <= len(names)
    }


def _list(codes: str) -> list[str]:
    return [a.replace('\\"', '"') or b for a, b in QUOTED.findall(codes)]
