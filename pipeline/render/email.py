"""The report in an e-mail to send on: what it says, in plain text and in HTML.

The file opens as a draft. It holds no picture, link or script, so that no mail program
asks before showing it.
"""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from html import escape

from pipeline.render.plain import plain
from pipeline.report import Report, Section


def render_email(report: Report) -> bytes:
    """The message (RFC 5322); the same report gives the same bytes."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = plain(f"{report.title}: {report.survey}")
    message["X-Unsent"] = "1"
    message.set_content("\n".join(_text(report)) + "\n", cte="quoted-printable")
    html = "".join(_html(report))
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message.set_boundary("=_stateof_summary")
    return message.as_bytes()


def _text(report: Report) -> Iterator[str]:
    yield from (plain(report.title), plain(report.standfirst), "")
    if report.notice:
        yield from (plain(report.notice).upper(), "")
    for section in report.sections:
        yield plain(section.title)
        yield from (f"- {plain(line)}" for line in _said(section))
        yield ""
    yield from (plain(line) for line in _foot(report))


def _said(section: Section) -> list[str]:
    """Its sentences; where nothing was written, the titles of its figures."""
    said = [sentence.text for sentence in section.summary]
    titles = [figure.title for figure in section.figures]
    return said or [*titles, *section.left_out]


def _foot(report: Report) -> Iterator[str]:
    dates = f", {report.dates}" if report.dates else ""
    yield f"{report.respondents} respondents{dates}."
    yield from (line for line in (*report.method, report.citation) if line)


def _html(report: Report) -> Iterator[str]:
    ink, muted = report.brand.light["c-ink"], report.brand.light["c-muted"]
    font = escape(report.brand.font, quote=True)
    yield (
        f'<!doctype html><html lang="{escape(report.language)}"><head>'
        f'<meta charset="utf-8"><title>{escape(plain(report.title))}</title></head>'
        f'<body style="font:16px/1.5 {font};color:{ink};max-width:38em">'
    )
    yield f'<h1 style="font-size:26px;line-height:1.2">{_safe(report.title)}</h1>'
    yield f'<p style="color:{muted}">{_safe(report.standfirst)}</p>'
    if report.notice:
        style = "background:#ffd23f;color:#1c1600;padding:8px"
        yield f'<p style="{style}"><strong>{_safe(report.notice)}</strong></p>'
    for section in report.sections:
        yield f'<h2 style="font-size:19px">{_safe(section.title)}</h2><ul>'
        yield from (f"<li>{_safe(line)}</li>" for line in _said(section))
        yield "</ul>"
    for line in _foot(report):
        yield f'<p style="font-size:13px;color:{muted}">{_safe(line)}</p>'
    yield "</body></html>"


def _safe(text: str) -> str:
    return escape(plain(text))
