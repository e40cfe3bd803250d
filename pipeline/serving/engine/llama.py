"""The functions of llama.cpp that a worker uses, with Python's types.

Importing this loads the library, which reads `OMP_WAIT_POLICY` then: it must be set.
One thread uses what is opened here; the only thing another thread may do is set a
`Flag`, which ends what is being computed.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as c
import numpy as np
import numpy.typing as npt

from pipeline.errors import DataError, Missing
from pipeline.serving.artifact.gguf import read_header
from pipeline.serving.artifact.package import shards
from pipeline.serving.engine.flag import Flag
from pipeline.serving.engine.process import end_plainly
from pipeline.serving.engine.settings import Settings

Floats = npt.NDArray[np.float32]

# The prompt is read in batches of this many tokens: the memory for attention's scores
# grows with it (heads x batch x context x 6 bytes), and above it nothing gets faster.
BATCH = 128
LOG_ERROR = 4
ABORTED = 2

# Called hundreds of times a token to ask whether to go on. A Python function would need
# the interpreter's lock each time, so it is C's own `strlen` of the flag's text: empty
# means go on, one character means stop.
_STOP_ASKED = ctypes.cast(ctypes.CDLL(None).strlen, c.ggml_abort_callback)


class Stopped(Exception):
    """The flag was set: whoever asked has gone."""


class Log:
    """What llama.cpp has to say: errors go to stderr, the last one is kept.

    Where it gives up (an assertion that a damaged file breaks), the process must end;
    it does so plainly.
    """

    def __init__(self) -> None:
        self.last_error = ""
        self._take = c.llama_log_callback(self._taken)
        self._end = ctypes.CFUNCTYPE(None, ctypes.c_char_p)(self._ended)
        c.llama_log_set(self._take, ctypes.c_void_p(0))
        c._lib.ggml_set_abort_callback(self._end)

    def _taken(self, level: int, text: bytes, _: object) -> None:
        if level == LOG_ERROR:
            self.last_error = text.decode("utf-8", "replace").strip()
            print(self.last_error, file=sys.stderr, flush=True)

    def _ended(self, text: bytes) -> None:
        said = text.decode("utf-8", "replace").rpartition("/")[2]
        end_plainly(DataError(f"llama.cpp gave up: {said}"))


# As long as the library is there, as it may speak at any time.
LOG = Log()


class Vocabulary:
    """The model's tokens."""

    def __init__(self, pointer: c.llama_vocab_p) -> None:
        self.pointer = pointer
        self.size = c.llama_vocab_n_tokens(pointer)
        self._piece = ctypes.create_string_buffer(4096)

    def tokens(self, text: str, *, start: bool, control: bool) -> list[int]:
        """A text's tokens.

        `start`: with what the model wants before a text (and after it). `control`:
        names of control tokens in the text become those tokens.
        """
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8
        buffer = (c.llama_token * room)()
        count = c.llama_tokenize(
            self.pointer, raw, len(raw), buffer, room, start, control
        )
        return list(buffer[: max(count, 0)])

    def piece(self, token: int) -> bytes:
        """A token's text: bytes, as it may hold a part of a character."""
        size = c.llama_token_to_piece(
            self.pointer, token, self._piece, len(self._piece), 0, False
        )
        return self._piece.raw[: max(size, 0)]

    def name(self, token: int) -> str:
        """A token as it is written in the vocabulary; "" for none."""
        text = c.llama_vocab_get_text(self.pointer, token) if token >= 0 else None
        return (text or b"").decode("utf-8", "replace")

    def ends(self, token: int) -> bool:
        """Whether the token ends an answer."""
        return bool(c.llama_vocab_is_eog(self.pointer, token))

    def control(self) -> tuple[str, ...]:
        """The names of control tokens: those that no user may write."""
        kinds = c.LLAMA_TOKEN_ATTR_CONTROL | c.LLAMA_TOKEN_ATTR_UNKNOWN
        attr, pointer = c.llama_vocab_get_attr, self.pointer
        found = (self.name(i) for i in range(self.size) if attr(pointer, i) & kinds)
        return tuple(name for name in found if name)


