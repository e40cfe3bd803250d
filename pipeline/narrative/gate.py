"""The gate: what is published is in its section's language, or signed by a person.

The language is worked out again from the estimates, so that a text which was changed
after it was drafted, or drafted from other estimates, does not come through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path

import msgspec

from pipeline.definition import Survey
from pipeline.errors import SurveyError
from pipeline.narrative.claims import Source
from pipeline.narrative.document import ReportText, SectionText
from pipeline.narrative.facts import load_estimates
from pipeline.narrative.provenance import section_text
from pipeline.narrative.sections import Planned, plan_outline
from pipeline.narrative.selection import selected
from pipeline.outline import Outline
from pipeline.report import Report, Sentence

VOID = frozenset(("br", "hr", "img", "input", "link", "meta", "wbr"))


def proved(
    survey: Survey,
    build: Path,
    outline: Outline,
    text: ReportText,
    *,
    strict: bool,
    progress: Callable[[str], None],
) -> ReportText:
    """The text, if every sentence is licensed or signed.

    Raises `SurveyError` for the first that is neither; where not `strict`, its section
    gets the paragraph of record instead, and `progress` is told how many did.
    """
    specs = [claim for section in outline.sections for claim in section.claims]
    estimates = load_estimates(build, crossed=any("*" in c.by for c in specs))
    source = Source(survey, estimates, outline.wave)
    planned = plan_outline(source, selected(outline, source, build))
    sections, replaced = [], 0
    for section in planned:
        written = text.section(section.section.id)
        stray = _stray(section, written)
        if stray and strict:
            raise SurveyError(
                f"not licensed by the estimates: “{stray[0].text}”",
                where=f"report {outline.id}, section {section.section.id}",
                remedy="Draft anew (stateof run), or publish with --no-strict.",
            )
        if stray:
            best = section.plan.best if section.plan else ()
            why = f"{len(stray)} sentences were not licensed"
            written = section_text(outline, section, best, "template", "", why)
            replaced += len(stray)
        sections.append(written)
    if replaced:
        progress(f"{outline.id}: {replaced} sentences replaced by the template")
    return msgspec.structs.replace(text, sections=tuple(sections))


def _stray(planned: Planned, written: SectionText) -> list[Sentence]:
    """The sentences that are neither of the section's language nor signed."""
    stray, before = [], None
    for sentence in written.summary:
        place = planned.plan.place_of(sentence, before) if planned.plan else None
        by_hand = sentence.origin == "person"
        if not (_signed(planned, sentence) if by_hand else place is not None):
            stray.append(sentence)
        before = None if by_hand else place
    return stray


def _signed(planned: Planned, sentence: Sentence) -> bool:
    return any(
        (entry.text, entry.facts, f"{entry.by}, {entry.date}")
        == (sentence.text, sentence.facts, sentence.author)
        for entry in planned.section.signed
    )


def check_page(page: str, report: Report) -> None:
    """Raise `SurveyError` unless a page says and quotes what the report does.

    Summaries are compared word by word, quotes and captions letter by letter.
    """
    reader = _Read()
    reader.feed(page)
    _check_summaries(reader, report)
    _check_quotes(reader, report)


def _check_summaries(page: _Read, report: Report) -> None:
    expected = [
        [_plain(sentence.text) for sentence in section.summary]
        for section in report.sections
        if section.summary
    ]
    if page.loose:
        raise SurveyError(f"a summary on the page also says “{page.loose[0]}”")
    if page.said != expected:
        flat = [text for texts in page.said for text in texts]
        known = {text for texts in expected for text in texts}
        odd = next((text for text in flat if text not in known), "something else")
        raise SurveyError(f"a summary on the page is not the report's: “{odd}”")


def _check_quotes(page: _Read, report: Report) -> None:
    marked = [(q.text, q.said_by()) for s in report.sections for q in s.quotes]
    found = list(zip(page.quoted, page.captions, strict=False))
    if page.unmarked:
        raise SurveyError(f"quoted on the page and not marked: “{page.unmarked[0]}”")
    if found != marked or len(page.quoted) != len(page.captions):
        odd = next((text for text in page.quoted if text not in dict(marked)), "")
        raise SurveyError(
            f"quoted on the page otherwise than marked: “{odd or 'a caption'}”"
        )


def _plain(text: str) -> str:
    return " ".join(text.split())


class _Read(HTMLParser):
    """What a page says in `class="summary"` and quotes in `class="quotes"`.

    `loose` is text in a summary that is of no sentence, but for the byline, the number
    of a sentence and whatever else has a class of its own; `unmarked` what is quoted
    besides quotes and their captions.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[list[str]] = []
        self.loose: list[str] = []
        self.quoted: list[str] = []
        self.captions: list[str] = []
        self.unmarked: list[str] = []
        self._open: list[tuple[str, str, str]] = []
        self._within: Counter[str] = Counter()

    def handle_starttag(
        self, tag: str, attrs: Sequence[tuple[str, str | None]]
    ) -> None:
        if tag in VOID:
            return
        given = dict(attrs).get("class") or ""
        name = given.split(" ")[0]
        marks = (f"<{tag}>", f".{name}", "=quotes" if given == "quotes" else "")
        self._open.append(marks)
        self._within.update(marks)
        if name == "summary" and tag != "summary":
            self.said.append([])
        if name == "sentence":
            self.said[-1].append("")
        if self._within["=quotes"] and tag == "blockquote":
            self.quoted.append("")
        if self._within["=quotes"] and tag == "figcaption":
            self.captions.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self._open:
            self._within.subtract(self._open.pop())

    def handle_data(self, data: str) -> None:
        within = self._within
        if within[".summary"] and not (within["<sup>"] or within[".byline"]):
            if within[".sentence"]:
                self.said[-1][-1] = _plain(f"{self.said[-1][-1]}{data}")
            elif data.strip():
                self.loose.append(data.strip())
        inside, quoted = within["=quotes"], within["<blockquote>"]
        if inside and quoted:
            self.quoted[-1] += data
        elif inside and within["<figcaption>"]:
            self.captions[-1] += data
        elif (inside or quoted) and data.strip():
            self.unmarked.append(data.strip())
