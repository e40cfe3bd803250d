"""How many parameters a served model has, as its server or its name tells.

    llama.cpp                   GET /v1/models   data[].meta.n_params
    Docker Model Runner, ours   GET /models      [].config.parameters: "134.52M"
    Ollama                      GET /api/tags    models[].details.parameter_size: "7.6B"
    others                      the size label in the model's name: qwen2.5-7b-instruct

A GGUF file says it as `general.parameter_count` or `general.size_label`, which is where
these servers have it from.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import msgspec

from pipeline.serving.chat import Endpoint, NoAnswer, exchange

FIELDS = ("n_params", "parameters", "parameter_size", "parameter_count", "size_label")
WITHIN = ("meta", "config", "details")
NAMES = ("id", "name", "model")
LABEL = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)\s?([mbt])(?![a-z0-9])", re.I)
UNITS = {"m": 1e6, "b": 1e9, "t": 1e12}


def parameters(endpoint: Endpoint, seconds: float) -> int:
    """The count, or 0 where nothing tells in time; never raises for a server's sake."""
    until = time.monotonic() + seconds
    root = endpoint.url.removesuffix(urlsplit(endpoint.url).path)
    for url, path in (
        (endpoint.url, "/models"),
        (root, "/models"),
        (root, "/api/tags"),
    ):
        at = msgspec.structs.replace(endpoint, url=url)
        with suppress(NoAnswer, ValueError):
            status, content = exchange(at, "GET", path, b"", until)
            for entry in _entries(json.loads(content)) if status == 200 else ():
                if endpoint.model in _names(entry) and (count := _count(entry)):
                    return count
    return labelled(endpoint.model)


def labelled(name: str) -> int:
    """The count that a size label gives: `7B`, `361.82 M`; 0 without one."""
    found = LABEL.search(name)
    return round(float(found[1]) * UNITS[found[2].lower()]) if found else 0


def _entries(answer: Any) -> Iterator[dict[str, Any]]:
    if isinstance(answer, dict):
        answer = answer.get("data") or answer.get("models")
    if isinstance(answer, list):
        yield from (entry for entry in answer if isinstance(entry, dict))


def _names(entry: dict[str, Any]) -> list[Any]:
    tags = entry.get("tags")
    return [
        *(entry.get(key) for key in NAMES),
        *(tags if isinstance(tags, list) else ()),
    ]


def _count(entry: dict[str, Any]) -> int:
    parts = [entry, *(entry.get(key) for key in WITHIN)]
    for part in (part for part in parts if isinstance(part, dict)):
        for key in FIELDS:
            value = part.get(key)
            if isinstance(value, int) and value > 0:
                return value
            if isinstance(value, str) and (count := labelled(value)):
                return count
    return 0
