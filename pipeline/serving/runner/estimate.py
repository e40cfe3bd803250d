"""What a model will take of memory under llama.cpp, from its files' headers.

    weights   the files, mapped; adapters and projector, read
    copies    weights that the CPU keeps a second time, in an order it reads faster
    cache     keys and values of every token of the context, two bytes each
    compute   what one batch of tokens passes through, and its scores over the context
    base      the process, its libraries and the vocabulary

It is for a context that is full, as our worker loads models: without flash attention,
in batches of 128 tokens, and for embeddings a whole text at a time.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from pipeline.serving.artifact import facts
from pipeline.serving.artifact.gguf import Array, Header, Tensor
from pipeline.serving.runner.faults import amount

Mode = Literal["completion", "embedding"]
CONTEXT = 4096
STEP = 256  # the cache is made for a multiple of so many tokens
BATCH = 128
CACHED_BYTES = 2
NUMBER_BYTES = 4
SCORE_BYTES = 6  # of four bytes, and again of two to be multiplied
BASE = 64 << 20
PER_TOKEN = 400  # bytes for each entry of the vocabulary, with its merges
# Tensor types that ggml lays out anew, by its repack.cpp; see gguf.BLOCKS for numbers.
Q4_0, Q8_0, Q2_K, Q4_K, Q5_K, Q6_K, IQ4_NL, MXFP4 = 2, 8, 10, 12, 13, 14, 20, 39
REPACKED = {Q4_0, Q2_K, Q4_K, IQ4_NL, MXFP4}
REPACKED_ON_ARM = REPACKED | {Q8_0, Q5_K, Q6_K}
LOOKED_UP = "token_embd.weight"  # rows are picked from it, so it stays as it is


class Estimate(msgspec.Struct, frozen=True):
    """Bytes by what they are for."""

    weights: int
    copies: int = 0
    cache: int = 0
    compute: int = 0
    base: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(msgspec.structs.astuple(self))

    def __str__(self) -> str:
        parts = msgspec.structs.asdict(self).items()
        told = ", ".join(f"{name} {amount(size)}" for name, size in parts if size)
        return f"{amount(self.total)} ({told})"


def own_context(headers: Sequence[Header]) -> int:
    """The longest context the model was made for; the usual one if it does not say."""
    return facts.context_length(headers) or CONTEXT


def usual_context(headers: Sequence[Header], packaged: int | None) -> int:
    """The context without a setting: what it was packaged with, if that was chosen.

    An artifact that says no more than the model's own maximum has chosen nothing: to
    take that would cost gigabytes nobody asked for.
    """
    own = own_context(headers)
    if packaged and packaged != own:
        return packaged
    return min(own, CONTEXT)


def estimate(
    headers: Sequence[Header], context: int, mode: Mode, extras: int = 0
) -> Estimate:
    """What a model of these files takes; `extras` are bytes of its other files."""
    tensors = [tensor for header in headers for tensor in header.tensors]
    return Estimate(
        weights=sum(header.file_size for header in headers) + extras,
        copies=sum(tensor.size or 0 for tensor in tensors if _is_repacked(tensor)),
        cache=_cache(headers, context),
        compute=_compute(headers, tensors, context, mode),
        base=BASE + PER_TOKEN * _vocabulary(headers),
    )


def _is_repacked(tensor: Tensor) -> bool:
    arm = platform.machine().lower() in ("arm64", "aarch64")
    kinds = REPACKED_ON_ARM if arm else REPACKED
    rows = tensor.shape[1] if len(tensor.shape) > 1 else 0
    return tensor.kind in kinds and rows % 8 == 0 < rows and tensor.name != LOOKED_UP


def _cache(headers: Sequence[Header], context: int) -> int:
    """Keys and values: none for a model that reads all tokens at once."""
    if not _is_causal(headers):
        return 0
    heads = max(1, _number(headers, "attention.head_count"))
    size = _number(headers, "embedding_length") // heads
    key = _number(headers, "attention.key_length") or size
    value = _number(headers, "attention.value_length") or size
    tokens = -(-context // STEP) * STEP
    return _cached_heads(headers, heads) * (key + value) * tokens * CACHED_BYTES


def _cached_heads(headers: Sequence[Header], heads: int) -> int:
    """Heads that keep keys and values, of all layers together."""
    layers = _number(headers, "block_count")
    given = headers[0].metadata.get(_key(headers, "attention.head_count_kv"))
    if isinstance(given, Array) and given.values is not None:
        return sum(int(n) for n in given.values if isinstance(n, int))
    return layers * (given if isinstance(given, int) else heads)


def _compute(
    headers: Sequence[Header], tensors: Iterable[Tensor], context: int, mode: Mode
) -> int:
    """The numbers that a batch has at a time at the widest place, and its scores.

    For an embedding, a model that can write works out what would come after each token.
    """
    embeds = mode == "embedding"
    batch = context if embeds else BATCH
    width = _number(headers, "embedding_length")
    widest = max((t.shape[1] for t in tensors if _within(t)), default=0)
    numbers = NUMBER_BYTES * (2 * max(width, widest) + 6 * width)
    scores = SCORE_BYTES * _number(headers, "attention.head_count") * context
    writes = embeds and _is_causal(headers)
    outcomes = NUMBER_BYTES * _vocabulary(headers) if writes else 0
    return batch * (numbers + scores + outcomes)


def _is_causal(headers: Sequence[Header]) -> bool:
    return headers[0].metadata.get(_key(headers, "attention.causal")) is not False


def _within(tensor: Tensor) -> bool:
    return tensor.name.startswith("blk.") and len(tensor.shape) > 1


def _vocabulary(headers: Sequence[Header]) -> int:
    tokens = headers[0].metadata.get("tokenizer.ggml.tokens")
    return tokens.length if isinstance(tokens, Array) else 0


def _number(headers: Sequence[Header], name: str) -> int:
    """A size of the model's; 0 where it has none, the largest where layers differ."""
    value = headers[0].metadata.get(_key(headers, name))
    if isinstance(value, Array):
        return max((n for n in value.values or () if isinstance(n, int)), default=0)
    return value if isinstance(value, int) else 0


def _key(headers: Sequence[Header], name: str) -> str:
    return f"{facts.architecture(headers)}.{name}"
