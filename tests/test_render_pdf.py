"""The PDF can be read aloud, says what the report says, and runs nothing in it."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from reported import LONG, SAMPLE, SHAPES, WORDS, sample, with_figures, with_words

from pipeline.errors import SurveyError
from pipeline.render.pdf import render_pdf
from pipeline.report import Report

PDFUA = Path(sys.executable).parent / "pdfua"
poppler = pytest.mark.skipif(
    not shutil.which("pdfinfo"), reason="there is no pdfinfo (poppler-utils)"
)


def made(report: Report, folder: Path) -> Path:
    path = folder / "report.pdf"
    path.write_bytes(render_pdf(report, SAMPLE))
    return path


def asked(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout


def words_of(path: Path) -> str:
    return " ".join(asked("pdftotext", "-layout", path, "-").split())


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render_pdf(sample(), SAMPLE) == render_pdf(sample(), SAMPLE)


@poppler
def test_it_is_tagged_titled_and_in_a_language(tmp_path: Path) -> None:
    path = made(sample(), tmp_path)
    about = asked("pdfinfo", path)
    assert re.search(r"Tagged:\s+yes", about)
    assert sample().title in about
    assert "pdfuaid" in asked("pdfinfo", "-meta", path)
    assert b"/Lang" in path.read_bytes()


@poppler
def test_headings_pictures_and_tables_have_their_roles(tmp_path: Path) -> None:
    tree = asked("pdfinfo", "-struct-text", made(sample(), tmp_path))
    figures = sum(len(section.figures) for section in sample().sections)
    assert len(re.findall(r"^ *Figure\b", tree, re.MULTILINE)) == figures
    for role in ("H1", "H2", "Table", "TH", "TOC", "Link"):
        assert re.search(rf"^ *{role}\b", tree, re.MULTILINE), role
    levels = [int(n) for n in re.findall(r"^ *H(\d)\b", tree, re.MULTILINE)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


@poppler
def test_every_sentence_value_and_disclosed_item_is_in_it(tmp_path: Path) -> None:
    report = sample()
    text = words_of(made(report, tmp_path))
    flat = re.sub(r"[\s\d]", "", text)
    for section in report.sections:
        for sentence in section.summary:
            assert re.sub(r"[\s\d]", "", sentence.text) in flat
        for figure in section.figures:
            assert all(row[1] in text for row in figure.table.rows)
    assert all(entry.item.split()[0] in text for entry in report.disclosure)
    assert report.notice in text


@pytest.mark.skipif(not PDFUA.is_file(), reason="pip install pdfua")
def test_a_checker_of_pdf_ua_finds_nothing(tmp_path: Path) -> None:
    said = asked(str(PDFUA), "check", made(sample(), tmp_path))
    assert "PASS (no findings)" in said


def test_a_picture_without_a_description_stops_it() -> None:
    figure = replace(sample().sections[0].figures[0], alt="")
    with pytest.raises(SurveyError, match="could not be set"):
        render_pdf(with_figures(figure), SAMPLE)


@pytest.mark.parametrize("words", WORDS, ids=lambda w: w[:12])
def test_whatever_a_survey_says_is_text(words: str, tmp_path: Path) -> None:
    pdf = render_pdf(with_words(words), SAMPLE)
    assert pdf.startswith(b"%PDF")
    assert b"/JavaScript" not in pdf
    assert b"/Launch" not in pdf


@poppler
def test_typst_code_and_markup_come_out_as_written(tmp_path: Path) -> None:
    typst = '#panic("run") *b* _i_ $x$'
    assert typst in words_of(made(with_words(typst), tmp_path))
    assert "An answer that goes on" in words_of(made(with_words(LONG), tmp_path))


@pytest.mark.parametrize("shape", SHAPES)
def test_any_shape_of_report_can_be_set(shape: str) -> None:
    assert render_pdf(SHAPES[shape](), SAMPLE).startswith(b"%PDF")


@poppler
def test_what_no_font_has_is_named(tmp_path: Path) -> None:
    text = words_of(made(with_words("before \N{ROCKET} \U00013000 after"), tmp_path))
    assert "[U+13000] after" in text or "\U00013000" in text
    assert "[rocket]" in text or "\N{ROCKET}" in text
