"""A conversation → the prompt's tokens, by the template that comes with the model.

The template is a program of whoever made the model, so it runs in Jinja's sandbox. What
users wrote must not become control tokens (a message that holds `<|im_end|>` would end
itself): their names in messages are replaced by stand-ins before the template runs, and
read as plain text after.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

import jinja2
import jinja2.meta
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pipeline.serving.engine.llama import Vocabulary
from pipeline.serving.engine.refusal import Refused

Message = dict[str, Any]

# Characters that nobody writes: the first of Unicode's private plane 15.
FIRST_STAND_IN = 0xF0000
MOST_STAND_INS = 0xFFFD


class Template:
    """How a model wants its conversations; `source` is Jinja, "" for none."""

    def __init__(self, source: str, vocabulary: Vocabulary) -> None:
        self.source = source
        self._vocabulary = vocabulary
        self._environment = _environment(vocabulary)
        names = sorted(vocabulary.control(), key=len, reverse=True)[:MOST_STAND_INS]
        self._stand_ins = {n: chr(FIRST_STAND_IN + i) for i, n in enumerate(names)}
        self._names = {there: name for name, there in self._stand_ins.items()}
        self._written = re.compile("|".join(map(re.escape, names)) or r"(?!)")
        self._kept = re.compile(f"([{chr(FIRST_STAND_IN)}-{chr(0xFFFFD)}])")

    @property
    def knows_tools(self) -> bool:
        """Whether the template itself tells the model of tools."""
        try:
            syntax = self._environment.parse(self.source)
        except jinja2.TemplateError:
            return False
        return "tools" in jinja2.meta.find_undeclared_variables(syntax)

    def tokens(self, messages: Sequence[Message], tools: list[Any]) -> list[int]:
        """The prompt; raises `Refused` if the template does not take it."""
        text = self._render(self._guarded(messages), self._guarded(tools))
        read = self._vocabulary.tokens
        found: list[int] = []
        for part in filter(None, self._kept.split(text)):
            if part in self._names:
                found += read(self._names[part], start=False, control=False)
            else:
                found += read(part, start=False, control=True)
        return found

    def _guarded(self, value: Any) -> Any:
        """The same with stand-ins for control tokens, in every text."""
        if isinstance(value, str):
            return self._written.sub(lambda m: self._stand_ins[m[0]], value)
        if isinstance(value, dict):
            return {self._guarded(k): self._guarded(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self._guarded(item) for item in value]
        return value

    def _render(self, messages: list[Message], tools: list[Any]) -> str:
        if not self.source:
            what = (
                "The model has no chat template: ask /v1/completions, or package one."
            )
            raise Refused(what, param="messages")
        try:
            return self._environment.from_string(self.source).render(
                messages=messages, tools=tools or None, add_generation_prompt=True
            )
        # A template may fail in any way that a program can.
        except Exception as error:
            what = f"The model's chat template does not take these messages: {error}"
            raise Refused(what, param="messages") from None


def _environment(vocabulary: Vocabulary) -> ImmutableSandboxedEnvironment:
    """Jinja as templates of models expect it (Hugging Face's `chat_template`)."""
    import llama_cpp.llama_cpp as c

    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    made.filters["tojson"] = _tojson
    made.globals.update(
        raise_exception=_raise,
        strftime_now=lambda form: datetime.datetime.now().strftime(form),
        bos_token=vocabulary.name(c.llama_vocab_bos(vocabulary.pointer)),
        eos_token=vocabulary.name(c.llama_vocab_eos(vocabulary.pointer)),
    )
    return made


def _raise(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _tojson(value: Any, indent: int | None = None, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)
