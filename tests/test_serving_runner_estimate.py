"""What a model takes of memory, against what was measured."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.serving.artifact.gguf import STRING, Array, Header, Tensor, read_header
from pipeline.serving.runner.estimate import (
    CONTEXT,
    Estimate,
    estimate,
    own_context,
    usual_context,
)
from tests.engine_worker import needs_model, smollm2

MIB = 1 << 20
F32, Q4_0, Q4_K, Q5_0, Q6_K, Q8_0 = 0, 2, 12, 6, 14, 8
SMALLER = {Q4_K: Q5_0, Q6_K: Q8_0}  # where rows are no multiple of 256
on_x86 = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="measured on x86"
)


def header(tensors: list[Tensor], size: int = 0, **facts: object) -> Header:
    """A model of the architecture qwen2, by its published numbers."""
    metadata = {"general.architecture": "qwen2"} | {
        f"qwen2.{key}": value for key, value in facts.items()
    }
    metadata["tokenizer.ggml.tokens"] = Array(STRING, 151_936, None)
    data = sum(t.size or 0 for t in tensors)
    return Header(3, metadata, tuple(tensors), 32, 0, size or data)  # type: ignore[arg-type]


def qwen(width: int, layers: int, heads: int, inner: int, size: int) -> Header:
    """Qwen2.5-Coder as its config.json gives it, in llama.cpp's mixture Q4_K_M.

    Every eighth layer at either end, and every third between, has the larger type for
    values and the way down (llama.cpp, use_more_bits).
    """

    def block(number: int) -> Iterator[tuple[str, int, int, int]]:
        eighth = layers // 8
        between = (number - eighth) % 3 == 2
        ends = number < eighth or number >= 7 * layers // 8
        more = Q6_K if ends or between else Q4_K
        side = 2 * width // heads
        yield "attn_q", width, width, Q4_K
        yield "attn_k", width, side, Q4_K
        yield "attn_v", width, side, more
        yield "attn_output", width, width, Q4_K
        yield "ffn_gate", width, inner, Q4_K
        yield "ffn_up", width, inner, Q4_K
        yield "ffn_down", inner, width, more

    made = [("token_embd", width, 151_936, Q4_K), ("output", width, 151_936, Q6_K)]
    made += [
        (f"blk.{number}.{name}", rows, columns, kind)
        for number in range(layers)
        for name, rows, columns, kind in block(number)
    ]
    tensors = [
        Tensor(f"{name}.weight", (a, b), SMALLER[kind] if a % 256 else kind, 0)
        for name, a, b, kind in made
    ]
    return header(
        tensors,
        size,
        block_count=layers,
        context_length=32_768,
        embedding_length=width,
        **{"attention.head_count": heads, "attention.head_count_kv": 2},
    )


# Published files, and what was measured of them with 4096 tokens of context: resident
# mebibytes with a prompt of 930 to 1800 tokens, and of those the copies of weights.
SMALL = qwen(896, 24, 14, 4864, 491_400_064), 676, 719
LARGE = qwen(1536, 28, 12, 8960, 1_117_320_768), 1933, 1976


@on_x86
@pytest.mark.parametrize(("model", "least", "most"), [SMALL, LARGE])
def test_the_estimate_is_what_was_measured_within_15_percent(
    model: Header, least: int, most: int
) -> None:
    data = sum(tensor.size or 0 for tensor in model.tensors)
    assert data == pytest.approx(model.file_size, rel=0.02), "the numbers are right"
    total = estimate([model], 4096, "completion").total / MIB
    assert most * 0.85 <= total <= least * 1.15


def test_parts_are_what_llama_cpp_says_of_them() -> None:
    """Its own log for Qwen2.5-Coder 0.5B: the cache and the copies, to the byte."""
    parts = estimate([SMALL[0]], 4096, "completion")
    assert parts.cache == 48 * MIB
    if platform.machine() in ("x86_64", "AMD64"):
        assert parts.copies == pytest.approx(28.05 * MIB, rel=0.01)


@needs_model
@pytest.mark.model
def test_the_embedded_model_is_estimated_as_it_was_measured() -> None:
    """266 to 307 MB resident; its log: 90 MiB of cache, no copies."""
    parts = estimate([read_header(smollm2())], 4096, "completion")
    assert parts.cache == 90 * MIB
    assert parts.copies == 0
    assert 307 * 0.85 <= parts.total / MIB <= 266 * 1.15


def test_a_model_in_parts_takes_what_it_takes_as_one(shared: Path) -> None:
    tiny = shared / "models/tiny"
    whole = estimate([read_header(tiny / "tiny.gguf")], 1024, "completion")
    names = [f"tiny-split-0000{i}-of-00003.gguf" for i in (1, 2, 3)]
    split = estimate([read_header(tiny / name) for name in names], 1024, "completion")
    assert split.weights == pytest.approx(whole.weights, abs=4096)
    assert (split.cache, split.compute, split.copies, split.base) == (
        whole.cache,
        whole.compute,
        whole.copies,
        whole.base,
    )


def test_the_cache_grows_with_the_context_by_steps() -> None:
    caches = [
        estimate([SMALL[0]], context, "completion").cache
        for context in (1, 256, 257, 4096, 32_768)
    ]
    step = 2 * 24 * 2 * 64 * 256 * 2
    assert caches == [step, step, 2 * step, 16 * step, 128 * step]


def test_layers_may_differ_in_their_heads() -> None:
    """Hybrid models: a layer without attention keeps nothing."""
    facts = {
        "block_count": 4,
        "embedding_length": 64,
        "attention.head_count": Array(4, 4, (0, 8, 0, 8)),
        "attention.head_count_kv": Array(4, 4, (0, 2, 0, 4)),
        "attention.key_length": 32,
        "attention.value_length": 16,
    }
    made = header([], **facts)
    assert estimate([made], 256, "completion").cache == 6 * (32 + 16) * 256 * 2


def test_a_model_that_only_reads_keeps_nothing() -> None:
    facts = {"block_count": 6, "embedding_length": 384, "attention.head_count": 12}
    made = header([], **facts, **{"attention.causal": False})
    assert estimate([made], 512, "embedding").cache == 0
    assert estimate([header([], **facts)], 512, "embedding").cache > 0


def test_only_what_is_laid_out_anew_is_copied() -> None:
    def copies(name: str, shape: tuple[int, ...], kind: int) -> int:
        made = header([Tensor(name, shape, kind, 0)])
        return estimate([made], 256, "completion").copies

    assert copies("blk.0.ffn_up.weight", (256, 8), Q4_K) == 8 * 144
    assert copies("blk.0.ffn_up.weight", (256, 8), Q4_0) == 8 * 8 * 18
    assert copies("blk.0.ffn_up_exps.weight", (256, 8, 2), Q4_K) == 16 * 144
    assert copies("blk.0.ffn_up.weight", (256, 7), Q4_K) == 0
    assert copies("blk.0.ffn_up.weight", (256, 8), F32) == 0
    assert copies("token_embd.weight", (256, 8), Q4_K) == 0


def test_a_header_that_says_nothing_is_estimated_too() -> None:
    nothing = Header(3, {}, (), 32, 0, 1000)
    assert estimate([nothing], 4096, "completion").weights == 1000
    odd = header([], block_count="many", embedding_length=-1)
    assert estimate([odd], 4096, "completion").total > 0


def test_the_usual_context_is_modest_unless_one_was_chosen() -> None:
    long, short = header([], context_length=32_768), header([], context_length=512)
    assert usual_context([long], None) == CONTEXT
    assert usual_context([long], 32_768) == CONTEXT, "as packaged by default"
    assert usual_context([long], 16_384) == 16_384, "chosen when it was packaged"
    assert usual_context([short], None) == 512
    assert usual_context([short], 512) == 512
    assert own_context([header([])]) == CONTEXT


def test_an_estimate_says_what_it_is_made_of() -> None:
    made = Estimate(weights=3 << 30, cache=1 << 29, base=100)
    assert str(made) == "3.5 GiB (weights 3.0 GiB, cache 512.0 MiB, base 100 bytes)"
