"""Prompts → answers, token by token."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import numpy as np

from pipeline.serving.engine import messages, tools
from pipeline.serving.engine.chat import Template
from pipeline.serving.engine.context import Context
from pipeline.serving.engine.events import (
    Accepted,
    Delta,
    Done,
    Ended,
    Event,
    Mark,
    Reason,
    Usage,
)
from pipeline.serving.engine.flag import Flag
from pipeline.serving.engine.llama import Floats, Vocabulary
from pipeline.serving.engine.plan import Plan
from pipeline.serving.engine.refusal import Refused, too_long
from pipeline.serving.engine.sampling import Sampler, Sampling
from pipeline.serving.engine.text import Writer

Tell = Callable[[Event], None]


class Author:
    """Writes the answers that a plan asks for."""

    def __init__(self, context: Context, template: Template) -> None:
        self._context = context
        self._template = template
        self._vocabulary = context.model.vocabulary

    def write(self, plan: Plan, flag: Flag, tell: Tell) -> Done:
        """Tell all answers; what to tell last is returned.

        Raises `Refused`, and `Stopped` when the flag is set.
        """
        self._check_bias(plan.sampling)
        prompts = [self._tokens(prompt) for prompt in plan.prompts]
        if plan.conversation:
            prompts = [self._conversation(plan)]
        for prompt in prompts:
            if len(prompt) >= self._context.limit:
                raise too_long(len(prompt), self._context.limit)
        tell(Accepted())
        usage = Usage(prompt=sum(map(len, prompts)))
        for index in range(plan.n * len(prompts)):
            at, turn = divmod(index, plan.n)
            known, written = self._answer(plan, index, prompts[at], flag, tell)
            usage = Usage(
                usage.prompt,
                usage.known + (0 if turn else known),
                usage.written + written,
            )
        return Done(usage)

    def _answer(
        self, plan: Plan, index: int, prompt: list[int], flag: Flag, tell: Tell
    ) -> tuple[int, int]:
        """Tell one answer; how many tokens of the prompt were known, how many came."""
        if plan.echo:
            tell(Delta(index, self._text(prompt)))
        logits, known = self._context.read_prompt(prompt, flag)
        room = self._context.limit - len(prompt)
        most = room if plan.most is None else min(plan.most, room)
        turn = index % plan.n
        seeded = msgspec.structs.replace(plan.sampling, seed=plan.sampling.seed + turn)
        sampler = Sampler(self._vocabulary, seeded, prompt)
        answer = Answer(plan, index, self._vocabulary, tell)
        try:
            for token, before in self._tokens_of(sampler, logits, most):
                answer.add(token, before)
                if answer.stopped:
                    break
            answer.end("length" if answer.count == most else "stop")
        finally:
            sampler.close()
        return known, answer.count

    def _tokens_of(
        self, sampler: Sampler, logits: Floats, most: int
    ) -> Iterator[tuple[int, Floats]]:
        """Tokens, each with the logits that it was drawn from, until an end."""
        for count in range(most):
            token = sampler.pick(logits)
            if token is None or self._vocabulary.ends(token):
                return
            yield token, logits
            if count + 1 < most:
                logits = self._context.read_token(token)

    def _conversation(self, plan: Plan) -> list[int]:
        """A conversation's tokens, with the tools that are offered."""
        offered = plan.offer
        if self._template.knows_tools:
            return self._template.tokens(plan.conversation, list(offered.tools))
        told = tools.instruction(offered) if offered.functions else ""
        return self._template.tokens(
            messages.without_tools(plan.conversation, told), []
        )

    def _tokens(self, prompt: str | list[int]) -> list[int]:
        """A prompt's tokens: as given, or of its text; control tokens as written."""
        if isinstance(prompt, str):
            prompt = self._vocabulary.tokens(prompt, start=True, control=True)
        if not prompt:
            raise Refused("The prompt is empty.", param="prompt")
        check_tokens(prompt, self._vocabulary, "prompt")
        return prompt

    def _text(self, prompt: list[int]) -> str:
        pieces = b"".join(self._vocabulary.piece(token) for token in prompt)
        return pieces.decode("utf-8", "replace")

    def _check_bias(self, sampling: Sampling) -> None:
        check_tokens([i for i, _ in sampling.bias], self._vocabulary, "logit_bias")


class Answer:
    """One answer as it is told: its text, its marks, and the calls in it."""

    def __init__(
        self, plan: Plan, index: int, vocabulary: Vocabulary, tell: Tell
    ) -> None:
        self._index, self._tell, self._top = index, tell, plan.top
        self._vocabulary = vocabulary
        self._writer = Writer(plan.stops)
        self._calls = tools.Reader(plan.offer)
        self._marks: list[Mark] = []
        self.count = 0

    @property
    def stopped(self) -> bool:
        """Whether one of the stops was written."""
        return self._writer.stopped

    def add(self, token: int, logits: Floats) -> None:
        """One more token, and the logits that it was drawn from."""
        self.count += 1
        if self._top is not None:
            self._marks.append(self._mark(token, logits, self._top))
        self._say(self._writer.add(self._vocabulary.piece(token)))

    def end(self, reason: Reason) -> None:
        """What was held back, and why it ended."""
        reason = "stop" if self.stopped else reason
        self._say(self._writer.end())
        if self._marks and not self.stopped:
            self._tell(Delta(self._index, marks=tuple(self._marks)))
        text, calls = self._calls.end()
        if text or calls:
            self._tell(Delta(self._index, text, calls=tuple(calls)))
        if calls and reason == "stop":
            # A stop may cut a call short, as the end of room does.
            reason = "tool_calls" if all(call.whole for call in calls) else "length"
        self._tell(Ended(self._index, reason))

    def _say(self, text: str) -> None:
        """Tell a text, and the marks of tokens that begin in what was told."""
        said = self._calls.add(text)
        ready = [mark for mark in self._marks if mark.offset < self._writer.sent]
        self._marks = self._marks[len(ready) :]
        if said or ready:
            self._tell(Delta(self._index, said, tuple(ready)))

    def _mark(self, token: int, logits: Floats, top: int) -> Mark:
        """How likely a token was, before temperature and the rest."""
        shifted = logits.astype(np.float64) - float(logits.max())
        logprobs = shifted - np.log(np.exp(shifted).sum())
        order = np.argsort(-logprobs, kind="stable")[:top] if top else ()
        piece = self._vocabulary.piece
        return Mark(
            piece(token),
            float(logprobs[token]),
            tuple((piece(int(i)), float(logprobs[i])) for i in order),
            self._writer.length,
        )


def check_tokens(tokens: list[int], vocabulary: Vocabulary, param: str) -> None:
    """That all are tokens of the model; raises `Refused`."""
    if wrong := [token for token in tokens if not 0 <= token < vocabulary.size]:
        what = f"The model has no token {wrong[0]}: it has {vocabulary.size}."
        raise Refused(what, param=param)
