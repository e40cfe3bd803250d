"""How near texts are in meaning, by a model's embeddings over the OpenAI API."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence

from pipeline.errors import Missing
from pipeline.serving.chat import Endpoint, exchange, first_model

SECONDS = 20.0


def similarity(url: str, model: str) -> Callable[[str, Sequence[str]], list[float]]:
    """Cosines of a text with others; raises `Missing` if the server gives none."""
    bare = Endpoint(url=url, model=model)

    def compare(text: str, others: Sequence[str]) -> list[float]:
        name = model or first_model(bare, SECONDS)
        own, *rest = _embedded(bare, name, [text, *others])
        return [_cosine(own, other) for other in rest]

    return compare


def _embedded(
    endpoint: Endpoint, model: str, texts: Sequence[str]
) -> list[list[float]]:
    body = json.dumps({"model": model, "input": list(texts)}).encode()
    status, content = exchange(
        endpoint, "POST", "/embeddings", body, time.monotonic() + SECONDS
    )
    try:
        made = json.loads(content)["data"]
        found = [[float(x) for x in each["embedding"]] for each in made]
    except (ValueError, LookupError, TypeError):
        found = []
    if status != 200 or len(found) != len(texts):
        raise Missing(
            "the model server gave no embeddings",
            where=endpoint.url,
            remedy="Serve an embedding model there, or ask without --endpoint.",
        )
    return found


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    product = sum(a * b for a, b in zip(one, other, strict=True))
    length = math.hypot(*one) * math.hypot(*other)
    return product / length if length else 0.0
