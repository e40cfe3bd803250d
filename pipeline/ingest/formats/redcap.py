"""REDCap: data with field names as header, and the project's data dictionary.

A checkbox is one column an option, `field___code`. Rows of repeating instruments and
of later events stand between those of records; `stateof init` proposes which to drop.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

from pipeline.ingest.formats.variables import Hint, Variable, tidy

REPEAT, EVENT = "redcap_repeat_instrument", "redcap_event_name"
ABOUT: dict[str, Hint] = {
    "record_id": "id",
    "redcap_survey_identifier": "pii",
    EVENT: "meta",
    REPEAT: "meta",
    "redcap_repeat_instance": "meta",
    "redcap_data_access_group": "meta",
}
# An export with labels has them in its header, too.
LABELLED: dict[str, Hint] = {
    "record id": "id",
    "event name": "meta",
    "repeat instrument": "meta",
    "repeat instance": "meta",
    "complete?": "meta",
    "survey timestamp": "meta",
    "survey identifier": "pii",
}
CHOICE = re.compile(r"(?P<text>.*) \(choice=(?P<label>.*)\)")
FIELD = {"variable / field name", "field_name"}
CHOICES = {"choices, calculations, or slider labels", "select_choices_or_calculations"}
HINTS: dict[str, Hint] = {
    "radio": "single",
    "dropdown": "single",
    "yesno": "single",
    "truefalse": "single",
    "checkbox": "select-all",
    "slider": "numeric",
    "calc": "numeric",
    "notes": "open",
    "file": "meta",
    "descriptive": "meta",
}
YES_NO = {
    "yesno": (("1", "Yes"), ("0", "No")),
    "truefalse": (("1", "True"), ("0", "False")),
}


def recognised(names: list[str]) -> bool:
    """Does the header have what only REDCap writes?"""
    plain = [name.strip() for name in names]
    if any(CHOICE.fullmatch(name) for name in plain):
        return True
    own = [name for name in plain if name.startswith("redcap_") or "___" in name]
    forms = [name for name in plain if re.fullmatch(r"[a-z0-9_]+_complete", name)]
    return bool(own or forms) and all(re.fullmatch(r"[a-z0-9_]*", n) for n in plain)


def variables(names: tuple[str, ...]) -> tuple[Variable, ...]:
    """What the header says of each column."""
    found = []
    for place, name in enumerate(names):
        if labelled := CHOICE.fullmatch(name):
            found.append(
                Variable(
                    name=name,
                    text=tidy(labelled["text"]),
                    option=tidy(labelled["label"]),
                    group=f"{labelled['text']} (choice=*)",
                )
            )
            continue
        field, mark, code = name.partition("___")
        known = ABOUT | LABELLED
        hint = known.get(name, known.get(name.casefold(), "" if place else "id"))
        if re.fullmatch(r".+_complete|.+_timestamp", name):
            hint = "meta"
        found.append(
            Variable(name=name, text=field, option=code, group=f"{field}___*")
            if mark
            else Variable(name=name, text=name, hint=hint)
        )
    return tuple(found)


def dictionary_labels(path: Path, names: tuple[str, ...]) -> dict[str, Variable]:
    """A data dictionary's labels by column; {} if the file is none."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
        rows = list(csv.DictReader(handle))
    if not rows or not FIELD & {key.casefold() for key in rows[0] if key}:
        return {}
    found: dict[str, Variable] = {}
    for row in rows:
        plain = {
            (key or "").casefold(): "" if value == "NA" else value or ""
            for key, value in row.items()
            if isinstance(value, str | None)
        }
        for variable in _field(plain, names):
            found[variable.name] = variable
    return found


def _field(row: dict[str, str], names: tuple[str, ...]) -> list[Variable]:
    field = row[next(key for key in FIELD if key in row)]
    kind = row.get("field type") or row.get("field_type", "")
    text = tidy(row.get("field label") or row.get("field_label", ""))
    identifier = row.get("identifier?") or row.get("identifier", "")
    valid = row.get("text validation type or show slider number") or row.get(
        "text_validation_type_or_show_slider_number", ""
    )
    said = row[next(key for key in CHOICES if key in row)] if CHOICES & set(row) else ""
    hint = HINTS.get(kind, "")
    if kind == "text":
        hint = "numeric" if valid in ("integer", "number") else ""
        hint = "date" if valid.startswith("date") else hint
    if identifier.casefold() == "y" or valid in ("email", "phone"):
        hint = "pii"
    labels = _choices(said) if kind not in ("calc", "slider") else ()
    labels = YES_NO.get(kind, labels)
    source = f"the data dictionary: {kind}" + (", an identifier" if identifier else "")
    if kind != "checkbox":
        one = Variable(name=field, text=text, labels=labels, hint=hint, source=source)
        return [one] if field in names else []
    return [
        Variable(
            name=f"{field}___{code.lower().replace('-', '_')}",
            text=text,
            option=label,
            group=f"{field}___*",
            hint=hint,
            source=source,
        )
        for code, label in labels
    ]


def _choices(said: str) -> tuple[tuple[str, str], ...]:
    """`1, Yes | 2, No` as pairs."""
    pairs = (part.partition(",") for part in said.split("|") if part.strip())
    return tuple((code.strip(), tidy(label)) for code, _, label in pairs)
