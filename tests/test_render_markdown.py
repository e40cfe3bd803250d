"""Markdown and e-mail say what the report says, and are read as they are written."""

from __future__ import annotations

import email
import email.policy
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec.structs import replace
from reported import HTML, SHAPES, WORDS, sample, with_words

from pipeline.render.email import render_email
from pipeline.render.markdown import render_markdown


def message(content: bytes) -> email.message.EmailMessage:
    found = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(found, email.message.EmailMessage)
    return found


def body(content: bytes, kind: str) -> str:
    part = message(content).get_body((kind,))
    assert part is not None
    return str(part.get_content())


def unescaped(markdown: str) -> str:
    return re.sub(r"\\(.)", r"\1", markdown)


def test_markdown_has_every_sentence_and_value() -> None:
    report = sample()
    text = unescaped(render_markdown(report))
    for section in report.sections:
        assert f"## {section.title}" in text
        assert all(sentence.text in text for sentence in section.summary)
        for figure in section.figures:
            assert figure.files.get("svg", figure.wide) in text
            for row in figure.table.rows:
                assert f"| {' | '.join(row)} |" in text


def test_tables_have_as_many_cells_in_each_row() -> None:
    for words in WORDS:
        lines = render_markdown(with_words(words)).splitlines()
        tables = [line for line in lines if line.startswith("|")]
        bars = [len(re.findall(r"(?<!\\)\|", line)) for line in tables]
        assert set(bars) <= {3, 5}


@pytest.mark.parametrize("words", WORDS, ids=lambda w: w[:12])
def test_words_of_a_survey_are_no_markup(words: str) -> None:
    text = render_markdown(with_words(words)).partition("\n---\n")[2]
    assert not re.search(r"(?<!\\)<(?!figures/)", text)
    assert not re.search(r"(?<!\\)\$", text)
    flat = " ".join(words.split())
    assert flat in unescaped(text)


def test_the_header_is_yaml_whatever_the_title_is() -> None:
    front = render_markdown(with_words('a: "b"\n---\n# c')).split("---\n")[1]
    assert front.splitlines()[0] == r'title: "a: \"b\" \\--- \\# c"'


def test_an_e_mail_is_a_draft_in_text_and_html() -> None:
    report = sample()
    content = render_email(report)
    found = message(content)
    assert found["X-Unsent"] == "1"
    assert report.title in found["Subject"]
    for kind in ("plain", "html"):
        text = " ".join(body(content, kind).split())
        assert report.notice.upper() in text.upper()
        for section in report.sections:
            for sentence in section.summary:
                assert (
                    sentence.text.replace("&", "&amp;" if kind == "html" else "&")
                    in text
                )


def test_a_mail_program_has_nothing_to_fetch_or_run() -> None:
    tags: list[tuple[str, list[tuple[str, str | None]]]] = []

    class Tags(HTMLParser):
        def handle_starttag(
            self, tag: str, attrs: list[tuple[str, str | None]]
        ) -> None:
            tags.append((tag, attrs))

    Tags().feed(body(render_email(with_words(HTML)), "html"))
    assert {tag for tag, _ in tags} <= {
        "html", "head", "meta", "title", "body", "h1", "h2", "p", "strong", "ul", "li",
    }  # fmt: skip
    assert {name for _, attrs in tags for name, _ in attrs} <= {
        "lang", "charset", "style",
    }  # fmt: skip


@pytest.mark.parametrize("words", WORDS, ids=lambda w: w[:12])
def test_a_subject_is_one_line(words: str) -> None:
    assert message(render_email(with_words(words)))["Subject"]


@pytest.mark.parametrize("shape", SHAPES)
def test_any_shape_of_report_can_be_written(shape: str, tmp_path: Path) -> None:
    report = SHAPES[shape]()
    assert report.title in unescaped(render_markdown(report))
    assert render_email(report) == render_email(report)
    assert report.sections[0].title in body(render_email(report), "plain")


def test_days_that_nobody_stated_leave_no_trace() -> None:
    report = replace(sample(), dates="")
    lines = render_markdown(report).splitlines()
    assert f"{report.respondents} respondents." in lines
    letter = email.message_from_bytes(
        render_email(report), policy=email.policy.default
    ).get_body(("plain",))
    assert letter is not None
    assert f"{report.respondents} respondents." in letter.get_content().splitlines()