class Model:
    """Weights in memory, and one context to read and write with."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        c.llama_backend_init()
        self.weights = self._load(Path(settings.weights))
        self.vocabulary = Vocabulary(c.llama_model_get_vocab(self.weights))
        self.context = self._context(settings)
        self.memory = c.llama_get_memory(self.context)
        self.dimensions = c.llama_model_n_embd_out(self.weights)
        self._adapt([self._adapter(Path(path)) for path in settings.adapters])

    def template(self) -> str:
        """The chat template that comes with the weights; "" for none."""
        text = c.llama_model_chat_template(self.weights, None)
        return text.decode("utf-8", "replace") if text else ""

    def watch(self, flag: Flag) -> None:
        """Have this flag end what is computed from now on."""
        self._flag = flag  # Its memory is read for as long as anything is computed.
        c.llama_set_abort_callback(self.context, _STOP_ASKED, flag.address)

    def decode(self, tokens: Sequence[int]) -> None:
        """Read these after what was read; raises `Stopped`."""
        buffer = (c.llama_token * len(tokens))(*tokens)
        status = c.llama_decode(
            self.context, c.llama_batch_get_one(buffer, len(tokens))
        )
        if status == ABORTED:
            raise Stopped
        if status != 0:
            what = f"llama.cpp could not read {len(tokens)} tokens (status {status})"
            raise DataError(f"{what}: {LOG.last_error}")

    def logits(self) -> Floats:
        """How likely each token is to be next: a view, until the next `decode`."""
        return self._view(
            c.llama_get_logits_ith(self.context, -1), self.vocabulary.size
        )

    def embedding(self) -> Floats:
        """The vector of what was read last: a view, until the next `decode`."""
        pointer = c.llama_get_embeddings_seq(self.context, 0)
        return self._view(pointer, self.dimensions)

    def keep(self, count: int) -> bool:
        """Forget all but the first tokens; False if the model cannot do it."""
        if self.memory is None:
            return count == 0
        if count == 0:
            c.llama_memory_clear(self.memory, True)
            return True
        return bool(c.llama_memory_seq_rm(self.memory, 0, count, -1))

    def _view(self, pointer: Any, size: int) -> Floats:
        address = ctypes.cast(pointer, ctypes.c_void_p).value
        if not address:
            raise DataError(f"llama.cpp gave no result: {LOG.last_error}")
        floats = (ctypes.c_float * size).from_address(address)
        return np.asarray(memoryview(floats).cast("B").cast("f"), np.float32)

    def _load(self, path: Path) -> Any:
        """The weights; raises `DataError` for a file that is damaged or cut short."""
        if not path.is_file():
            raise Missing("there is no such file", where=str(path))
        for shard in shards(path):
            read_header(shard)
        weights = c.llama_model_load_from_file(
            str(path).encode(), c.llama_model_default_params()
        )
        if weights is None:
            raise DataError(f"cannot be loaded: {LOG.last_error}", where=str(path))
        return weights

    def _context(self, settings: Settings) -> Any:
        """A context; a model without pooling gives the mean as its embedding."""
        params = c.llama_context_default_params()
        embedding = settings.mode == "embedding"
        params.n_ctx = settings.context
        params.n_batch = settings.context if embedding else min(BATCH, settings.context)
        params.n_ubatch = params.n_batch
        params.n_threads = settings.threads
        params.n_threads_batch = settings.batch_threads
        params.embeddings = embedding
        params.no_perf = True
        # With it, results depend on how a prompt was cut into batches.
        params.flash_attn_type = c.LLAMA_FLASH_ATTN_TYPE_DISABLED
        context = c.llama_init_from_model(self.weights, params)
        if context and embedding and c.llama_pooling_type(context) == 0:
            c.llama_free(context)
            params.pooling_type = c.LLAMA_POOLING_TYPE_MEAN
            context = c.llama_init_from_model(self.weights, params)
        if context is None:
            what = f"no context of {settings.context} tokens: {LOG.last_error}"
            raise DataError(what, where=settings.weights)
        return context

    def _adapter(self, path: Path) -> Any:
        adapter = None
        if path.is_file():
            read_header(path)
            adapter = c.llama_adapter_lora_init(self.weights, str(path).encode())
        if not adapter:
            what = f"no adapter of this model: {LOG.last_error or 'no such file'}"
            raise DataError(what, where=str(path))
        return adapter

    def _adapt(self, adapters: Sequence[Any]) -> None:
        """Use these adapters, each in full."""
        count = len(adapters)
        pointers = (c.llama_adapter_lora_p_ctypes * count)(*adapters)
        scales = (ctypes.c_float * count)(*[1.0] * count)
        if c.llama_set_adapters_lora(self.context, pointers, count, scales):
            raise DataError(f"adapters cannot be used: {LOG.last_error}")
