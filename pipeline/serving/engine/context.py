"""What the model has read, so that a prompt's known beginning is not read again.

Reuse must not change an answer by a bit. llama.cpp computes a token that is read alone
(each one it writes) with other roundings than one read among others (each of a prompt);
measured, that moves SmolLM2's logits by up to 0.6. So only what was read as a prompt is
used again, and no token of a prompt is ever read alone: then logits are the same to the
bit however the prompt was cut (`tests/test_serving_engine_context.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pipeline.serving.engine.flag import Flag
from pipeline.serving.engine.llama import BATCH, Floats, Model
from pipeline.serving.engine.refusal import too_long

FEWEST = 2


class Context:
    """The tokens that were read, in order, and what the model makes of them."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.limit = model.settings.context
        self._prompt: list[int] = []
        self._length = 0
        self._answer: Floats | None = None

    def read_prompt(self, tokens: Sequence[int], flag: Flag) -> tuple[Floats, int]:
        """The logits after this prompt, and how many of its tokens were known.

        Raises `Refused` if it is too long, `Stopped` when the flag is set.
        """
        if len(tokens) >= self.limit:
            raise too_long(len(tokens), self.limit)
        self.model.watch(flag)
        if self._answer is not None and list(tokens) == self._prompt:
            self._keep(len(tokens))
            return self._answer, len(tokens)
        known = self._keep(min(_common(self._prompt, tokens), len(tokens) - FEWEST))
        self._prompt, self._answer = self._prompt[:known], None
        for start, end in _batches(known, len(tokens)):
            self.model.decode(tokens[start:end])
            self._prompt.extend(tokens[start:end])
            self._length = end
        self._answer = self.model.logits().copy()
        return self._answer, known

    def read_token(self, token: int) -> Floats:
        """The logits after one more token; raises `Stopped`."""
        self.model.decode((token,))
        self._length += 1
        return self.model.logits()

    def _keep(self, count: int) -> int:
        """Forget what follows the first tokens; how many could be kept."""
        kept = max(count, 0)
        if kept != self._length and not self.model.keep(kept):
            kept = 0
            self.model.keep(0)
        self._length = kept
        return kept


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two texts begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _batches(start: int, end: int) -> list[tuple[int, int]]:
    """Where to cut what is to be read, so that no part is a single token."""
    cuts = [*range(start, end, BATCH), end]
    if len(cuts) > 2 and cuts[-1] - cuts[-2] < FEWEST:
        cuts[-2] -= FEWEST
    return list(pairwise(cuts))
