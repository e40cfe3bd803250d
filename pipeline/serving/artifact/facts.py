"""What an artifact's config says of its GGUF files, in Docker Model Runner's words.

Rules and their source (gguf-parser-go as Docker Model Runner uses it) are in the
project's notes on models, section 2.2. `gap` is what stands between a number and its
unit: nothing since late 2025, a space in the first published artifacts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from pipeline.serving.artifact.gguf import (
    ARRAY,
    KEPT_VALUES,
    Array,
    Header,
    Tensor,
    Value,
)

UNKNOWN = "Unknown"
COUNTS = ((1e15, "Q"), (1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
# In this order, so that 1.05e9 bytes are 1.05GB and 1.1e9 are 1.02GiB.
BYTES = (
    (2.0**50, "Pi"), (1e15, "P"), (2.0**40, "Ti"), (1e12, "T"), (2.0**30, "Gi"),
    (1e9, "G"), (2.0**20, "Mi"), (1e6, "M"), (2.0**10, "Ki"), (1e3, "K"),
)  # fmt: skip

# llama.cpp's file types (llama.h, enum llama_ftype), in order.
FILE_TYPES = (
    "F32", "F16", "Q4_0", "Q4_1", "Q4_1_SOME_F16", "Q4_2", "Q4_3", "Q8_0", "Q5_0",
    "Q5_1", "Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L", "Q4_K_S", "Q4_K_M", "Q5_K_S",
    "Q5_K_M", "Q6_K", "IQ2_XXS", "IQ2_XS", "Q2_K_S", "IQ3_XS", "IQ3_XXS", "IQ1_S",
    "IQ4_NL", "IQ3_S", "IQ3_M", "IQ2_S", "IQ2_M", "IQ4_XS", "IQ1_M", "BF16", "Q4_0_4_4",
    "Q4_0_4_8", "Q4_0_8_8", "TQ1_0", "TQ2_0", "MXFP4", "NVFP4", "Q1_0", "Q2_0",
)  # fmt: skip

# The file type that a tensor type stands for where no mixture decides.
F32, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K = 0, 8, 10, 11, 12, 13, 14
IQ2_XS, IQ3_XXS, IQ3_S, IQ4_XS = 17, 18, 21, 23
PLAIN = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 4: "Q4_2", 5: "Q4_3", 6: "Q5_0",
    7: "Q5_1", 8: "Q8_0", 14: "Q6_K", 16: "IQ2_XXS", 18: "IQ3_XXS", 19: "IQ1_S",
    20: "IQ4_NL", 22: "IQ2_M", 23: "IQ4_XS", 29: "IQ1_M", 30: "BF16", 31: "Q4_0_4_4",
    32: "Q4_0_4_8", 33: "Q4_0_8_8", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
}  # fmt: skip


def parameters(headers: Sequence[Header], gap: str = "") -> str:
    """How many numbers all tensors of all shards hold: "134.52M"."""
    total = sum(t.elements for header in headers for t in header.tensors)
    return _scaled(total, COUNTS, gap)


def size(headers: Sequence[Header], gap: str = "") -> str:
    """What the tensors' data takes: "92.10MiB"."""
    number = _scaled(sum(data_bytes(header) for header in headers), BYTES, gap)
    return f"{number}B" if number[-1].isalpha() else f"{number}{gap}B"


def data_bytes(header: Header) -> int:
    """Bytes after the header and its padding.

    As Docker counts them, a whole alignment of padding is taken off where the header
    ends on a boundary and there is none.
    """
    padding = header.alignment - header.end % header.alignment
    return max(0, header.file_size - header.end - padding)


def architecture(headers: Sequence[Header]) -> str:
    """The architecture's name, llama where none is given."""
    return headers[0].text("general.architecture") or "llama"


def context_length(headers: Sequence[Header]) -> int | None:
    """The longest context the model was made for."""
    return headers[0].number(f"{architecture(headers)}.context_length")


def quantization(headers: Sequence[Header]) -> str:
    """The file type, "MOSTLY_Q4_K_M", or what the commonest tensors suggest."""
    number = headers[0].number("general.file_type")
    known = number is not None and 0 <= number < len(FILE_TYPES)
    tensors = [t for header in headers for t in header.tensors]
    label = FILE_TYPES[number or 0] if known else _guessed(tensors)
    return f"MOSTLY_{label}" if label else UNKNOWN


def described(headers: Sequence[Header]) -> dict[str, str]:
    """Metadata of all shards as text, without long arrays and the shard's number."""
    texts: dict[str, str] = {}
    for header in headers:
        for key, value in header.metadata.items():
            if key != "split.no" and _short(value):
                texts[key] = _text(value)
    return texts


def _scaled(number: int, units: Sequence[tuple[float, str]], gap: str) -> str:
    for base, unit in units:
        if number >= base:
            return f"{number / base:.2f}".removesuffix(".00") + gap + unit
    return str(number)


def _counts(tensors: Sequence[Tensor]) -> Counter[int]:
    """Tensors of the model proper, by type."""
    return Counter(
        t.kind
        for t in tensors
        if t.name.startswith(("token_embd", "blk."))
        or "_norm" in t.name
        or t.name.endswith(".weight")
    )


def _guessed(tensors: Sequence[Tensor]) -> str | None:
    counts = _counts(tensors)
    order = sorted(counts, key=lambda kind: (-counts[kind], kind))
    if len(order) > 1 and order[0] == F32:
        order = order[1:]
    if not order:
        return None
    return _mixture(order[0], counts) or PLAIN.get(order[0])


def _mixture(most: int, counts: Counter[int]) -> str | None:
    """The name of a mixture of types, which its second type decides."""
    if most == Q2_K:
        return "Q2_K_S" if min(counts, key=lambda k: counts[k]) == Q5_K else "Q2_K"
    if most == Q3_K:
        large = counts[Q8_0] or (counts[Q5_K] > 1 and not counts[Q4_K])
        return "Q3_K_L" if large else "Q3_K_M" if counts[Q4_K] > 1 else "Q3_K_S"
    if most == Q4_K:
        rest = "Q3_K_M" if counts[Q3_K] > 1 else "Q4_K_S"
        return "Q4_K_M" if counts[Q6_K] > 1 else rest
    if most == Q5_K:
        return "Q5_K_M" if counts[Q6_K] > 1 else "Q5_K_S"
    if most == IQ2_XS:
        return "IQ2_S" if counts[IQ4_XS] > 1 else "IQ2_XS"
    if most == IQ3_S:
        return "IQ3_XS" if counts[IQ3_XXS] > 1 else "IQ3_S"
    return None


def _short(value: Value) -> bool:
    if not isinstance(value, Array):
        return True
    return value.length <= KEPT_VALUES and value.kind != ARRAY


def _text(value: Value) -> str:
    if isinstance(value, Array):
        return ", ".join(_text(item) for item in value.values or ())
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    return str(value)


def _float_text(value: float) -> str:
    """Six decimals, and Go's words for what is no number."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return f"{value:f}"
