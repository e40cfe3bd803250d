"""A respondent is quoted as a person marked it, word by word, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from reported import WORDS, sample
from small import DEFINITION, quiet, write_survey

from pipeline.definition import Survey
from pipeline.errors import DefinitionError, SurveyError
from pipeline.ingest.stage import ingest
from pipeline.narrative.gate import check_page
from pipeline.outline import Outline, QuoteSpec, SectionSpec, load_outline
from pipeline.quotes import quotes_of
from pipeline.render.html import render_page
from pipeline.render.markdown import render_markdown
from pipeline.report import Quote, Report
from pipeline.warehouse import connect, parquet

SAMPLE = Path(__file__).parent / "fixtures" / "report"
KEY = b"0123456789abcdef0123456789abcdef"
COMMENT = """
[[question]]
id = "comment"
text = "Anything else?"
kind = "open"
columns = { 2025 = "comment" }
consent = { ai = ["yes"] }
"""
ROWS = """\
id,status,role,ai,tools,depend,comment
1,ok,Developer,Yes,,,"It saves me
  an hour; ask jo@example.org"
2,ok,Developer,Yes,,,It is slow
3,ok,Ops,Yes,,,I am alone here
4,ok,Developer,No,,,Do not quote me
5,ok,Developer,Yes,,,
"""
MARK = QuoteSpec(question="comment", row=3, text="It is slow", by="role")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Survey, Path]:
    definition = DEFINITION.replace("min_base = 1", "min_base = 4") + COMMENT
    folder = tmp_path_factory.mktemp("quotes")
    survey, home = write_survey(folder, definition=definition, rows=ROWS)
    ingest(survey, home / "raw", home / "build", quiet, KEY)
    return survey, home / "build"


def quoted(small: tuple[Survey, Path], mark: QuoteSpec) -> Quote:
    section = SectionSpec(id="one", title="One", quotes=(mark,))
    outline = Outline(
        id="r", title="R", standfirst="", wave="2025", sections=(section,)
    )
    return quotes_of(*small, outline)["one"][0]


def test_a_quote_is_the_answer_and_the_group_it_comes_from(
    small: tuple[Survey, Path],
) -> None:
    quote = quoted(small, MARK)
    assert quote.text == "It is slow"
    assert quote.said_by() == "Developer, 2025, on “Anything else?”"


def test_who_someone_is_is_not_quoted(small: tuple[Survey, Path]) -> None:
    clean = "It saves me an hour; ask [email]"
    assert quoted(small, replace(MARK, row=2, text=clean)).text == clean


def test_a_group_too_small_to_hide_in_is_not_named(small: tuple[Survey, Path]) -> None:
    quote = quoted(small, replace(MARK, row=4, text="I am alone here"))
    assert quote.by == ""
    assert quote.said_by().startswith("A respondent, 2025")


def test_a_pseudonym_names_an_answer_too(small: tuple[Survey, Path]) -> None:
    people = parquet(small[1] / "respondents.parquet")
    name = connect().execute(
        f"SELECT _pseudonym FROM {people} WHERE respondent = 3"
    ).fetchall()[0][0]  # fmt: skip
    assert quoted(small, replace(MARK, row=0, respondent=name)).text == "It is slow"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": "It is fast"}, "not the text that is marked.*\n.*It is slow"),
        ({"text": "it is slow"}, "not the text"),
        ({"text": "It is slow "}, "not the text"),
        ({"row": 2}, r"row 2 of 2025.csv: the answer there"),
        ({"row": 6}, "row 6 of 2025.csv: there is no such answer"),
        ({"row": 99}, "there is no such answer"),
        ({"row": 5, "text": "Do not quote me"}, "did not consent"),
        ({"row": 0, "respondent": "0" * 32}, "no such respondent"),
    ],
)
def test_what_is_not_there_as_it_is_marked_stops_the_report(
    small: tuple[Survey, Path], change: dict[str, str | int], said: str
) -> None:
    with pytest.raises(DefinitionError, match=said):
        quoted(small, replace(MARK, **change))


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ('question = "coment"\nrow = 3', "comment"),
        ('question = "ai"\nrow = 3', "no question of free text"),
        ('question = "comment"', "needs a row"),
        ('question = "comment"\nrow = 3\nrespondent = "a"', "needs a row"),
        ('question = "comment"\nrow = 3\nby = "rule"', "role"),
        ('question = "comment"\nrow = 3\nwave = "1999"', "2025"),
    ],
)
def test_a_mark_with_a_mistake_is_refused(
    small: tuple[Survey, Path], mark: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "report.toml"
    path.write_text(
        'id = "r"\ntitle = "R"\nstandfirst = ""\n[[section]]\nid = "s"\ntitle = "S"\n'
        f'[[section.quote]]\ntext = "x"\n{mark}\n'
    )
    with pytest.raises(DefinitionError, match=said):
        load_outline(path, small[0])


def with_quotes(*texts: str) -> Report:
    report = sample()
    quotes = tuple(Quote(text=text, question="Why?", wave="2025") for text in texts)
    first, *others = report.sections
    return replace(report, sections=(replace(first, quotes=quotes), *others))


@pytest.mark.parametrize("text", WORDS)
def test_a_page_quotes_what_is_marked_whatever_it_is_made_of(text: str) -> None:
    report = with_quotes(text, "Second")
    page = render_page(report, SAMPLE)
    check_page(page, report)
    assert "<script>alert" not in page
    assert "Second" in render_markdown(report)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (">It &amp; I<", ">It &amp; me<"),
        (">It &amp; I<", "><"),
        (">It &amp; I<", ">It &amp; I <"),
        ("</figcaption>", ", CEO</figcaption>"),
        ("</blockquote>\n", "</blockquote>\nHe is right."),
        ("</main>", "<blockquote>Look here</blockquote></main>"),
        (
            '<div class="quotes"',
            '<div class="quotes"><figure><blockquote>Made up</blockquote>'
            "<figcaption>Us</figcaption></figure></div>\n"
            '<div class="quotes"',
        ),
    ],
)
def test_a_page_that_quotes_otherwise_is_not_published(old: str, new: str) -> None:
    report = with_quotes("It & I")
    page = render_page(report, SAMPLE)
    assert old in page
    check_page(page, report)
    with pytest.raises(SurveyError, match="quoted on the page"):
        check_page(page.replace(old, new), report)


@pytest.mark.slow
def test_paper_and_slides_quote_word_by_word() -> None:
    import io
    import subprocess

    from pptx import Presentation

    from pipeline.render.pdf import render_pdf
    from pipeline.render.slides import render_slides

    report = with_quotes("It & <b>I</b> #agree *fully*")
    done = subprocess.run(
        ["pdftotext", "-", "-"], input=render_pdf(report, SAMPLE), capture_output=True
    )
    assert "It & <b>I</b> #agree *fully*" in done.stdout.decode()
    deck = Presentation(io.BytesIO(render_slides(report)))
    texts = [
        s.text_frame.text for p in deck.slides for s in p.shapes if s.has_text_frame
    ]
    assert "“It & <b>I</b> #agree *fully*”" in texts
