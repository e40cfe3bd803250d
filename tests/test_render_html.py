"""The page says what the report says, and nothing in it can run or fetch."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from pipeline.errors import Missing, SurveyError
from pipeline.render.html import render_page, worded_by
from pipeline.report import Disclosure, Report, Sentence, Table

SAMPLE = Path(__file__).parent / "fixtures" / "report"
EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(2)> & ' </style>"
replace = msgspec.structs.replace


@pytest.fixture
def report() -> Report:
    return msgspec.json.decode((SAMPLE / "report.json").read_bytes(), type=Report)


class Elements(HTMLParser):
    """Every start tag of a page with its attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {k: v or "" for k, v in attrs}))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def values(self, name: str) -> list[str]:
        return [attrs[name] for _, attrs in self.tags if name in attrs]


def poisoned(report: Report) -> Report:
    """The report with markup wherever a survey's own words can stand."""
    section = report.sections[0]
    table = Table(caption=EVIL, header=(EVIL, "n"), rows=((EVIL, EVIL),))
    figure = replace(
        section.figures[0],
        title=EVIL,
        subtitle=EVIL,
        question=EVIL,
        alt=EVIL,
        base=EVIL,
        source=EVIL,
        notes=(EVIL,),
        files={"csv": EVIL},
        table=table,
    )
    sentence = Sentence(id="s1", text=EVIL, facts=("f1",), pattern="p")
    fact = replace(report.facts[0], label=EVIL, display=EVIL, interval=EVIL, term=EVIL)
    return replace(
        report,
        title=EVIL,
        survey=EVIL,
        standfirst=EVIL,
        notice=EVIL,
        dates=EVIL,
        respondents=EVIL,
        sections=(
            replace(
                section,
                title=EVIL,
                author=EVIL,
                summary=(sentence,),
                figures=(figure,),
            ),
        ),
        facts=(fact,),
        method=(EVIL,),
        disclosure=(Disclosure(item=EVIL, text=EVIL),),
        provenance=((EVIL, EVIL),),
        citation=EVIL,
        licence=EVIL,
    )


def test_every_sentence_leads_to_the_values_it_states(report: Report) -> None:
    page = render_page(report, SAMPLE)
    for section in report.sections:
        for sentence in section.summary:
            place = f'id="evidence-{section.id}-{sentence.id}"'
            assert f'href="#evidence-{section.id}-{sentence.id}"' in page
            rows = page.partition(place)[2].partition("</tbody>")[0]
            for fact in report.facts:
                stated = fact.id in sentence.facts
                assert (f'data-fact="{fact.id}"' in rows) == stated
                assert not stated or f"<td>{fact.display}</td>" in rows


def test_a_sentence_that_rests_on_nothing_known_stops_the_page(report: Report) -> None:
    with pytest.raises(SurveyError, match="rests on fact 'f1'"):
        render_page(replace(report, facts=()), SAMPLE)


def test_it_says_who_worded_each_summary(report: Report) -> None:
    section = report.sections[0]
    page = render_page(report, SAMPLE)
    drafted = (
        "Drafted by SmolLM2-135M-Instruct, every sentence checked against the estimates"
    )
    assert drafted in page
    assert "Generated from the estimates" in page
    digest = replace(section, author="SmolLM2-135M-Instruct, sha256:b179")
    assert worded_by(digest) == drafted
    person = replace(section, origin="person", author="")
    assert worded_by(person) == "Written by the editors"


def test_a_notice_stands_at_the_top_in_each_source_line_and_at_the_foot(
    report: Report,
) -> None:
    page = render_page(report, SAMPLE)
    body = page.partition("<body>")[2]
    assert report.notice in body.partition("<header")[0]
    sources = re.findall(r'<p class="source">.*?</p>', body)
    assert len(sources) == sum(len(s.figures) for s in report.sections)
    assert all(report.notice in source for source in sources)
    assert report.notice in body.partition("<footer")[2]
    assert report.notice in page.partition('name="description"')[2].partition(">")[0]


def test_without_a_notice_there_is_none(report: Report) -> None:
    honest = replace(report, notice="")
    assert 'class="notice"' not in render_page(honest, SAMPLE)


