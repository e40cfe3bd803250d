"""A model as Docker Model Runner's API and `inspect` show it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from pipeline.errors import DataError
from pipeline.serving import store as stores
from pipeline.serving.artifact import Config, ModelConfig
from pipeline.serving.artifact.reference import parse
from pipeline.serving.store import Model, Store
from pipeline.serving.store.index import Entry


def listed(store: Store) -> list[dict[str, Any]]:
    """All models as /models gives them; of a damaged one, its names and ID."""
    empty = Config(ModelConfig(), "", ())
    whole = {model.id: model.config for model in sound(store)}
    return [
        described(entry, whole.get(entry.id, empty)) for entry in stores.entries(store)
    ]


def sound(store: Store) -> Iterator[Model]:
    """The models of a store but for those that are damaged."""
    for entry in stores.entries(store):
        with suppress(DataError):
            yield stores.load(store, entry)


def shown(model: Model) -> dict[str, Any]:
    """A model of the store as /models gives it."""
    return described(model.entry, model.config)


def described(entry: Entry, config: Config) -> dict[str, Any]:
    """A model as /models gives it: names as people write them, time as a number."""
    return {
        "id": entry.id,
        "tags": [parse(tag).short for tag in entry.names()],
        "created": created(config),
        "config": msgspec.to_builtins(config.model),
    }


def created(config: Config) -> int:
    """Seconds since 1970 when the model was made, 0 if it does not say."""
    try:
        return int(datetime.fromisoformat(config.created).timestamp())
    except (ValueError, OverflowError):
        return 0
