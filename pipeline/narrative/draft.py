"""Summaries drafted by a model, each within its time, and kept for the next build.

A draft is used only if it reads back as licensed sentences; anything else, and any
trouble with the server, leaves the paragraph of record and a reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path, PurePath

import msgspec

from pipeline.definition import Survey
from pipeline.errors import Missing
from pipeline.narrative import language
from pipeline.narrative.offer import LARGE, SMALL, Offer, freedom, offer
from pipeline.narrative.patterns import bank_digest
from pipeline.narrative.plan import Paragraph, Plan
from pipeline.narrative.prompt import question
from pipeline.project import replace_file
from pipeline.serving.chat import Endpoint, NoAnswer, Question, Speech, first_model
from pipeline.serving.embedded import EMBEDDED
from pipeline.serving.service import embedded
from pipeline.serving.size import parameters
from pipeline.wording import numbers

SECTION_SECONDS = 12.0
ALL_SECONDS = 50.0
FAILURES = 2


class ModelChoice(msgspec.Struct, frozen=True):
    """Which model drafts: the embedded one, or one of a server at `endpoint`."""

    endpoint: str = ""
    model: str = ""
    key: str = ""

    def identity(self) -> str:
        """What a kept draft is known by, beside what was asked."""
        if not self.endpoint:
            return EMBEDDED.sha256
        return f"{self.endpoint.rstrip('/')} {self.model}"


class Draft(msgspec.Struct, frozen=True):
    """A model's text and who wrote it, as kept in build/drafts/."""

    text: str
    author: str


class Writer:
    """One run's work with a model: the server, the time spent, the failures so far.

    Used as a context: a server started for it is stopped at the end.
    """

    def __init__(
        self, choice: ModelChoice, build: Path, progress: Callable[[str], None]
    ) -> None:
        self.choice, self.build, self.progress = choice, build, progress
        self.speech: Speech | None = None
        self.author = ""
        self.free = SMALL
        self.spent = 0.0
        self.failed: list[str] = []
        self._open = ExitStack()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def draft(
        self, title: str, plan: Plan, known: frozenset[str]
    ) -> tuple[Paragraph, str]:
        """An accepted draft and its author; raises `Refused` or `Missing`."""
        for free in (LARGE, SMALL):  # a rebuild asks no server how large its model is
            made = offer(plan, free)
            kept = _kept(self._path(question(title, made)))
            if kept is not None:
                with suppress(language.Refused):
                    return language.read(kept.text, plan, made, known), kept.author
        started = time.monotonic()
        try:
            text, asked, made = self._ask(title, plan)
        finally:
            seconds = time.monotonic() - started
            self.spent += seconds
        paragraph = language.read(text, plan, made, known)
        self.progress(f"{title}: drafted in {seconds:.1f} s")
        draft = Draft(" ".join(s.text for s in paragraph), self.author)
        replace_file(self._path(asked), msgspec.json.encode(draft) + b"\n")
        return paragraph, self.author

    def _path(self, asked: Question) -> Path:
        return self.build / "drafts" / f"{_key(asked, self.choice)}.json"

    def _ask(self, title: str, plan: Plan) -> tuple[str, Question, Offer]:
        if len(self.failed) >= FAILURES:
            raise NoAnswer(f"the model is not asked again: {self.failed[-1]}")
        try:
            left = ALL_SECONDS - self.spent
            if left <= 0:
                raise NoAnswer("there was no time left to ask the model")
            speech = self.speech or self._begin(left)
            made = offer(plan, self.free)
            asked = question(title, made)
            text = speech.ask(asked, min(SECTION_SECONDS, left))
        except Missing as error:
            self.failed.append(error.what)
            raise
        self.failed.clear()
        return text, asked, made

    def _begin(self, seconds: float) -> Speech:
        """Find the server, or start ours; a failure to do so is final."""
        try:
            self.speech = Speech(self._connected(seconds))
        except Missing as error:
            self.failed += [error.what] * FAILURES
            raise
        return self.speech

    def _connected(self, seconds: float) -> Endpoint:
        choice = self.choice
        if not choice.endpoint:
            self.progress(f"starting {EMBEDDED.name}")
            log = self.build / "model-server.log"
            self.author = EMBEDDED.author
            return self._open.enter_context(embedded(log, seconds))
        bare = Endpoint(url=choice.endpoint, model=choice.model, key=choice.key)
        name = choice.model or first_model(bare, min(SECTION_SECONDS, seconds))
        self.author = PurePath(name).name if PurePath(name).is_absolute() else name
        found = msgspec.structs.replace(bare, model=name)
        self.free = freedom(parameters(found, min(SECTION_SECONDS, seconds) / 4))
        return found


def known_numbers(survey: Survey, plan: Plan) -> frozenset[str]:
    """The numbers a section may print: its facts', and those in the survey's words."""
    texts = [wave.id for wave in survey.waves]
    for claim in plan.claims():
        texts += claim.names.values()
        texts += (text for f in claim.facts() for text in (f.display, f.label))
        texts += (f.text for name, f in claim.figures.items() if name == "gap")
    return numbers(texts)


def _key(asked: Question, choice: ModelChoice) -> str:
    content = msgspec.json.encode((asked, bank_digest(), choice.identity()))
    return sha256(content).hexdigest()[:32]


def _kept(path: Path) -> Draft | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Draft)
    except (FileNotFoundError, msgspec.DecodeError, msgspec.ValidationError):
        return None
