"""GGUF headers: what is read from sound ones, and how unsound ones are refused."""

from __future__ import annotations

import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import DataError
from pipeline.serving.artifact import facts as gguf_facts
from pipeline.serving.artifact.gguf import Array, Header, read_header
from tests.small_models import ARRAY, BOOL, F32, STRING, U32, gguf, pair, tensor, text

SOUND = gguf(
    [
        pair("general.architecture", STRING, text("llama")),
        pair("general.file_type", U32, struct.pack("<I", 15)),
        pair("llama.context_length", U32, struct.pack("<I", 2048)),
        pair("on", BOOL, b"\1"),
        pair("few", ARRAY, struct.pack("<IQ", STRING, 1) + text("a")),
        pair("many", ARRAY, struct.pack("<IQ", STRING, 60) + 60 * text("ab")),
        pair("scores", ARRAY, struct.pack("<IQ", F32, 60) + bytes(240)),
    ],
    [tensor("blk.0.w", (32, 2), 2, 0), tensor("b", (4,), 0, 64)],
    bytes(80),
)


@pytest.fixture
def write(tmp_path: Path):
    def written(data: bytes, name: str = "m.gguf") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return written


def refusal(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        read_header(path)
    assert path.name in caught.value.where
    assert caught.value.remedy
    return caught.value


def test_a_header_gives_metadata_and_tensors(write) -> None:
    header = read_header(write(SOUND))
    assert header.text("general.architecture") == "llama"
    assert header.number("llama.context_length") == 2048
    assert header.metadata["on"] is True
    assert header.metadata["few"] == Array(STRING, 1, ("a",))
    assert [t.elements for t in header.tensors] == [64, 4]
    assert [t.size for t in header.tensors] == [36, 16]


def test_a_vocabulary_is_stepped_over_and_not_kept(write) -> None:
    header = read_header(write(SOUND))
    assert header.metadata["many"] == Array(STRING, 60, None)
    assert header.metadata["scores"] == Array(F32, 60, None)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_versions_one_to_three_are_read(write, version: int) -> None:
    count = "<I" if version == 1 else "<Q"
    key = pair("general.architecture", STRING, text("llama", count), count)
    part = tensor("t", (8,), 0, 0, count)
    header = read_header(write(gguf([key], [part], bytes(32), version)))
    assert header.version == version
    assert header.text("general.architecture") == "llama"
    assert header.tensors[0].elements == 8


def test_a_later_version_is_refused_with_what_to_do(write) -> None:
    error = refusal(write(b"GGUF" + struct.pack("<I", 4) + bytes(16)))
    assert error.what == "GGUF version 4 is not known (1 to 3 are)"
    assert "version 3" in error.remedy


@pytest.mark.parametrize("magic", [b"GGUF", b"FUGG"])
def test_a_big_endian_file_is_refused_by_that_name(write, magic: bytes) -> None:
    error = refusal(write(magic + struct.pack(">IQQ", 3, 0, 0)))
    assert error.what == "the file is big-endian"
    assert "gguf_convert_endian" in error.remedy


def test_what_is_no_gguf_is_refused_by_its_first_bytes(write) -> None:
    assert "b'PK\\x03\\x04'" in refusal(write(b"PK\3\4" + bytes(64))).what
    assert "ends within its first four bytes" in refusal(write(b"")).what


def test_a_file_that_is_not_there_is_an_error_and_not_a_trace(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "gone.gguf").what
    (tmp_path / "folder.gguf").mkdir()
    assert "directory" in refusal(tmp_path / "folder.gguf").what


HUGE = 1 << 60
CLAIMS = {
    "tensors": b"GGUF" + struct.pack("<IQQ", 3, HUGE, 0),
    "metadata values": b"GGUF" + struct.pack("<IQQ", 3, 0, HUGE),
    "bytes long": b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, HUGE),
    "metadata 'k'": gguf([pair("k", STRING, struct.pack("<Q", HUGE))], []),
    "'scores'": gguf([pair("scores", ARRAY, struct.pack("<IQ", F32, HUGE))], []),
    "more than": gguf([pair("words", ARRAY, struct.pack("<IQ", STRING, HUGE))], []),
    "too many arrays": gguf([pair("n", ARRAY, 9 * struct.pack("<IQ", ARRAY, 1))], []),
    "dimensions": gguf([], [text("t") + struct.pack("<I", 1 << 31)]),
    "is said to hold": gguf([], [tensor("t", (HUGE, HUGE), 0, 0)]),
    "bytes short": gguf([], [tensor("t", (HUGE,), 0, 0)]),
    "before tensor": gguf([], [tensor("t", (8,), 0, HUGE)], bytes(32)),
}


