"""A prompt's known beginning is not read again, and no answer changes by a bit for it.

The judge is llama_cpp.Llama, called directly on the same file, and a context that has
read nothing before.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pipeline.serving.engine.flag import Flag
from pipeline.serving.engine.refusal import Refused
from pipeline.serving.engine.settings import Settings
from tests.engine_worker import needs_engine, needs_model, smollm2, worker

if TYPE_CHECKING:
    from pipeline.serving.engine.context import Context

pytestmark = needs_engine
GREEDY: dict[str, Any] = {"temperature": 0, "max_tokens": 40}


@pytest.fixture
def tiny(shared: Path) -> Path:
    return shared / "models/tiny/tiny.gguf"


def context(weights: Path, size: int = 1024) -> Context:
    from pipeline.serving.engine.context import Context
    from pipeline.serving.engine.llama import Model

    told = Settings(socket="", weights=str(weights), mode="completion", context=size)
    return Context(Model(told))


def prompts(vocabulary: int, count: int, longest: int) -> list[list[int]]:
    """Prompts of all lengths that share beginnings with one another."""
    draw = random.Random(5)
    base = [draw.randrange(3, vocabulary) for _ in range(longest)]
    edges = [n for n in (0, 1, 2, 31, 127, 128, 129, 256, 257, 600) if n <= longest]
    made = []
    for _ in range(count):
        kept, new = draw.choice(edges), draw.choice([1, 2, 3, *edges[3:8]])
        made.append(base[:kept] + [draw.randrange(3, vocabulary) for _ in range(new)])
    return [base, *made, base, base[:-5], [*base[:-5], 7], base]


def check_reuse(weights: Path, asked: list[list[int]]) -> None:
    """That a context which has read much says what one that has read nothing says."""
    from pipeline.serving.engine.context import Context

    used = context(weights)
    for prompt in asked:
        found = logits_of(used, prompt)
        used.model.keep(0)
        fresh = Context(used.model)
        for mine, expected in zip(found, logits_of(fresh, prompt), strict=True):
            np.testing.assert_array_equal(mine, expected)
        used = fresh


def logits_of(asked: Context, prompt: list[int]) -> list[Any]:
    """The logits after a prompt, and after each of two tokens that are written."""
    found = [asked.read_prompt(prompt, Flag())[0].copy()]
    for _ in range(2):
        found.append(asked.read_token(int(found[-1].argmax())).copy())
    return found


def test_reuse_changes_no_bit(tiny: Path) -> None:
    check_reuse(tiny, prompts(350, 60, 700))


@needs_model
@pytest.mark.slow
@pytest.mark.model
def test_reuse_changes_no_bit_of_a_quantised_model() -> None:
    check_reuse(smollm2(), prompts(20_000, 2, 131))


def test_what_is_known_is_not_read_again(tiny: Path) -> None:
    used, flag = context(tiny), Flag()
    first = list(range(3, 303))
    assert used.read_prompt(first, flag)[1] == 0
    used.read_token(5)
    assert used.read_prompt(first, flag)[1] == 300
    assert used.read_prompt([*first, 9, 9, 9], flag)[1] == 300
    # The last two tokens are always read: one alone would be rounded otherwise.
    assert used.read_prompt([*first, 9], flag)[1] == 299
    assert used.read_prompt(first[:200], flag)[1] == 198
    assert used.read_prompt([9, *first], flag)[1] == 0


def test_a_prompt_must_leave_room(tiny: Path) -> None:
    small = context(tiny, 64)
    small.read_prompt([5] * 63, Flag())
    with pytest.raises(Refused) as caught:
        small.read_prompt([5] * 64, Flag())
    assert caught.value.code == "context_length_exceeded"


def test_a_flag_ends_the_reading_and_the_context_can_be_used_again(tiny: Path) -> None:
    from pipeline.serving.engine.llama import Stopped

    used, fresh, flag = context(tiny), context(tiny), Flag()
    used.read_prompt(list(range(3, 203)), Flag())
    flag.set()
    with pytest.raises(Stopped):
        used.read_prompt([*range(3, 103), *range(3, 303)], flag)
    prompt = [*range(3, 103), *range(30, 130)]
    again, known = used.read_prompt(prompt, Flag())
    assert known == 100
    np.testing.assert_array_equal(again, fresh.read_prompt(prompt, Flag())[0])


def direct(weights: Path, size: int = 1024) -> Any:
    """llama_cpp.Llama itself."""
    from llama_cpp import Llama

    return Llama(
        str(weights), n_ctx=size, n_threads=1, n_threads_batch=2, verbose=False
    )


def greedy(judge: Any, prompt: str, count: int) -> str:
    """What llama_cpp.Llama writes, token by token; it ends no text within a character.

    Its `create_completion` goes beyond `max_tokens` to finish one, and drops bytes that
    are no text.
    """
    tokens = judge.generate(judge.tokenize(prompt.encode()), temp=0.0)
    pieces = [judge.detokenize([token]) for token, _ in zip(tokens, range(count))]  # noqa: B905
    return b"".join(pieces).decode("utf-8", "replace")


def test_greedy_answers_are_those_of_llama_cpp(tmp_path: Path, tiny: Path) -> None:
    judge = direct(tiny)
    with worker(tmp_path, tiny, context=1024) as started:
        for prompt in ("Hello", "é ☃", "x" * 300, ""):
            body = started.completion(prompt=prompt, temperature=0, max_tokens=200)
            assert body["choices"][0]["text"] == greedy(judge, prompt, 200)
    judge.close()


@needs_model
@pytest.mark.slow
@pytest.mark.model
def test_answers_of_a_real_model_are_those_of_llama_cpp(tmp_path: Path) -> None:
    """Greedy ones, and what is drawn with a seed and the same settings."""
    judge = direct(smollm2(), 2048)
    chat = [{"role": "user", "content": "Name three rivers of Europe."}]
    drawn: dict[str, Any] = {
        "temperature": 0.8, "top_p": 0.9, "top_k": 40, "min_p": 0.05, "max_tokens": 20,
    }  # fmt: skip
    with worker(tmp_path, smollm2(), context=2048) as started:
        for prompt in ("The capital of France is", "Numbers: 7.5 %, 12 % and" * 4):
            ours = started.completion(prompt=prompt, **GREEDY)["choices"][0]["text"]
            theirs = judge.create_completion(prompt, **GREEDY)["choices"][0]["text"]
            assert ours == theirs
        said = started.chat(messages=chat, **GREEDY)["choices"][0]["message"]["content"]
        answer = judge.create_chat_completion(chat, **GREEDY)
        assert said == answer["choices"][0]["message"]["content"]
        judge.reset()
        judge.set_seed(11)
        theirs = judge.create_completion("Once upon", seed=11, **drawn)
        ours = started.completion(prompt="Once upon", seed=11, **drawn)
        assert ours["choices"][0]["text"] == theirs["choices"][0]["text"]
    judge.close()


def test_logprobs_are_those_of_llama_cpp(tmp_path: Path, tiny: Path) -> None:
    judge = direct(tiny)
    judge.eval(judge.tokenize(b"Hello"))
    row = judge._ctx.get_logits_ith(-1)
    expected = judge.logits_to_logprobs(np.ctypeslib.as_array(row, (judge.n_vocab(),)))
    with worker(tmp_path, tiny) as started:
        asked = {"prompt": "Hello", "max_tokens": 1, "temperature": 0, "logprobs": 20}
        found = started.completion(**asked)["choices"][0]["logprobs"]
    (top,) = found["top_logprobs"]
    assert found["token_logprobs"][0] == pytest.approx(expected.max(), abs=1e-5)
    highest = sorted(map(float, expected), reverse=True)[:20]
    assert sorted(top.values(), reverse=True) == pytest.approx(highest, abs=1e-5)
    judge.close()


def test_embeddings_are_those_of_llama_cpp(tmp_path: Path, tiny: Path) -> None:
    """A model without pooling of its own: the mean of its tokens, of length one."""
    from llama_cpp import LLAMA_POOLING_TYPE_MEAN, Llama

    judge = Llama(
        str(tiny),
        embedding=True,
        n_ctx=512,
        pooling_type=LLAMA_POOLING_TYPE_MEAN,
        verbose=False,
    )
    texts = ["one", "é ☃ and more"]
    expected = judge.embed(texts, normalize=True)
    with worker(tmp_path, tiny, mode="embedding") as started:
        data = started.post("embeddings", input=texts).json()["data"]
    for mine, theirs in zip(data, expected, strict=True):
        assert mine["embedding"] == pytest.approx(theirs, abs=1e-5)
    judge.close()
