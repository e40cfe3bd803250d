"""SurveyMonkey's API: pages of responses as JSON, and the details of the survey.

A question is a column, called by its id; a row of a grid is one too (`question.row`).
Cells hold ids of choices, joined by ";", or the text that was typed. What ids mean is
in the details (`GET /surveys/{id}/details`), which `stateof init` reads for labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import DataError
from pipeline.ingest.formats.variables import Hint, Variable, tidy

ABOUT = (
    "id",
    "collector_id",
    "response_status",
    "date_created",
    "date_modified",
    "total_time",
    "ip_address",
    "email_address",
    "first_name",
    "last_name",
)


def response_rows(path: Path) -> Iterator[list[str]]:
    """The header, then a row a response. Raises `DataError`."""
    data = _parsed(path)
    responses = data.get("data") if isinstance(data, dict) else data
    if isinstance(data, dict) and "pages" in data and "data" not in data:
        raise DataError(
            "describes the survey; the responses are in another file",
            where=str(path),
            remedy="Name the responses (…/responses/bulk) and give this one as labels.",
        )
    if not isinstance(responses, list) or not responses:
        raise DataError(
            "holds no list of responses",
            where=str(path),
            remedy="Save what the API answers to …/responses/bulk.",
        )
    found = [_answers(path, i, response) for i, response in enumerate(responses)]
    columns = list(dict.fromkeys(key for row in found for key in row))
    yield columns
    for row in found:
        yield [row.get(column, "") for column in columns]


def _parsed(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        raise DataError(
            f"is not whole: {error.msg}",
            where=f"{path}, line {error.lineno}",
            remedy="Ask the API for it again.",
        ) from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"is no JSON: {error}", where=str(path)) from None


def _answers(path: Path, number: int, response: Any) -> dict[str, str]:
    try:
        row = {name: str(response.get(name) or "") for name in ABOUT}
        for page in response.get("pages", []):
            for question in page.get("questions", []):
                for answer in question.get("answers", []):
                    _put(row, str(question["id"]), answer)
    except (AttributeError, KeyError, TypeError) as error:
        raise DataError(
            f"a response is not as the API gives it: {error}",
            where=f"{path}, response {number + 1}",
            remedy="Save what the API answers to …/responses/bulk.",
        ) from None
    return row


def _put(row: dict[str, str], question: str, answer: dict[str, Any]) -> None:
    key = f"{question}.{answer['row_id']}" if answer.get("row_id") else question
    if answer.get("other_id"):
        row[f"{question}.other"] = str(answer.get("text", ""))
        answer = {"choice_id": answer["other_id"]}
    if "choice_id" in answer:
        said = str(answer["choice_id"])
        row[key] = f"{row[key]};{said}" if row.get(key) else said
    else:
        row[key] = str(answer.get("text", ""))


def variables(names: tuple[str, ...]) -> tuple[Variable, ...]:
    """What is known of the columns without the details."""
    known = dict.fromkeys(ABOUT, "meta") | dict.fromkeys(ABOUT[6:], "pii")
    known |= {"id": "id", "date_created": "date", "date_modified": "date"}
    hints: dict[str, Hint] = {name: known.get(name, "") for name in names}  # type: ignore[misc]
    return tuple(Variable(name=name, text=name, hint=hints[name]) for name in names)


def details_variables(path: Path) -> tuple[Variable, ...]:
    """What a survey's details say of its columns; () if the file is something else."""
    data = _parsed(path)
    if not isinstance(data, dict) or "pages" not in data:
        return ()
    return tuple(
        variable
        for page in data["pages"]
        for question in page.get("questions", [])
        for variable in _described(question)
    )


def _described(question: dict[str, Any]) -> Iterator[Variable]:
    family, answers = question.get("family", ""), question.get("answers") or {}
    text = tidy(" ".join(h.get("heading", "") for h in question.get("headings", [])))
    choices = [*answers.get("choices", [])]
    choices += [answers["other"]] if answers.get("other") else []
    labels = tuple((str(c["id"]), tidy(c.get("text", ""))) for c in choices)
    hints: dict[str, Hint] = {
        "single_choice": "single",
        "multiple_choice": "select-all",
        "matrix": "select-all" if question.get("subtype") == "multi" else "single",
        "open_ended": "open",
        "datetime": "date",
        "demographic": "pii",
    }
    rows = answers.get("rows", [])
    named = [(f"{question['id']}.{r['id']}", tidy(r.get("text", ""))) for r in rows]
    for name, item in named or [(str(question["id"]), "")]:
        yield Variable(
            name=name,
            text=f"{text} {item}".strip(),
            labels=labels,
            hint=hints.get(family, "open"),
            source=f"the survey's details: {family}",
        )
    if answers.get("other"):
        yield Variable(
            name=f"{question['id']}.other", text=f"{text} (other)", hint="open"
        )
