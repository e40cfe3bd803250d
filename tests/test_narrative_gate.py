"""Nothing is published that is not in its section's language, or signed."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pipeline.errors import SurveyError
from pipeline.narrative.document import ReportText
from pipeline.narrative.gate import check_page, proved
from pipeline.narrative.patterns import bank
from pipeline.narrative.stage import draft
from pipeline.outline import ClaimSpec, Outline, SectionSpec, Signed
from pipeline.render.html import render_page
from pipeline.report import Report, Sentence
from tests.narrative_sample import SURVEY, change, outline, share
from tests.small import quiet
from tests.test_narrative_facts import write_estimates

SAMPLE = Path(__file__).parent / "fixtures" / "report"
OWN = Signed(text="We asked twice.", by="A. Editor", date="2025-03-01")
CLAIMS = (
    ClaimSpec(kind="level", question="use", term="yes"),
    ClaimSpec(kind="trend", question="use", term="yes"),
    ClaimSpec(kind="range", question="use", term="yes", by="role"),
)
REPORT = outline(
    SectionSpec(id="one", title="One", claims=CLAIMS),
    SectionSpec(id="two", title="Two", claims=CLAIMS[:1], signed=(OWN,)),
)


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build with estimates of two waves."""
    write_estimates(
        tmp_path,
        [
            share("use", "yes", 0.22),
            share("use", "yes", 0.12, wave="2024"),
            share("use", "yes", 0.4, by="role", domain="devops"),
            share("use", "yes", 0.2, by="role", domain="backend"),
        ],
        [change("use", "yes", 0.001, 0.1)],
    )
    return tmp_path


def text_of(build: Path, report: Outline = REPORT) -> ReportText:
    """The text of a report, as the draft stage leaves it."""
    return draft(SURVEY, [report], build, None, quiet).report("mini")


def spoilt(report: ReportText, **changes: object) -> ReportText:
    """The text with its first sentence changed."""
    first, *others = report.sections
    sentence, *rest = first.summary
    changed = msgspec.structs.replace(sentence, **changes)
    section = msgspec.structs.replace(first, summary=(changed, *rest))
    return msgspec.structs.replace(report, sections=(section, *others))


def gated(
    build: Path, text: ReportText, *, strict: bool = True, report: Outline = REPORT
) -> tuple[ReportText, list[str]]:
    """What comes through the gate, and what it says."""
    said: list[str] = []
    passed = proved(SURVEY, build, report, text, strict=strict, progress=said.append)
    return passed, said


def test_a_text_of_the_language_comes_through_unchanged(build: Path) -> None:
    text = text_of(build)
    assert gated(build, text) == (text, [])


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "Among respondents, 23% use AI tools."},
        {"text": "AI is the future."},
        {"facts": ("2024.use.share.yes",)},
        {"pattern": "level.of"},
        {"origin": "person", "author": "A. Editor, 2025-03-01"},
    ],
)
def test_a_changed_sentence_is_an_error_or_replaced_and_counted(
    changes: dict[str, object], build: Path
) -> None:
    text = text_of(build)
    with pytest.raises(SurveyError, match="not licensed by the estimates"):
        gated(build, spoilt(text, **changes))
    passed, said = gated(build, spoilt(text, **changes), strict=False)
    assert passed.section("one").summary == text.section("one").summary
    assert said == ["mini: 1 sentences replaced by the template"]


def test_a_text_drafted_from_other_estimates_does_not_come_through(build: Path) -> None:
    text = text_of(build)
    write_estimates(build, [share("use", "yes", 0.55)])
    with pytest.raises(SurveyError):
        gated(build, text)


def test_a_person_may_say_what_they_sign(build: Path) -> None:
    text = text_of(build)
    own = text.section("two").summary[-1]
    assert (own.text, own.origin, own.author) == (
        "We asked twice.",
        "person",
        "A. Editor, 2025-03-01",
    )
    other = msgspec.structs.replace(OWN, by="B. Other")
    two = msgspec.structs.replace(REPORT.sections[1], signed=(other,))
    unsigned = msgspec.structs.replace(REPORT, sections=(REPORT.sections[0], two))
    with pytest.raises(SurveyError, match="We asked twice"):
        gated(build, text, report=unsigned)


def test_every_sentence_leads_to_claim_facts_tests_and_pattern(build: Path) -> None:
    text = text_of(build)
    patterns = {p.id for family in bank().values() for p in family}
    facts = {fact.id for fact in text.facts}
    for section in text.sections:
        claims = {claim.id: claim for claim in section.claims}
        for sentence in section.summary:
            if sentence.origin == "person":
                continue
            claim = claims[sentence.claim]
            assert sentence.pattern in patterns
            assert sentence.pattern.split(".")[0] in claim.licences
            assert set(sentence.facts) <= set(claim.facts) <= facts
    tests = {t.kind for s in text.sections for c in s.claims for t in c.tests}
    assert tests == {"trend", "range"}


def page(*paragraphs: list[str], byline: str = "Generated") -> str:
    """A page with these summaries, as a renderer may lay it out."""
    made = []
    for sentences in paragraphs:
        spans = "\n".join(
            f'<span class="sentence">{s}<sup><a href="#e">{i}</a></sup></span>'
            for i, s in enumerate(sentences, 1)
        )
        made.append(
            f'<div class="summary"><p>{spans}</p><p class="byline">{byline}</p></div>'
        )
    return f"<body><p>Free words.</p>{''.join(made)}<br></body>"


class Pages:
    """Sections as a report has them, for the check of a page."""

    def __init__(self, *paragraphs: list[str]) -> None:
        self.sections = [
            msgspec.defstruct("S", ["summary", ("quotes", tuple, ())])(
                tuple(Sentence(id="", text=t, facts=(), pattern="") for t in texts)
            )
            for texts in paragraphs
        ]


TEXTS = (["Among A & B, 22% do.", "So do 3%."], ["More."])
ESCAPED = (["Among A &amp; B,\n 22% do.", "So do 3%."], ["More."])


def test_a_page_that_says_what_the_report_says_may_be_published() -> None:
    check_page(page(*ESCAPED), Pages(*TEXTS))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "html",
    [
        page(*ESCAPED).replace("22%", "23%"),
        page(*ESCAPED).replace("So do 3%.", ""),
        page(*reversed(ESCAPED)),
        page(ESCAPED[0]),
        page(*ESCAPED).replace("</span></p>", "</span> And more.</p>"),
        page(*ESCAPED).replace('<p><span class="sentence"', "<p>Look: <span", 1),
    ],
)
def test_a_page_that_says_anything_else_may_not(html: str) -> None:
    with pytest.raises(SurveyError):
        check_page(html, Pages(*TEXTS))  # type: ignore[arg-type]


def test_a_page_names_who_signed_a_sentence() -> None:
    report = msgspec.json.decode((SAMPLE / "report.json").read_bytes(), type=Report)
    signed = Sentence(
        id="9",
        text="We asked twice.",
        facts=(),
        pattern="",
        origin="person",
        author="A. Editor, 2025-03-01",
    )
    first, *others = report.sections
    section = msgspec.structs.replace(first, summary=(*first.summary, signed))
    report = msgspec.structs.replace(report, sections=(section, *others))
    html = render_page(report, SAMPLE)
    assert "(A. Editor, 2025-03-01)" in html
    check_page(html, report)
