"""Small exports as each platform writes them, made on the spot."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path


def rows_text(rows: list[list[str]], delimiter: str = ",") -> str:
    """Rows as delimited text."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue()


def put(folder: Path, name: str, content: str | bytes) -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def people(count: int) -> list[int]:
    """Numbers of respondents, from 1."""
    return list(range(1, count + 1))


def qualtrics(*, texts: bool) -> str:
    """Three header rows; choice texts or codes; a preview among the responses."""
    names = ["StartDate", "Status", "IPAddress", "ResponseId", "Q1", "Q2_1", "Q2_2"]
    names += ["Q2_3_TEXT", "Q3"]
    words = ["Start Date", "Response Type", "IP Address", "Response ID"]
    words += ["What is your role?"]
    words += [f"Which tools? - Selected Choice - {t}" for t in ("Git", "Make")]
    words += ["Which tools? - Other - Text", "Why?"]
    ids = ["startDate", "status", "ipAddress", "_recordId", "QID1", "QID2", "QID2"]
    ids += ["QID2_3_TEXT", "QID3_TEXT"]
    body = []
    for n in people(40):
        role = ["Developer", "Designer"][n % 2] if texts else str(n % 2 + 1)
        git = ("Git" if texts else "1") if n % 3 else ""
        make = ("Make" if texts else "2") if n % 4 else ""
        status = "Survey Preview" if n == 1 else "IP Address"
        body.append(
            [
                f"2024-05-{n % 28 + 1:02d} 10:00:00",
                status,
                f"10.0.0.{n}",
                f"R_{n}",
                role,
                git,
                make,
                "",
                f"because of {n}",
            ]
        )
    heads = [names, words, [json.dumps({"ImportId": i}) for i in ids]]
    return rows_text(heads + body)


def surveymonkey() -> list[list[str]]:
    """A question over its options, one beside "other", one typed, a grid of ticks."""
    top = ["Respondent ID", "Email Address", "What is your role?", ""]
    below = ["", "", "Response", "Other (please specify)"]
    top += ["Which tools do you use?", "", "", "Anything else?"]
    below += ["Git", "Make", "Other (please specify)", "Open-Ended Response"]
    top += ["How often do you use these?", "", "", ""]
    below += ["Git - Daily", "Git - Never", "Make - Daily", "Make - Never"]
    body = []
    for n in people(40):
        other = "Gardener" if n == 7 else ""
        role = "Other (please specify)" if other else ["Developer", "Designer"][n % 2]
        daily, never = ["Daily", ""], ["", "Never"]
        body.append(
            [
                str(9000 + n),
                f"p{n}@example.org",
                role,
                other,
                "Git" if n % 3 else "",
                "Make" if n % 4 else "",
                ["just", "ninja", "bazel", ""][n % 4],
                f"text {n}",
                *(daily if n % 2 else never),
                *(never if n % 2 else daily),
            ]
        )
    return [top, below, *body]


def limesurvey() -> str:
    """Question codes with sub-questions in brackets, answers as codes."""
    names = ["id", "submitdate", "lastpage", "startlanguage", "role"]
    names += ["tools[git]", "tools[make]", "why"]
    body = [
        [
            str(n),
            f"2024-06-{n % 28 + 1:02d} 09:00:00",
            "3",
            "en",
            f"A{n % 2 + 1}",
            "Y" if n % 3 else "N",
            "Y" if n % 4 else "N",
            f"text {n}",
        ]
        for n in people(40)
    ]
    return rows_text([names, *body], ";")


SYNTAX = """\
data <- read.csv("survey_1_R_data_file.csv")
# LimeSurvey Field type: F
data[, 5] <- as.character(data[, 5])
attributes(data)$variable.labels[5] <- "What is your role?"
data[, 5] <- factor(data[, 5], levels=c("A1","A2"),labels=c("Developer",
  "Designer (a (b))"))
names(data)[5] <- "role"
attributes(data)$variable.labels[6] <- "[Git] Which tools?"
data[, 6] <- factor(data[, 6], levels=c("Y","N"),labels=c("Yes","No"))
names(data)[6] <- "tools_git"
"""


