"""The worker against llama.cpp called directly: python -m benchmarks.engine [GGUF]

Same file, same threads, greedy. "Direct" is the shortest loop there is: `llama_decode`
and the likeliest token, in C through ctypes. "Worker" is a stream over its socket. They
take turns, and the best of the rounds counts, as other work on the machine only slows.
Where there is much of that, the processor's time for a token says more than the clock.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

import llama_cpp.llama_cpp as c
import psutil

from pipeline.serving.engine.llama import BATCH, Model
from pipeline.serving.engine.settings import Settings
from tests.engine_worker import Worker, smollm2, worker

ROUNDS, CONTEXT, TOKENS = 5, 2048, 96
PROMPT = "The survey of developers asks which tools they use at work, and why. " * 12
LIST = {
    "type": "array",
    "minItems": 12,
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 3, "maxLength": 24},
            "share": {"type": "number", "minimum": 0, "maximum": 100},
            "kind": {"enum": ["editor", "language", "database"]},
        },
        "required": ["name", "share", "kind"],
    },
}
FORMS: dict[str, dict[str, Any]] = {
    "worker": {},
    "worker, grammar of any text": {"grammar": "root ::= [^\\x00]*"},
    "worker, JSON schema": {
        "response_format": {"type": "json_schema", "json_schema": {"schema": LIST}}
    },
}


class Run(NamedTuple):
    """Seconds to the first token; tokens per second, processor's seconds for each."""

    first: float
    rate: float
    work: float


def direct(model: Model, round_: int) -> Run:
    """llama.cpp alone."""
    tokens = model.vocabulary.tokens(prompt(round_), start=True, control=True)
    model.keep(0)
    greedy = c.llama_sampler_init_greedy()
    started = time.perf_counter()
    for at in range(0, len(tokens), BATCH):
        decode(model, tokens[at : at + BATCH])
    token = c.llama_sampler_sample(greedy, model.context, -1)
    first, work = time.perf_counter(), time.process_time()
    for _ in range(TOKENS - 1):
        decode(model, [token])
        token = c.llama_sampler_sample(greedy, model.context, -1)
    ended, work = time.perf_counter(), time.process_time() - work
    c.llama_sampler_free(greedy)
    count = TOKENS - 1
    return Run(first - started, count / (ended - first), work / count)


def decode(model: Model, tokens: list[int]) -> None:
    """One call of llama.cpp."""
    buffer = (c.llama_token * len(tokens))(*tokens)
    assert (
        c.llama_decode(model.context, c.llama_batch_get_one(buffer, len(tokens))) == 0
    )


def served(started: Worker, form: dict[str, Any], round_: int) -> Run:
    """The same through the worker's socket."""
    body = {
        "prompt": prompt(round_),
        "max_tokens": TOKENS,
        "temperature": 0,
        "stream": True,
        "logit_bias": {"2": -100},  # no end before the last token
        "stream_options": {"include_usage": True},
        **form,
    }
    process = psutil.Process(started.process.pid)
    begun = time.perf_counter()
    first, last, work, usage = 0.0, 0.0, 0.0, {}
    with started.client.stream("POST", "/v1/completions", json=body) as stream:
        for line in stream.iter_lines():
            if not line or line == "data: [DONE]":
                continue
            chunk = json.loads(line.removeprefix("data: "))
            usage = chunk["usage"] or usage
            if chunk["choices"] and chunk["choices"][0]["text"]:
                last = time.perf_counter()
                first, work = first or last, work or sum(process.cpu_times()[:2])
    count = usage["completion_tokens"] - 1
    work = sum(process.cpu_times()[:2]) - work
    return Run(first - begun, count / (last - first), work / count)


def prompt(round_: int) -> str:
    """A prompt that no round before has read any of."""
    return f"{round_} {PROMPT}"


def main(weights: Path) -> None:
    """Print the table."""
    runs: dict[str, list[Run]] = {name: [] for name in ("direct", *FORMS)}
    told = Settings(socket="", weights=str(weights), mode="completion", context=CONTEXT)
    model = Model(told)
    with (
        tempfile.TemporaryDirectory() as folder,
        worker(Path(folder), weights, context=CONTEXT) as started,
    ):
        for round_ in range(ROUNDS):
            runs["direct"].append(direct(model, round_))
            for i, (name, form) in enumerate(FORMS.items()):
                runs[name].append(served(started, form, round_ * 10 + i))
    print(f"{weights.name}: {ROUNDS} rounds, {TOKENS} tokens, threads 1 and 2")
    print(f"{'':28}{'first token':>12}{'tokens/s':>10}{'work':>9}  (of direct)")
    base = best(runs["direct"])
    for name, found in runs.items():
        run = best(found)
        of = f"{run.rate / base.rate:.0%}, {run.work / base.work:.0%}"
        print(
            f"{name:28}{run.first * 1e3:9.0f} ms{run.rate:10.1f}"
            f"{run.work * 1e3:6.2f} ms  ({of})"
        )


def best(runs: list[Run]) -> Run:
    """The best of each figure."""
    firsts, rates, works = zip(*runs, strict=True)
    return Run(min(firsts), max(rates), min(works))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else smollm2())