def test_more_text_than_any_model_has_is_refused(
    write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.serving.artifact.gguf.MOST_TEXT", 1 << 20)
    pairs = [pair(f"k{i}", STRING, text("x" * 70_000)) for i in range(20)]
    assert "more than 1 MiB of text" in refusal(write(gguf(pairs, []))).what


@pytest.mark.parametrize("said", CLAIMS)
def test_a_header_that_claims_too_much_costs_nothing(write, said: str) -> None:
    path = write(CLAIMS[said])
    tracemalloc.start()
    error = refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said in error.what
    assert peak < 4 << 20


WRONG = {
    "of an unknown type 77": gguf([pair("k", 77, b"")], []),
    "array of an unknown type": gguf(
        [pair("k", ARRAY, struct.pack("<IQ", 77, 60))], []
    ),
    "not a power of two": gguf(
        [pair("general.alignment", U32, struct.pack("<I", 24))], []
    ),
    "'k' comes twice": gguf(2 * [pair("k", BOOL, b"\0")], []),
    "tensor 't' comes twice": gguf([], 2 * [tensor("t", (1,), 0, 0)], bytes(32)),
}


@pytest.mark.parametrize("said", WRONG)
def test_a_header_that_contradicts_itself_is_refused(write, said: str) -> None:
    assert said in refusal(write(WRONG[said])).what


def test_a_file_cut_anywhere_is_refused(write) -> None:
    for length in range(len(SOUND)):
        refusal(write(SOUND[:length]))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), max_size=6
    ),
    cut=st.integers(0, len(SOUND)),
)
def test_no_damage_gives_anything_but_a_header_or_an_error(
    write, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(SOUND)
    for place, value in changes:
        data[place] = value
    path = write(bytes(data[: len(data) - cut // 8]))
    try:
        headers = [read_header(path)]
    except DataError:
        return
    gguf_facts.described(headers)
    assert gguf_facts.parameters(headers)
    assert gguf_facts.size(headers)
    assert gguf_facts.quantization(headers)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=st.binary(max_size=400))
def test_noise_after_the_magic_is_an_error_or_a_header(write, tail: bytes) -> None:
    path = write(b"GGUF" + struct.pack("<I", 3) + tail)
    with suppress(DataError):
        assert read_header(path).file_size == 8 + len(tail)


@pytest.mark.parametrize("name", ["dummy.gguf", "dummy-00002-of-00002.gguf"])
def test_dockers_own_sample_is_described_as_docker_does(
    shared: Path, name: str
) -> None:
    headers = [read_header(shared / "models/tiny" / name)]
    assert gguf_facts.parameters(headers) == "183"
    assert gguf_facts.size(headers) == "864B"
    assert gguf_facts.size(headers, gap=" ") == "864 B"
    assert gguf_facts.architecture(headers) == "llama"
    assert gguf_facts.quantization(headers) == "Unknown"


def test_dockers_own_metadata_becomes_dockers_text(shared: Path) -> None:
    path = shared / "models/tiny/dummy.gguf"
    texts = gguf_facts.described([read_header(path)])
    wanted = {
        "uint8": "18",
        "int8": "-19",
        "uint32": "305419896",
        "float32": "0.123457",
        "uint64": "1311768467463790320",
        "int64": "-1311768467463790321",
        "float64": "0.123457",
        "bool": "true",
        "string": "hello world",
        "arr.i16": "1, 2, 3, 4",
    }
    for key, value in wanted.items():
        assert texts[f"some.parameter.{key}"] == value


@pytest.mark.parametrize(
    ("number", "shown"),
    [(999, "999"), (1000, "1K"), (1050, "1.05K"), (134_515_008, "134.52M")],
)
def test_parameters_are_counted_in_thousands(write, number: int, shown: str) -> None:
    header = read_header(write(gguf([], [tensor("t", (number,), 99, 0)])))
    assert gguf_facts.parameters([header]) == shown


@pytest.mark.parametrize(
    ("total", "shown"),
    [
        (0, "0B"),
        (1000, "1KB"),
        (1024, "1KiB"),
        (1_020_000_000, "1.02GB"),
        (1 << 30, "1GiB"),
        (2_480_343_613, "2.31GiB"),
    ],
)
def test_sizes_take_the_first_unit_that_fits(total: int, shown: str) -> None:
    header = Header(3, {}, (), alignment=32, end=31, file_size=32 + total)
    assert gguf_facts.size([header]) == shown


@pytest.mark.parametrize(
    ("kinds", "label"),
    [
        ({0: 3}, "MOSTLY_F32"),
        ({0: 5, 1: 2}, "MOSTLY_F16"),
        ({12: 4, 14: 2}, "MOSTLY_Q4_K_M"),
        ({12: 4}, "MOSTLY_Q4_K_S"),
        ({13: 4, 14: 2}, "MOSTLY_Q5_K_M"),
        ({11: 4, 12: 2}, "MOSTLY_Q3_K_M"),
        ({99: 4}, "Unknown"),
    ],
)
def test_a_missing_file_type_is_guessed_from_the_tensors(
    write, kinds: dict[int, int], label: str
) -> None:
    parts = [
        tensor(f"blk.{kind}.{i}", (256,), kind, 0)
        for kind, many in kinds.items()
        for i in range(many)
    ]
    header = read_header(write(gguf([], parts, bytes(2048))))
    assert gguf_facts.quantization([header]) == label