def redcap() -> tuple[str, str]:
    """Data with checkboxes, two events and a repeating instrument; its dictionary."""
    names = ["record_id", "redcap_event_name", "redcap_repeat_instrument"]
    names += ["role", "tools___1", "tools___2", "email", "base_complete", "visits"]
    body = []
    for n in people(30):
        ticks = [str(int(n % 3 > 0)), str(int(n % 4 > 0))]
        answers = [str(n % 2 + 1), *ticks, f"p{n}@example.org", "2", ""]
        body.append([str(n), "first_arm_1", "", *answers])
        body.append([str(n), "later_arm_1", "", "", "", "", "", "", ""])
        if n % 2:
            body.append([str(n), "first_arm_1", "visit", *[""] * 5, str(n)])
    head = ["Variable / Field Name", "Form Name", "Section Header", "Field Type"]
    head += ["Field Label", "Choices, Calculations, OR Slider Labels", "Identifier?"]
    fields = [
        ["record_id", "base", "", "text", "Record", "", ""],
        ["role", "base", "", "radio", "Your role?", "1, Developer | 2, Designer", ""],
        ["tools", "base", "", "checkbox", "Tools?", "1, Git | 2, Make", ""],
        ["email", "base", "", "text", "Mail", "", "y"],
    ]
    return rows_text([names, *body]), rows_text([head, *fields])


def googleforms() -> str:
    """Options joined by commas, one of which has a comma of its own."""
    head = ["Timestamp", "Email Address", "What is your role?", "Which tools?"]
    head += ["How satisfied? [Speed]", "How satisfied? [Price]"]
    tools = ["Git", "Make (GNU, BSD)", "Other things"]
    body = []
    for n in people(40):
        chosen = [tool for i, tool in enumerate(tools) if (n >> i) & 1] or tools[:1]
        body.append(
            [
                f"2024/03/{n % 28 + 1:02d} 9:12:00 AM GMT+1",
                f"p{n}@example.org",
                ["Developer", "Designer"][n % 2],
                ", ".join(chosen),
                ["Good", "Bad"][n % 2],
                ["Good", "Bad", "So-so"][n % 3],
            ]
        )
    return rows_text([head, *body])


def typeform() -> str:
    """A select-all question as columns that are called by their options."""
    head = ["#", "What is your role?", "Git", "Make", "Other", "Why?"]
    head += ["Start Date (UTC)", "Submit Date (UTC)", "Network ID"]
    body = [
        [
            f"r{n}",
            ["Developer", "Designer"][n % 2],
            "Git" if n % 3 else "",
            "Make" if n % 4 else "",
            "Ninja" if n % 9 == 0 else "",
            f"text {n}",
            *[f"2024-02-{n % 28 + 1:02d} 08:00:00"] * 2,
            f"net{n}",
        ]
        for n in people(40)
    ]
    return rows_text([head, *body])


def api_json() -> tuple[str, str]:
    """SurveyMonkey's API: responses, and the details of the survey."""
    choices = [{"id": "11", "text": "Developer"}, {"id": "12", "text": "Designer"}]
    tools = [{"id": "21", "text": "<b>Git</b>"}, {"id": "22", "text": "Make"}]
    questions = [
        {"id": "1", "family": "single_choice", "headings": [{"heading": "Your role?"}]}
        | {"answers": {"choices": choices}},
        {"id": "2", "family": "multiple_choice", "headings": [{"heading": "Tools?"}]}
        | {"answers": {"choices": tools, "other": {"id": "23", "text": "Other"}}},
    ]
    data = []
    for n in people(40):
        several = [{"choice_id": "21"}] + ([{"choice_id": "22"}] if n % 2 else [])
        several += [{"other_id": "23", "text": "just"}] if n % 5 == 0 else []
        asked = [
            {"id": "1", "answers": [{"choice_id": str(11 + n % 2)}]},
            {"id": "2", "answers": several},
        ]
        about = {"id": str(500 + n), "ip_address": f"10.0.0.{n}"}
        data.append(about | {"pages": [{"questions": asked}]})
    details = {"pages": [{"questions": questions}], "title": "Tools"}
    return json.dumps({"data": data}), json.dumps(details)