def test_a_figure_carries_base_notes_wording_table_and_downloads(
    report: Report,
) -> None:
    page = render_page(report, SAMPLE)
    for section in report.sections:
        for figure in section.figures:
            shown = page.partition(f'id="{figure.id}"')[2].partition("</figure>")[0]
            words = " ".join(Elements(shown).text)
            for text in (figure.base, figure.question, *figure.notes):
                assert text in words
            for row in figure.table.rows:
                assert all(cell in words for cell in row)
            assert all(f'href="{name}"' in shown for name in figure.files.values())
            assert f'href="#{figure.id}"' in shown


def test_what_is_unknown_is_shown_as_not_disclosed(report: Report) -> None:
    page = render_page(report, SAMPLE)
    unknown = [d for d in report.disclosure if d.text is None]
    assert page.count("<dd>Not disclosed</dd>") == len(unknown) == 1


def test_markup_in_any_words_comes_out_as_text(report: Report) -> None:
    found = Elements(render_page(poisoned(report), SAMPLE))
    tags = Counter(tag for tag, _ in found.tags)
    assert tags["script"] == 1
    assert tags["style"] == 1
    assert "img" not in tags
    assert not any(name.startswith("on") for _, a in found.tags for name in a)
    assert "".join(found.text).count(EVIL) > 15


def test_the_policy_allows_our_script_by_its_hash_and_nothing_else(
    report: Report,
) -> None:
    page = render_page(report, SAMPLE)
    script = page.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(
        a["content"] for _, a in Elements(page).tags if "http-equiv" in a
    ).split("; ")
    assert policy[0] == "default-src 'none'"
    assert f"script-src 'sha256-{digest}'" in policy
    assert len(script) < 2500


def test_nothing_is_fetched_from_elsewhere(report: Report) -> None:
    found = Elements(render_page(report, SAMPLE))
    for place in found.values("src") + found.values("href"):
        assert not re.match(r"(?i)\s*(https?:|//|javascript:)", place)
    assert "url(" not in "".join(found.values("style"))


def test_ids_are_unique_and_every_inner_link_arrives(report: Report) -> None:
    found = Elements(render_page(report, SAMPLE))
    ids = found.values("id")
    assert not [name for name, count in Counter(ids).items() if count > 1]
    inner = {h[1:] for h in found.values("href") if h.startswith("#")}
    assert inner <= set(ids)
    for name in ("aria-labelledby", "aria-describedby"):
        assert set(" ".join(found.values(name)).split()) <= set(ids)


def test_the_page_has_a_language_one_heading_a_skip_link_and_contents(
    report: Report,
) -> None:
    page = render_page(report, SAMPLE)
    found = Elements(page)
    tags = Counter(tag for tag, _ in found.tags)
    assert ("html", {"lang": "en"}) in found.tags
    assert tags["h1"] == tags["main"] == tags["nav"] == 1
    contents = page.partition("<nav")[2].partition("</nav>")[0]
    assert all(f'href="#section-{s.id}"' in contents for s in report.sections)


def test_a_survey_named_after_its_year_does_not_say_it_twice(report: Report) -> None:
    dated = replace(report, survey="State of App Dev 2025")
    assert f"<title>{report.title} · State of App Dev 2025</title>" in render_page(
        dated, SAMPLE
    )
    assert "State of App Dev <span>2025</span>" in render_page(report, SAMPLE)


def test_two_renderings_are_the_same_bytes(report: Report) -> None:
    assert render_page(report, SAMPLE) == render_page(report, SAMPLE)


def test_a_report_with_nothing_but_a_title_is_still_a_page(report: Report) -> None:
    bare = replace(
        report,
        sections=(),
        facts=(),
        method=(),
        disclosure=(),
        provenance=(),
        citation="",
        licence="",
    )
    assert report.title in render_page(bare, SAMPLE)


def test_a_missing_drawing_says_which_and_what_to_do(
    report: Report, tmp_path: Path
) -> None:
    with pytest.raises(Missing, match=r"ai_use_by_industry-wide\.svg"):
        render_page(report, tmp_path)


def test_a_drawing_outside_the_report_is_refused(
    report: Report, tmp_path: Path
) -> None:
    shutil.copytree(SAMPLE / "figures", tmp_path / "figures")
    inside = tmp_path / "report"
    inside.mkdir()
    section = report.sections[0]
    figure = replace(section.figures[0], wide="../figures/ai_tools-wide.svg")
    outside = replace(report, sections=(replace(section, figures=(figure,)),))
    with pytest.raises(SurveyError, match="outside the report"):
        render_page(outside, inside)
