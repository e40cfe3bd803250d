"""`report.json` is one frozen document with a schema that others can check it by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from reported import SHAPES, sample

from pipeline.errors import Missing
from pipeline.render.document import encoded, read, schema, write
from pipeline.report import SCHEMA

PUBLISHED = Path(__file__).parent.parent / "docs" / "report.schema.json"


def test_the_published_schema_is_that_of_the_types() -> None:
    """To renew it: stateof report --schema > docs/report.schema.json"""
    found = json.loads(json.dumps(schema()))
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == found


@pytest.mark.parametrize("shape", ["sample", *SHAPES])
def test_a_document_keeps_to_the_published_schema(shape: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    report = SHAPES.get(shape, sample)()
    found = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    jsonschema.Draft202012Validator(found).validate(json.loads(encoded(report)))


def test_the_schema_refuses_another_version_and_a_lost_title() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(schema())
    document = json.loads(encoded(sample()))
    assert not validator.is_valid({**document, "schema": SCHEMA + 1})
    assert not validator.is_valid({k: v for k, v in document.items() if k != "title"})


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write(sample(), tmp_path)
    assert read(tmp_path, "") == sample()


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"schema":1}'])
def test_a_document_of_another_version_says_how_to_make_this_one(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "report.json").write_bytes(content)
    with pytest.raises(Missing, match="of this version") as error:
        read(tmp_path, "Run: stateof run x")
    assert error.value.remedy == "Run: stateof run x"


def test_an_unpublished_report_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="not published yet"):
        read(tmp_path, "")


def test_keys_are_in_order_so_that_the_same_report_gives_the_same_bytes() -> None:
    report = sample()
    turned = replace(report, files=dict(reversed(report.files.items())))
    assert encoded(turned) == encoded(report)
