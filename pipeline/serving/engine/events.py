"""What the engine's thread tells of a request, in the order it happens.

Accepted · (Delta* Ended)* · Done       or Vectors       or Failed, at any point
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pipeline.serving.engine.refusal import Refused
from pipeline.serving.engine.tools import Call

Reason = Literal["stop", "length", "tool_calls"]


class Mark(msgspec.Struct, frozen=True):
    """How likely a token was, and the likeliest ones beside it; natural logarithms.

    `offset`: where the token's text begins, in characters of the answer.
    """

    token: bytes
    logprob: float
    top: tuple[tuple[bytes, float], ...] = ()
    offset: int = 0


class Usage(msgspec.Struct, frozen=True):
    """Tokens of prompts (and how many were known already), and tokens written."""

    prompt: int = 0
    known: int = 0
    written: int = 0


class Accepted(msgspec.Struct, frozen=True):
    """The request is in order and is being worked on."""


class Delta(msgspec.Struct, frozen=True):
    """More of one answer."""

    index: int
    text: str = ""
    marks: tuple[Mark, ...] = ()
    calls: tuple[Call, ...] = ()


class Ended(msgspec.Struct, frozen=True):
    """The end of one answer."""

    index: int
    reason: Reason


class Done(msgspec.Struct, frozen=True):
    """The end of all answers."""

    usage: Usage


class Vectors(msgspec.Struct, frozen=True):
    """Embeddings, each as little-endian 32-bit floats."""

    vectors: tuple[bytes, ...]
    usage: Usage


class Failed(msgspec.Struct, frozen=True):
    """There is no answer, or no more of it."""

    refusal: Refused


Event = Accepted | Delta | Ended | Done | Vectors | Failed
