"""Texts → vectors of length one."""

from __future__ import annotations

import numpy as np

from pipeline.serving.engine.events import Usage, Vectors
from pipeline.serving.engine.flag import Flag
from pipeline.serving.engine.generation import check_tokens
from pipeline.serving.engine.llama import Model
from pipeline.serving.engine.refusal import Refused, too_long
from pipeline.serving.engine.requests import Embeddings


def embed(model: Model, asked: Embeddings, flag: Flag) -> Vectors:
    """The vectors of all inputs, in order; raises `Refused` and `Stopped`."""
    vocabulary, limit = model.vocabulary, model.settings.context
    inputs = []
    for given in asked.inputs:
        tokens = (
            vocabulary.tokens(given, start=True, control=False)
            if isinstance(given, str)
            else given
        )
        check_tokens(tokens, vocabulary, "input")
        if len(tokens) > limit:
            raise too_long(len(tokens), limit)
        inputs.append(tokens)
    if asked.dimensions not in (None, model.dimensions):
        what = f"The model's vectors have {model.dimensions} dimensions, no others."
        raise Refused(what, param="dimensions")
    model.watch(flag)
    vectors = tuple(_vector(model, tokens) for tokens in inputs)
    usage = Usage(prompt=sum(map(len, inputs)))
    return Vectors(vectors, usage)


def _vector(model: Model, tokens: list[int]) -> bytes:
    model.keep(0)
    model.decode(tokens)
    vector = model.embedding().astype(np.float64)
    length = np.linalg.norm(vector)
    return (vector / (length or 1.0)).astype("<f4").tobytes()
