"""The codebook says of each variable what the answers say."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from small import DEFINITION, ROWS, ingested, write_survey

from pipeline.codebook import codebook, page
from pipeline.errors import Missing


def test_frequencies_and_kinds_of_missing_answers_are_kept_apart(
    tmp_path: Path,
) -> None:
    survey, home = write_survey(tmp_path)
    ingested(survey, home)
    found = codebook(survey, "2025", home / "build")
    fields = {field.name: field for field in found.fields}
    # Of ROWS: a duplicate and a test are dropped, six respondents are left.
    assert found.respondents == 6
    ai = {c.code: c.frequency for c in fields["ai"].categories}
    assert ai == {"yes": 3, "no": 2, "refused": 1}
    assert fields["ai"].counts == {"answered": 5, "declined": 1}
    tools = {c.code: c.frequency for c in fields["tools"].categories}
    assert tools == {"a": 2, "b": 1}
    assert fields["tools"].counts == {"answered": 2, "skipped": 1, "not_asked": 3}
    assert fields["tools"].universe == "AI?: “Yes”"
    assert fields["role"].source == ("role",)


def test_the_page_escapes_what_it_shows_and_loads_nothing(tmp_path: Path) -> None:
    definition = DEFINITION.replace('label = "Developer"', 'label = "<b>&Dev"')
    rows = ROWS.replace("Developer", "<b>&Dev")
    survey, home = write_survey(tmp_path, definition=definition, rows=rows)
    ingested(survey, home)
    text = page(codebook(survey, "2025", home / "build"))
    assert "<b>" not in text
    assert "<b>&Dev" in unescape(text)
    assert "default-src 'none'" in text
    assert re.findall(r'(?:src|href)="', text) == []


def test_before_ingest_there_is_nothing_to_document(tmp_path: Path) -> None:
    survey, home = write_survey(tmp_path)
    with pytest.raises(Missing, match="no answers yet"):
        codebook(survey, "2025", home / "build")
