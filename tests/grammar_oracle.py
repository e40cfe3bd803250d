"""llama.cpp's own grammars, asked what they let through."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any


class Oracle:
    """A vocabulary to write answers with: the tiny model's, a token a character."""

    def __init__(self, weights: Path) -> None:
        import llama_cpp.llama_cpp as c

        from pipeline.serving.engine.llama import Vocabulary

        params = c.llama_model_default_params()
        params.vocab_only = True
        self._model = c.llama_model_load_from_file(str(weights).encode(), params)
        self.vocabulary = Vocabulary(c.llama_model_get_vocab(self._model))
        pieces = [self.vocabulary.piece(i) for i in range(self.vocabulary.size)]
        self._plain = [
            i
            for i, piece in enumerate(pieces)
            if piece == b"\n" or (piece.isascii() and piece.decode().isprintable())
        ]
        self._bytes = [self._byte(byte) for byte in range(256)]
        self._end = 2

    def taken(self, grammar: str, text: str) -> bool:
        """Whether the grammar lets this text through, as a whole."""
        import llama_cpp.llama_cpp as c

        sampler = self._sampler(grammar)
        tokens = [self._byte(byte) for byte in text.encode()]
        for token in [*tokens, self._end]:
            if not self._allowed(sampler, [token]):
                c.llama_sampler_free(sampler)
                return False
            c.llama_sampler_accept(sampler, token)
        c.llama_sampler_free(sampler)
        return True

    def written(self, grammar: str, seed: int, most: int = 400) -> str | None:
        """A text that the grammar lets through, drawn by chance; None if it runs on."""
        import llama_cpp.llama_cpp as c

        draw, sampler, text = random.Random(seed), self._sampler(grammar), b""
        for _ in range(most):
            allowed = self._allowed(sampler, [*self._plain, self._end])
            allowed = allowed or self._allowed(sampler, self._bytes)
            assert allowed, f"nothing may follow {text!r}"
            token = self._end if self._end in allowed else draw.choice(allowed)
            if self._end in allowed and len(allowed) > 1 and draw.random() < 0.5:
                token = draw.choice(allowed)
            if token == self._end:
                c.llama_sampler_free(sampler)
                return text.decode()
            c.llama_sampler_accept(sampler, token)
            text += self.vocabulary.piece(token)
        c.llama_sampler_free(sampler)
        return None

    def _byte(self, byte: int) -> int:
        return 3 + byte

    def _sampler(self, grammar: str) -> Any:
        from pipeline.serving.engine.grammar.gbnf import check
        from pipeline.serving.engine.sampling import grammar_sampler

        return grammar_sampler(self.vocabulary, check(grammar))

    def _allowed(self, sampler: Any, tokens: list[int]) -> list[int]:
        import ctypes

        import llama_cpp.llama_cpp as c

        data = (c.llama_token_data * len(tokens))(*[(t, 0.0, 0.0) for t in tokens])
        array = c.llama_token_data_array(
            ctypes.cast(data, c.llama_token_data_p), len(tokens), -1, False
        )
        c.llama_sampler_apply(sampler, ctypes.byref(array))
        return [t for t, d in zip(tokens, data, strict=True) if d.logit == 0.0]
